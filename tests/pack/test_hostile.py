# SPDX-License-Identifier: Apache-2.0
"""Packs are hostile input: each lie is a counted skip with its reason, and everything else is still read."""

from __future__ import annotations

import os
import struct
import zlib
from array import array
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from secrethunt.pack.contract import PackError, Reason
from tests.pack.rooms import ROOMS, scan, walk_blobs
from tests.pack.writer import (
    BLOB,
    COMMIT,
    OFFSET_DELTA,
    PackWriter,
    distance,
    encode_delta,
    entry_header,
    object_id,
    varint,
)

BASE = b"the quick brown fox jumps over the lazy dog\n" * 4
GOOD = b"a bystander that must still be read\n"


def name_of(text: bytes) -> bytes:
    return object_id(BLOB, text)


def lone(room: ModuleType, writer: PackWriter, folder: Path, **options: Any) -> tuple[Any, dict[bytes, Reason]]:
    """Walk the writer's pack beside a good blob; the room's packs and what was skipped."""
    writer.add(BLOB, GOOD)
    packs = room.Packs([writer.write(folder)])
    result = scan(walk_blobs(room, packs, **options), [], lambda *_: False)
    assert GOOD == result.blobs[name_of(GOOD)]
    return packs, {id: Reason(reason) for id, reason in result.skips}


def with_delta(delta: bytes) -> Callable[[PackWriter], None]:
    def build(writer: PackWriter) -> None:
        writer.add_delta(name_of(b"bad"), writer.add(BLOB, BASE), delta)

    return build


def with_raw(raw: bytes) -> Callable[[PackWriter], None]:
    def build(writer: PackWriter) -> None:
        writer.add_raw(name_of(b"bad"), raw)

    return build


def with_missing_base(writer: PackWriter) -> None:
    writer.add_delta(name_of(b"bad"), name_of(b"absent"), encode_delta(3, [b"x"]))


def with_cycle(writer: PackWriter) -> None:
    writer.add_delta(name_of(b"other"), name_of(b"bad"), encode_delta(3, [b"x"]), by_id=True)
    writer.add_delta(name_of(b"bad"), name_of(b"other"), encode_delta(3, [b"x"]), by_id=True)


def with_self(writer: PackWriter) -> None:
    writer.add_delta(name_of(b"bad"), name_of(b"bad"), encode_delta(3, [b"x"]), by_id=True)


def with_offset_into_the_middle(writer: PackWriter) -> None:
    writer.add(BLOB, BASE)
    writer.add_raw(name_of(b"bad"), entry_header(OFFSET_DELTA, 3) + distance(5) + zlib.compress(b"abc"))


def with_far_offset(writer: PackWriter) -> None:
    writer.add_raw(name_of(b"bad"), b"")
    writer.entries[-1] = (name_of(b"bad"), 2**40)


def with_offset_in_header(writer: PackWriter) -> None:
    writer.entries.append((name_of(b"bad"), 4))


def blob_of(stream: bytes, size: int) -> bytes:
    return entry_header(BLOB, size) + stream


LIES = {
    "size too small": (with_raw(blob_of(zlib.compress(BASE), len(BASE) - 1)), Reason.BAD_STREAM),
    "size too large": (with_raw(blob_of(zlib.compress(BASE), len(BASE) + 1)), Reason.BAD_STREAM),
    "size of zero": (with_raw(blob_of(zlib.compress(BASE), 0)), Reason.BAD_STREAM),
    "size beyond deflate's ratio": (with_raw(blob_of(zlib.compress(BASE), 2**30)), Reason.BAD_STREAM),
    "size of many gigabytes": (with_raw(blob_of(zlib.compress(BASE), 2**40)), Reason.TOO_LARGE),
    "size of more than 64 bits": (with_raw(b"\xb0" + b"\xff" * 12 + b"\x7f"), Reason.BAD_HEADER),
    "stream cut short": (with_raw(blob_of(zlib.compress(BASE)[:-6], len(BASE))), Reason.BAD_STREAM),
    "stream with a wrong checksum": (with_raw(blob_of(zlib.compress(BASE)[:-1] + b"\0", len(BASE))), Reason.BAD_STREAM),
    "stream of noise": (with_raw(blob_of(b"\x78\x9c" + b"\xff" * 30, 10)), Reason.BAD_STREAM),
    "type zero": (with_raw(b"\x00" + zlib.compress(b"")), Reason.BAD_HEADER),
    "type five": (with_raw(b"\x50" + zlib.compress(b"")), Reason.BAD_HEADER),
    "offset outside the pack": (with_far_offset, Reason.BAD_OFFSET),
    "offset in the pack's header": (with_offset_in_header, Reason.BAD_OFFSET),
    "base before the pack": (with_raw(entry_header(OFFSET_DELTA, 3) + distance(2**50) + b"xx"), Reason.BAD_HEADER),
    "base at distance zero": (with_raw(entry_header(OFFSET_DELTA, 3) + b"\0xx"), Reason.BAD_HEADER),
    "base inside another object": (with_offset_into_the_middle, Reason.BAD_HEADER),
    "base that is absent": (with_missing_base, Reason.MISSING_BASE),
    "two bases of each other": (with_cycle, Reason.BASE_CYCLE),
    "base that is itself": (with_self, Reason.BASE_CYCLE),
    "delta for another base": (with_delta(encode_delta(len(BASE) + 1, [(0, 5)])), Reason.BAD_DELTA),
    "delta that reads past the base": (with_delta(encode_delta(len(BASE), [(len(BASE) - 2, 5)])), Reason.BAD_DELTA),
    "delta that reads far away": (with_delta(encode_delta(len(BASE), [(0xFFFFFFFF, 0xFFFFFF)])), Reason.BAD_DELTA),
    "delta that writes too much": (with_delta(varint(len(BASE)) + varint(4) + b"\x05abcde"), Reason.BAD_DELTA),
    "delta that writes too little": (with_delta(varint(len(BASE)) + varint(9) + b"\x05abcde"), Reason.BAD_DELTA),
    "delta whose literal is cut": (with_delta(varint(len(BASE)) + varint(5) + b"\x05abc"), Reason.BAD_DELTA),
    "delta whose copy is cut": (with_delta(varint(len(BASE)) + varint(5) + b"\xff\0\0"), Reason.BAD_DELTA),
    "delta with the reserved operation": (with_delta(varint(len(BASE)) + varint(5) + b"\0"), Reason.BAD_DELTA),
    "delta without sizes": (with_delta(b"\xff"), Reason.BAD_DELTA),
    "delta of no bytes": (with_delta(b""), Reason.BAD_DELTA),
    "delta that makes many gigabytes": (
        with_delta(varint(len(BASE)) + varint(2**40) + b"\x90\x05"),
        Reason.TOO_LARGE,
    ),
}


@pytest.mark.parametrize("room", ROOMS)
class TestHostilePacks:
    def test_delta_of_too_many_pieces_is_skipped(self, tmp_path: Path, room: ModuleType) -> None:
        if room is not ROOMS[0]:
            pytest.skip("takes the twin ten seconds")
        count = 2**22 + 1
        delta = varint(len(BASE)) + varint(count) + b"\x90\1" * count
        writer = PackWriter()
        with_delta(delta)(writer)
        assert {name_of(b"bad"): Reason.TOO_LARGE} == lone(room, writer, tmp_path)[1]

    @pytest.mark.parametrize("lie", LIES)
    def test_object_that_lies_is_skipped_with_its_reason(self, tmp_path: Path, room: ModuleType, lie: str) -> None:
        build, reason = LIES[lie]
        writer = PackWriter()
        build(writer)
        packs, skips = lone(room, writer, tmp_path)
        assert reason == skips[name_of(b"bad")]
        with pytest.raises(PackError) as caught:
            packs.read(name_of(b"bad"), 1 << 20)
        assert reason == caught.value.reason

    def test_deltas_on_a_skipped_object_are_skipped_too(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        bad = name_of(b"bad")
        writer.add_raw(bad, blob_of(b"garbage", 9))
        writer.add_delta(name_of(b"1"), bad, encode_delta(9, [(0, 9), b"1"]))
        writer.add_delta(name_of(b"2"), name_of(b"1"), encode_delta(10, [(0, 10), b"2"]))
        _, skips = lone(room, writer, tmp_path)
        expected = {bad: Reason.BAD_STREAM, name_of(b"1"): Reason.BASE_SKIPPED, name_of(b"2"): Reason.BASE_SKIPPED}
        assert expected == skips

    def test_chain_deeper_than_git_makes_them_is_cut(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        base, data = writer.add(BLOB, b"0"), b"0"
        for _ in range(4100):
            data += b"x"
            id = name_of(data)
            writer.add_delta(id, base, encode_delta(len(data) - 1, [(0, len(data) - 1), b"x"]))
            base = id
        _, skips = lone(room, writer, tmp_path)
        assert (5, {Reason.TOO_DEEP}) == (len(skips), set(skips.values()))

    def test_object_over_the_size_limit_is_skipped_and_its_small_delta_is_not(
        self, tmp_path: Path, room: ModuleType
    ) -> None:
        writer = PackWriter()
        large, small = b"L" * 5000, b"L" * 50
        writer.add(BLOB, large)
        writer.add_delta(name_of(small), name_of(large), encode_delta(5000, [(7, 50)]))
        packs, skips = lone(room, writer, tmp_path, max_size=1000, budget=10000)
        assert {name_of(large): Reason.TOO_LARGE} == skips
        result = scan(walk_blobs(room, packs, max_size=1000, budget=10000), [], lambda *_: False)
        assert small == result.blobs[name_of(small)]
        assert small + b"\n" in result.arenas[0]

    def test_object_over_the_budget_takes_its_deltas_with_it(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        large, small = b"L" * 5000, b"L" * 50
        writer.add(BLOB, large)
        writer.add_delta(name_of(small), name_of(large), encode_delta(5000, [(7, 50)]))
        _, skips = lone(room, writer, tmp_path, max_size=1000, budget=4000)
        assert {name_of(large): Reason.TOO_LARGE, name_of(small): Reason.BASE_SKIPPED} == skips

    def test_small_budget_changes_no_result(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        root = os.urandom(400)
        ids = {writer.add(BLOB, root): root}
        for first in range(6):
            data = root + bytes([first]) * 50
            writer.add_delta(name_of(data), name_of(root), encode_delta(400, [(0, 400), bytes([first]) * 50]))
            ids[name_of(data)] = data
            for second in range(6):
                more = data[:200] + bytes([second])
                writer.add_delta(name_of(more), name_of(data), encode_delta(450, [(0, 200), bytes([second])]))
                ids[name_of(more)] = more
        packs = room.Packs([writer.write(tmp_path)])
        result = scan(walk_blobs(room, packs, max_size=500, budget=500, object_bytes=1), [], lambda *_: False)
        assert ids == result.blobs
        assert [] == result.skips

    def test_trailing_garbage_between_objects_is_ignored(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        writer.add(BLOB, BASE)
        writer.body += b"garbage" * 20
        _, skips = lone(room, writer, tmp_path)
        assert {} == skips


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def overwrite(path: Path, offset: int, data: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path, Path], None], Reason]] = {
    "empty pack": (lambda pack, index: cut(pack, 0), Reason.UNREADABLE),
    "empty index": (lambda pack, index: cut(index, 0), Reason.UNREADABLE),
    "no index": (lambda pack, index: index.unlink(), Reason.UNREADABLE),
    "pack cut short": (lambda pack, index: cut(pack, pack.stat().st_size - 3), Reason.MISMATCH),
    "pack of a few bytes": (lambda pack, index: cut(pack, 8), Reason.BAD_PACK),
    "pack with another name": (lambda pack, index: overwrite(pack, 0, b"KCAP"), Reason.BAD_PACK),
    "pack of version 9": (lambda pack, index: overwrite(pack, 4, struct.pack(">I", 9)), Reason.BAD_PACK),
    "pack with another count": (lambda pack, index: overwrite(pack, 8, struct.pack(">I", 99)), Reason.MISMATCH),
    "index of version 1": (lambda pack, index: overwrite(index, 0, b"\0" * 8), Reason.BAD_INDEX),
    "index cut short": (lambda pack, index: cut(index, index.stat().st_size - 44), Reason.BAD_INDEX),
    "index of a few bytes": (lambda pack, index: cut(index, 600), Reason.BAD_INDEX),
    "index with a count of billions": (
        lambda pack, index: overwrite(index, 8 + 1020, b"\xff\xff\xff\xf0"),
        Reason.BAD_INDEX,
    ),
    "index whose fan-out falls": (lambda pack, index: overwrite(index, 8, b"\0\xff\0\0"), Reason.BAD_INDEX),
    "index of another pack": (
        lambda pack, index: overwrite(index, index.stat().st_size - 40, b"\0" * 20),
        Reason.MISMATCH,
    ),
}


@pytest.mark.parametrize("room", ROOMS)
class TestBrokenFiles:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_pack_that_cannot_be_used_is_named_and_others_are_read(
        self, tmp_path: Path, room: ModuleType, damage: str
    ) -> None:
        broken, good = PackWriter(), PackWriter()
        broken.add(BLOB, BASE)
        good.add(BLOB, GOOD)
        path = broken.write(tmp_path, "broken")
        spoil, reason = DAMAGES[damage]
        spoil(tmp_path / "broken.pack", tmp_path / "broken.idx")
        packs = room.Packs([path, good.write(tmp_path, "good")])
        assert [(path, reason)] == packs.broken
        assert {name_of(GOOD): GOOD} == scan(walk_blobs(room, packs), [], lambda *_: False).blobs

    def test_pack_removed_while_open_is_still_read(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        writer.add(BLOB, BASE)
        path = writer.write(tmp_path)
        packs = room.Packs([path])
        os.unlink(path)
        assert {name_of(BASE): BASE} == scan(walk_blobs(room, packs), [], lambda *_: False).blobs

    def test_pack_cut_short_while_open_is_read_as_far_as_it_goes(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        writer.add(BLOB, GOOD)
        size = len(writer.body)
        writer.add(BLOB, BASE)
        writer.add(COMMIT, b"lost")
        path = writer.write(tmp_path)
        packs = room.Packs([path])
        os.truncate(path, size)
        result = scan(walk_blobs(room, packs), [], lambda *_: False)
        assert {name_of(GOOD): GOOD} == result.blobs
        assert [(name_of(BASE), Reason.TRUNCATED)] == result.skips
        assert [Reason.TRUNCATED] == [reason for _, reason in packs.commits()[-1]]
        with pytest.raises(PackError) as caught:
            packs.read(name_of(BASE), 1000)
        assert Reason.TRUNCATED == caught.value.reason

    def test_index_not_sorted_by_id_hides_nothing_from_the_walk(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        ids = [writer.add(BLOB, b"%d" % number) for number in range(20)]
        path = Path(os.fsdecode(writer.write(tmp_path)))
        index = bytearray(path.with_suffix(".idx").read_bytes())
        names = [index[1032 + 20 * at : 1052 + 20 * at] for at in range(20)]
        index[1032 : 1032 + 400] = b"".join(reversed(names))
        path.with_suffix(".idx").write_bytes(index)
        packs = room.Packs([bytes(path)])
        assert set(ids) == set(scan(walk_blobs(room, packs), [], lambda *_: False).blobs)


@pytest.mark.parametrize("room", ROOMS)
class TestMisuse:
    def test_batch_must_be_settled_before_the_next(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        writer.add(BLOB, BASE)
        worker = walk_blobs(room, room.Packs([writer.write(tmp_path)])).worker()
        batch = worker.next_batch()
        with pytest.raises(RuntimeError):
            worker.next_batch()
        with pytest.raises(RuntimeError):
            batch.settle(b"")
        batch.resolve(b"")
        with pytest.raises(RuntimeError):
            batch.resolve(b"")
        batch.settle(b"")
        assert worker.next_batch() is None

    @pytest.mark.parametrize("events", [array("Q", [5 << 16 | 1]), array("Q", [5 << 16 | 65535]), b"1234567"])
    def test_events_that_cannot_be_are_refused(self, tmp_path: Path, room: ModuleType, events: Any) -> None:
        writer = PackWriter()
        writer.add(BLOB, BASE)
        batch = walk_blobs(room, room.Packs([writer.write(tmp_path)])).worker().next_batch()
        with pytest.raises(ValueError):
            batch.resolve(events)

    def test_events_beyond_the_arena_or_on_a_separator_name_no_place(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        writer.add(BLOB, BASE)
        batch = walk_blobs(room, room.Packs([writer.write(tmp_path)])).worker().next_batch()
        ends = [0, len(BASE) + 1, len(BASE) + 2, 2**47]
        assert [] == batch.resolve(array("Q", [end << 16 for end in ends]))

    def test_origin_of_another_batch_is_refused(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        writer.add(BLOB, BASE)
        batch = walk_blobs(room, room.Packs([writer.write(tmp_path)])).worker().next_batch()
        batch.resolve(b"")
        with pytest.raises(ValueError):
            batch.settle(array("Q", [0]))

    def test_arguments_out_of_range_are_refused(self, tmp_path: Path, room: ModuleType) -> None:
        packs = room.Packs([])
        for options in ({"width": 0}, {"max_size": 2**40}, {"arena_bytes": 0}, {"wanted": b"123"}):
            with pytest.raises(ValueError):
                walk_blobs(room, packs, **options)
        with pytest.raises(ValueError):
            room.Packs([], 21)
        with pytest.raises(ValueError):
            room.Packs([b"x.idx"])
        with pytest.raises(ValueError):
            packs.read(b"12", 1)
        with pytest.raises(KeyError):
            packs.read(bytes(20), 1)
        with pytest.raises(TypeError):
            room.Packs(["text.pack"])

    def test_batch_that_is_let_go_takes_nothing_from_the_next(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        made = [BASE]
        writer.add(BLOB, BASE)
        # Two deltas on each, so that the way down leaves bases behind to which it comes back.
        for number in range(1, 63):
            base, added = made[(number - 1) // 2], b"%d\n" % number * 30
            made.append(base[:60] + added)
            writer.add_delta(name_of(made[-1]), name_of(base), encode_delta(len(base), [(0, 60), added]))
        worker = walk_blobs(room, room.Packs([writer.write(tmp_path)]), object_bytes=300).worker()
        seen: dict[bytes, bytes] = {}
        while (batch := worker.next_batch()) is not None:
            seen |= {batch.ids[at * 20 : at * 20 + 20]: bytes(batch.blob(at)) for at in range(len(batch))}
            batch.resolve(b"")
            batch.settle(b"")
            del batch
        assert {name_of(data): data for data in made} == seen

    def test_views_of_a_batch_outlive_the_walk(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        for number in range(50):
            writer.add(BLOB, b"%d" % number * 50)
        walker = walk_blobs(room, room.Packs([writer.write(tmp_path)]), object_bytes=1)
        worker = walker.worker()
        kept: list[tuple[memoryview, bytes]] = []
        while (batch := worker.next_batch()) is not None:
            batch.resolve(b"")
            batch.settle(b"")
            view = batch.blob(0)
            kept.append((view, bytes(view)))
        del batch, worker, walker
        assert all(bytes(view) == copy for view, copy in kept)
        assert 50 == len(kept)
