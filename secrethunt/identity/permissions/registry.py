# SPDX-License-Identifier: Apache-2.0
"""Owns which expander speaks for which provider; each is imported when the first node of its provider is met."""

from __future__ import annotations

import importlib
from typing import cast

from secrethunt.identity.contract import Expander

EXPANDERS = {
    "aws": "secrethunt.identity.aws.expander:AwsExpander",
    "azure": "secrethunt.identity.azure.expander:AzureExpander",
    "gcp": "secrethunt.identity.gcp.expander:GcpExpander",
    "github": "secrethunt.identity.github.expander:GitHubExpander",
    "gitlab": "secrethunt.identity.gitlab.expander:GitLabExpander",
    "k8s": "secrethunt.identity.kubernetes.expander:KubernetesExpander",
    "vault": "secrethunt.identity.vault.expander:VaultExpander",
}
"""Provider of a node → module and class, one line a provider."""
EVALUATES_GROUPS = frozenset({"aws", "azure", "gcp", "k8s"})
"""Providers whose expander counts a member's groups itself, with what limits the member; MEMBER_OF is then no step."""


class Expanders:
    """The expanders of one graph, made on demand and kept: they remember what they read of it."""

    def __init__(self) -> None:
        self._made: dict[str, Expander | None] = {}

    def of(self, provider: str) -> Expander | None:
        """That of *provider*; None where nobody evaluates its permissions."""
        if provider not in self._made:
            self._made[provider] = _make(EXPANDERS[provider]) if provider in EXPANDERS else None
        return self._made[provider]

    def made(self) -> list[Expander]:
        """All that were asked for so far."""
        return [expander for expander in self._made.values() if expander is not None]


def _make(place: str) -> Expander:
    module, _, name = place.partition(":")
    return cast("Expander", getattr(importlib.import_module(module), name)())
