# SPDX-License-Identifier: Apache-2.0
"""The walk as the pipeline drives it: real repositories, several workers, selections."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from array import array
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from secrethunt.pack import list_packs
from secrethunt.pack.contract import TAG_BITS, Kind
from tests.pack.rooms import ROOMS, ends_of, scan, scan_whole, walk_blobs
from tests.pack.writer import BLOB, PackWriter, encode_delta, object_id

PATTERN = re.compile(rb"key=[a-z]{3}")


def git(folder: Path, *words: str, text: bytes | None = None) -> bytes:
    names = ("AUTHOR", "COMMITTER")
    who = {f"GIT_{name}_{part}": value for name in names for part, value in (("NAME", "A"), ("EMAIL", "a@b"))}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **who}
    done = subprocess.run(
        ["git", *words], cwd=folder, input=text, capture_output=True, check=True, env={**os.environ, **settings}
    )
    return done.stdout


def make_history(folder: Path, *options: str) -> Path:
    """Sixty versions of a file whose keys move about, packed by git itself, with a cruft of what was amended."""
    folder.mkdir()
    git(folder, "init", "-q", *options)
    lines = [b"line %d of a file that is long enough to be worth a delta" % number for number in range(80)]
    for version in range(60):
        lines[version * 7 % 80] = b"key=%s version %d" % (b"abcdefgh"[version % 5 :][:3], version)
        (folder / "file").write_bytes(b"\n".join(lines[: 40 + version]))
        git(folder, "add", "file")
        git(folder, "commit", "-q", "-m", f"v{version}", *(["--amend"] if version % 9 == 8 else []))
    git(folder, "repack", "-q", "-a", "-d", "-f", "--depth=50")
    return folder


def read_all(folder: Path, kind: bytes) -> dict[bytes, bytes]:
    """Every object of one kind, as git reads it."""
    listed = git(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
    ids = [line.split()[0] for line in listed if line.split()[1] == kind]
    return {bytes.fromhex(id.decode()): git(folder, "cat-file", kind.decode(), id.decode()) for id in ids}


def confirm(blob: memoryview, tag: int, end: int) -> bool:
    return bool(re.search(rb"[a-z]{3} version [0-9]*[02468]\b", bytes(blob[end - 3 : end + 20])))


@pytest.mark.parametrize("room", ROOMS)
class TestRealRepositories:
    @pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
    def test_walk_of_a_repacked_history_finds_what_git_shows(
        self, tmp_path: Path, room: ModuleType, options: tuple[str, ...]
    ) -> None:
        folder = make_history(tmp_path / "r", *options)
        hash_size = 32 if options else 20
        packs = room.Packs(list_packs(bytes(folder / ".git" / "objects")).packs, hash_size)
        result = scan(walk_blobs(room, packs, width=7, reaches=[(8, 20)]), [PATTERN], confirm, hash_size=hash_size)
        packed = {id: data for id, data in read_all(folder, b"blob").items() if id in packs}
        assert 50 < len(packed)
        assert packed == result.blobs
        assert scan_whole(packed.items(), [PATTERN], confirm) == result.places
        assert result.asked < result.inherited

    def test_cruft_packs_and_alternates_are_walked(self, tmp_path: Path, room: ModuleType) -> None:
        folder = make_history(tmp_path / "r")
        git(folder, "reflog", "expire", "--expire=now", "--all")
        git(folder, "gc", "-q", "--cruft", "--prune=never")
        git(tmp_path, "clone", "-q", "--shared", "--bare", "r", "shared.git")
        files = list_packs(bytes(tmp_path / "shared.git" / "objects"))
        assert 2 == len(files.packs)
        packs = room.Packs(files.packs)
        assert read_all(folder, b"blob") == scan(walk_blobs(room, packs), [], confirm).blobs

    def test_kinds_are_selected(self, tmp_path: Path, room: ModuleType) -> None:
        folder = make_history(tmp_path / "r")
        git(folder, "tag", "-a", "-m", "a tag", "v1")
        git(folder, "repack", "-q", "-a", "-d")
        packs = room.Packs(list_packs(bytes(folder / ".git" / "objects")).packs)
        for kinds, names in ((Kind.COMMIT.mask | Kind.TAG.mask, (b"commit", b"tag")), (Kind.TREE.mask, (b"tree",))):
            result = scan(walk_blobs(room, packs, kinds=kinds), [], confirm)
            expected = {id: data for name in names for id, data in read_all(folder, name).items() if id in packs}
            assert expected == result.blobs


def write_chains(folder: Path, chains: int, length: int) -> tuple[bytes, dict[bytes, bytes]]:
    """Chains of deltas that are worth several tasks."""
    writer = PackWriter()
    blobs = {}
    for chain in range(chains):
        data = b"".join(b"%d: key=abc %s\n" % (line, os.urandom(24).hex().encode()) for line in range(60))
        base = writer.add(BLOB, data, level=0)
        blobs[base] = data
        for step in range(length):
            added = b"%d.%d key=%s\n" % (chain, step, b"xyz" if step % 3 else b"new") + os.urandom(3000)
            pieces: list[Any] = [(0, len(data) // 2), added, (len(data) // 2 + 40, len(data) - len(data) // 2 - 40)]
            delta = encode_delta(len(data), pieces)
            data = data[: len(data) // 2] + added + data[len(data) // 2 + 40 :]
            writer.add_delta(object_id(BLOB, data), base, delta)
            base = object_id(BLOB, data)
            blobs[base] = data[:]
            data = data[:12000]
            if blobs[base] != data:
                writer.add_delta(object_id(BLOB, data), base, encode_delta(len(blobs[base]), [(0, len(data))]))
                base = object_id(BLOB, data)
                blobs[base] = data
    return writer.write(folder), blobs


@pytest.mark.parametrize("room", ROOMS)
class TestWorkers:
    def test_workers_share_one_tree_and_lose_nothing(self, tmp_path: Path, room: ModuleType) -> None:
        path, blobs = write_chains(tmp_path, 1, 400)
        walker = walk_blobs(room, room.Packs([path]), width=8, reaches=[(9, 9)], object_bytes=100_000)
        places: set[tuple[int, bytes, int]] = set()
        counts: list[int] = []
        failures: list[BaseException] = []
        barrier = threading.Barrier(3)

        def run() -> None:
            worker = walker.worker()
            barrier.wait()
            count = 0
            try:
                while (batch := worker.next_batch()) is not None:
                    ids = batch.ids
                    count += len(batch)
                    asked = batch.resolve(array("Q", [end << TAG_BITS for end in ends_of(PATTERN, bytes(batch.arena))]))
                    places.update((tag, ids[slot * 20 : slot * 20 + 20], end) for slot, tag, end, _ in asked)
                    again = batch.settle(array("Q", [origin for _, _, _, origin in asked]))
                    places.update((0, ids[slot * 20 : slot * 20 + 20], end) for slot, _, end in again)
            except BaseException as err:
                failures.append(err)
                raise
            counts.append(count)

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [] == failures
        assert len(blobs) == sum(counts)
        assert scan_whole(blobs.items(), [PATTERN], lambda *_: True) == places

    def test_only_wanted_objects_are_shown_and_each_is_complete(self, tmp_path: Path, room: ModuleType) -> None:
        path, blobs = write_chains(tmp_path, 3, 20)
        wanted = sorted(blobs)[::3]
        packs = room.Packs([path])
        walker = walk_blobs(
            room, packs, width=8, reaches=[(9, 9)], wanted=b"".join([*wanted, bytes(20)]), object_bytes=1
        )
        result = scan(walker, [PATTERN], lambda *_: True)
        kept = {id: blobs[id] for id in wanted}
        assert kept == result.blobs
        assert scan_whole(kept.items(), [PATTERN], lambda *_: True) == result.places
        assert len(wanted) == walker.counts[0]

    def test_arena_holds_less_than_the_objects(self, tmp_path: Path, room: ModuleType) -> None:
        path, blobs = write_chains(tmp_path, 2, 30)
        result = scan(walk_blobs(room, room.Packs([path]), width=8), [], lambda *_: True)
        assert sum(map(len, result.arenas)) < sum(map(len, blobs.values())) // 2
