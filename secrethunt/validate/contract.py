# SPDX-License-Identifier: Apache-2.0
"""What a check gets and gives; the records of a verdict stand in `verdict.py`, where reports find them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from secrethunt.online.contract import Session
from secrethunt.records import Rule, Secret
from secrethunt.verdict import Evidence, Outcome, State, Verdict

__all__ = ["Check", "Credential", "Evidence", "Outcome", "State", "Verdict", "allows_control", "endpoints_of"]


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
        named = {name: value.encode() for name, value in self.facts.items()}
        named.update((name, part.reveal()) for name, part in self.parts.items())
        named["secret"] = self.secret.reveal()
        return named


Check = Callable[[Credential, Session], Outcome]
"""One way to check a credential. Raises `NoAnswer` freely; the caller makes that UNKNOWN with its reason."""


def endpoints_of(check: Check) -> tuple[str, ...]:
    """What *check* may ask, as method and URL with templates: its attribute `endpoints`."""
    return tuple(getattr(check, "endpoints", ()))


def allows_control(check: Check) -> bool:
    """Whether a random key may be tried with *check*: its attribute `control`, False where that would do harm."""
    return bool(getattr(check, "control", True))
