# SPDX-License-Identifier: Apache-2.0
"""
Owns batches, dirty ranges, and what an object inherits from its base. The twin of `native/batch.c` and
`native/inherit.c`, which say why it is exact.
"""

from __future__ import annotations

import bisect
import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from secrethunt.pack.contract import TAG_BITS, Kind
from secrethunt.pack.reference.delta import SIZE_LIMIT, Region
from secrethunt.pack.reference.index import Packs
from secrethunt.pack.reference.walk import Cursor, Plan, Selection, Visit

if TYPE_CHECKING:
    from typing_extensions import Buffer

_Id = bytes
"""Inside `Batch` the name `bytes` is taken."""
_MAX_SLOTS = 65536
_ORIGIN_BITS = 40


@dataclass(slots=True)
class _Anchor:
    end: int
    tag: int
    origin: int = -1
    """-1: to be confirmed."""
    is_inherited: bool = False


class _Range(NamedTuple):
    """`size` bytes from `offset` of a slot's object stand at `start` of the arena."""

    start: int
    slot: int
    offset: int
    size: int


@dataclass(slots=True)
class _Slot:
    """One object of a batch."""

    node: int
    data: bytes
    base: list[_Anchor] | None
    """The base's anchors, filled when its batch is resolved; None: all of the object is new."""
    base_size: int
    regions: tuple[Region, ...]
    anchors: list[_Anchor] = field(default_factory=list)

    def covers(self, region: Region, low: float, high: float) -> bool:
        """Do bytes [low, high) lie wholly in *region*? They may reach over an end that is also the base's end."""
        start, end = region.start, region.start + region.size
        reaches_start = start == 0 and region.base == 0
        reaches_end = end == len(self.data) and region.base + region.size == self.base_size
        return low >= (-math.inf if reaches_start else start) and high <= (math.inf if reaches_end else end)

    def is_copied(self, region: Region, end: int, width: int) -> bool:
        """Does the base answer for an anchor that ends at *end*?"""
        return self.covers(region, end - width - 1, end + 1)


class Walker:
    """Twin of `_native.Walker`."""

    def __init__(  # noqa: PLR0913  the contract's
        self,
        packs: Packs,
        kinds: int,
        width: int,
        reaches: Sequence[tuple[int, int]],
        *,
        max_size: int = 67108864,
        budget: int = 134217728,
        arena_bytes: int = 4194304,
        object_bytes: int = 2097152,
        wanted: Buffer | None = None,
    ) -> None:
        if not 1 <= width <= 65535 or max_size > SIZE_LIMIT or arena_bytes < 1 or object_bytes < 1:
            raise ValueError("a size is out of range")
        if len(reaches) > 1 << TAG_BITS:
            raise ValueError("too many reaches")
        ids = None if wanted is None else bytes(wanted)
        if ids is not None and len(ids) % packs.hash_size:
            raise ValueError("wanted holds whole ids")
        self.packs = packs
        self.width = width
        self.reaches = list(reaches)
        self.arena_bytes = arena_bytes
        self.object_bytes = object_bytes
        self.plan = Plan(packs, Selection(kinds, max_size, budget, ids))
        self._workers = 0

    @property
    def skips(self) -> list[tuple[bytes, int]]:
        """Objects that their headers show to be unreadable."""
        return [(self.packs.id_of(node), int(reason)) for node, reason in self.plan.skips]

    @property
    def counts(self) -> tuple[int, int]:
        """Objects to walk, and their bytes in the packs."""
        return len(self.plan.selected), self.plan.total_bytes

    def worker(self) -> Worker:
        """A new worker."""
        self._workers += 1
        return Worker(self, self._workers - 1)


class Worker:
    """Twin of `_native.Worker`."""

    def __init__(self, walker: Walker, number: int) -> None:
        self.walker = walker
        self.next_origin = number << _ORIGIN_BITS
        self.is_pending = False
        self.confirmed: set[int] = set()
        self._cursor = Cursor(walker.plan)

    def next_batch(self) -> Batch | None:
        """The next batch; None when there is nothing more."""
        if self.is_pending:
            raise RuntimeError("the batch before is not settled")
        batch = Batch(self)
        for visit in self._cursor:
            batch.add(visit)
            if batch.is_full():
                if not batch.is_empty():
                    break
                batch = Batch(self)
        self.is_pending = not batch.is_empty()
        return batch if self.is_pending else None


class Batch:
    """Twin of `_native.Batch`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._walker = worker.walker
        self._slots: list[_Slot] = []
        self._ranges: list[_Range] = []
        self._arena = bytearray()
        self._written = 0
        self._skips: list[tuple[bytes, int]] = []
        self._first_origin = worker.next_origin
        self._state = "fresh"

    # --- filling ----------------------------------------------------------------------------------------------

    def is_full(self) -> bool:
        """Is it time for the next batch?"""
        return (
            len(self._arena) >= self._walker.arena_bytes
            or self._written >= self._walker.object_bytes
            or len(self._slots) >= _MAX_SLOTS
            or len(self._skips) >= _MAX_SLOTS
        )

    def is_empty(self) -> bool:
        """Is there nothing to hand over?"""
        return not self._slots and not self._skips

    def add(self, visit: Visit) -> None:
        """Take one object of the walk."""
        self._written += max(len(visit.data), 1)
        if not visit.is_selected:
            return
        if visit.reason:
            self._skips.append((self._walker.packs.id_of(visit.node), int(visit.reason)))
            return
        regions = () if visit.base is None else visit.regions
        slot = _Slot(visit.node, visit.data, visit.base, visit.base_size, regions)
        if visit.frame is not None:
            visit.frame.kept = slot.anchors
        self._slots.append(slot)
        for start, end in _dirty_ranges(slot, self._walker.width + 1):
            self._ranges.append(_Range(len(self._arena), len(self._slots) - 1, start, end - start))
            self._arena += slot.data[start:end] + b"\n"

    # --- the contract -----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def arena(self) -> memoryview:
        """Dirty ranges, each followed by a newline."""
        return memoryview(self._arena).toreadonly()

    @property
    def ids(self) -> bytes:
        """The slots' ids, joined."""
        return b"".join(self._walker.packs.id_of(slot.node) for slot in self._slots)

    @property
    def kinds(self) -> bytes:
        """The slots' kinds, one byte each."""
        return bytes(self._walker.packs.kinds[slot.node] for slot in self._slots)

    @property
    def bytes(self) -> int:
        """Sizes of all slots' objects together."""
        return sum(len(slot.data) for slot in self._slots)

    @property
    def skips(self) -> list[tuple[_Id, int]]:
        """Objects passed over since the batch before."""
        return list(self._skips)

    def blob(self, slot: int, /) -> memoryview:
        """An object's whole contents."""
        if not 0 <= slot < len(self._slots):
            raise IndexError("no such slot")
        return memoryview(self._slots[slot].data)

    def resolve(self, events: Buffer, /) -> list[tuple[int, int, int, int]]:
        """Turn anchors found in the arena, and those of the bases, into those that must be confirmed."""
        numbers = _numbers(events)
        if any(number & (1 << TAG_BITS) - 1 >= len(self._walker.reaches) for number in numbers):
            raise ValueError("a tag has no reach")
        self._step("fresh", "resolved")
        found: list[list[_Anchor]] = [[] for _ in self._slots]
        for place, new in self._map_events(sorted(set(numbers))):
            found[place].append(new)
        asked = []
        for number, slot in enumerate(self._slots):
            slot.anchors.extend(
                heapq.merge(self._inherit(slot), found[number], key=lambda anchor: (anchor.end, anchor.tag))
            )
            for anchor in slot.anchors:
                if anchor.origin < 0:
                    anchor.origin = self._worker.next_origin
                    self._worker.next_origin += 1
                    asked.append((number, anchor.tag, anchor.end, anchor.origin))
        return asked

    def starting_with(self, prefix: Buffer, limit: int, /) -> list[int]:
        """As `_native.pyi` says."""
        start = memoryview(prefix).tobytes()
        return [
            number
            for number, slot in enumerate(self._slots)
            if self.kinds[number] == Kind.BLOB and len(slot.data) < limit and slot.data.startswith(start)
        ]

    def settle(self, confirmed: Buffer, /) -> list[tuple[int, int, int]]:
        """Say which of the origins asked for held, and learn which slots inherit one that did."""
        origins = set(_numbers(confirmed))
        if any(not self._first_origin <= origin < self._worker.next_origin for origin in origins):
            raise ValueError("an origin is not of this batch")
        self._step("resolved", "settled")
        self._worker.confirmed |= origins
        self._worker.is_pending = False
        return [row for number in range(len(self._slots)) for row in self._report(number)]

    # --- inheritance ------------------------------------------------------------------------------------------

    def _step(self, before: str, after: str) -> None:
        if self._state != before:
            raise RuntimeError("resolve, then settle, once each")
        self._state = after

    def _map_events(self, events: Sequence[int]) -> Iterator[tuple[int, _Anchor]]:
        """Events as places in their slots; those that the base answers are dropped."""
        starts = [part.start for part in self._ranges]
        for event in events:
            end, tag = event >> TAG_BITS, event & (1 << TAG_BITS) - 1
            number = bisect.bisect_left(starts, end) - 1
            if number < 0 or end > starts[number] + self._ranges[number].size:
                continue
            part = self._ranges[number]
            place = part.offset + end - part.start
            slot = self._slots[part.slot]
            region = bisect.bisect_left(slot.regions, (place,)) - 1
            if region < 0 or not slot.is_copied(slot.regions[region], place, self._walker.width):
                yield part.slot, _Anchor(place, tag)

    def _inherit(self, slot: _Slot) -> Iterator[_Anchor]:
        """Anchors of the base that were copied; with their origin where their whole window was."""
        if not slot.base:
            return
        ends = [anchor.end for anchor in slot.base]
        for region in slot.regions:
            first = bisect.bisect_left(ends, region.base)
            last = bisect.bisect_right(ends, region.base + region.size)
            for anchor in slot.base[first:last]:
                end = anchor.end - region.base + region.start
                if not slot.is_copied(region, end, self._walker.width):
                    continue
                before, after = self._walker.reaches[anchor.tag]
                is_clean = slot.covers(region, end - before, end + after)
                yield _Anchor(end, anchor.tag, anchor.origin if is_clean else -1, is_clean)

    def _report(self, number: int) -> Iterator[tuple[int, int, int]]:
        slot = self._slots[number]
        for anchor in slot.anchors:
            if anchor.is_inherited and anchor.origin in self._worker.confirmed:
                yield number, anchor.origin, anchor.end


def _numbers(buffer: Buffer) -> list[int]:
    view = memoryview(buffer).cast("B")
    if len(view) % 8:
        raise ValueError("a buffer of uint64 is expected")
    return list(view.cast("Q"))


def _dirty_ranges(slot: _Slot, margin: int) -> list[tuple[int, int]]:
    """What may hold an anchor that the base does not have: ascending, apart from each other."""
    size = len(slot.data)
    cores = [(0, size)] if slot.base is None else _dirty_cores(slot, size)
    ranges: list[tuple[int, int]] = []
    for start, end in cores:
        low, high = max(start - margin, 0), min(end + margin, size)
        if ranges and low <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], high)
        elif high > low:
            ranges.append((low, high))
    return ranges


def _dirty_cores(slot: _Slot, size: int) -> list[tuple[int, int]]:
    """Inserted bytes, junctions of two copies, and ends of the object that are not its base's ends."""
    cores = []
    written = copied = 0
    for number, region in enumerate(slot.regions):
        if number > 0 or region.start > 0 or region.base > 0:
            cores.append((written, region.start))
        written = region.start + region.size
        copied = region.base + region.size
    if written < size or copied != slot.base_size:
        cores.append((written, size))
    return cores
