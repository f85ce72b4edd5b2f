# SPDX-License-Identifier: Apache-2.0
"""Progress on a real terminal (a pty), and silence anywhere else."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import threading
import time
from typing import TextIO

import pytest

from secrethunt.report.progress import Pace, Progress

_MIB = 1024 * 1024


class _Terminal:
    """A pty: what the program writes to `stream` ends up in `output()`."""

    def __init__(self) -> None:
        self._main, worker = pty.openpty()
        self.stream: TextIO = os.fdopen(worker, "w", encoding="utf-8")
        self._pieces: list[bytes] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._main, 4096)
            except OSError:
                return
            if not piece:
                return
            self._pieces.append(piece)

    def output(self) -> str:
        self.stream.close()
        self._reader.join()
        os.close(self._main)
        return b"".join(self._pieces).decode("utf-8")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> _Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "30")
    return _Terminal()


def test_a_terminal_sees_bytes_rate_and_time_left_and_then_a_clean_line(terminal: _Terminal) -> None:
    with Progress(terminal.stream, delay_s=0.01) as progress:
        for step in range(1, 15):
            progress.update(step * 10 * _MIB, 1000 * _MIB, "history [bold]\x1b[2J")
            time.sleep(0.05)
    shown = terminal.output()
    assert "history [bold]\\x1b[2J" in shown
    assert " MiB of 1000.0 MiB, " in shown
    assert " MiB/s, " in shown
    assert " s left" in shown
    assert shown.endswith("\x1b[2K")


def test_work_that_is_over_soon_shows_nothing(terminal: _Terminal) -> None:
    with Progress(terminal.stream) as progress:
        progress.update(1, 2, "files")
    assert "" == terminal.output()


def test_a_terminal_can_be_told_to_stay_quiet(terminal: _Terminal) -> None:
    with Progress(terminal.stream, is_enabled=False, delay_s=0.0) as progress:
        progress.update(1, 2, "files")
        time.sleep(0.2)
    assert "" == terminal.output()


def test_a_pipe_sees_nothing_and_rich_is_not_loaded() -> None:
    program = (
        "import sys, time\n"
        "from secrethunt.report.progress import Progress\n"
        "with Progress(sys.stderr, delay_s=0.0) as progress:\n"
        "    progress.update(1, 2, 'files')\n"
        "    time.sleep(0.3)\n"
        "sys.stdout.write(str('rich' in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ("False", "") == (done.stdout, done.stderr)


def test_the_line_goes_away_when_the_work_fails(terminal: _Terminal) -> None:
    with pytest.raises(KeyboardInterrupt), Progress(terminal.stream, delay_s=0.0) as progress:
        progress.update(1, 2, "files")
        time.sleep(0.4)
        raise KeyboardInterrupt
    assert terminal.output().endswith("\x1b[2K")


def test_a_stream_that_is_closed_ends_the_line_and_not_the_work(terminal: _Terminal) -> None:
    with Progress(terminal.stream, delay_s=0.0) as progress:
        time.sleep(0.3)
        terminal.stream.close()
        time.sleep(0.3)
        progress.update(2, 2, "files")
    terminal.output()


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    with Progress(stream) as progress:
        progress.update(1, 2, "files")


def test_updates_come_from_many_threads(terminal: _Terminal) -> None:
    with Progress(terminal.stream, delay_s=0.0) as progress:

        def work() -> None:
            for step in range(20_000):
                progress.update(step, 20_000, "files")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(0.3)
    assert "19.5 KiB" in terminal.output()


class TestPace:
    """The numbers of the line, on a clock that stands still between samples."""

    def test_rate_and_end_follow_from_the_last_seconds(self) -> None:
        times = iter([0.0, 1.0, 2.0])
        pace = Pace(lambda: next(times))
        shown = [pace.describe(done * _MIB, 100 * _MIB) for done in (0, 10, 20)]
        assert [
            "0 B of 100.0 MiB",
            "10.0 MiB of 100.0 MiB, 10.0 MiB/s, 10 s left",
            "20.0 MiB of 100.0 MiB, 10.0 MiB/s, 9 s left",
        ] == shown

    def test_an_old_pace_is_forgotten(self) -> None:
        times = iter([0.0, 1.0, 7.0])
        pace = Pace(lambda: next(times))
        shown = [pace.describe(done * _MIB, 0) for done in (0, 100, 106)]
        assert "106.0 MiB" == shown[-1]

    def test_without_a_total_there_is_no_end(self) -> None:
        times = iter([0.0, 2.0])
        pace = Pace(lambda: next(times))
        assert ["0 B", "4.0 MiB, 2.0 MiB/s"] == [pace.describe(done * _MIB, 0) for done in (0, 4)]

    def test_a_total_that_proves_too_low_is_dropped(self) -> None:
        times = iter([0.0, 2.0])
        pace = Pace(lambda: next(times))
        assert "4.0 MiB, 2.0 MiB/s" == [pace.describe(done * _MIB, 3 * _MIB) for done in (0, 4)][-1]
