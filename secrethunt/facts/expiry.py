# SPDX-License-Identifier: Apache-2.0
"""Whether what says when it ends has ended. Depends on the clock, so it is settled when findings are put together."""

from __future__ import annotations

from datetime import UTC, datetime

from secrethunt.facts.reading import Fact


def with_expiry(facts: tuple[Fact, ...], now: datetime | None = None) -> tuple[Fact, ...]:
    """*facts* and, where one is `expires`, another that says whether that is past."""
    ends = next((value for name, value in facts if name == "expires"), "")
    if not ends:
        return facts
    try:
        moment = datetime.fromisoformat(ends)
    except ValueError:
        return facts
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (*facts, ("expired", "yes" if moment <= (now or datetime.now(UTC)) else "no"))
