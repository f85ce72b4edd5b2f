# SPDX-License-Identifier: Apache-2.0
"""The records of validation: the credential that is checked, and the verdict on it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from secrethunt.online.contract import Session
from secrethunt.records import Rule, Secret


class State(enum.Enum):
    """Is the credential live? The value is what reports print."""

    ACTIVE = "active"
    """The provider gave something that only an authenticated request gets."""
    INACTIVE = "inactive"
    """The provider itself rejected it, or it says of itself that it is over."""
    UNKNOWN = "unknown"
    """Anything else; the reason says what."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was asked, and what of the answer counted."""

    endpoint: str
    """Method and URL with templates not filled in; `offline` where nothing was sent."""
    status: int | None = None
    """HTTP status, or None where the protocol has none."""
    marker: str = ""
    """What proved it, as the rule writes it (`json login`, `header x-oauth-scopes`); never a value from the answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found; becomes a verdict with its time and duration."""

    state: State
    reason: str
    """A short clause without secret: `the provider knows it`, `401 without the provider's own error`."""
    evidence: tuple[Evidence, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    """What the provider says of it: (name, value); names as in docs/validation.md (`account`, `scopes`, …)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with when it was found and how."""

    outcome: Outcome
    checked_at: str
    """RFC 3339, UTC."""
    duration_s: float = 0.0
    is_cached: bool = False
    """Taken from an earlier run's answer, at `checked_at`."""


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
