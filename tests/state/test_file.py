# SPDX-License-Identifier: Apache-2.0
"""A state file appears whole, is checked, and replaces nothing that is not its own kind."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from secrethunt.errors import UsageError
from secrethunt.state.file import Damaged, check_path, read_state, write_state

SECTIONS = {"one": b"first", "two": b"", "three": bytes(range(256)) * 40}


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state")


def test_sections_come_back(path: str) -> None:
    write_state(path, SECTIONS)
    state = read_state(path)
    assert state is not None
    assert SECTIONS == {name: state.section(name) for name in SECTIONS}


@pytest.mark.parametrize("content", [None, b""])
def test_absent_and_empty_files_are_no_state_yet(path: str, content: bytes | None) -> None:
    if content is not None:
        Path(path).write_bytes(content)
    check_path(path)
    assert read_state(path) is None


def test_every_damaged_byte_is_noticed(path: str) -> None:
    write_state(path, {"one": b"first", "two": b"second"})
    content = Path(path).read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 0x20
        Path(path).write_bytes(damaged)
        with pytest.raises(Damaged):
            read_all(path)


def test_every_cut_is_noticed(path: str) -> None:
    write_state(path, {"one": b"first", "two": b"second"})
    content = Path(path).read_bytes()
    for size in range(1, len(content)):
        Path(path).write_bytes(content[:size])
        with pytest.raises(Damaged):
            read_all(path)


def read_all(path: str) -> list[bytes]:
    state = read_state(path)
    assert state is not None
    return [state.section("one"), state.section("two")]


def test_absent_section_is_damage(path: str) -> None:
    write_state(path, SECTIONS)
    state = read_state(path)
    assert state is not None
    with pytest.raises(Damaged, match="no section four"):
        state.section("four")


def test_only_the_owner_may_read(path: str) -> None:
    old = os.umask(0)
    try:
        write_state(path, SECTIONS)
    finally:
        os.umask(old)
    assert 0o600 == os.stat(path).st_mode & 0o777


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_file_that_others_may_write_is_not_believed(path: str, mode: int) -> None:
    write_state(path, SECTIONS)
    os.chmod(path, mode)
    with pytest.raises(Damaged, match="others may write it"):
        read_state(path)


def test_failed_write_leaves_the_old_state_and_no_litter(path: str) -> None:
    write_state(path, SECTIONS)
    with pytest.raises(TypeError):
        write_state(path, {"one": b"new", "two": "text"})  # type: ignore[dict-item]  # what makes it fail
    state = read_state(path)
    assert state is not None
    assert b"first" == state.section("one")
    assert [Path(path).name] == os.listdir(os.path.dirname(path))


def test_writers_at_the_same_time_leave_one_whole_state(path: str) -> None:
    contents = [{"one": bytes([number]) * 100_000, "two": bytes([number]) * 3} for number in range(8)]
    threads = [threading.Thread(target=write_state, args=(path, sections)) for sections in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one, two = read_all(path)
    assert {"one": one, "two": two} in contents
    assert [Path(path).name] == os.listdir(os.path.dirname(path))


def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "state")
    write_state(str(link), SECTIONS)
    assert link.is_symlink()
    assert read_state(str(tmp_path / "there" / "state")) is not None


class TestCheckPath:
    def test_foreign_file_is_refused(self, path: str) -> None:
        Path(path).write_bytes(b"# Read me\n")
        with pytest.raises(UsageError, match="left alone"):
            check_path(path)

    def test_directory_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="not a regular file"):
            check_path(str(tmp_path))

    def test_pipe_is_refused(self, path: str) -> None:
        os.mkfifo(path)
        with pytest.raises(UsageError, match="not a regular file"):
            check_path(path)

    def test_directory_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there is no directory"):
            check_path(str(tmp_path / "none" / "state"))
