# SPDX-License-Identifier: Apache-2.0
"""
What the well-known issuers of JSON Web Tokens add to the registered claims: whose workload, pipeline, app or user a
token is. Each issuer's claims are read only from its own tokens, because others use the same names for other things.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.facts.reading import Fact, picked, shown

Claims = Mapping[str, Any]
Names = tuple[tuple[str, str], ...]

_GITHUB: Names = (
    ("repository", "repository"),
    ("repository_owner", "organization"),
    ("job_workflow_ref", "workflow"),
    ("environment", "environment"),
    ("actor", "actor"),
    ("ref", "ref"),
)
"""GitHub, "OpenID Connect reference", the claims of a workflow's token."""
_GITLAB: Names = (
    ("project_path", "repository"),
    ("namespace_path", "organization"),
    ("project_id", "project"),
    ("user_login", "actor"),
    ("environment", "environment"),
    ("ref", "ref"),
    ("ci_config_ref_uri", "workflow"),
)
"""GitLab, "ID token authentication", token payload."""
_ENTRA: Names = (
    ("appid", "client_id"),
    ("azp", "client_id"),
    ("tid", "tenant"),
    ("oid", "object_id"),
    ("idtyp", "kind"),
    ("app_displayname", "name"),
    ("upn", "user"),
    ("unique_name", "user"),
    ("roles", "roles"),
    ("xms_mirid", "resource"),
)
"""Microsoft, "Access token claims reference"; `xms_mirid` is the managed identity's resource id."""
_GOOGLE: Names = (("azp", "client_id"), ("hd", "organization"), ("email", "email"))
"""Google, "OpenID Connect", an ID token's payload."""
_COGNITO: Names = (
    ("username", "user"),
    ("cognito:username", "user"),
    ("token_use", "kind"),
    ("cognito:groups", "groups"),
)
"""Amazon Cognito, "Understanding user pool JSON web tokens"."""
_OKTA: Names = (("cid", "client_id"), ("uid", "object_id"), ("groups", "groups"))
"""Okta, "OpenID Connect and OAuth 2.0", reserved claims."""
_AUTH0: Names = (("azp", "client_id"), ("gty", "grant"), ("org_id", "organization"), ("permissions", "permissions"))
"""Auth0, "Access token profiles"."""
_TERRAFORM: Names = (
    ("terraform_organization_name", "organization"),
    ("terraform_project_name", "project"),
    ("terraform_workspace_name", "workspace"),
    ("terraform_run_phase", "kind"),
)
"""HCP Terraform, "Workload identity", token specification."""
_BITBUCKET: Names = (
    ("repositoryUuid", "repository"),
    ("workspaceUuid", "workspace"),
    ("deploymentEnvironmentUuid", "environment"),
)
"""Bitbucket, "Integrate Pipelines with resource servers using OIDC"."""
_CIRCLECI: Names = (("oidc.circleci.com/project-id", "project"), ("oidc.circleci.com/vcs-origin", "repository"))
"""CircleCI, "Using OpenID Connect tokens in jobs"."""
_BUILDKITE: Names = (
    ("organization_slug", "organization"),
    ("pipeline_slug", "pipeline"),
    ("build_branch", "ref"),
)
"""Buildkite, "Agent oidc", claims."""
_SPACELIFT: Names = (("spaceId", "project"), ("callerId", "workspace"), ("runType", "kind"))
"""Spacelift, "OpenID Connect (OIDC)", custom claims."""
_VERCEL: Names = (("owner", "organization"), ("project", "project"), ("environment", "environment"))
"""Vercel, "OIDC federation reference"."""
_SUPABASE: Names = (("ref", "project"), ("role", "role"))
"""Supabase, "Understanding API keys", the legacy keys."""
_FIREBASE: Names = (("user_id", "user"), ("email", "email"))
"""Firebase, "Verify ID tokens"."""

_ISSUERS: tuple[tuple[re.Pattern[str], str, Names], ...] = tuple(
    (re.compile(pattern), name, names)
    for pattern, name, names in (
        (r"https://token\.actions\.githubusercontent\.com(?:/|$)", "github", _GITHUB),
        (r"https://[\w.-]+/_services/token$", "github", _GITHUB),
        (r"https://gitlab\.", "gitlab", _GITLAB),
        (r"https://login\.microsoftonline\.(?:com|us)/|https://sts\.windows\.net/", "azure", _ENTRA),
        (r"https?://accounts\.google\.com$|^accounts\.google\.com$", "gcp", _GOOGLE),
        (r"https://securetoken\.google\.com/", "firebase", _FIREBASE),
        (r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com", "aws", _COGNITO),
        (r"https://[\w.-]+\.okta(?:preview|-emea)?\.com(?:/|$)", "okta", _OKTA),
        (r"https://[\w.-]+\.auth0\.com/?$", "auth0", _AUTH0),
        (r"https://app\.terraform\.io$", "terraform", _TERRAFORM),
        (r"https://api\.bitbucket\.org/", "bitbucket", _BITBUCKET),
        (r"https://oidc\.circleci\.com/org/", "circleci", _CIRCLECI),
        (r"https://agent\.buildkite\.com$", "buildkite", _BUILDKITE),
        (r"https://[\w.-]+\.spacelift\.io$", "spacelift", _SPACELIFT),
        (r"https://oidc\.vercel\.com(?:/|$)", "vercel", _VERCEL),
        (r"supabase$|https://[a-z]{20}\.supabase\.co/auth/v1$", "supabase", _SUPABASE),
    )
)
_IN_ISSUER = (
    ("project", re.compile(r"https://securetoken\.google\.com/([\w-]{4,40})$")),
    ("user_pool", re.compile(r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com/([\w-]{5,60})$")),
    ("region", re.compile(r"https://cognito-idp\.([a-z0-9-]+)\.amazonaws\.com/")),
    ("organization", re.compile(r"https://oidc\.circleci\.com/org/([\w-]{36})$")),
    ("tenant", re.compile(r"https://sts\.windows\.net/([\w-]{36})/?$")),
)


def issuer_of(issuer: str) -> str:
    """Which service the claim `iss` names: a provider, or empty."""
    for pattern, name, _ in _ISSUERS:
        if pattern.match(issuer):
            return name
    return ""


def issuer_facts(claims: Claims) -> Iterator[Fact]:
    """What the issuer's own claims say; of two claims for one fact the first counts."""
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        return
    if "gitlab" not in issuer and {"project_path", "namespace_path", "pipeline_id"} <= claims.keys():
        yield from _first(claims, _GITLAB)
        return
    for pattern, _, names in _ISSUERS:
        if pattern.match(issuer):
            yield from _first(claims, names)
            break
    for name, pattern in _IN_ISSUER:
        if match := pattern.match(issuer):
            yield name, shown(match.group(1))


def _first(claims: Claims, names: Names) -> Iterator[Fact]:
    seen = set()
    for name, text in picked(claims, names):
        if name not in seen:
            seen.add(name)
            yield name, text
