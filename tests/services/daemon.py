# SPDX-License-Identifier: Apache-2.0
"""Starts real servers for tests: on free ports of the loopback, in folders of their own, gone with the block."""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

INSTALL = "tests/services/install"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, *places: str) -> str:
    """The path of the server program *name*; the test is skipped by name where it is not installed."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    matches = [path for place in places for path in sorted(glob.glob(place)) if os.access(path, os.X_OK)]
    chosen = matches[-1] if matches else found
    if not chosen:
        pytest.skip(f"{name} is not installed: run {INSTALL}")
    return chosen


@contextlib.contextmanager
def folder(name: str, *, user: str = "") -> Iterator[Path]:
    """A short-named folder that other users may enter, owned by *user* where this process may give it away."""
    path = Path(tempfile.mkdtemp(prefix=f"secrethunt-{name}-"))
    path.chmod(0o755)
    own(path, user)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def own(path: Path, user: str) -> None:
    """Give *path* to *user*; nothing to do for who is not root."""
    if user and os.geteuid() == 0:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def as_user(user: str) -> dict[str, object]:
    """Arguments of `subprocess` that run a program as *user*, which some servers demand of root."""
    if not user or os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def running(
    command: Sequence[str],
    *,
    port: int,
    home: Path,
    user: str = "",
    environment: Mapping[str, str] | None = None,
    patience_s: float = 30,
) -> Iterator[subprocess.Popen[bytes]]:
    """The server, from when its port answers to the end of the block; its output is in `home/log`."""
    log = home / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={
                "PATH": os.environ["PATH"] + ":/usr/sbin",
                "HOME": str(home),
                "LC_ALL": "C.UTF-8",
                **(environment or {}),
            },
            start_new_session=True,
            **as_user(user),  # type: ignore[call-overload]  # a mapping of its keyword arguments
        )
    try:
        _wait(server, port, log, patience_s)
        yield server
    finally:
        _stop(server)


def _wait(server: subprocess.Popen[bytes], port: int, log: Path, patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.args!r} does not listen:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(5)
            return
