# SPDX-License-Identifier: Apache-2.0
"""Owns the lines around a finding as they may be shown: every value in them is masked, every line is harmless."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from secrethunt.report.escape import escape
from secrethunt.report.redact import MASK

_LONGEST = 200
"""Characters of a line that are shown: minified files have lines of megabytes."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an excerpt: its 1-based number in the blob, its text escaped, and whether the finding is in it."""

    number: int
    text: str
    is_own: bool


def excerpt(data: bytes, own: tuple[int, int], hidden: Iterable[tuple[int, int]], *, around: int) -> list[Line]:
    """
    The lines that hold the range *own* of *data*, and *around* lines before and after.

    Args:
        own: Half-open byte range of the finding; masked. A value of many lines becomes one.
        hidden: Further ranges to mask: all other values in the same bytes; they may overlap.
    """
    start, end = own
    ranges = _merged([own, *hidden])
    first, before = _lines_before(data, start, around)
    after = _lines_after(data, end, around)
    lines = []
    number = first
    for low, high in [*before, _whole_line(data, start, end), *after]:
        is_own = low <= start <= high
        lines.append(Line(number, _shown(data, low, high, ranges, start if is_own else low), is_own))
        number += data.count(b"\n", low, high) + 1
    return lines


def _whole_line(data: bytes, start: int, end: int) -> tuple[int, int]:
    """From the beginning of the line of *start* to the end of the line of *end*."""
    low = data.rfind(b"\n", 0, start) + 1
    high = data.find(b"\n", max(end, start))
    return low, len(data) if high < 0 else high


def _lines_before(data: bytes, start: int, around: int) -> tuple[int, list[tuple[int, int]]]:
    """The number of the first line shown, and the ranges of those before that of *start*."""
    high = data.rfind(b"\n", 0, start)
    ranges: list[tuple[int, int]] = []
    while high >= 0 and len(ranges) < around:
        low = data.rfind(b"\n", 0, high) + 1
        ranges.insert(0, (low, high))
        high = low - 1
    low = ranges[0][0] if ranges else data.rfind(b"\n", 0, start) + 1
    return data.count(b"\n", 0, low) + 1, ranges


def _lines_after(data: bytes, end: int, around: int) -> list[tuple[int, int]]:
    low = data.find(b"\n", end) + 1
    ranges: list[tuple[int, int]] = []
    while 0 < low < len(data) and len(ranges) < around:
        high = data.find(b"\n", low)
        high = len(data) if high < 0 else high
        ranges.append((low, high))
        low = high + 1
    return ranges


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _shown(data: bytes, low: int, high: int, hidden: Sequence[tuple[int, int]], focus: int) -> str:
    """The bytes from *low* to *high* without what is hidden; of a long line what stands around *focus*."""
    left, right = max(low, focus - _LONGEST // 2), high
    pieces: list[bytes] = []
    at = left
    for start, end in hidden:
        if end <= left or start >= right:
            continue
        pieces += [data[at : max(start, at)], MASK.encode()]
        at = max(at, end)
    pieces.append(data[at:right] if at < right else b"")
    text = escape(b"".join(pieces).rstrip(b"\r"))
    return ("… " if left > low else "") + (text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …")
