# SPDX-License-Identifier: Apache-2.0
"""Owns what to import to know more, provider by provider: one sentence each, shown wherever something is unknown."""

from __future__ import annotations

_RIGHTS = {
    "aws": "import the output of `aws iam get-account-authorization-details` of its account",
    "gcp": "import `gcloud asset search-all-iam-policies --scope=organizations/ID --format=json`",
    "azure": "import `az role assignment list --all` and the app's directory roles and permissions",
    "k8s": "import `kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json`",
    "github": "import the organisation's installations, fine-grained tokens and deploy keys, or use --identify",
    "gitlab": "import the token list of its group or project, or use --identify",
    "okta": "import the application list and the administrator roles",
    "vault": "import the policies and the token's or role's entry",
    "postgresql": "import the roles and grants, or use --identify",
    "mysql": "import the grants, or use --identify",
}
_OWNER = {
    "aws": "import `aws iam list-access-keys` of each user or the credential report, or use --identify",
    "gcp": "import the list of service account keys (`gcloud iam service-accounts keys list`), or use --identify",
    "azure": "import the app registrations with their credentials (`az ad app list --all`), or use --identify",
    "github": "import the organisation's audit log with token hashes, or use --identify",
    "k8s": "import `kubectl get secrets -A -o json` without values, or use --identify",
}
_GENERAL = "import what the provider exports on it, or let the provider say with --identify"


def how_to_know(provider: str, *, is_credential: bool = False) -> str:
    """What to import to learn what an identity may do, or whose a credential is."""
    return (_OWNER if is_credential else _RIGHTS).get(provider, _GENERAL)
