# SPDX-License-Identifier: Apache-2.0
"""What asking a provider about a credential gives: nodes and edges, what was asked, and what stayed unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from secrethunt.identity.contract import Edge, Node
from secrethunt.online.contract import Session
from secrethunt.validate.contract import Credential
from secrethunt.verdict import Evidence


@dataclass(frozen=True, slots=True)
class Identification:
    """What one credential turned out to be."""

    graph: tuple[Node | Edge, ...] = ()
    """Known LIVE, with the time; holds no secret."""
    facts: tuple[tuple[str, str], ...] = ()
    """The same in short, for reports that read no graph: `identity`, `access`, `expires`, …"""
    asked: tuple[Evidence, ...] = ()
    """Every request that was made, with its status."""
    reason: str = ""
    """Why there is no identity; empty where there is one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One credential, and under which key the graph knows it."""

    credential: Credential
    secret_id: str
    at: str
    """When: RFC 3339, UTC."""

    @property
    def key(self) -> str:
        """Key of its node."""
        return f"secret:{self.secret_id}"


class Identifier(Protocol):
    """One way to ask who a credential is."""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Every request that could be made, places not filled in."""

    def __call__(self, asked: Asked, session: Session) -> Identification:
        """
        Raises:
            NoAnswer: Freely; the caller keeps its reason.
        """
