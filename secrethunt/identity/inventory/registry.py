# SPDX-License-Identifier: Apache-2.0
"""Owns which importers there are, and in which order they are asked whether a file is theirs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from secrethunt.identity.contract import Importer

IMPORTERS = [
    "secrethunt.identity.aws.authorization_details:AuthorizationDetails",
    "secrethunt.identity.aws.access_keys:AccessKeys",
    "secrethunt.identity.aws.credential_report:CredentialReport",
    "secrethunt.identity.aws.organization:Organization",
    "secrethunt.identity.aws.resource_policies:ResourcePolicies",
    "secrethunt.identity.aws.resources:Resources",
    "secrethunt.identity.aws.workloads:Workloads",
    "secrethunt.identity.aws.permission_sets:PermissionSets",
    "secrethunt.identity.gcp.exports:FoundPolicies",
    "secrethunt.identity.gcp.exports:Assets",
    "secrethunt.identity.gcp.accounts:ServiceAccountKeys",
    "secrethunt.identity.gcp.accounts:ServiceAccounts",
    "secrethunt.identity.gcp.roles:Roles",
    "secrethunt.identity.gcp.hierarchy:DenyPolicies",
    "secrethunt.identity.gcp.hierarchy:Groups",
    "secrethunt.identity.gcp.hierarchy:Hierarchy",
    "secrethunt.identity.kubernetes.objects:KubernetesObjects",
    "secrethunt.identity.terraform.state:TerraformState",
    "secrethunt.identity.github.audit_log:GitHubAuditLog",
    "secrethunt.identity.github.listings:GitHubListings",
    "secrethunt.identity.gitlab.listings:GitLabListings",
    "secrethunt.identity.okta.listings:OktaListings",
    "secrethunt.identity.vault.listings:VaultListings",
    "secrethunt.identity.azure.entra_listings:EntraListings",
    "secrethunt.identity.azure.resource_listings:AzureListings",
]
"""`module:Class` each, the more particular ones first: the first that recognises a file reads it."""


def iter_importers() -> Iterator[Importer]:
    """One of each, imported when it is its turn."""
    for entry in IMPORTERS:
        module, _, name = entry.partition(":")
        importer: Importer = getattr(importlib.import_module(module), name)()
        yield importer
