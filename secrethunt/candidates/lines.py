# SPDX-License-Identifier: Apache-2.0
"""From byte offsets to the lines and columns that a person reads."""

from __future__ import annotations

from secrethunt.records import Span


class LineCounter:
    """Places in one blob, asked for in ascending order of start, so that each byte is counted once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0
        self._line = 1
        self._line_start = 0

    def span(self, start: int, end: int) -> Span:
        """The half-open byte range [start, end) with its lines and columns."""
        self._advance(start)
        line, line_start = self._line, self._line_start
        column = 1 + _code_points(self._data[line_start:start])
        inner = self._data.count(b"\n", start, end)
        if not inner:
            return Span(start, end, line, column, line, column + _code_points(self._data[start:end]))
        last_start = self._data.rfind(b"\n", start, end) + 1
        return Span(start, end, line, column, line + inner, 1 + _code_points(self._data[last_start:end]))

    def _advance(self, start: int) -> None:
        newlines = self._data.count(b"\n", self._offset, start)
        if newlines:
            self._line += newlines
            self._line_start = self._data.rfind(b"\n", self._offset, start) + 1
        self._offset = start


def _code_points(piece: bytes) -> int:
    try:
        return len(piece.decode("utf-8"))
    except UnicodeDecodeError:
        return len(piece)
