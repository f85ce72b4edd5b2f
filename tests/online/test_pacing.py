# SPDX-License-Identifier: Apache-2.0
"""Turns: what the pacer lets through, and when."""

from __future__ import annotations

import itertools
import math
import threading
import time

import pytest

from secrethunt.online.contract import NoAnswer
from secrethunt.online.options import Pace
from secrethunt.online.pacing import Pacer

HERE = ("api.acme.com", 443)
THERE = ("api.other.com", 443)


def crowd(pacer: Pacer, place: tuple[str, int], size: int, hold_s: float = 0.0) -> list[float]:
    """When each of *size* threads got its turn at *place*, sorted."""
    times: list[float] = []

    def work() -> None:
        with pacer.turn(place):
            times.append(time.monotonic())
            time.sleep(hold_s)

    threads = [threading.Thread(target=work) for _ in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(times)


def test_no_stretch_of_time_has_more_turns_than_burst_and_rate() -> None:
    pace = Pace(rate_per_s=50.0, burst=3, per_host=8)
    times = crowd(Pacer(pace), HERE, 30)
    for (i, first), (j, later) in itertools.combinations(enumerate(times), 2):
        assert j - i + 1 <= 3 + 50.0 * (later - first + 0.02)
    assert 0.54 <= times[-1] - times[0] + 0.02


def test_hosts_do_not_wait_for_each_other() -> None:
    pacer = Pacer(Pace(rate_per_s=0.1, burst=1))
    began = time.monotonic()
    with pacer.turn(HERE), pacer.turn(THERE), pacer.turn(("api.acme.com", 8443)):
        pass
    assert time.monotonic() - began < 5.0


def test_the_total_bounds_all_hosts_together() -> None:
    pacer = Pacer(Pace(rate_per_s=math.inf, total=2))
    times: list[float] = []
    threads = [
        threading.Thread(target=lambda at=at: times.extend(crowd(pacer, at, 2, 0.1))) for at in (HERE, THERE, ("c", 1))
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 6 == pacer.sent
    assert 0.2 <= sorted(times)[-1] - began < 5.0


def test_a_rest_refills_the_bucket_up_to_the_burst() -> None:
    pacer = Pacer(Pace(rate_per_s=20.0, burst=2))
    crowd(pacer, HERE, 2)
    time.sleep(0.3)
    began = time.monotonic()
    times = crowd(pacer, HERE, 4)
    assert 0.09 <= times[3] - began


def test_the_breaker_counts_failures_in_a_row_only() -> None:
    pacer = Pacer(Pace(rate_per_s=math.inf, breaker_failures=3))
    for health in (False, False, True, False, False, None, False):
        with pacer.turn(HERE) as turn:
            turn.health = health
    with pytest.raises(NoAnswer, match="the host failed 3 times in a row"), pacer.turn(HERE):
        pass
    with pacer.turn(THERE):
        pass


def test_failures_under_way_when_the_breaker_opens_do_not_prolong_it() -> None:
    pacer = Pacer(Pace(rate_per_s=math.inf, burst=10, per_host=10, breaker_failures=1, breaker_rest_s=0.2))
    gate = threading.Barrier(5)

    def work() -> None:
        with pacer.turn(HERE) as turn:
            gate.wait()
            turn.health = False

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.25)
    with pacer.turn(HERE) as turn:
        turn.health = True


def test_a_failed_probe_doubles_the_rest() -> None:
    pacer = Pacer(Pace(rate_per_s=math.inf, breaker_failures=1, breaker_rest_s=0.1))
    for rest_s in (0.1, 0.2):
        with pacer.turn(HERE) as turn:
            turn.health = False
        time.sleep(rest_s * 0.5)
        with pytest.raises(NoAnswer, match="left alone for now"), pacer.turn(HERE):
            pass
        time.sleep(rest_s * 0.6)
    with pacer.turn(HERE):
        pass


def test_others_wait_for_the_probe() -> None:
    pacer = Pacer(Pace(rate_per_s=math.inf, burst=10, per_host=10, breaker_failures=1, breaker_rest_s=0.05))
    with pacer.turn(HERE) as turn:
        turn.health = False
    time.sleep(0.06)
    order: list[str] = []

    def other() -> None:
        with pacer.turn(HERE):
            order.append("other")

    thread = threading.Thread(target=other)
    with pacer.turn(HERE) as turn:
        thread.start()
        time.sleep(0.05)
        order.append("probe")
        turn.health = True
    thread.join()
    assert ["probe", "other"] == order


def test_cancel_ends_all_waiting() -> None:
    pacer = Pacer(Pace(rate_per_s=0.01, burst=1, per_host=1))
    reasons: list[str] = []

    def work() -> None:
        try:
            with pacer.turn(HERE):
                pacer.pause(60)
        except NoAnswer as error:
            reasons.append(error.reason)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    pacer.cancel()
    for thread in threads:
        thread.join(2)
    assert ["cancelled"] * 5 == reasons
