# SPDX-License-Identifier: Apache-2.0
"""
Owns the Hyperscan database: compile, keep on disk, load. The only module that calls python-hyperscan.

Hyperscan is imported on first use. A database file is named by what it was made of (expressions, library version, CPU),
so a stale one is never loaded; a damaged one fails its checksum and is made again.
"""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Callable, Sequence
from typing import Any

from secrethunt.diskcache import DiskCache


class ExpressionError(ValueError):
    """Hyperscan refuses an expression."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


MatchHandler = Callable[[int, int, int, int, Any], bool | None]
"""Called with (id of the expression, unused start, end offset, flags, context) for each match."""


class Database:
    """A compiled set of expressions. `scan` may run in several threads, each with its own scratch."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def scratch(self) -> Any:
        """Working memory for one thread."""
        import hyperscan

        return hyperscan.Scratch(self._handle)

    def scan(self, data: bytes | bytearray | memoryview, handler: MatchHandler, scratch: Any) -> None:
        """Report the end of every match in *data*; the GIL is free except inside *handler*."""
        self._handle.scan(data, match_event_handler=handler, scratch=scratch)

    def dump(self) -> bytes:
        """The database as bytes for this library version and CPU."""
        import hyperscan

        return bytes(hyperscan.dumpb(self._handle))


def compile_database(expressions: Sequence[str], ids: Sequence[int] | None = None) -> Database:
    """
    Compile *expressions* for block mode; without *ids* each is reported by its index.

    Raises:
        ExpressionError: An expression that Hyperscan cannot take, by its index.
    """
    import hyperscan

    handle = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    encoded = [expression.encode("utf-8") for expression in expressions]
    try:
        numbers = list(range(len(encoded))) if ids is None else list(ids)
        handle.compile(expressions=encoded, ids=numbers, elements=len(encoded), flags=0)
    except hyperscan.error as err:
        _blame(expressions, err)
    return Database(handle)


def _blame(expressions: Sequence[str], err: Exception) -> None:
    """Find the expression that does not compile alone; the library's message does not name it reliably."""
    import hyperscan

    for index, expression in enumerate(expressions):
        alone = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        try:
            alone.compile(expressions=[expression.encode("utf-8")], ids=[0], elements=1, flags=0)
        except hyperscan.error as reason:
            raise ExpressionError(index, str(reason)) from reason
    raise err


def library_version() -> str:
    """Which Hyperscan it is."""
    import hyperscan

    version: str = hyperscan.__version__  # type: ignore[attr-defined]  # there, but not in its stub
    return version


def load_database(expressions: Sequence[str], cache: DiskCache, ids: Sequence[int] | None = None) -> Database:
    """As `compile_database`, from *cache* when it is there and sound, else compiled and kept."""
    name = f"anchors-{_fingerprint(expressions, ids)}"
    stored = cache.read(name)
    if stored is not None:
        database = _load(stored)
        if database is not None:
            return database
    database = compile_database(expressions, ids)
    cache.write(name, database.dump())
    return database


def _load(stored: bytes) -> Database | None:
    import hyperscan

    try:
        handle = hyperscan.loadb(stored, hyperscan.HS_MODE_BLOCK)
        database = Database(handle)
        database.scratch()
    except hyperscan.error:
        return None
    return database


def _fingerprint(expressions: Sequence[str], ids: Sequence[int] | None) -> str:
    digest = hashlib.sha256()
    for part in (library_version(), platform.machine(), _cpu_features(), repr(ids), *expressions):
        digest.update(part.encode("utf-8") + b"\0")
    return digest.hexdigest()[:32]


@functools.cache
def _cpu_features() -> str:
    """What Hyperscan tunes a database for: the CPU's instruction sets. Empty where the system does not tell."""
    try:
        with open("/proc/cpuinfo", "rb") as info:
            head = info.read(8192)
    except OSError:
        return platform.processor()
    for line in head.splitlines():
        if line.startswith((b"flags", b"Features")):
            return line.decode("ascii", "replace")
    return ""
