# SPDX-License-Identifier: Apache-2.0
"""
Owns the order in which credentials are checked: those of one provider stand in one line, and no line may hold all
workers. The client makes requests to one host wait for each other; without this, all others would wait with them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Turns(Generic[_T]):
    """Hands out items to worker threads, line by line in turn."""

    def __init__(self, items: Iterable[tuple[Hashable, _T]], *, most: int) -> None:
        """
        Args:
            items: Each with the line it stands in.
            most: How many of one line may be out at a time while others wait.
        """
        self._lines: dict[Hashable, deque[_T]] = {}
        for line, item in items:
            self._lines.setdefault(line, deque()).append(item)
        self._out = dict.fromkeys(self._lines, 0)
        self._most = most
        self._is_over = False
        self._changed = threading.Condition()

    def take(self) -> tuple[Hashable, _T] | None:
        """The next item with its line, waiting while all lines that have one are busy; None when there is none left."""
        with self._changed:
            while not self._is_over and self._lines:
                line = self._free_line()
                if line is not None:
                    return line, self._next_of(line)
                self._changed.wait()
            return None

    def done(self, line: Hashable) -> None:
        """One item of *line* is finished."""
        with self._changed:
            self._out[line] -= 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Hand out no more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _free_line(self) -> Hashable | None:
        """The line with the fewest items out; of those, the one that waits longest."""
        line = min(self._lines, key=lambda name: self._out[name])
        return line if self._out[line] < self._most or len(self._lines) == 1 else None

    def _next_of(self, line: Hashable) -> _T:
        waiting = self._lines.pop(line)
        item = waiting.popleft()
        self._out[line] += 1
        if waiting:
            self._lines[line] = waiting
        else:
            self._changed.notify_all()
        return item
