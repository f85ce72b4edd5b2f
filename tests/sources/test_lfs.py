# SPDX-License-Identifier: Apache-2.0
"""Git LFS pointers: what they stand for is scanned where it is here, and named where it is not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from secrethunt.coverage import Skip
from secrethunt.records import BlobKind
from secrethunt.sources import Scope
from secrethunt.sources.lfs import pointer_oid

if TYPE_CHECKING:
    from tests.conftest import MakeRepo, RepoBuilder
    from tests.sources.conftest import ScanTarget

CONTENT = b"large content\n" * 200
OID = hashlib.sha256(CONTENT).hexdigest()
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (OID.encode(), len(CONTENT))


def _download(repo: RepoBuilder) -> None:
    path = repo.git_dir / "lfs/objects" / OID[:2] / OID[2:4] / OID
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)


def test_an_object_that_is_here_is_scanned_as_the_pointer(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"big": POINTER})
    _download(repo)

    blobs = scan(repo.path).blobs

    in_files = [blob for blob in blobs if blob.kind is BlobKind.FILE]
    in_history = [blob for blob in blobs if blob.kind is BlobKind.HISTORY]
    assert [(b"big", POINTER), (b"big", CONTENT)] == [(blob.path, blob.data) for blob in in_files]
    id = repo.id("HEAD:big")
    assert [(id, POINTER), (id, CONTENT)] == [(blob.id, blob.data) for blob in in_history]


def test_an_object_that_is_not_here_is_named(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"big": POINTER})

    scanned = scan(repo.path)

    assert {b"big", repo.id("HEAD:big").encode()} == scanned.skipped(Skip.LFS_POINTER)
    assert {f"object {OID}"} == {problem.detail for problem in scanned.ledger.problems}


def test_a_staged_pointer_is_followed(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.write({"big": POINTER})
    repo.git("add", "big")

    assert {b"big"} == scan(repo.path, Scope.STAGED).skipped(Skip.LFS_POINTER)
    _download(repo)
    assert {b"big": CONTENT} == scan(repo.path, Scope.STAGED).files()


def test_an_object_over_the_limit_is_named(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"big": POINTER})
    _download(repo)

    assert {b"big", repo.id("HEAD:big").encode()} == scan(repo.path, max_size=500).skipped(Skip.TOO_LARGE)


@pytest.mark.parametrize(
    "data",
    [POINTER, POINTER.replace(b"git-lfs.github.com", b"hawser.github.com"), POINTER + b"ext-0 something\n"],
)
def test_a_pointer_is_known(data: bytes) -> None:
    assert OID == pointer_oid(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"version 1\n" + POINTER, POINTER + b"x" * 1024, POINTER.replace(OID.encode(), b"short"), POINTER[:43]],
)
def test_what_only_looks_like_a_pointer_is_a_file(data: bytes) -> None:
    assert pointer_oid(data) is None
