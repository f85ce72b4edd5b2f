# SPDX-License-Identifier: Apache-2.0
"""
Owns the cache directory: named byte strings that can be made again. A cache never fails a scan.

Safe for parallel runs (a file appears whole, by rename, or not at all); a damaged file reads as absent; an unwritable
or untrusted directory only costs the time to make things again.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import zlib

_MAGIC = b"secrethunt cache 1\n"
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_KEEP = 12
"""Files kept of each kind (the part of the name before the first dash); older ones go."""


class DiskCache:
    """Byte strings under names of the form `kind-key`."""

    def __init__(self, directory: str | None) -> None:
        """*directory* is made on the first write; None keeps nothing."""
        self._directory = directory

    def read(self, name: str) -> bytes | None:
        """What was written under *name*, or None where that is absent, damaged or not ours."""
        if self._directory is None:
            return None
        try:
            with open(self._path(name), "rb") as file:
                if not _is_trusted(os.fstat(file.fileno())):
                    return None
                content = file.read()
        except OSError:
            return None
        header = len(_MAGIC) + 4
        payload = content[header:]
        if content[: len(_MAGIC)] != _MAGIC or content[len(_MAGIC) : header] != _checksum(payload):
            return None
        return payload

    def write(self, name: str, payload: bytes) -> None:
        """Keep *payload* under *name* for later runs, if that is possible at all."""
        if self._directory is None:
            return
        temporary = self._path(f".{name}.{os.getpid()}.{threading.get_ident()}")
        try:
            os.makedirs(self._directory, mode=0o700, exist_ok=True)
            with os.fdopen(os.open(temporary, _NEW_FILE, 0o600), "wb") as file:
                file.write(_MAGIC + _checksum(payload) + payload)
            os.replace(temporary, self._path(name))
            self._prune(name.partition("-")[0])
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)

    def _path(self, name: str) -> str:
        return os.path.join(self._directory or "", name)

    def _prune(self, kind: str) -> None:
        with os.scandir(self._directory) as entries:
            files = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.name.startswith(f"{kind}-")]
        for _, path in sorted(files)[:-_KEEP]:
            with contextlib.suppress(OSError):
                os.unlink(path)


def _is_trusted(status: os.stat_result) -> bool:
    """Who may write a cache file may make Hyperscan load it: nobody but us and root."""
    if os.name != "posix":
        return True
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _checksum(payload: bytes) -> bytes:
    return zlib.crc32(payload).to_bytes(4, "big")
