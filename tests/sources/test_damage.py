# SPDX-License-Identifier: Apache-2.0
"""Broken and lost objects are named, and all others are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secrethunt.coverage import Skip
from secrethunt.records import BlobKind
from secrethunt.sources import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import MakeRepo, RepoBuilder
    from tests.sources.conftest import ScanTarget

pytestmark = pytest.mark.usefixtures("any_backend")


def _loose(repo: RepoBuilder, id: str) -> Path:
    path = repo.git_dir / "objects" / id[:2] / id[2:]
    path.chmod(0o644)
    return path


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


_WAYS: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda data: b"",
    "garbage": lambda data: b"garbage" * 10,
    "truncated": lambda data: data[: len(data) // 2],
    "bit flipped in the middle": lambda data: _flip(data, len(data) // 2),
    "bit flipped in the checksum": lambda data: _flip(data, len(data) - 1),
}


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    """Ten files of some size, each a loose object."""
    repo = make_repo()
    repo.commit({f"file{number}": _text(number) for number in range(10)})
    return repo


def _text(number: int) -> bytes:
    return b"".join(b"%d %d\n" % (number, line * line) for line in range(3000))


@pytest.mark.parametrize("way", _WAYS)
def test_a_broken_loose_blob_is_named_and_the_rest_is_read(repo: RepoBuilder, scan: ScanTarget, way: str) -> None:
    broken = [repo.id(f"HEAD:file{number}") for number in (0, 4, 5)]
    for id in broken:
        path = _loose(repo, id)
        path.write_bytes(_WAYS[way](path.read_bytes()))

    scanned = scan(repo.git_dir)

    assert {_text(number) for number in (1, 2, 3, 6, 7, 8, 9)} == scanned.contents()
    assert {id.encode() for id in broken} == scanned.skipped(Skip.CORRUPT_OBJECT)
    assert 1 == scanned.ledger.commits


@pytest.mark.parametrize("way", _WAYS)
def test_a_broken_tree_costs_only_paths(repo: RepoBuilder, scan: ScanTarget, way: str) -> None:
    first = repo.head()
    repo.commit({"extra": "x\n"})
    path = _loose(repo, repo.id("HEAD^{tree}"))
    path.write_bytes(_WAYS[way](path.read_bytes()))

    scanned = scan(repo.git_dir)
    (place,) = scanned.places(repo.id(f"{first}:file0"))

    assert b"x\n" in scanned.contents()
    assert (b"file0", first) == (place.path, place.last.id if place.last else None)
    assert 1 == scanned.ledger.skipped[Skip.CORRUPT_OBJECT]


def test_a_broken_pack_loses_what_is_broken_only(repo: RepoBuilder, scan: ScanTarget) -> None:
    repo.pack()
    (pack,) = repo.git_dir.glob("objects/pack/*.pack")
    data = pack.read_bytes()
    pack.chmod(0o644)
    pack.write_bytes(_flip(_flip(data, len(data) // 3), len(data) // 2))

    scanned = scan(repo.git_dir)

    corrupt = scanned.skipped(Skip.CORRUPT_OBJECT)
    assert 0 < len(corrupt) < 10
    assert 10 == len(scanned.contents()) + len(corrupt)
    assert scanned.contents() <= {_text(number) for number in range(10)}


def test_a_lost_blob_is_named_when_damage_gives_reason_to_look(repo: RepoBuilder, scan: ScanTarget) -> None:
    lost, broken = repo.id("HEAD:file3"), repo.id("HEAD:file4")
    _loose(repo, lost).unlink()
    _loose(repo, broken).write_bytes(b"")

    scanned = scan(repo.git_dir)

    assert {lost.encode()} == scanned.skipped(Skip.MISSING_OBJECT)
    assert {broken.encode()} == scanned.skipped(Skip.CORRUPT_OBJECT)


def test_a_lost_blob_of_head_is_named(repo: RepoBuilder, scan: ScanTarget) -> None:
    lost = repo.id("HEAD:file3")
    _loose(repo, lost).unlink()

    scanned = scan(repo.path, Scope.HEAD)

    assert ({lost.encode()}, 9) == (scanned.skipped(Skip.MISSING_OBJECT), len(scanned.blobs))


def test_a_lost_blob_that_git_would_fetch_is_named_too(repo: RepoBuilder, scan: ScanTarget) -> None:
    repo.git("config", "remote.origin.url", repo.path.as_uri())
    repo.git("config", "remote.origin.promisor", "true")
    lost = [repo.id("HEAD:file3"), repo.id("HEAD:file7")]
    for id in lost:
        _loose(repo, id).unlink()

    scanned = scan(repo.path, Scope.HEAD)

    assert {id.encode() for id in lost} == scanned.skipped(Skip.MISSING_OBJECT) | scanned.skipped(Skip.CORRUPT_OBJECT)
    assert 8 == len(scanned.blobs)


def test_a_lost_commit_ends_history_there(repo: RepoBuilder, scan: ScanTarget) -> None:
    lost = repo.head()
    second = repo.commit({"a": "x\n"})
    _loose(repo, lost).unlink()

    (place,) = scan(repo.git_dir).places(repo.id("HEAD:file0"))

    assert (second, True) == (place.first.id if place.first else None, place.reachable)


def test_a_commit_that_is_no_commit_is_scanned_and_has_no_history(repo: RepoBuilder, scan: ScanTarget) -> None:
    id = repo.git("hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=b"nothing like a commit\n")

    scanned = scan(repo.git_dir)
    (place,) = scanned.places(id, BlobKind.COMMIT)

    assert b"nothing like a commit\n" == scanned.objects(BlobKind.COMMIT)[id]
    assert (b"(commit)", False) == (place.path, place.reachable)


def test_a_commit_without_committer_still_holds_files(repo: RepoBuilder, scan: ScanTarget) -> None:
    blob, tree = repo.id("HEAD:file0"), repo.id("HEAD^{tree}")
    text = f"tree {tree}\nauthor A U Thor <author@example.com> 1 +0000\n\nmalformed\n"
    id = repo.git("hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=text.encode())
    (repo.git_dir / "refs/heads/malformed").write_text(id + "\n")

    scanned = scan(repo.git_dir)
    (place,) = scanned.places(blob)

    assert (id, 2) == (place.first.id if place.first else None, place.ref_count)
    assert {} == scanned.ledger.skipped


@pytest.mark.parametrize("kind", ["commit", "tree"])
def test_what_is_broken_in_a_pack_is_taken_from_elsewhere(repo: RepoBuilder, scan: ScanTarget, kind: str) -> None:
    blob, head = repo.id("HEAD:file0"), repo.head()
    broken = {"commit": head, "tree": repo.id("HEAD^{tree}")}[kind]
    scan(repo.git_dir)  # which may pack first
    for number in range(2):
        repo.git("pack-objects", "--quiet", f".git/objects/pack/{number}", stdin=f"{broken}\n".encode())
    path = sorted(repo.git_dir.glob("objects/pack/*.pack"))[0]
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(_flip(_flip(data, 16), len(data) - 30))

    (place,) = scan(repo.git_dir).places(blob)

    assert (b"file0", head, True) == (place.path, place.first.id if place.first else None, place.reachable)
