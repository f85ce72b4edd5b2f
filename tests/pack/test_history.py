# SPDX-License-Identifier: Apache-2.0
"""Commits as columns, and the trees above given blobs."""

from __future__ import annotations

from array import array
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from secrethunt.pack import CommitTable
from secrethunt.pack.contract import Reason
from tests.pack.rooms import ROOMS
from tests.pack.writer import BLOB, COMMIT, TREE, PackWriter, encode_delta, object_id


def commit(tree: bytes, *parents: bytes, time: bytes = b"1700000000 +0100") -> bytes:
    lines = [b"tree " + tree.hex().encode(), *(b"parent " + parent.hex().encode() for parent in parents)]
    lines += [b"author An Author <a@example.org> 1 +0000", b"committer C > D <c@example.org> " + time]
    return b"\n".join(lines) + b"\ngpgsig nothing\n\nparent of nobody\n"


def tree(*entries: tuple[bytes, bytes, bytes]) -> bytes:
    return b"".join(mode + b" " + name + b"\0" + id for mode, name, id in entries)


def paths_of(found: Any, targets: list[bytes]) -> dict[bytes, set[tuple[bytes, bytes]]]:
    """For each tree the (path, blob) that can be reached."""
    ids, numbers, signatures, _ = found
    ways: list[set[tuple[bytes, bytes]]] = []
    for rows in signatures:
        ways.append(set())
        for _, name, target, below in rows:
            if target >= 0:
                ways[-1].add((name, targets[target]))
            else:
                ways[-1].update((name + b"/" + path, blob) for path, blob in ways[below])
    return {ids[at * 20 : at * 20 + 20]: ways[number] for at, number in enumerate(array("I", numbers))}


@pytest.mark.parametrize("room", ROOMS)
class TestCommits:
    def test_columns_tell_tree_parents_and_time(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        root, absent = writer.add(COMMIT, commit(bytes(20))), object_id(COMMIT, b"absent")
        side = writer.add(COMMIT, commit(b"\1" * 20, root))
        data = commit(b"\2" * 20, side, root, absent, time=b"5 +0000")
        writer.add_delta(object_id(COMMIT, data), root, encode_delta(len(commit(bytes(20))), [data]))
        table = CommitTable.from_columns(room.Packs([writer.write(tmp_path)]).commits(), 20)
        numbers = {table.id_of(number): number for number in range(len(table))}
        merge = numbers[object_id(COMMIT, data)]
        assert [side, root, absent] == [table.id_of(parent) for parent in table.parents_of(merge)]
        assert [] == list(table.parents_of(numbers[root]))
        assert b"\2" * 20 == table.tree_of(merge)
        assert (5, 1700000000) == (table.times[merge], table.times[numbers[root]])
        assert (absent, []) == (table.outside, table.skips)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"tree 12\n",
            commit(bytes(20))[:60],
            commit(bytes(20)).replace(b"tree 0", b"tree g"),
            commit(bytes(20)).replace(b"author", b"auth"),
            commit(bytes(20), bytes(20)).replace(b"parent 00", b"parent 0"),
            commit(bytes(20)).replace(b"tree 000", b"tree AAA"),
        ],
    )
    def test_commit_that_is_none_is_skipped(self, tmp_path: Path, room: ModuleType, data: bytes) -> None:
        writer = PackWriter()
        id, good = writer.add(COMMIT, data), writer.add(COMMIT, commit(bytes(20)))
        columns = room.Packs([writer.write(tmp_path)]).commits()
        assert (good, [(id, Reason.BAD_OBJECT)]) == (columns[0], columns[-1])


@pytest.mark.parametrize("room", ROOMS)
class TestTrees:
    def test_every_way_to_a_target_is_told_through_deltas(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        targets = [writer.add(BLOB, b"one"), writer.add(BLOB, b"two")]
        other = writer.add(BLOB, b"other")
        files = [(b"100644", b"f%03d" % number, other) for number in range(60)]
        low = tree(*files[:30], (b"100755", b"hit", targets[0]), *files[30:])
        # The same with another last file, and the same without the hit: copied around it.
        changed = low[:-20] + targets[1]
        without = tree(*files)
        cut = len(tree(*files[:30]))
        end = cut + len(tree((b"100755", b"hit", targets[0])))
        lows = [writer.add(TREE, low)]
        ways: list[tuple[bytes, list[tuple[int, int] | bytes]]] = [
            (changed, [(0, len(low) - 20), targets[1]]),
            (without, [(0, cut), (end, len(low) - end)]),
        ]
        for data, pieces in ways:
            lows.append(object_id(TREE, data))
            writer.add_delta(lows[-1], lows[0], encode_delta(len(low), pieces))
        roots = [writer.add(TREE, tree((b"40000", b"d", id), (b"100644", b"x", other))) for id in lows]
        top = writer.add(TREE, tree((b"040000", b"old", roots[1]), (b"120000", b"link", targets[1])))
        found = room.Packs([writer.write(tmp_path)]).find_trees(b"".join(targets))
        one, two = (b"hit", targets[0]), (b"f059", targets[1])
        expected = {
            lows[0]: {one},
            lows[1]: {one, two},
            roots[0]: {(b"d/hit", targets[0])},
            roots[1]: {(b"d/hit", targets[0]), (b"d/f059", targets[1])},
            top: {(b"old/d/hit", targets[0]), (b"old/d/f059", targets[1]), (b"link", targets[1])},
        }
        assert expected == paths_of(found, targets)
        assert sorted(expected) == [found[0][at : at + 20] for at in range(0, len(found[0]), 20)]
        assert [] == found[3]

    def test_trees_that_lead_the_same_way_share_a_signature(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        target = writer.add(BLOB, b"target")
        for number in range(50):
            low = writer.add(TREE, tree((b"100644", b"a", writer.add(BLOB, b"%d" % number)), (b"100644", b"t", target)))
            writer.add(TREE, tree((b"40000", b"d", low)))
        ids, numbers, signatures, _ = room.Packs([writer.write(tmp_path)]).find_trees(target)
        assert (100, 2) == (len(ids) // 20, len(signatures))
        assert {0, 1} == set(array("I", numbers))

    def test_trees_in_no_pack_take_part(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        target = object_id(BLOB, b"loose")
        low = tree((b"100644", b"t", target))
        middle = writer.add(TREE, tree((b"40000", b"low", object_id(TREE, low))))
        top = tree((b"40000", b"middle", middle))
        extra = [(object_id(TREE, data), data) for data in (top, low)]
        found = room.Packs([writer.write(tmp_path)]).find_trees(target, extra)
        assert {(b"middle/low/t", target)} == paths_of(found, [target])[object_id(TREE, top)]

    def test_submodules_and_names_that_spell_an_id_lead_nowhere(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        target = writer.add(BLOB, b"target")
        inner = writer.add(TREE, tree((b"100644", b"t", target)))
        writer.add(TREE, tree((b"160000", b"submodule", inner)))
        writer.add(TREE, tree((b"100644", b"n" + target.replace(b"\0", b"n"), bytes(20))))
        found = room.Packs([writer.write(tmp_path)]).find_trees(target)
        assert inner == found[0]

    def test_trees_that_hold_each_other_end(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        target = writer.add(BLOB, b"target")
        one, other = b"\1" * 20, b"\2" * 20
        for id, data in (
            (one, tree((b"40000", b"o", other), (b"100644", b"t", target))),
            (other, tree((b"40000", b"o", one))),
        ):
            writer.add(TREE, data)
            writer.entries[-1] = (id, writer.entries[-1][1])
        found = room.Packs([writer.write(tmp_path)]).find_trees(target)
        assert one == found[0]
        assert [(other, Reason.BAD_OBJECT)] == found[3]

    def test_damaged_tree_is_told_and_read_up_to_the_damage(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        target = writer.add(BLOB, b"target")
        bad = writer.add(TREE, tree((b"100644", b"t", target)) + b"100644 cut\0short")
        found = room.Packs([writer.write(tmp_path)]).find_trees(target)
        assert (bad, [(bad, Reason.BAD_OBJECT)]) == (found[0], found[3])

    def test_arguments_that_are_no_ids_are_refused(self, tmp_path: Path, room: ModuleType) -> None:
        packs = room.Packs([])
        with pytest.raises(ValueError):
            packs.find_trees(b"123")
        with pytest.raises(ValueError):
            packs.find_trees(b"", [(b"12", b"")])
        assert (b"", b"", [], []) == packs.find_trees(b"")
