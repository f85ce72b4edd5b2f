# SPDX-License-Identifier: Apache-2.0
"""What a check gets and gives; the records of a verdict stand in `verdict.py`, where reports find them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from secrethunt.online.contract import Session
from secrethunt.records import Rule, Secret
from secrethunt.verdict import Evidence, Outcome, State, Verdict

__all__ = ["Check", "Credential", "Evidence", "Outcome", "State", "Verdict"]


@dataclass(frozen=True, slots=True)
class Credential:
    """One distinct credential: a secret with whatever completes it."""

    rule: Rule
    secret: Secret
    parts: Mapping[str, Secret] = field(default_factory=dict)
    """Companions by the names of the rule's `parts`."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the scan says of it: the rule's named groups, and what the value says of itself."""

    def variables(self) -> dict[str, bytes]:
        """Values that templates may name: `secret`, parts, facts; parts before facts."""
        named = {variable_name(name): value.encode() for name, value in self.facts.items()}
        named.update((name, part.reveal()) for name, part in self.parts.items())
        named["secret"] = self.secret.reveal()
        return named


def variable_name(fact: str) -> str:
    """The name under which a template asks for a fact: `key id` is `key_id`."""
    return fact.replace(" ", "_").replace("-", "_").lower()


class Check(Protocol):
    """One way to check a credential."""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Every request that could be made: `GET https://api.acme.com/v1/me`, places not filled in."""

    @property
    def allows_control(self) -> bool:
        """A random credential of the same shape may be tried too."""

    def __call__(self, credential: Credential, session: Session) -> Outcome:
        """
        Raises:
            NoAnswer: Freely; the caller makes it UNKNOWN with its reason.
        """
