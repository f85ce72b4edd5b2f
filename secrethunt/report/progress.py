# SPDX-License-Identifier: Apache-2.0
"""
Owns the progress line on a terminal: bytes done, rate, time left. Says nothing where nobody watches.

Hot: `Progress.update()` is called for every arena and may be called for every blob; it stores one tuple. A thread of
its own reads that and draws, and it is this thread that imports rich, once the work has lasted for a moment.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from secrethunt.report.escape import escape
from secrethunt.report.quantities import duration, size

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

NO_BYTES = -1
"""Stands for a total where what is done is not measured in bytes."""
_DELAY_S = 0.5
"""Shorter scans show nothing."""
_INTERVAL_S = 0.1
_RATE_SPAN_S = 5.0
"""The rate is that of the last seconds: a history of large blobs is not the pace of the small ones that follow."""


class Progress:
    """
    Shows how far a scan is; a context manager.

        with Progress(sys.stderr) as progress:
            progress.update(ledger.bytes, ledger.total_bytes, "history")
    """

    def __init__(self, stream: TextIO, *, is_enabled: bool = True, delay_s: float = _DELAY_S) -> None:
        """
        Args:
            stream: Drawn on only if it is a terminal; usually standard error.
            is_enabled: False keeps it quiet on a terminal too (`--quiet`).
            delay_s: How long the work must last before anything is shown.
        """
        self._stream = stream
        self._delay_s = delay_s
        self._state: tuple[int, int, str] = (0, 0, "")
        self._is_over = Event()
        self._thread: Thread | None = None
        if is_enabled and _is_terminal(stream):
            self._thread = Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away and wait until it is gone, so that what is printed next starts on a clean line."""
        self._is_over.set()
        if self._thread:
            self._thread.join()

    def update(self, done_bytes: int, total_bytes: int, label: str) -> None:
        """
        Say how far the work is, from any thread; costs one assignment, drawn or not.

        Args:
            done_bytes: Bytes handed to matching so far.
            total_bytes: Best estimate of all; 0 while it is unknown, `NO_BYTES` where the label says it all.
            label: What is being done now; escaped when it is drawn.
        """
        self._state = (done_bytes, total_bytes, label)

    def _run(self) -> None:
        if self._is_over.wait(self._delay_s):
            return
        # A terminal that goes away takes the line with it, not the scan.
        with suppress(OSError, ValueError):
            self._draw_until_over()

    def _draw_until_over(self) -> None:
        pace = Pace()
        with _line(self._stream) as line:
            task = line.add_task("", total=None, numbers="")
            while not self._is_over.wait(_INTERVAL_S):
                done, total, label = self._state
                numbers = "" if total == NO_BYTES else pace.describe(done, total)
                known = max(total, done) if total > 0 else None
                line.update(task, completed=done, total=known, description=escape(label), numbers=numbers)
                line.refresh()


class Pace:
    """Bytes a second over the last seconds, and what follows from it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque()

    def describe(self, done: int, total: int) -> str:
        """`1.2 GiB of 3.4 GiB, 210.0 MiB/s, 11 s left`; without the end while that is unknown."""
        rate = self._rate(done)
        parts = [f"{size(done)} of {size(total)}" if total > done else size(done)]
        if rate:
            parts.append(f"{size(rate)}/s")
            if total > done:
                parts.append(f"{_time_left((total - done) / rate)} left")
        return ", ".join(parts)

    def _rate(self, done: int) -> float:
        now = self._clock()
        self._samples.append((now, done))
        while now - self._samples[0][0] > _RATE_SPAN_S:
            self._samples.popleft()
        then, before = self._samples[0]
        return max(done - before, 0) / (now - then) if now > then else 0.0


def _time_left(seconds: float) -> str:
    return f"{int(seconds) + 1} s" if seconds < 59 else duration(seconds + 1)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _line(stream: TextIO) -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[numbers]}", markup=False),
        console=Console(file=stream),
        auto_refresh=False,
        transient=True,
        # The report may be on its way through these streams already.
        redirect_stdout=False,
        redirect_stderr=False,
    )
