# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from secrethunt.diskcache import DiskCache

PAYLOAD = bytes(range(256)) * 64

needs_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "cache"


def test_what_was_written_is_read(directory: Path) -> None:
    DiskCache(str(directory)).write("rules-1", PAYLOAD)
    assert PAYLOAD == DiskCache(str(directory)).read("rules-1")
    assert ["rules-1"] == os.listdir(directory)


def test_empty_payload_is_no_absence(directory: Path) -> None:
    cache = DiskCache(str(directory))
    cache.write("rules-1", b"")
    assert b"" == cache.read("rules-1")


def test_what_was_never_written_is_absent(directory: Path) -> None:
    assert DiskCache(str(directory)).read("rules-1") is None


def test_no_directory_keeps_nothing() -> None:
    cache = DiskCache(None)
    cache.write("rules-1", PAYLOAD)
    assert cache.read("rules-1") is None


def test_directory_is_private_and_so_are_its_files(directory: Path) -> None:
    DiskCache(str(directory)).write("rules-1", PAYLOAD)
    assert 0 == stat.S_IMODE(directory.stat().st_mode) & 0o077
    assert 0o600 == stat.S_IMODE((directory / "rules-1").stat().st_mode)


def test_every_truncation_and_every_flipped_byte_reads_as_absent(directory: Path) -> None:
    cache = DiskCache(str(directory))
    cache.write("rules-1", b"payload")
    sound = (directory / "rules-1").read_bytes()
    damaged = [sound[:length] for length in range(len(sound))]
    damaged += [sound[:at] + bytes([sound[at] ^ 0x40]) + sound[at + 1 :] for at in range(len(sound))]
    for content in [*damaged, sound + b"x", bytes(len(sound))]:
        (directory / "rules-1").write_bytes(content)
        assert cache.read("rules-1") is None
    cache.write("rules-1", b"payload")
    assert b"payload" == cache.read("rules-1")


def test_directory_in_place_of_a_file_reads_as_absent_and_costs_nothing(directory: Path) -> None:
    (directory / "rules-1").mkdir(parents=True)
    cache = DiskCache(str(directory))
    assert cache.read("rules-1") is None
    cache.write("rules-1", PAYLOAD)
    assert cache.read("rules-1") is None
    assert ["rules-1"] == os.listdir(directory)


def test_file_in_place_of_the_directory_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file")
    cache = DiskCache(str(tmp_path / "cache"))
    cache.write("rules-1", PAYLOAD)
    assert cache.read("rules-1") is None
    assert b"a file" == (tmp_path / "cache").read_bytes()


def test_directory_that_cannot_be_made_costs_nothing() -> None:
    cache = DiskCache("/proc/no-such-process/cache")
    cache.write("rules-1", PAYLOAD)
    assert cache.read("rules-1") is None


def test_unwritable_directory_costs_nothing(directory: Path) -> None:
    directory.mkdir(parents=True)
    directory.chmod(0o500)
    cache = DiskCache(str(directory))
    cache.write("rules-1", PAYLOAD)
    # Root may write everywhere.
    assert cache.read("rules-1") in (None, PAYLOAD)


@needs_root
def test_file_of_another_user_is_not_trusted(directory: Path) -> None:
    cache = DiskCache(str(directory))
    cache.write("rules-1", PAYLOAD)
    os.chown(directory / "rules-1", 12345, -1)
    assert cache.read("rules-1") is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_file_that_others_may_write_is_not_trusted(directory: Path, mode: int) -> None:
    cache = DiskCache(str(directory))
    cache.write("rules-1", PAYLOAD)
    (directory / "rules-1").chmod(mode)
    assert cache.read("rules-1") is None
    cache.write("rules-1", PAYLOAD)
    assert PAYLOAD == cache.read("rules-1")


def test_file_is_written_beside_a_link_never_through_it(directory: Path, tmp_path: Path) -> None:
    directory.mkdir(parents=True)
    (tmp_path / "victim").write_bytes(b"precious")
    (directory / "rules-1").symlink_to(tmp_path / "victim")
    DiskCache(str(directory)).write("rules-1", PAYLOAD)
    assert b"precious" == (tmp_path / "victim").read_bytes()
    assert not (directory / "rules-1").is_symlink()


def test_oldest_files_of_a_kind_go_when_there_are_many(directory: Path) -> None:
    cache = DiskCache(str(directory))
    cache.write("anchors-1", PAYLOAD)
    for number in range(30):
        cache.write(f"rules-{number}", b"%d" % number)
        os.utime(directory / f"rules-{number}", (number, number))
    kept = set(os.listdir(directory))
    assert {"anchors-1", "rules-29"} <= kept
    assert "rules-0" not in kept
    assert 5 <= len(kept) <= 15


def _write_often(directory: str, seed: int) -> None:
    cache = DiskCache(directory)
    for number in range(60):
        payload = bytes([seed]) * (10_000 + number)
        cache.write("rules-1", payload)
        found = cache.read("rules-1")
        if found is not None and len(set(found)) != 1:
            raise AssertionError("a mixture of two writers")


def test_parallel_writers_leave_one_whole_file(directory: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(str(directory), seed)) for seed in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [0, 0, 0, 0] == [writer.exitcode for writer in writers]
    found = DiskCache(str(directory)).read("rules-1")
    assert found is not None
    assert 1 == len(set(found))
    assert ["rules-1"] == os.listdir(directory)
