# SPDX-License-Identifier: Apache-2.0
"""
Identifications in code, by the name that a rule's `identify: {flow: name}` gives, with all that each may ask.

The code behind an entry is imported when it is first used.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.online.contract import Session

_HERE = "secrethunt.identity.live."


@dataclass(frozen=True, slots=True)
class Entry:
    """One of them."""

    target: str
    """Module and function."""
    endpoints: tuple[str, ...]


FLOWS: dict[str, Entry] = {
    "aws": Entry(
        _HERE + "aws:identify",
        (
            "POST https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity",
            "POST https://iam.amazonaws.com/",
            "POST https://organizations.us-east-1.amazonaws.com/",
            "POST https://secretsmanager.us-east-1.amazonaws.com/",
            "POST https://ssm.us-east-1.amazonaws.com/",
            "POST https://dynamodb.us-east-1.amazonaws.com/",
            "POST https://kms.us-east-1.amazonaws.com/",
            "POST https://sqs.us-east-1.amazonaws.com/",
            "POST https://sns.us-east-1.amazonaws.com/",
            "POST https://ec2.us-east-1.amazonaws.com/",
            "GET https://s3.us-east-1.amazonaws.com/",
            "GET https://lambda.us-east-1.amazonaws.com/2015-03-31/functions",
        ),
    ),
    "google-service-account": Entry(
        _HERE + "gcp:identify_key",
        (
            "POST https://oauth2.googleapis.com/token",
            "GET https://cloudresourcemanager.googleapis.com/v3/projects:search",
            "POST https://cloudresourcemanager.googleapis.com/v3/projects/{{project}}:testIamPermissions",
        ),
    ),
    "google-access-token": Entry(
        _HERE + "gcp:identify_token",
        (
            "POST https://oauth2.googleapis.com/tokeninfo",
            "GET https://cloudresourcemanager.googleapis.com/v3/projects:search",
            "POST https://cloudresourcemanager.googleapis.com/v3/projects/{{project}}:testIamPermissions",
        ),
    ),
    "azure-entra": Entry(
        _HERE + "entra:identify",
        (
            "POST https://login.microsoftonline.com/{{tenant_id}}/oauth2/v2.0/token",
            "GET https://graph.microsoft.com/v1.0/servicePrincipals(appId='{{client_id}}')",
            "GET https://graph.microsoft.com/v1.0/servicePrincipals/{{object_id}}/memberOf",
            "GET https://management.azure.com/subscriptions",
            "GET https://management.azure.com/subscriptions/{{subscription}}/providers/Microsoft.Authorization/permissions",
        ),
    ),
    "postgresql": Entry(_HERE + "postgresql:identify", ("postgresql://{{host}}:{{port}}",)),
    "mysql": Entry(_HERE + "mysql:identify", ("mysql://{{host}}:{{port}}",)),
    "mongodb": Entry(_HERE + "mongodb:identify", ("mongodb://{{host}}:{{port}}",)),
    "redis": Entry(_HERE + "redis:identify", ("redis://{{host}}:{{port}}", "rediss://{{host}}:{{port}}")),
    "kubernetes": Entry(
        _HERE + "kubernetes:identify",
        tuple(
            f"POST https://{{{{server}}}}/apis/{path}"
            for path in (
                "authentication.k8s.io/v1/selfsubjectreviews",
                "authorization.k8s.io/v1/selfsubjectrulesreviews",
            )
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class LoadedIdentifier:
    """An identification in code; an `Identifier`."""

    name: str
    endpoints: tuple[str, ...]

    def __call__(self, asked: Asked, session: Session) -> Identification:
        """
        Raises:
            NoAnswer: Nothing came back, a part is missing, or an extra is not installed.
        """
        module, _, function = FLOWS[self.name].target.partition(":")
        identify = getattr(importlib.import_module(module), function)
        identification = identify(asked, session)
        assert isinstance(identification, Identification)
        return identification


def load_identifier(name: str) -> LoadedIdentifier:
    """
    Raises:
        KeyError: There is none of this name.
    """
    return LoadedIdentifier(name, FLOWS[name].endpoints)
