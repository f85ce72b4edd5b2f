# SPDX-License-Identifier: Apache-2.0
"""
Owns time limits that hold whatever a peer does: at the deadline the connection is shut down under whoever waits on it.

Timeouts of sockets bound one silence. A peer that sends a byte now and then, in its headers or its TLS records, never
lets them pass; nor do they end when the user interrupts.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator


class Watch:
    """One request's time; knows the connection that serves it."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        """In terms of `time.monotonic`."""
        self.is_over = False
        """The time passed, or the client was cancelled."""
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []

    @property
    def left_s(self) -> float:
        """Seconds to the deadline, never below a millisecond: 0 would mean "do not wait" to a socket."""
        return max(self.deadline - time.monotonic(), 0.001)

    def attach(self, connection: socket.socket) -> None:
        """
        End *connection* with this watch.

        NOTE: A duplicate of the descriptor is held: TLS takes the original over, and a number may be used again.
        """
        held = socket.socket(fileno=_duplicate(connection))
        with self._lock:
            self._held.append(held)
            if self.is_over:
                _shut_down(held)

    def end(self) -> None:
        """The time is over: shut the connections down."""
        with self._lock:
            self.is_over = True
            for held in self._held:
                _shut_down(held)

    def release(self) -> None:
        """Let go of the connections; they stay open."""
        with self._lock:
            for held in self._held:
                held.close()
            self._held.clear()


class Watchdog:
    """One thread that ends watches; starts with the first."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._watches: set[Watch] = set()
        self._thread: threading.Thread | None = None
        self._is_stopped = False

    @contextlib.contextmanager
    def watch(self, seconds: float) -> Iterator[Watch]:
        """A watch that ends after so many seconds unless the block is left before."""
        watch = Watch(time.monotonic() + seconds)
        with self._condition:
            self._watches.add(watch)
            watch.is_over = self._is_stopped
            if self._thread is None and not self._is_stopped:
                self._thread = threading.Thread(target=self._run, name="secrethunt-watchdog", daemon=True)
                self._thread.start()
            if len(self._watches) == 1:
                self._condition.notify()
        try:
            yield watch
        finally:
            with self._condition:
                self._watches.discard(watch)
            watch.release()

    def stop(self) -> None:
        """End all watches, now and later."""
        with self._condition:
            self._is_stopped = True
            watches = list(self._watches)
            self._condition.notify()
        for watch in watches:
            watch.end()

    def _run(self) -> None:
        while True:
            with self._condition:
                if self._is_stopped:
                    return
                now = time.monotonic()
                over = [watch for watch in self._watches if watch.deadline <= now]
                self._watches.difference_update(over)
                if not over:
                    # A client has one time limit, so whoever comes later ends later and need not wake this thread.
                    self._condition.wait(min((watch.deadline for watch in self._watches), default=now + 60.0) - now)
            for watch in over:
                watch.end()


def _duplicate(connection: socket.socket) -> int:
    import os

    return os.dup(connection.fileno())


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
