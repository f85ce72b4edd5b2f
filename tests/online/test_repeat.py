# SPDX-License-Identifier: Apache-2.0
"""What is asked again, and after how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from secrethunt.online.contract import Answer, Request
from secrethunt.online.repeat import Lost, asked_pause_s, back_off_s, is_healthy, is_limited, may_repeat

GET = Request("GET", "https://api.acme.com/", "GET https://api.acme.com/")
POST = Request("POST", "https://api.acme.com/", "POST https://api.acme.com/")
SAFE_POST = Request("POST", "https://api.acme.com/", "POST https://api.acme.com/", is_idempotent=True)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Answer(200, {}, b""), (False, False, False)),
        (Answer(401, {}, b""), (False, False, False)),
        (Answer(403, {}, b""), (False, False, False)),
        (Answer(403, {"retry-after": "60"}, b""), (True, True, True)),
        (Answer(403, {"x-ratelimit-remaining": "0"}, b""), (True, True, True)),
        (Answer(403, {"x-ratelimit-remaining": "59"}, b""), (False, False, False)),
        (Answer(429, {}, b""), (True, True, True)),
        (Answer(500, {}, b""), (False, False, False)),
        (Answer(503, {}, b""), (True, False, True)),
        (Answer(522, {}, b""), (True, False, True)),
        (Lost("refused", was_sent=False, is_final=False), (True, True, True)),
        (Lost("reset", is_final=False), (True, False, True)),
        (Lost("too large"), (False, False, False)),
    ],
)
def test_repetition_depends_on_what_the_server_may_have_done(
    outcome: Answer | Lost, expected: tuple[bool, bool, bool]
) -> None:
    assert expected == tuple(may_repeat(request, outcome) for request in (GET, POST, SAFE_POST))


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        (lambda now: {"retry-after": "7"}, 7.0, 7.0),
        (lambda now: {"retry-after": " 0 "}, 0.0, 0.0),
        (lambda now: {"retry-after": formatdate(now + 1000, usegmt=True)}, 900.0, 1000.0),
        (lambda now: {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0, 0.0),
        (lambda now: {"retry-after": formatdate(now + 1000).replace("-0000", "")}, 900.0, 1000.0),
        (lambda now: {"x-ratelimit-reset": str(int(now) + 1000)}, 900.0, 1000.0),
        (lambda now: {"x-rate-limit-reset": "12"}, 12.0, 12.0),
        (lambda now: {"ratelimit-reset": "1.5"}, 1.5, 1.5),
        (lambda now: {"retry-after": "5", "ratelimit-reset": "900"}, 5.0, 5.0),
    ],
)
def test_pause_that_a_server_asks_for_is_understood(
    headers: Callable[[float], dict[str, str]], least: float, most: float
) -> None:
    asked_s = asked_pause_s(Answer(429, headers(time.time()), b""))
    assert asked_s is not None and least <= asked_s <= most


@pytest.mark.parametrize("text", ["", "soon", "-1", "1e3", "9" * 400, "Wed, 99 Foo 2015", "0x10", "٣"])
def test_pause_that_makes_no_sense_is_none(text: str) -> None:
    assert asked_pause_s(Answer(429, {"retry-after": text}, b"")) is None
    assert asked_pause_s(Answer(429, {"x-ratelimit-reset": text}, b"")) is None


def test_back_off_is_spread_and_bounded() -> None:
    for attempt, most in ((0, 0.5), (1, 1.0), (3, 4.0), (60, 15.0)):
        pauses = [back_off_s(attempt) for _ in range(500)]
        assert 0.0 <= min(pauses) < most * 0.1
        assert most * 0.9 < max(pauses) <= most


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, True), (429, True), (500, None), (501, None)])
def test_health_is_known_where_the_status_tells(status: int, expected: bool | None) -> None:
    assert expected is is_healthy(Answer(status, {}, b""))


def test_limits_are_told_from_rejections() -> None:
    assert [True, False] == [is_limited(Answer(status, {}, b"")) for status in (429, 403)]
