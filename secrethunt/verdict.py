# SPDX-License-Identifier: Apache-2.0
"""
The records of a verdict: is a credential live, why is that believed, and when was it found out.

They stand below all other records, so that a finding can carry one and every report can show it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


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
    """What the provider says of it: (name, value), names as in docs/validation.md (`account`, `scopes`, …)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with when it was found and how."""

    outcome: Outcome
    checked_at: str
    """RFC 3339, UTC."""
    duration_s: float = 0.0
    is_cached: bool = False
    """Taken from an earlier run's answer, at `checked_at`."""
