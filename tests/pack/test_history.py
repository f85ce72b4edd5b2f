# SPDX-License-Identifier: Apache-2.0
"""Commits as columns, and the trees above given blobs."""

from __future__ import annotations

from array import array
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.pack import CommitTable
from secrethunt.pack.contract import Kind, Reason
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


EDITS = ["change", "remove", "insert", "rename"]


def edit_tree(
    entries: list[tuple[bytes, bytes, bytes]], place: int, edit: str, target: bytes
) -> list[tuple[bytes, bytes, bytes]]:
    """The same tree after one change at one of its entries."""
    before, (mode, name, _), after = entries[:place], entries[place], entries[place + 1 :]
    made = {
        "change": [(mode, name, target)],
        "remove": [],
        "insert": [entries[place], (mode, name + b"+" * 70, target)],
        "rename": [(mode, b"%02d" % place + name[2:] + b"new", entries[place][2])],
    }
    return [*before, *made[edit], *after]


def common(one: bytes, other: bytes) -> int:
    """Length of what both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def diff(old: bytes, new: bytes) -> list[tuple[int, int] | bytes]:
    """One change: what stands before and behind it is copied, wherever in an entry that may begin."""
    before = common(old, new)
    behind = common(old[before:][::-1], new[before:][::-1])
    return [(0, before), new[before : len(new) - behind], (len(old) - behind, behind)]


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
@pytest.mark.parametrize("walks", [["all"], ["some"], ["all", "all"], ["some", "rest"], ["all", "some"]])
def test_commits_are_the_same_after_any_walks(tmp_path: Path, room: ModuleType, walks: list[str]) -> None:
    writer = PackWriter()
    ids = [writer.add(COMMIT, commit(bytes(20), time=b"%d +0000" % number)) for number in range(6)]
    ids.append(writer.add(COMMIT, commit(bytes(20), *ids[:2], bytes(20))))
    writer.add(COMMIT, b"no commit")
    path = writer.write(tmp_path)
    wanted = {"all": None, "some": b"".join(ids[::2]), "rest": b"".join(ids[1::2])}
    packs = room.Packs([path])
    for name in walks:
        worker = room.Walker(packs, Kind.COMMIT.mask, 4, [(8, 8)], wanted=wanted[name]).worker()
        while (batch := worker.next_batch()) is not None:
            batch.resolve(b"")
            batch.settle(b"")
    assert _by_id(room.Packs([path]).commits()) == _by_id(packs.commits())


def _by_id(columns: Any) -> tuple[dict[bytes, tuple[bytes, list[bytes], int]], list[tuple[bytes, int]]]:
    table = CommitTable.from_columns(columns, 20)
    rows = {
        table.id_of(at): (table.tree_of(at), [table.id_of(parent) for parent in table.parents_of(at)], table.times[at])
        for at in range(len(table))
    }
    return rows, sorted(table.skips)


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

    @given(edits=st.lists(st.tuples(st.integers(0, 11), st.sampled_from(EDITS)), min_size=1, max_size=5))
    def test_trees_as_deltas_lead_where_the_same_trees_written_whole_do(
        self, tmp_path_factory: pytest.TempPathFactory, room: ModuleType, edits: list[tuple[int, str]]
    ) -> None:
        target = object_id(BLOB, b"target")
        names = [b"n%02d" % number + b"x" * length for number, length in enumerate([0, 1, 30, 31, 32, 64, 65, 129] * 2)]
        trees = [[(b"100644", name, target if number % 5 == 0 else bytes(20)) for number, name in enumerate(names)]]
        for place, edit in edits:
            trees.append(edit_tree(trees[-1], place, edit, target))
        whole, deltas = PackWriter(), PackWriter()
        for base, entries in zip([None, *trees], trees, strict=False):
            data = tree(*entries)
            if object_id(TREE, data) in dict(whole.entries):
                continue
            whole.add(TREE, data)
            if base is None:
                deltas.add(TREE, data)
            else:
                old = tree(*base)
                deltas.add_delta(object_id(TREE, data), object_id(TREE, old), encode_delta(len(old), diff(old, data)))
        folder = tmp_path_factory.mktemp("trees")
        found = [room.Packs([writer.write(folder, name)]) for writer, name in ((whole, "w"), (deltas, "d"))]
        assert found[0].find_trees(target) == found[1].find_trees(target)

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


@pytest.mark.parametrize("room", ROOMS)
class TestThreads:
    def test_number_of_threads_changes_nothing_that_is_found(self, tmp_path: Path, room: ModuleType) -> None:
        writer = PackWriter()
        targets = [writer.add(BLOB, b"%d" % number) for number in range(3)]
        other = writer.add(BLOB, b"other")
        for number in range(300):
            files = [(b"100644", b"f%03d" % (number + at), other) for at in range(30)]
            low = tree(*files, (b"100644", b"hit", targets[number % 3]))
            id = writer.add(TREE, low)
            changed = low[:-20] + targets[(number + 1) % 3]
            writer.add_delta(object_id(TREE, changed), id, encode_delta(len(low), [(0, len(low) - 20), changed[-20:]]))
            writer.add(TREE, tree((b"40000", b"d%03d" % number, id)))
        packs = room.Packs([writer.write(tmp_path)])
        one, four = (packs.find_trees(b"".join(targets), threads=threads) for threads in (1, 4))
        assert paths_of(one, targets) == paths_of(four, targets)
        assert 900 == len(paths_of(one, targets))

    @pytest.mark.parametrize("threads", [0, 5000])
    def test_impossible_number_of_threads_is_refused(self, tmp_path: Path, room: ModuleType, threads: int) -> None:
        writer = PackWriter()
        writer.add(BLOB, b"x")
        packs = room.Packs([writer.write(tmp_path)])
        with pytest.raises(ValueError, match="threads"):
            packs.find_trees(bytes(20), threads=threads)
