# SPDX-License-Identifier: Apache-2.0
"""
Owns whose turn it is: rate and concurrency per host, concurrency and number of requests in all, hosts left alone.

One lock guards all of it; what happens under it is a few comparisons. Threads wait on their host's condition, or, where
only the total is used up, on the common one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from secrethunt.online.contract import NoAnswer
from secrethunt.online.options import Pace

_MARGIN: Final = 1.05
"""What leaves evenly arrives less evenly; with a twentieth to spare no second at the host holds more than the rate."""
Place = tuple[str, int]
"""Host and port: what has a rate of its own."""


class Turn:
    """One request's turn; say how it went before leaving."""

    __slots__ = ("health", "is_sent", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.is_sent = False
        self.health: bool | None = None
        """The host served (True), failed (False), or nothing was learnt of it (None)."""


class _Gate:
    """One host. All fields belong to the pacer's lock."""

    __slots__ = (
        "condition",
        "failures",
        "held_until",
        "in_flight",
        "is_probing",
        "next_free",
        "rest_until",
        "rests",
        "unsent",
    )

    def __init__(self, lock: threading.Lock) -> None:
        self.condition = threading.Condition(lock)
        self.in_flight = 0
        self.unsent = 0
        """Turns whose request is not on its way yet."""
        self.next_free = 0.0
        """When the bucket would be full again (generic cell rate algorithm)."""
        self.held_until = 0.0
        """The host asked to be left alone until then."""
        self.failures = 0
        self.rests = 0
        self.rest_until = 0.0
        """The breaker is open until then; afterwards one request probes."""
        self.is_probing = False


class Pacer:
    """Everybody's turns. Safe for threads."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._interval_s = _MARGIN / pace.rate_per_s
        self._lock = threading.Lock()
        self._free = threading.Condition(self._lock)
        self._gates: dict[Place, _Gate] = {}
        self._in_flight = 0
        self._sent = 0
        self._is_cancelled = threading.Event()

    @property
    def sent(self) -> int:
        """Requests that had their turn so far."""
        return self._sent

    @contextmanager
    def turn(self, place: Place) -> Iterator[Turn]:
        """
        Wait for *place*'s turn, hold it within the block.

        Raises:
            NoAnswer: There will be none: too many requests, the host rests or asked for a longer pause, cancelled.
        """
        gate = self._enter(place)
        turn = Turn(time.monotonic())
        try:
            yield turn
        finally:
            self._leave(gate, turn)

    def sending(self, place: Place, turn: Turn) -> None:
        """The request of *turn* goes out now: connecting took time, so what follows moves by as much."""
        with self._lock:
            gate = self._gate(place)
            if not turn.is_sent:
                turn.is_sent = True
                gate.unsent -= 1
                gate.next_free += time.monotonic() - turn.since
                gate.condition.notify_all()

    def hold(self, place: Place, seconds: float) -> None:
        """Leave *place* alone for so long."""
        with self._lock:
            gate = self._gate(place)
            gate.held_until = max(gate.held_until, time.monotonic() + seconds)

    def pause(self, seconds: float) -> None:
        """
        Sleep outside of any turn.

        Raises:
            NoAnswer: Cancelled meanwhile.
        """
        if self._is_cancelled.wait(seconds):
            raise NoAnswer("cancelled")

    def cancel(self) -> None:
        """Wake everybody who waits, and let nobody have a turn any more."""
        self._is_cancelled.set()
        with self._lock:
            self._free.notify_all()
            for gate in self._gates.values():
                gate.condition.notify_all()

    def _gate(self, place: Place) -> _Gate:
        gate = self._gates.get(place)
        if gate is None:
            gate = self._gates[place] = _Gate(self._lock)
        return gate

    def _enter(self, place: Place) -> _Gate:
        with self._lock:
            gate = self._gate(place)
            while True:
                now = time.monotonic()
                self._refuse(gate, now)
                is_connecting = gate.unsent > 0 and self._interval_s > 0.0
                if gate.in_flight >= self._pace.per_host or gate.is_probing or is_connecting:
                    gate.condition.wait()
                elif (wait_s := self._wait_s(gate, now)) > 0.0:
                    gate.condition.wait(wait_s)
                elif self._in_flight >= self._pace.total:
                    self._free.wait()
                else:
                    self._take(gate, now)
                    return gate

    def _refuse(self, gate: _Gate, now: float) -> None:
        if self._is_cancelled.is_set():
            raise NoAnswer("cancelled")
        most = self._pace.max_requests
        if most is not None and self._sent >= most:
            raise NoAnswer(f"the limit of {most} requests is used up")
        if now < gate.rest_until:
            raise NoAnswer(f"the host failed {gate.failures} times in a row and is left alone for now")
        if gate.held_until - now > self._pace.max_wait_s:
            raise NoAnswer(f"the host asked to be left alone for {gate.held_until - now:.0f} more seconds")

    def _wait_s(self, gate: _Gate, now: float) -> float:
        bucket_s = gate.next_free - self._interval_s * (self._pace.burst - 1) - now
        return max(bucket_s, gate.held_until - now)

    def _take(self, gate: _Gate, now: float) -> None:
        gate.next_free = max(gate.next_free, now) + self._interval_s
        gate.in_flight += 1
        gate.unsent += 1
        gate.is_probing = gate.failures >= self._pace.breaker_failures
        self._in_flight += 1
        self._sent += 1

    def _leave(self, gate: _Gate, turn: Turn) -> None:
        health = turn.health
        with self._lock:
            gate.in_flight -= 1
            gate.unsent -= not turn.is_sent
            self._in_flight -= 1
            if health is True:
                gate.failures = gate.rests = 0
            elif health is False:
                self._fail(gate)
            gate.is_probing = False
            gate.condition.notify_all()
            self._free.notify_all()

    def _fail(self, gate: _Gate) -> None:
        gate.failures += 1
        now = time.monotonic()
        # Those that were under way when the breaker opened fail with it, not once more each.
        if gate.failures >= self._pace.breaker_failures and now >= gate.rest_until:
            gate.rest_until = now + self._pace.breaker_rest_s * min(2.0**gate.rests, 10.0)
            gate.rests += 1
