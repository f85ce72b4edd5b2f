# SPDX-License-Identifier: Apache-2.0
"""The promise of the room: walking deltas finds exactly what scanning every blob whole finds."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pack.rooms import ROOMS, Confirm, ends_of, scan, scan_whole, walk_blobs
from tests.pack.writer import BLOB, Copy, PackWriter, apply_pieces, encode_delta, object_id

WIDTH = 6
PATTERNS = [
    re.compile(rb"ab"),
    re.compile(rb"b{1,4}c{1,2}"),
    re.compile(rb"\bkey\b"),
    re.compile(rb"(?m)^a"),
    re.compile(rb"(?m)c$"),
    re.compile(rb"y\nk"),
]


class Made(NamedTuple):
    """One blob: its base's number (None: whole) and how it is made."""

    base: int | None
    by_id: bool
    pieces: tuple[Copy | bytes, ...]


def copies_of(size: int) -> st.SearchStrategy[Copy]:
    """Any range of a base, halves and the whole more often."""
    starts = st.integers(0, size)
    ranges = starts.flatmap(lambda start: st.tuples(st.just(start), st.integers(0, min(60, size - start))))
    return ranges | st.sampled_from([(0, size), (0, size // 2), (size // 2, size - size // 2)])


@st.composite
def forests(draw: st.DrawFn) -> list[Made]:
    words = st.sampled_from([b"a", b"b", b"c", b"key", b" ", b"\n", b"xyz"])
    literal: st.SearchStrategy[Copy | bytes] = st.lists(words, max_size=12).map(b"".join)
    made: list[Made] = []
    sizes: list[int] = []
    for number in range(draw(st.integers(1, 9))):
        base = draw(st.none() | st.integers(0, number - 1)) if number else None
        if base is None:
            pieces: list[Copy | bytes] = draw(st.lists(literal, max_size=8))
        else:
            pieces = draw(st.lists(copies_of(sizes[base]) | literal, max_size=6))
        made.append(Made(base, draw(st.booleans()), tuple(pieces)))
        sizes.append(sum(len(piece) if isinstance(piece, bytes) else piece[1] for piece in pieces))
    return made


def write_forest(made: list[Made], folder: Path) -> tuple[bytes, dict[bytes, bytes]]:
    writer = PackWriter()
    contents: list[bytes] = []
    ids: list[bytes] = []
    for one in made:
        base = b"" if one.base is None else contents[one.base]
        data = apply_pieces(base, one.pieces)
        id = object_id(BLOB, data)
        contents.append(data)
        ids.append(id)
        if id in ids[:-1]:
            continue
        if one.base is None:
            writer.add(BLOB, data)
        else:
            writer.add_delta(id, ids[one.base], encode_delta(len(base), one.pieces), by_id=one.by_id)
    return writer.write(folder), dict(zip(ids, contents, strict=True))


def confirm_by_window(before: int, after: int) -> Confirm:
    """As picky as a confirmation may be: it depends on every byte of the window, and on the blob's ends in it."""

    def confirm(blob: memoryview, tag: int, end: int) -> bool:
        data = bytes(blob)
        if end + 1 not in ends_of(PATTERNS[tag], b"\n" + data + b"\n"):
            return False
        window = data[max(end - before, 0) : end + after]
        edges = b"%d %d %d" % (tag, end < before, end + after > len(data))
        return hashlib.sha1(window + edges).digest()[0] % 3 != 0

    return confirm


@pytest.mark.parametrize("room", ROOMS)
class TestInheritance:
    @given(
        made=forests(),
        reach=st.sampled_from([(WIDTH + 1, 1), (WIDTH + 1, 12), (20, 3), (65536, 65536)]),
        arena_bytes=st.sampled_from([1, 64, 4096]),
    )
    def test_walk_finds_what_scanning_every_blob_whole_finds(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        room: ModuleType,
        made: list[Made],
        reach: Copy,
        arena_bytes: int,
    ) -> None:
        path, blobs = write_forest(made, tmp_path_factory.mktemp("forest"))
        confirm = confirm_by_window(*reach)
        walker = walk_blobs(
            room, room.Packs([path]), width=WIDTH, reaches=[reach] * len(PATTERNS), arena_bytes=arena_bytes
        )
        result = scan(walker, PATTERNS, confirm)
        assert blobs == result.blobs
        assert scan_whole(blobs.items(), PATTERNS, confirm) == result.places
        assert [] == result.skips


@pytest.mark.skipif(len(ROOMS) < 2, reason="the native module is not built")
@given(made=forests(), arena_bytes=st.sampled_from([1, 64, 4096]), object_bytes=st.sampled_from([1, 100, 4096]))
def test_native_and_reference_agree_on_everything_shown(
    tmp_path_factory: pytest.TempPathFactory, made: list[Made], arena_bytes: int, object_bytes: int
) -> None:
    path, _ = write_forest(made, tmp_path_factory.mktemp("forest"))
    scans = []
    for room in ROOMS:
        walker = walk_blobs(
            room,
            room.Packs([path]),
            width=WIDTH,
            reaches=[(20, 3)] * len(PATTERNS),
            arena_bytes=arena_bytes,
            object_bytes=object_bytes,
        )
        scans.append(scan(walker, PATTERNS, confirm_by_window(20, 3)))
    assert (scans[0].shown, scans[0].places) == (scans[1].shown, scans[1].places)
