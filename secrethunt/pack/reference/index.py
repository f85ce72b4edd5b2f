# SPDX-License-Identifier: Apache-2.0
"""
Owns packs with their indexes, and the forest of their deltas. The twin of `native/index.c` and `native/forest.c`.

Format: gitformat-pack(5). An object is a node: a number, packs in the order given, then by offset.
"""

from __future__ import annotations

import bisect
import os
import stat
import struct
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from secrethunt.pack.contract import Kind, PackError, Reason
from secrethunt.pack.reference import history
from secrethunt.pack.reference.delta import Region, Unreadable, apply_delta, check_size, inflate, parse_delta

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_DEPTH = 4095
BASE_BUDGET = 256 << 20
_OFFSET_DELTA, _REF_DELTA = 6, 7
_INDEX_HEADER = b"\xfftOc\0\0\0\2"
_HEADER_BYTES = 64
_STREAM_SLACK = 1 << 20
_NOWHERE = 2**64 - 1
_MAX_THREADS = 1024


class Entry(NamedTuple):
    """One object's header, checked against the pack's bounds."""

    kind: int
    size: int
    """Declared, of the object or of the delta."""
    stream: int
    """Where the compressed bytes begin."""
    stream_limit: int
    """Bytes before the next object."""
    base_offset: int = 0
    base_id: bytes = b""


class _File:
    """A file read piece by piece; one that is cut short meanwhile gives TRUNCATED."""

    def __init__(self, path: bytes) -> None:
        self._fd = -1
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            status = os.fstat(self._fd)
        except OSError as err:
            raise Unreadable(Reason.UNREADABLE) from err
        if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
            raise Unreadable(Reason.UNREADABLE)
        self.size = status.st_size

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes."""
        parts = []
        while length > 0:
            try:
                part = os.pread(self._fd, length, offset)
            except OSError as err:
                raise Unreadable(Reason.UNREADABLE) from err
            if not part:
                raise Unreadable(Reason.TRUNCATED)
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return b"".join(parts)

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


class Pack:
    """One pack and its index: entries by id and by offset."""

    def __init__(self, path: bytes, hash_size: int) -> None:
        self._hash_size = hash_size
        self.first_node = 0
        index_file = _File(path[: -len(b".pack")] + b".idx")
        index = index_file.read(0, index_file.size)
        self._file = _File(path)
        self._read_index(index)
        self._check_pack(index)

    def _read_index(self, index: bytes) -> None:
        fixed = 8 + 1024 + 2 * self._hash_size
        if len(index) < fixed or index[:8] != _INDEX_HEADER:
            raise Unreadable(Reason.BAD_INDEX)
        self._fanout: tuple[int, ...] = struct.unpack_from(">256I", index, 8)
        count = self._fanout[255]
        left = len(index) - fixed - count * (self._hash_size + 8)
        if any(a > b for a, b in zip(self._fanout, self._fanout[1:], strict=False)) or left < 0 or left % 8:
            raise Unreadable(Reason.BAD_INDEX)
        self._ids = index[1032 : 1032 + count * self._hash_size]
        small = struct.unpack_from(f">{count}I", index, 1032 + count * (self._hash_size + 4))
        large = struct.unpack_from(f">{left // 8}Q", index, 1032 + count * (self._hash_size + 8))
        pairs = sorted((_full_offset(offset, large), position) for position, offset in enumerate(small))
        self.offsets = [offset for offset, _ in pairs]
        self.positions = [position for _, position in pairs]
        self.places = [0] * count
        for place, position in enumerate(self.positions):
            self.places[position] = place

    def _check_pack(self, index: bytes) -> None:
        file, hash_size = self._file, self._hash_size
        if file.size < 12 + hash_size:
            raise Unreadable(Reason.BAD_PACK)
        magic, version, count = struct.unpack(">4sII", file.read(0, 12))
        if magic != b"PACK" or version not in (2, 3):
            raise Unreadable(Reason.BAD_PACK)
        if count != len(self.offsets):
            raise Unreadable(Reason.MISMATCH)
        if file.read(file.size - hash_size, hash_size) != index[-2 * hash_size : -hash_size]:
            raise Unreadable(Reason.MISMATCH)

    def __len__(self) -> int:
        return len(self.offsets)

    def id_at(self, position: int) -> bytes:
        """The id at *position* of the index."""
        return self._ids[position * self._hash_size : (position + 1) * self._hash_size]

    def find(self, id: bytes) -> int | None:
        """Place of the entry with this id."""
        low, high = self._fanout[id[0] - 1] if id[0] else 0, self._fanout[id[0]]
        while low < high:
            middle = (low + high) // 2
            here = self.id_at(middle)
            if here == id:
                return self.places[middle]
            low, high = (middle + 1, high) if here < id else (low, middle)
        return None

    def find_offset(self, offset: int) -> int | None:
        """Place of the first entry at this offset."""
        place = bisect.bisect_left(self.offsets, offset)
        return place if place < len(self.offsets) and self.offsets[place] == offset else None

    def extent(self, place: int) -> int:
        """Bytes from an entry's offset to the next one; 0 when the offset lies outside the pack."""
        offset, end = self.offsets[place], self._file.size - self._hash_size
        if not 12 <= offset < end:
            return 0
        following = bisect.bisect_right(self.offsets, offset)
        if following < len(self.offsets):
            end = min(end, self.offsets[following])
        return end - offset

    def entry(self, place: int) -> Entry:
        """The header of one entry."""
        offset, extent = self.offsets[place], self.extent(place)
        if extent == 0:
            raise Unreadable(Reason.BAD_OFFSET)
        data = self._file.read(offset, min(extent, _HEADER_BYTES))
        kind, size, used = _read_size(data)
        if kind in (0, 5):
            raise Unreadable(Reason.BAD_HEADER)
        if kind == _OFFSET_DELTA:
            distance, used = _read_distance(data, used)
            if not 0 < distance <= offset:
                raise Unreadable(Reason.BAD_HEADER)
            return Entry(kind, size, offset + used, extent - used, base_offset=offset - distance)
        if kind == _REF_DELTA:
            base_id = data[used : used + self._hash_size]
            if len(base_id) < self._hash_size:
                raise Unreadable(Reason.BAD_HEADER)
            used += self._hash_size
            return Entry(kind, size, offset + used, extent - used, base_id=base_id)
        return Entry(kind, size, offset + used, extent - used)

    def inflate(self, entry: Entry, budget: int) -> bytes:
        """An entry's contents, of the size it declares."""
        check_size(entry.size, entry.stream_limit, budget)
        return inflate(
            self._file.read(entry.stream, min(entry.stream_limit, 2 * entry.size + _STREAM_SLACK)), entry.size
        )


class Packs:
    """Twin of `_native.Packs`."""

    def __init__(self, paths: Iterable[bytes], hash_size: int = 20) -> None:
        if hash_size not in (20, 32):
            raise ValueError("hash_size is 20 or 32")
        self.hash_size = hash_size
        self._broken: list[tuple[bytes, int]] = []
        self._packs: list[Pack] = []
        self._nodes: list[tuple[Pack, int]] = []
        for path in paths:
            self._open(path)
        self._link()

    def _open(self, path: bytes) -> None:
        if not isinstance(path, bytes):
            raise TypeError("a path is bytes")
        if not path.endswith(b".pack") or b"\0" in path:
            raise ValueError("a pack's path ends in .pack")
        try:
            pack = Pack(path, self.hash_size)
        except Unreadable as err:
            self._broken.append((path, int(err.reason)))
            return
        self._packs.append(pack)
        pack.first_node = len(self._nodes)
        self._nodes.extend((pack, place) for place in range(len(pack)))

    # --- the forest -------------------------------------------------------------------------------------------

    def _link(self) -> None:
        count = len(self._nodes)
        self._index_ids()
        self.bases: list[int | None] = [None] * count
        self.kinds = [int(Kind.NONE)] * count
        self.reasons = [Reason.NONE] * count
        self.children: list[list[int]] = [[] for _ in range(count)]
        for node in range(count):
            try:
                self._read_header(node)
            except Unreadable as err:
                self.reasons[node] = err.reason
        for node, base in enumerate(self.bases):
            if base is not None:
                self.children[base].append(node)
        self._order()

    def _read_header(self, node: int) -> None:
        pack, place = self._nodes[node]
        entry = pack.entry(place)
        if entry.kind == _OFFSET_DELTA:
            base = pack.find_offset(entry.base_offset)
            if base is None:
                raise Unreadable(Reason.BAD_HEADER)
            self.bases[node] = pack.first_node + base
        elif entry.kind == _REF_DELTA:
            near = pack.find(entry.base_id)
            self.bases[node] = pack.first_node + near if near is not None else self.find(entry.base_id)
            if self.bases[node] is None:
                raise Unreadable(Reason.MISSING_BASE)
        else:
            self.kinds[node] = entry.kind

    def _index_ids(self) -> None:
        """Note the first node of each id, and mark the others as duplicates; one pack needs no table."""
        self.is_duplicate = [False] * len(self._nodes)
        self._by_id: dict[bytes, int] = {}
        before = b""
        for pack in self._packs:
            for position in range(len(pack)):
                id, node = pack.id_at(position), pack.first_node + pack.places[position]
                if len(self._packs) == 1:
                    self.is_duplicate[node] = id == before
                else:
                    self.is_duplicate[node] = self._by_id.setdefault(id, node) != node
                before = id

    def _order(self) -> None:
        """Nodes after their bases; whoever no root reaches stands on itself."""
        self.order = [node for node, base in enumerate(self.bases) if base is None]
        depths = [0] * len(self._nodes)
        is_reached = [base is None for base in self.bases]
        for base in self.order:
            for node in self.children[base]:
                is_reached[node] = True
                self.kinds[node] = self.kinds[base]
                if self.reasons[base] is not Reason.NONE:
                    is_deep = self.reasons[base] is Reason.TOO_DEEP
                    self.reasons[node] = Reason.TOO_DEEP if is_deep else Reason.BASE_SKIPPED
                elif depths[base] == MAX_DEPTH:
                    self.reasons[node] = Reason.TOO_DEEP
                else:
                    depths[node] = depths[base] + 1
                self.order.append(node)
        for node, reached in enumerate(is_reached):
            if not reached:
                self.reasons[node] = Reason.BASE_CYCLE

    # --- the contract -----------------------------------------------------------------------------------------

    @property
    def broken(self) -> list[tuple[bytes, int]]:
        """Packs that could not be used: (path, reason)."""
        return list(self._broken)

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, id: bytes, /) -> bool:
        return self._checked(id) is not None

    def ids(self, kind: int, /) -> bytes:
        """Ids of all objects of one kind."""
        return b"".join(
            self.id_of(node)
            for node in range(len(self._nodes))
            if self.kinds[node] == kind and not self.is_duplicate[node]
        )

    def read(self, id: bytes, limit: int, /) -> tuple[int, bytes]:
        """Kind and contents of one object."""
        node = self._checked(id)
        if node is None:
            raise KeyError(id)
        if self.reasons[node] is not Reason.NONE:
            raise PackError(self.reasons[node], id)
        try:
            data = self.write_chain(node, max(limit, BASE_BUDGET))
        except Unreadable as err:
            raise PackError(err.reason, id) from err
        if len(data) > limit:
            raise PackError(Reason.TOO_LARGE, id)
        return self.kinds[node], data

    def commits(self) -> history.Columns:
        """All commits as columns."""
        return history.collect_commits(self)

    def find_trees(
        self, targets: Buffer, extra: Sequence[tuple[bytes, bytes]] = (), *, threads: int = 1
    ) -> history.Closure:
        """The trees from which any of the blobs *targets* can be reached; here in one thread always."""
        if not 1 <= threads <= _MAX_THREADS:
            raise ValueError("threads is out of range")
        return history.find_trees(self, bytes(targets), list(extra))

    # --- for the other modules of the twin --------------------------------------------------------------------

    def id_of(self, node: int) -> bytes:
        """A node's id."""
        pack, place = self._nodes[node]
        return pack.id_at(pack.positions[place])

    def find(self, id: bytes) -> int | None:
        """The node of the first pack that has this id."""
        return self._packs[0].find(id) if len(self._packs) == 1 else self._by_id.get(id)

    def extent(self, node: int) -> int:
        """Bytes of a node's entry in its pack."""
        pack, place = self._nodes[node]
        return pack.extent(place)

    def _checked(self, id: bytes) -> int | None:
        if not isinstance(id, bytes):
            raise TypeError("an id is bytes")
        if len(id) != self.hash_size:
            raise ValueError("an id has hash_size bytes")
        return self.find(id)

    def write_chain(self, node: int, budget: int) -> bytes:
        """An object's contents, from the root of its chain."""
        chain = [node]
        while (base := self.bases[chain[-1]]) is not None:
            chain.append(base)
        data = b""
        for link in reversed(chain):
            data, _ = self.write_out(link, data, budget)
        return data

    def write_out(self, node: int, base: bytes, budget: int) -> tuple[bytes, tuple[Region, ...]]:
        """An object's contents, given its base's, and what was copied."""
        pack, place = self._nodes[node]
        data = pack.inflate(pack.entry(place), budget)
        if self.bases[node] is None:
            return data, ()
        delta = parse_delta(data, len(base))
        if delta.size > budget:
            raise Unreadable(Reason.TOO_LARGE)
        return apply_delta(delta, data, base), delta.regions


def _full_offset(offset: int, large: Sequence[int]) -> int:
    """An offset that cannot be is kept beyond all others."""
    if not offset & 0x80000000:
        return offset
    offset &= 0x7FFFFFFF
    return large[offset] if offset < len(large) else _NOWHERE


def _read_size(data: bytes) -> tuple[int, int, int]:
    """Type, size, and how many bytes they took."""
    byte = data[0]
    kind, size, used, shift = byte >> 4 & 7, byte & 15, 1, 4
    while byte & 0x80:
        if used == len(data) or shift > 57:
            raise Unreadable(Reason.BAD_HEADER)
        byte = data[used]
        used += 1
        size |= (byte & 0x7F) << shift
        shift += 7
    return kind, size & _NOWHERE, used


def _read_distance(data: bytes, used: int) -> tuple[int, int]:
    if used == len(data):
        raise Unreadable(Reason.BAD_HEADER)
    byte = data[used]
    used += 1
    distance = byte & 0x7F
    while byte & 0x80:
        if used == len(data) or distance >> 56:
            raise Unreadable(Reason.BAD_HEADER)
        byte = data[used]
        used += 1
        distance = (distance + 1) << 7 | byte & 0x7F
    return distance, used
