# SPDX-License-Identifier: Apache-2.0
"""Owns which importers there are, and in which order they are asked whether a file is theirs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from secrethunt.identity.contract import Importer

IMPORTERS: tuple[str, ...] = (
    "secrethunt.identity.aws.authorization_details:AuthorizationDetails",
    "secrethunt.identity.terraform.state:TerraformState",
    "secrethunt.identity.github.audit_log:GitHubAuditLog",
    "secrethunt.identity.github.listings:GitHubListings",
    "secrethunt.identity.gitlab.listings:GitLabListings",
    "secrethunt.identity.okta.listings:OktaListings",
    "secrethunt.identity.vault.listings:VaultListings",
    "secrethunt.identity.azure.entra_listings:EntraListings",
    "secrethunt.identity.azure.resource_listings:AzureListings",
)
"""`module:Class` each, the more particular ones first: the first that recognises a file reads it."""


def iter_importers() -> Iterator[Importer]:
    """One of each, imported when it is its turn."""
    for entry in IMPORTERS:
        module, _, name = entry.partition(":")
        importer: Importer = getattr(importlib.import_module(module), name)()
        yield importer
