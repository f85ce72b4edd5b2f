# SPDX-License-Identifier: Apache-2.0
"""Packs and their indexes: every layout that git writes, and several packs together."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from types import ModuleType

import pytest

from secrethunt.pack.contract import Kind, PackError, Reason
from tests.pack.rooms import ROOMS, scan, walk_blobs
from tests.pack.writer import BLOB, COMMIT, TAG, TREE, PackWriter, encode_delta, object_id

BASE = b"a base of some length, and more of it\n" * 3


@pytest.mark.parametrize("room", ROOMS)
class TestPacks:
    def test_kind_of_a_delta_is_that_of_its_root(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        ids = {}
        for kind in (COMMIT, TREE, BLOB, TAG):
            root = writer.add(kind, BASE)
            first, second = object_id(kind, BASE[:-1]), object_id(kind, BASE[:-2])
            writer.add_delta(first, root, encode_delta(len(BASE), [(0, len(BASE) - 1)]))
            writer.add_delta(second, first, encode_delta(len(BASE) - 1, [(0, len(BASE) - 2)]), by_id=True)
            ids[kind] = {root, first, second}
        packs = room.Packs([writer.write(tmp_path)])
        for kind, expected in ids.items():
            joined = packs.ids(kind)
            assert expected == {joined[at : at + 20] for at in range(0, len(joined), 20)}
            assert (kind, BASE[:-2]) == packs.read(object_id(kind, BASE[:-2]), 1000)
        assert 12 == len(packs)
        assert b"" == packs.ids(Kind.NONE)

    def test_sha256_pack_is_read(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter(hash_size=32)
        root = writer.add(BLOB, BASE)
        child = object_id(BLOB, BASE + b"!", 32)
        writer.add_delta(child, root, encode_delta(len(BASE), [(0, len(BASE)), b"!"]), by_id=True)
        packs = room.Packs([writer.write(tmp_path)], 32)
        result = scan(walk_blobs(room, packs), [], lambda *_: False, hash_size=32)
        assert {root: BASE, child: BASE + b"!"} == result.blobs

    def test_sha256_pack_opened_as_sha1_is_refused(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter(hash_size=32)
        writer.add(BLOB, BASE)
        path = writer.write(tmp_path)
        assert [(path, Reason.BAD_INDEX)] == room.Packs([path]).broken

    def test_offset_beyond_two_gigabytes_is_followed(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        near = writer.add(BLOB, BASE)
        far = writer.add(BLOB, BASE + b"far")
        place, size = dict(writer.entries)[far], len(writer.body)
        shift = 2**31 + 2**20
        writer.entries = [(id, offset + shift if id == far else offset) for id, offset in writer.entries]
        path = Path(os.fsdecode(writer.write(tmp_path)))
        whole = path.read_bytes()
        with path.open("wb") as file:
            file.write(whole[:place])
            file.seek(place + shift)
            file.write(whole[place:size] + whole[-20:])
        result = scan(walk_blobs(room, room.Packs([bytes(path)])), [], lambda *_: False)
        assert ({near: BASE, far: BASE + b"far"}, []) == (result.blobs, result.skips)

    def test_large_offset_outside_its_table_is_skipped(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        id = writer.add(BLOB, BASE)
        path = Path(os.fsdecode(writer.write(tmp_path)))
        index = bytearray(path.with_suffix(".idx").read_bytes())
        index[-44:-40] = struct.pack(">I", 2**31 | 7)
        path.with_suffix(".idx").write_bytes(index)
        assert [(id, Reason.BAD_OFFSET)] == walk_blobs(room, room.Packs([bytes(path)])).skips

    def test_object_in_two_packs_is_walked_once(self, tmp_path: Path, room: ModuleType) -> None:
        first, second = PackWriter(), PackWriter()
        shared = first.add(BLOB, BASE)
        second.add(BLOB, BASE)
        child = object_id(BLOB, BASE + b"2")
        second.add_delta(child, shared, encode_delta(len(BASE), [(0, len(BASE)), b"2"]))
        packs = room.Packs([first.write(tmp_path, "a"), second.write(tmp_path, "b")])
        walker = walk_blobs(room, packs)
        assert 2 == walker.counts[0]
        assert {shared: BASE, child: BASE + b"2"} == scan(walker, [], lambda *_: False).blobs
        assert 3 == len(packs)

    def test_base_in_another_pack_is_found(self, tmp_path: Path, room: ModuleType) -> None:
        first, second = PackWriter(), PackWriter()
        root, child = object_id(BLOB, BASE), object_id(BLOB, BASE + b"2")
        first.add_delta(child, root, encode_delta(len(BASE), [(0, len(BASE)), b"2"]))
        second.add(BLOB, BASE)
        packs = room.Packs([first.write(tmp_path, "a"), second.write(tmp_path, "b")])
        assert {root: BASE, child: BASE + b"2"} == scan(walk_blobs(room, packs), [], lambda *_: False).blobs
        assert (Kind.BLOB, BASE + b"2") == packs.read(child, 1000)

    def test_no_packs_and_an_empty_pack_hold_nothing(self, tmp_path: Path, room: ModuleType) -> None:
        for packs in (room.Packs([]), room.Packs([PackWriter().write(tmp_path)])):
            assert 0 == len(packs)
            assert ([], b"") == (packs.broken, packs.ids(Kind.BLOB))
            assert walk_blobs(room, packs).worker().next_batch() is None

    def test_read_keeps_to_its_limit(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        id = writer.add(BLOB, BASE)
        packs = room.Packs([writer.write(tmp_path)])
        assert (Kind.BLOB, BASE) == packs.read(id, len(BASE))
        with pytest.raises(PackError) as caught:
            packs.read(id, len(BASE) - 1)
        assert (Reason.TOO_LARGE, id) == (caught.value.reason, caught.value.what)
        assert id.hex() in str(caught.value)
