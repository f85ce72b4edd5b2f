# SPDX-License-Identifier: Apache-2.0
"""
Reads as much of MessagePack as tokens use: integers, text, bytes, lists, maps. Bounded in depth and in number of
values; what is cut or unknown ends the reading, never the scan.

Format: github.com/msgpack/msgpack, spec.md.
"""

from __future__ import annotations

from typing import Any

_DEEPEST = 12
_MOST = 5000
_FIXED = {0xC0: None, 0xC2: False, 0xC3: True}
_INTEGERS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_SIZED = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_LISTS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}


class Cut(ValueError):
    """The data ends, nests too deep, or holds what tokens do not."""


def unpack(data: bytes) -> Any:
    """
    The first value in *data*; the keys of maps as they are, where they can be keys.

    Raises:
        Cut: It is not whole.
    """
    return _Reader(data).value(0)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._read = 0

    def value(self, depth: int) -> Any:
        self._read += 1
        if depth > _DEEPEST or self._read > _MOST:
            raise Cut
        head = self._bytes(1)[0]
        if head <= 0x7F:
            return head
        if head >= 0xE0:
            return head - 256
        if head in _FIXED:
            return _FIXED[head]
        if head in _INTEGERS:
            return int.from_bytes(self._bytes(_INTEGERS[head]), "big", signed=head >= 0xD0)
        return self._sized(head, depth)

    def _sized(self, head: int, depth: int) -> Any:
        if 0xA0 <= head <= 0xBF:
            return self._bytes(head & 0x1F)
        if head in _SIZED:
            return self._bytes(self._number(_SIZED[head]))
        if 0x90 <= head <= 0x9F:
            return self._list(head & 0x0F, depth)
        if head in _LISTS:
            return self._list(self._number(_LISTS[head]), depth)
        if 0x80 <= head <= 0x8F:
            return self._map(head & 0x0F, depth)
        if head in _MAPS:
            return self._map(self._number(_MAPS[head]), depth)
        raise Cut

    def _list(self, count: int, depth: int) -> list[Any]:
        if count > _MOST:
            raise Cut
        return [self.value(depth + 1) for _ in range(count)]

    def _map(self, count: int, depth: int) -> dict[Any, Any]:
        if count > _MOST:
            raise Cut
        found = {}
        for _ in range(count):
            key, value = self.value(depth + 1), self.value(depth + 1)
            if isinstance(key, int | bytes):
                found[key] = value
        return found

    def _number(self, width: int) -> int:
        return int.from_bytes(self._bytes(width), "big")

    def _bytes(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise Cut
        found = self._data[self._at : end]
        self._at = end
        return found
