# SPDX-License-Identifier: Apache-2.0
"""A snapshot stays while nothing changes, and changes with everything that history depends on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from secrethunt.sources import SourceOptions, open_source
from secrethunt.sources.repository import RepositorySource
from tests.conftest import MakeRepo, RepoBuilder

OID = "ab" * 32


def snapshot(repo: RepoBuilder, pointed: tuple[str, ...] = ()) -> bytes:
    source = open_source(repo.target, SourceOptions())
    assert isinstance(source, RepositorySource)
    return source.snapshot(pointed)


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    repo = make_repo()
    repo.commit({"a": "1\n"})
    repo.commit({"a": "2\n"})
    repo.pack()
    repo.commit({"a": "3\n"})
    return repo


def touch_pack(repo: RepoBuilder) -> None:
    for path in repo.git_dir.glob("objects/pack/*.pack"):
        os.utime(path, ns=(1, 1))


def write_shallow(repo: RepoBuilder) -> None:
    (repo.git_dir / "shallow").write_text(repo.id("HEAD~1") + "\n")


def write_alternates(repo: RepoBuilder) -> None:
    (repo.git_dir / "objects/info/alternates").write_text("/nowhere/objects\n")


CHANGES: dict[str, Callable[[RepoBuilder], object]] = {
    "commit": lambda repo: repo.commit({"b": "1"}),
    "loose object": lambda repo: repo.git("hash-object", "-w", "--stdin", stdin=b"x"),
    "branch": lambda repo: repo.git("branch", "side"),
    "tag": lambda repo: repo.tag("v1"),
    "moved branch": lambda repo: repo.git("reset", "--hard", "--quiet", "HEAD~1"),
    "other branch of the same commit": lambda repo: repo.branch("side"),
    "detached": lambda repo: repo.switch(repo.head()),
    "stash": lambda repo: repo.stash({"a": "4\n"}),
    "dropped object": lambda repo: next(iter(repo.git_dir.glob("objects/??/*"))).unlink(),
    "repacked": lambda repo: repo.pack(),
    "pack written again": touch_pack,
    "shallow": write_shallow,
    "alternates": write_alternates,
    "work tree": lambda repo: repo.git("worktree", "add", "--quiet", "--detach", str(repo.path / "other")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_changes_with_the_repository(repo: RepoBuilder, change: Callable[[RepoBuilder], object]) -> None:
    before = snapshot(repo)
    assert before == snapshot(repo)
    change(repo)
    assert before != snapshot(repo)


def test_files_on_disk_are_no_part_of_it(repo: RepoBuilder) -> None:
    before = snapshot(repo)
    repo.write({"new": "x", "a": "changed"})
    assert before == snapshot(repo)


def test_large_file_that_comes_changes_it_for_who_points_to_it(repo: RepoBuilder) -> None:
    alone, pointing = snapshot(repo), snapshot(repo, (OID,))
    path = Path(repo.git_dir, "lfs/objects", OID[:2], OID[2:4], OID)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"large")
    assert alone == snapshot(repo)
    assert pointing != snapshot(repo, (OID,))
