# SPDX-License-Identifier: Apache-2.0
"""
Owns the threads that ask. A check that hangs in somebody's library takes its thread with it and nothing else: after a
while the thread is left behind, as a daemon, and another takes its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from secrethunt.validate.credentials import Subject
from secrethunt.validate.turns import Turns

_T = TypeVar("_T")


class Workers(Generic[_T]):
    """Settles subjects in threads, and hands out the answers as they come."""

    def __init__(
        self, subjects: Sequence[Subject], settle: Callable[[Subject], _T], *, count: int, limit_s: float
    ) -> None:
        """
        Args:
            settle: Called in the threads; raises nothing.
            count: Threads at work at a time.
            limit_s: How long settling one subject may take before its thread is given up.
        """
        count = min(count, len(subjects))
        self._turns = Turns(((subject.group, subject) for subject in subjects), most=max(2, count // 4))
        self._settle = settle
        self._limit_s = limit_s
        self._answers: list[_T] = []
        self._taken = 0
        self._arrived = threading.Event()
        self._lock = threading.Lock()
        self._under_way: dict[threading.Thread, tuple[Subject, float]] = {}
        self._threads: set[threading.Thread] = set()
        for _ in range(count):
            self._start()

    def next(self, timeout_s: float) -> _T | None:
        """
        The next answer, or None where there is none in time; the same again until `note_taken`.

        An interruption may come at any instruction: an answer that was handed out and not yet kept must not be lost.
        """
        self._arrived.clear()
        if len(self._answers) == self._taken:
            self._arrived.wait(timeout_s)
        return self._answers[self._taken] if len(self._answers) > self._taken else None

    def note_taken(self) -> None:
        """The last answer of `next` is kept."""
        self._taken += 1

    def give_up_hanging(self) -> list[Subject]:
        """Subjects whose threads have been given up since the last call; nothing will come of them any more."""
        now = time.monotonic()
        with self._lock:
            late = [(thread, subject) for thread, (subject, at) in self._under_way.items() if now - at > self._limit_s]
            for thread, _ in late:
                del self._under_way[thread]
                self._threads.discard(thread)
        for _, subject in late:
            self._turns.done(subject.group)
            self._start()
        return [subject for _, subject in late]

    def stop(self) -> None:
        """Begin nothing more."""
        self._turns.stop()

    def are_busy(self) -> bool:
        """Something may still come."""
        with self._lock:
            return any(thread.is_alive() for thread in self._threads)

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="check", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        me = threading.current_thread()
        while (turn := self._turns.take()) is not None:
            line, subject = turn
            with self._lock:
                self._under_way[me] = subject, time.monotonic()
            answer = self._settle(subject)
            with self._lock:
                # Given up meanwhile: the subject has its verdict, and another thread this one's place.
                if self._under_way.pop(me, None) is None:
                    return
                self._answers.append(answer)
            self._arrived.set()
            self._turns.done(line)
