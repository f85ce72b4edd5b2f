# SPDX-License-Identifier: Apache-2.0
"""A forged pack may say anything of its objects' ids: what cannot be true of a history stops no scan of it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from secrethunt.records import BlobKind
from tests.pack.writer import COMMIT, TAG, TREE, PackWriter, entry_header

if TYPE_CHECKING:
    from tests.conftest import MakeRepo, RepoBuilder
    from tests.sources.conftest import ScanTarget

pytestmark = pytest.mark.usefixtures("any_backend")

_ONE, _TWO = b"\x11" * 20, b"\x22" * 20


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    """One commit of one file."""
    repo = make_repo()
    repo.commit({"a": "x\n"})
    return repo


def _forge(repo: RepoBuilder, *objects: tuple[bytes, int, bytes]) -> None:
    """Add a pack of (id, kind, contents), whatever the contents' true id."""
    writer = PackWriter()
    for id, kind, data in objects:
        writer.add_raw(id, entry_header(kind, len(data)) + zlib.compress(data))
    writer.write(repo.git_dir / "objects/pack", "pack-" + "1" * 40)


def _point(repo: RepoBuilder, ref: str, id: bytes) -> None:
    (repo.git_dir / ref).write_text(id.hex() + "\n")


def _commit(tree: str, *parents: bytes) -> bytes:
    lines = [f"tree {tree}", *(f"parent {parent.hex()}" for parent in parents)]
    person = "A U Thor <author@example.com> 1 +0000"
    return "\n".join([*lines, f"author {person}", f"committer {person}", "", "forged\n"]).encode()


@pytest.mark.parametrize("is_referenced", [True, False])
@pytest.mark.parametrize("parents", [{_ONE: _ONE}, {_ONE: _TWO, _TWO: _ONE}], ids=["own parent", "each other's parent"])
def test_commits_that_descend_from_themselves(
    repo: RepoBuilder, scan: ScanTarget, parents: dict[bytes, bytes], *, is_referenced: bool
) -> None:
    blob, tree, head = repo.id("HEAD:a"), repo.id("HEAD^{tree}"), repo.head()
    loose = repo.git("commit-tree", tree, "-p", head, "-m", "reached by nothing")
    _forge(repo, *((id, COMMIT, _commit(tree, parent, bytes.fromhex(head))) for id, parent in parents.items()))
    if is_referenced:
        _point(repo, "refs/heads/forged", _ONE)

    scanned = scan(repo.git_dir)
    (place,) = scanned.places(blob)

    assert {head, loose} <= scanned.objects(BlobKind.COMMIT).keys()
    assert (b"a", True) == (place.path, place.at_head)
    assert head == (place.first.id if place.first else None)
    assert b"refs/heads/main" in place.refs
    (place,) = scanned.places(_ONE.hex(), BlobKind.COMMIT)
    assert place.reachable <= is_referenced
    assert not scanned.places(loose, BlobKind.COMMIT)[0].reachable


def test_tags_of_each_other(repo: RepoBuilder, scan: ScanTarget) -> None:
    blob = repo.id("HEAD:a")
    bodies = [f"object {id.hex()}\ntype tag\ntag v\ntagger A <a@b> 1 +0000\n\nforged\n".encode() for id in (_TWO, _ONE)]
    _forge(repo, (_ONE, TAG, bodies[0]), (_TWO, TAG, bodies[1]))
    _point(repo, "refs/tags/forged", _ONE)

    scanned = scan(repo.git_dir)

    assert [b"a"] == [place.path for place in scanned.places(blob)]
    assert [b"(tag)"] == [place.path for place in scanned.places(_ONE.hex(), BlobKind.TAG)]


def test_trees_in_each_other(repo: RepoBuilder, scan: ScanTarget) -> None:
    blob = repo.id("HEAD:a")
    entry = b"100644 f\0" + bytes.fromhex(blob)
    _forge(repo, (_ONE, TREE, b"40000 d\0" + _TWO + entry), (_TWO, TREE, b"40000 d\0" + _ONE + entry))
    (repo.git_dir / "forged").write_bytes(_commit(_ONE.hex()))
    forged = repo.git("hash-object", "-w", "-t", "commit", "--literally", str(repo.git_dir / "forged"))
    _point(repo, "refs/heads/forged", bytes.fromhex(forged))

    assert () != scan(repo.git_dir).places(blob)
