# SPDX-License-Identifier: Apache-2.0
"""Owns zlib streams and git's delta format. The twin of `native/inflate.c` and `native/delta.c`."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

from secrethunt.pack.contract import Reason

SIZE_LIMIT = 2**31 - 1
_MAX_REGIONS = 2**22


class Unreadable(Exception):
    """One object cannot be read; ends as a skip, or as a PackError at the room's door."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Region(NamedTuple):
    """A longest range [start, start + size) of the result that stands in one piece at `base` in the base."""

    start: int
    base: int
    size: int


class Delta(NamedTuple):
    """A checked delta: what to join, and what of it was copied."""

    pieces: tuple[tuple[bool, int, int], ...]
    """(is it a copy from the base, offset there or in the delta, size)."""
    regions: tuple[Region, ...]
    size: int
    """Of the result."""


def check_size(size: int, length: int, budget: int) -> None:
    """Refuse a size that a stream of *length* bytes cannot have, or that is over the budget."""
    if size > SIZE_LIMIT:
        raise Unreadable(Reason.TOO_LARGE)
    if size // 1032 > length:
        # deflate cannot shrink more than that
        raise Unreadable(Reason.BAD_STREAM)
    if size > budget:
        raise Unreadable(Reason.TOO_LARGE)


def inflate(stream: bytes, size: int) -> bytes:
    """The *size* bytes that *stream* must hold."""
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(stream, size + 1)
    except zlib.error as err:
        raise Unreadable(Reason.BAD_STREAM) from err
    if not decompressor.eof or len(data) != size:
        raise Unreadable(Reason.BAD_STREAM)
    return data


def parse_delta(delta: bytes, base_size: int) -> Delta:
    """Check every operation against both sizes before any memory is asked for."""
    declared_base, position = _read_varint(delta, 0)
    size, position = _read_varint(delta, position)
    if declared_base != base_size:
        raise Unreadable(Reason.BAD_DELTA)
    if size > SIZE_LIMIT:
        raise Unreadable(Reason.TOO_LARGE)
    pieces: list[tuple[bool, int, int]] = []
    written = 0
    while position < len(delta):
        code = delta[position]
        position += 1
        if code & 0x80:
            offset, length, position = _read_copy(delta, position, code)
            is_sound = offset + length <= base_size
            pieces.append((True, offset, length))
        else:
            length = code
            is_sound = 0 < length <= len(delta) - position
            pieces.append((False, position, length))
            position += length
        written += length
        if not is_sound or written > size:
            raise Unreadable(Reason.BAD_DELTA)
    if written != size:
        raise Unreadable(Reason.BAD_DELTA)
    regions = _regions(pieces)
    if len(regions) > _MAX_REGIONS:
        raise Unreadable(Reason.TOO_LARGE)
    return Delta(tuple(pieces), regions, size)


def apply_delta(parsed: Delta, delta: bytes, base: bytes) -> bytes:
    """The object that *delta* makes of *base*."""
    return b"".join((base if is_copy else delta)[at : at + size] for is_copy, at, size in parsed.pieces)


def _read_varint(delta: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(delta) and shift <= 56:
        byte = delta[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
        shift += 7
    raise Unreadable(Reason.BAD_DELTA)


def _read_copy(delta: bytes, position: int, code: int) -> tuple[int, int, int]:
    """Each set bit of *code* announces one byte: four of the offset, three of the size, least significant first."""
    fields = 0
    for bit in range(7):
        if code >> bit & 1:
            if position == len(delta):
                raise Unreadable(Reason.BAD_DELTA)
            fields |= delta[position] << 8 * bit
            position += 1
    return fields & 0xFFFFFFFF, fields >> 32 or 0x10000, position


def _regions(pieces: Sequence[tuple[bool, int, int]]) -> tuple[Region, ...]:
    regions: list[Region] = []
    written = 0
    for is_copy, at, size in pieces:
        if is_copy:
            last = regions[-1] if regions else None
            if last and last.start + last.size == written and last.base + last.size == at:
                regions[-1] = last._replace(size=last.size + size)
            else:
                regions.append(Region(written, at, size))
        written += size
    return tuple(regions)
