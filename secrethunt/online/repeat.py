# SPDX-License-Identifier: Apache-2.0
"""Owns what is asked again, and after how long: failures on the way, `Retry-After` (RFC 9110, 10.2.3), back-off."""

from __future__ import annotations

import random
import re
import time
from typing import Final

from secrethunt.online.contract import Answer, NoAnswer, Request

BUSY: Final = frozenset({429, 502, 503, 504})
"""Statuses of a server that could not take the request now."""
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_BASE_S: Final = 0.5
_MOST_S: Final = 15.0


class Lost(NoAnswer):
    """A request that was under way and got no answer."""

    def __init__(self, reason: str, *, was_sent: bool = True, is_final: bool = True, is_hosts: bool = True) -> None:
        """
        Args:
            reason: As for `NoAnswer`.
            was_sent: The server may have seen the request.
            is_final: Asking again would not help.
            is_hosts: It tells something about the host's health.
        """
        super().__init__(reason)
        self.was_sent = was_sent
        self.is_final = is_final
        self.is_hosts = is_hosts


def may_repeat(request: Request, outcome: Answer | Lost) -> bool:
    """
    May *request* be sent again after *outcome*?

    Requests that the server never saw, or put off with 429 before it did anything, always; others only where repeating
    is known to do no harm.
    """
    is_harmless = request.method in _SAFE_METHODS or request.is_idempotent
    if isinstance(outcome, Lost):
        return not outcome.is_final and (is_harmless or not outcome.was_sent)
    return outcome.status == 429 or (outcome.status in BUSY and is_harmless)


def asked_pause_s(answer: Answer) -> float | None:
    """How long the server wants to be left alone, or None when it does not say (or not understandably)."""
    text = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    if not text:
        return None
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        when = parsedate_to_datetime(text)
        return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - time.time())
    except (OverflowError, ValueError):
        return None


def back_off_s(attempt: int) -> float:
    """Pause after the *attempt*-th try (from 0): anything up to a bound that doubles, so that clients spread out."""
    return random.uniform(0.0, min(_MOST_S, _BASE_S * 2.0**attempt))
