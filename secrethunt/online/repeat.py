# SPDX-License-Identifier: Apache-2.0
"""
Owns what is asked again, and after how long: failures on the way, what servers ask for, back-off.

`Retry-After` is RFC 9110, 10.2.3. Many providers say instead, or as well, when a used-up limit starts anew:
`X-RateLimit-Reset` and its like, in seconds or as a Unix time. GitHub answers 403 where others answer 429.
"""

from __future__ import annotations

import random
import re
import time
from typing import Final

from secrethunt.online.contract import Answer, NoAnswer, Request

_OVERLOADED: Final = frozenset({502, 503, 504, *range(520, 531)})
"""Statuses of a host that is down or too busy; from 520 those of a content delivery network whose origin is."""
_RESETS: Final = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
_REMAINING: Final = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
_UNIX_TIME: Final = 1_000_000_000
"""Numbers beyond are times, below seconds to wait."""
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

    Requests that the server never saw, or put off before it did anything, always; others only where repeating is known
    to do no harm.
    """
    is_harmless = request.method in _SAFE_METHODS or request.is_idempotent
    if isinstance(outcome, Lost):
        return not outcome.is_final and (is_harmless or not outcome.was_sent)
    return is_limited(outcome) or (outcome.status in _OVERLOADED and is_harmless)


def is_limited(answer: Answer) -> bool:
    """Was the request put off because there were too many?"""
    if answer.status == 403:
        return "retry-after" in answer.headers or "0" in (answer.headers.get(name) for name in _REMAINING)
    return answer.status == 429


def is_healthy(answer: Answer) -> bool | None:
    """Does *answer* come from a host that works? None where that is open: some fail on a credential."""
    if answer.status in _OVERLOADED:
        return False
    return True if answer.status < 500 else None


def asked_pause_s(answer: Answer) -> float | None:
    """How long the server wants to be left alone, or None when it does not say (or not understandably)."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return _until_reset_s(answer)
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        when = parsedate_to_datetime(text)
        return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - time.time())
    except (OverflowError, ValueError):
        return None


def _until_reset_s(answer: Answer) -> float | None:
    for name in _RESETS:
        text = answer.headers.get(name, "").strip()
        if re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", text):
            number = float(text)
            return max(0.0, number - time.time()) if number > _UNIX_TIME else number
    return None


def back_off_s(attempt: int) -> float:
    """Pause after the *attempt*-th try (from 0): anything up to a bound that doubles, so that clients spread out."""
    return random.uniform(0.0, min(_MOST_S, _BASE_S * 2.0**attempt))
