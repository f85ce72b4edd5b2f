# SPDX-License-Identifier: Apache-2.0
"""Drives either implementation of the packfile room the way the pipeline does, with a plain matcher for Hyperscan."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from secrethunt.pack import reference
from secrethunt.pack.contract import TAG_BITS, Kind

try:
    from secrethunt.pack import _native
except ImportError:
    ROOMS: list[ModuleType] = [reference]
else:
    ROOMS = [_native, reference]

Place = tuple[int, bytes, int]
"""(tag, blob, end)"""
Confirm = Callable[[memoryview, int, int], bool]
"""(blob, tag, end): does the confirmation hold there?"""


@dataclass
class Scan:
    """All that came out of a walk."""

    blobs: dict[bytes, bytes] = field(default_factory=dict)
    places: set[Place] = field(default_factory=set)
    """What was confirmed, itself or its origin."""
    asked: int = 0
    inherited: int = 0
    skips: list[tuple[bytes, int]] = field(default_factory=list)
    arenas: list[bytes] = field(default_factory=list)
    shown: list[tuple[bytes, int]] = field(default_factory=list)
    """(id, kind) of each object, in order."""
    size: int = 0


def ends_of(pattern: re.Pattern[bytes], data: bytes) -> list[int]:
    """Every offset where a match ends, as Hyperscan reports them: for each start the shortest and the longest."""
    ends = set()
    for start in range(len(data)):
        match = pattern.match(data, start)
        if match and match.end() > start:
            ends.add(match.end())
    return sorted(ends)


def scan(walker: Any, patterns: Sequence[re.Pattern[bytes]], confirm: Confirm, hash_size: int = 20) -> Scan:
    """Walk everything with one worker."""
    result = Scan(skips=walker.skips)
    tags: dict[int, int] = {}
    worker = walker.worker()
    while (batch := worker.next_batch()) is not None:
        arena = bytes(batch.arena)
        events = array(
            "Q", [end << TAG_BITS | tag for tag, pattern in enumerate(patterns) for end in ends_of(pattern, arena)]
        )
        ids = [batch.ids[at : at + hash_size] for at in range(0, len(batch.ids), hash_size)]
        asked = batch.resolve(events)
        confirmed = array("Q")
        for slot, tag, end, origin in asked:
            if confirm(batch.blob(slot), tag, end):
                confirmed.append(origin)
                tags[origin] = tag
                result.places.add((tag, ids[slot], end))
        inherited = batch.settle(confirmed)
        for slot, origin, end in inherited:
            result.places.add((tags[origin], ids[slot], end))
        for slot, id in enumerate(ids):
            result.blobs[id] = bytes(batch.blob(slot))
        result.asked += len(asked)
        result.inherited += len(inherited)
        result.skips += batch.skips
        result.arenas.append(arena)
        result.shown += zip(ids, batch.kinds, strict=True)
        result.size += batch.bytes
    return result


def scan_whole(
    blobs: Iterable[tuple[bytes, bytes]], patterns: Sequence[re.Pattern[bytes]], confirm: Confirm
) -> set[Place]:
    """The oracle: every blob whole, between newlines as in an arena."""
    places: set[Place] = set()
    for id, data in blobs:
        for tag, pattern in enumerate(patterns):
            for end in ends_of(pattern, b"\n" + data + b"\n"):
                place = end - 1
                if 0 < place <= len(data) and confirm(memoryview(data), tag, place):
                    places.add((tag, id, place))
    return places


def walk_blobs(room: ModuleType, packs: Any, **options: Any) -> Any:
    """A walker over blobs with defaults that suit small tests."""
    defaults = {"kinds": Kind.BLOB.mask, "width": 8, "reaches": [(8, 8)]}
    return room.Walker(packs, **{**defaults, **options})
