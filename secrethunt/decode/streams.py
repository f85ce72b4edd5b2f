# SPDX-License-Identifier: Apache-2.0
"""Compressed streams: gzip, zlib, bzip2 and xz. Never more is inflated than the budget allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from secrethunt.coverage import Skip
from secrethunt.decode.contract import Budget, Piece

_XZ_MEMORY = 128 * 1024 * 1024
"""Largest dictionary accepted, with what surrounds it; `xz -9` asks for 65 MiB."""


_CHUNK = 65536


class _Inflater(Protocol):
    """What the standard library's decompressors have in common once `zlib`'s are wrapped."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def open_gzip(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """A gzip file (RFC 1952), all its members joined."""
    import zlib

    if end == 3:
        yield from _open(data, budget, "gzip", lambda: zlib.decompressobj(31))


def open_zlib(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """A zlib stream (RFC 1950). Two bytes are a weak sign, so one that does not inflate is none."""
    import zlib

    if end == 2:
        yield from _open(data, budget, "zlib", lambda: zlib.decompressobj(15), is_sure=False)


def open_bzip2(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """A bzip2 file."""
    import bz2

    if end == 10:
        yield from _open(data, budget, "bzip2", bz2.BZ2Decompressor)


def open_xz(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """An xz file."""
    import lzma

    if end == 6:
        yield from _open(data, budget, "xz", lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY))


def _open(data: bytes, budget: Budget, step: str, make: Callable[[], Any], *, is_sure: bool = True) -> Iterator[Piece]:
    limit = budget.largest
    inflated, problem = _inflate(data, make, limit + 1)
    if len(inflated) > limit:
        budget.refuse(len(inflated))
        return
    if problem and (is_sure or inflated):
        budget.note(Skip.UNOPENED, f"{step}: {problem}")
    if inflated and budget.take(len(inflated)):
        budget.log.containers += 1
        yield Piece(step, inflated, 0, len(data), is_container=True)


def _inflate(data: bytes, make: Callable[[], _Inflater], limit: int) -> tuple[bytes, str]:
    """At most *limit* bytes of all streams in *data*, and why there may be fewer than there should be."""
    parts: list[bytes] = []
    at = 0
    while at < len(data) and (size := sum(map(len, parts))) < limit:
        at, problem = _inflate_one(data, at, make(), limit - size, parts)
        if problem:
            # What follows a whole stream may be padding, or anything else.
            return b"".join(parts), "" if len(parts) > 1 and parts[-1] == b"" else problem
        parts.append(b"")
    return b"".join(parts), ""


def _inflate_one(data: bytes, at: int, inflater: _Inflater, limit: int, parts: list[bytes]) -> tuple[int, str]:
    """Append what one stream that begins at *at* holds; returns where it ends, and what was wrong."""
    import lzma
    import zlib

    tail = b""
    while not inflater.eof and limit > 0:
        if not tail:
            tail = data[at : at + _CHUNK]
            at += len(tail)
        is_last = not tail
        try:
            part = inflater.decompress(tail, limit)
        except (zlib.error, OSError, lzma.LZMAError, EOFError) as err:
            return at, str(err)
        tail = getattr(inflater, "unconsumed_tail", b"")
        if part:
            parts.append(part)
            limit -= len(part)
        elif is_last and not inflater.eof:
            return at, "it ends too early"
    return at - len(inflater.unused_data), ""
