# SPDX-License-Identifier: Apache-2.0
"""What `--staged` reads."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from secrethunt.coverage import Skip
from secrethunt.errors import SourceError
from secrethunt.records import Blob, BlobId, BlobKind
from secrethunt.sources import Scope

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.sources.conftest import ScanTarget

pytestmark = pytest.mark.usefixtures("any_backend")


def _staged(path: bytes, data: bytes) -> Blob:
    id = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return Blob(data, BlobKind.STAGED, path, BlobId(id))


def test_only_entries_that_differ_from_head_are_read(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"same": "same\n", "changed": "old\n", "gone": "gone\n", "dir/sub/same": "same too\n"})
    repo.write({"changed": "new\n", "dir/sub/added": "added\n", "same": "changed, not staged\n"})
    repo.git("add", "changed", "dir")
    repo.git("rm", "--quiet", "gone")

    scanned = scan(repo.path, Scope.STAGED)

    expected = [_staged(b"changed", b"new\n"), _staged(b"dir/sub/added", b"added\n")]
    assert expected == scanned.blobs
    assert (2, 10, 0) == (scanned.ledger.files, scanned.ledger.bytes, scanned.ledger.commits)


def test_the_staged_content_is_read_not_the_file(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"a": "old\n"})
    repo.write({"a": "staged\n"})
    repo.git("add", "a")
    repo.write({"a": "on disk\n"})

    assert {b"a": b"staged\n"} == scan(repo.path, Scope.STAGED).files()


def test_everything_is_new_before_the_first_commit(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.write({"a": "x\n", "caf\u00e9/b": "y\n"})
    repo.git("add", "--all")

    assert {b"a": b"x\n", "caf\u00e9/b".encode(): b"y\n"} == scan(repo.path, Scope.STAGED).files()


def test_the_same_content_at_two_paths_is_two_files(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"x": "x\n"})
    repo.write({"a": "twice\n", "b": "twice\n"})
    repo.git("add", "--all")

    assert [b"a", b"b"] == [blob.path for blob in scan(repo.path, Scope.STAGED).blobs]


def test_nothing_staged_is_nothing_read(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"a": "x\n"})
    repo.write({"untracked": "y\n"})

    assert [] == scan(repo.path, Scope.STAGED).blobs


def test_sides_of_a_conflict_that_differ_from_head_are_read(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"a": "base\n"})
    repo.branch("side")
    repo.commit({"a": "side\n"})
    repo.switch("main")
    repo.commit({"a": "main\n"})
    repo.git("merge", "side", fails=True)

    blobs = scan(repo.path, Scope.STAGED).blobs

    assert {(b"a", b"base\n"), (b"a", b"side\n")} == {(blob.path, blob.data) for blob in blobs}


def test_a_change_of_type_is_read(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"a": "x\n"})
    (repo.path / "a").unlink()
    (repo.path / "a").symlink_to("target-of-the-link")
    repo.git("add", "a")

    assert {b"a": b"target-of-the-link"} == scan(repo.path, Scope.STAGED).files()


def test_a_staged_file_over_the_limit_is_named_by_path(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.write({"big": "x" * 100})
    repo.git("add", "big")

    scanned = scan(repo.path, Scope.STAGED, max_size=99)

    assert ([], {b"big"}) == (scanned.blobs, scanned.skipped(Skip.TOO_LARGE))


def test_a_submodule_is_no_content(make_repo: MakeRepo, scan: ScanTarget) -> None:
    library = make_repo("library")
    commit = library.commit({"lib": "x\n"})
    repo = make_repo()
    repo.commit({"a": "x\n"})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},library")

    assert [] == scan(repo.path, Scope.STAGED).blobs


def test_a_broken_index_is_an_error(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"a": "x\n"})
    (repo.git_dir / "index").write_bytes(b"not an index at all, but long enough to be one")

    with pytest.raises(SourceError, match="the index cannot be read"):
        scan(repo.path, Scope.STAGED)


class TestHooksOwnIndex:
    """`git commit FILE` runs its hook with an index of its own, and names it in the environment."""

    def test_it_is_read(self, make_repo: MakeRepo, scan: ScanTarget, monkeypatch: pytest.MonkeyPatch) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        repo.write({"a": "committed by name\n", "b": "only staged\n"})
        repo.git("add", "b")
        normal = (repo.git_dir / "index").read_bytes()
        repo.git("reset", "--quiet")
        repo.git("add", "a")
        (repo.git_dir / "index").rename(repo.git_dir / "next-index-1.lock")
        (repo.git_dir / "index").write_bytes(normal)
        monkeypatch.chdir(repo.path)
        monkeypatch.setenv("GIT_INDEX_FILE", ".git/next-index-1.lock")

        assert {b"a": b"committed by name\n"} == scan(".", Scope.STAGED).files()

    def test_one_of_another_repository_is_not(
        self, make_repo: MakeRepo, scan: ScanTarget, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repo, other = make_repo(), make_repo("other")
        for one, name in ((repo, "mine"), (other, "theirs")):
            one.write({name: "x\n"})
            one.git("add", "--all")
        monkeypatch.setenv("GIT_INDEX_FILE", os.fspath(other.git_dir / "index"))
        monkeypatch.setenv("GIT_DIR", os.fspath(other.git_dir))

        assert {b"mine"} == scan(repo.path, Scope.STAGED).files().keys()
