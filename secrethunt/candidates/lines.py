# SPDX-License-Identifier: Apache-2.0
"""From byte offsets to the lines and columns that a person reads."""

from __future__ import annotations

from secrethunt.decode import wide_encoding
from secrethunt.records import Span

_CONTINUATION = bytes(range(0x80, 0xC0))
"""Bytes that begin no code point in UTF-8 (RFC 3629 section 3)."""


class LineCounter:
    """
    Places in one blob, asked for in ascending order of start.

    Each byte is counted about once, also where a file is one line of many MiB with thousands of secrets in it.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0
        self._line = 1
        self._column = 1
        self._is_utf8 = _is_utf8_line(data, 0)

    def span(self, start: int, end: int) -> Span:
        """The half-open byte range [start, end) with its lines and columns."""
        self._advance(start)
        line, column = self._line, self._column
        inner = self._data.count(b"\n", start, end)
        if not inner:
            return Span(start, end, line, column, line, column + _width(self._data[start:end], self._is_utf8))
        last_start = self._data.rfind(b"\n", start, end) + 1
        last_width = _width(self._data[last_start:end], _is_utf8_line(self._data, last_start))
        return Span(start, end, line, column, line + inner, 1 + last_width)

    def _advance(self, start: int) -> None:
        newlines = self._data.count(b"\n", self._offset, start)
        if newlines:
            self._line += newlines
            self._offset = self._data.rfind(b"\n", self._offset, start) + 1
            self._column = 1
            self._is_utf8 = _is_utf8_line(self._data, self._offset)
        self._column += _width(self._data[self._offset : start], self._is_utf8)
        self._offset = start


class WideLineCounter:
    """As `LineCounter`, for UTF-16 and UTF-32: *data* without its byte order mark is text in *encoding*."""

    def __init__(self, data: bytes, encoding: str, offset: int) -> None:
        self._data = data
        self._encoding = encoding
        self._offset = offset
        self._line = 1
        self._column = 1

    def span(self, start: int, end: int) -> Span:
        """The half-open byte range [start, end) with its lines and columns."""
        line, column = self._advance(start)
        return Span(start, end, line, column, *self._ahead(start, end))

    def _advance(self, start: int) -> tuple[int, int]:
        self._line, self._column = self._ahead(self._offset, start)
        self._offset = max(start, self._offset)
        return self._line, self._column

    def _ahead(self, start: int, end: int) -> tuple[int, int]:
        """Line and column of *end*, counted from *start*, which is where this counter stands."""
        text = self._data[start:end].decode(self._encoding, "replace")
        newlines = text.count("\n")
        return self._line + newlines, len(text) - text.rfind("\n") if newlines else self._column + len(text)


def line_counter(data: bytes) -> LineCounter | WideLineCounter:
    """The counter that fits what *data* is written in."""
    wide = wide_encoding(data) if b"\0" in data[:64] or data[:2] in (b"\xff\xfe", b"\xfe\xff") else None
    return WideLineCounter(data, *wide) if wide else LineCounter(data)


def _is_utf8_line(data: bytes, start: int) -> bool:
    end = data.find(b"\n", start)
    try:
        data[start : end if end >= 0 else len(data)].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _width(piece: bytes, is_utf8: bool) -> int:
    """Code points that begin in *piece*, or its bytes where its line is not UTF-8."""
    return len(piece.translate(None, _CONTINUATION)) if is_utf8 else len(piece)
