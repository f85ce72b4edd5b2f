# SPDX-License-Identifier: Apache-2.0
"""UTF-16 and UTF-32 files: with a byte order mark, or known by their regular zeros."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from secrethunt.decode.contract import Budget, Piece

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_REGULAR: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("utf-32-le", (1, 2, 3)),
    ("utf-32-be", (0, 1, 2)),
    ("utf-16-le", (1, 3)),
    ("utf-16-be", (0, 2)),
)
"""Which of every four bytes are zero in text in Latin letters."""
_PROBE = 4096
_LEAST_REGULAR = 0.7
"""Share of the zeros that must stand where text in Latin letters has them; other scripts come with a mark."""


def wide_encoding(data: bytes) -> tuple[str, int] | None:
    """Encoding of *data* and length of its mark, where it is UTF-16 or UTF-32 text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return (encoding, len(mark)) if _is_text(data, encoding, len(mark)) else None
    probe = data[:_PROBE]
    units = len(probe) // 4
    if units >= 2:
        zeros = [probe[column : 4 * units : 4].count(0) / units for column in range(4)]
        for encoding, columns in _REGULAR:
            is_regular = all(zeros[column] > _LEAST_REGULAR for column in columns)
            if is_regular and sum(zeros) < len(columns) + 0.2:
                return (encoding, 0) if _is_text(data, encoding, 0) else None
    return None


def _is_text(data: bytes, encoding: str, offset: int) -> bool:
    """The beginning decodes, to characters that texts are made of."""
    probe = data[offset : offset + _PROBE]
    text = codecs.decode(probe[: len(probe) // 4 * 4], encoding, "replace")
    odd = sum(character == "\ufffd" or (character < " " and character not in "\t\n\r\f\0") for character in text)
    return bool(text) and odd + text.count("\0") * 2 <= len(text) // 20


def open_wide(data: bytes, end: int, budget: Budget) -> Iterator[Piece]:
    """A whole file, if it is UTF-16 or UTF-32 and the hint ends within its first characters."""
    if end > 16 or (found := wide_encoding(data)) is None:
        return
    encoding, offset = found
    if len(data) > 4 * budget.largest:
        budget.refuse(len(data))
        return
    text = codecs.decode(data[offset:], encoding, "replace").encode("utf-8", "replace")
    if budget.take(len(text)):
        name = encoding.replace("-le", "le").replace("-be", "be")
        yield Piece(name, text, 0, len(data), _WidePlaces(text, encoding, offset).locate)


class _WidePlaces:
    """Tells where in the wide text a range of its UTF-8 form stands; cheap where asked in ascending order."""

    def __init__(self, text: bytes, encoding: str, offset: int) -> None:
        self._text = text
        self._encoding = encoding
        self._first = (0, offset)
        self._last = self._first

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """The range of the file for the range [start, end) of the text."""
        begin = self._at(start)
        return begin, self._at(end)

    def _at(self, inner: int) -> int:
        known, outer = self._last if self._last[0] <= inner else self._first
        between = self._text[known:inner].decode("utf-8", "replace")
        outer += len(between.encode(self._encoding, "replace"))
        self._last = inner, outer
        return outer
