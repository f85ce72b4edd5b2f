# SPDX-License-Identifier: Apache-2.0
"""What `--head`, `--range`, `--since` and `--branch` select."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from secrethunt.coverage import Skip
from secrethunt.records import BlobKind
from secrethunt.sources import Scope

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo, RepoBuilder
    from tests.sources.conftest import ScanTarget

pytestmark = pytest.mark.usefixtures("any_backend")


class TestHead:
    def test_the_committed_files_are_read(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "old\n", "dir/sub/b": "b\n", "dir/copy": "b\n"})
        repo.commit({"a": "committed\n"})
        repo.write({"a": "on disk\n", "untracked": "y\n"})

        scanned = scan(repo.path, Scope.HEAD)

        assert {b"committed\n", b"b\n"} == scanned.contents()
        assert (2, 0, 0) == (len(scanned.blobs), scanned.ledger.files, scanned.ledger.commits)

    def test_a_submodule_is_no_file(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        commit = repo.commit({"a": "x\n"})
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},library")
        repo.git("commit", "--quiet", "--message", "with a submodule")

        scanned = scan(repo.path, Scope.HEAD)

        assert ({b"x\n"}, {}) == (scanned.contents(), scanned.ledger.skipped)

    def test_it_has_provenance(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        first = repo.commit({"a": "x\n"})
        repo.commit({"b": "y\n"})

        (place,) = scan(repo.path, Scope.HEAD).places(repo.id("HEAD:a"))

        assert (b"a", first, True) == (place.path, place.first and place.first.id, place.at_head)

    def test_absent_files_of_a_partial_clone_are_counted(
        self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path
    ) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        clone = repo.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout")

        scanned = scan(clone.path, Scope.HEAD)

        assert ([], {repo.id("HEAD:a").encode()}) == (scanned.blobs, scanned.skipped(Skip.MISSING_OBJECT))


class TestRange:
    @pytest.fixture
    def repo(self, make_repo: MakeRepo) -> RepoBuilder:
        """Three commits, of which `base` is the first."""
        repo = make_repo()
        repo.commit({"a": "a1\n", "dir/b": "b1\n"})
        repo.tag("base")
        repo.commit({"a": "a2\n"}, "second")
        repo.commit({"dir/b": "b2\n", "dir/c": "c1\n"}, "third")
        return repo

    def test_what_its_commits_add_is_read_with_their_messages(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        scanned = scan(repo.path, Scope.RANGE, revision="base..HEAD")

        assert {b"a2\n", b"b2\n", b"c1\n"} == scanned.contents()
        assert {repo.id("HEAD"), repo.id("HEAD~1")} == scanned.objects(BlobKind.COMMIT).keys()
        assert (3, 2, 0) == (scanned.ledger.blobs, scanned.ledger.commits, scanned.ledger.files)

    @pytest.mark.parametrize("revision", ["HEAD~1..", "HEAD~1..main"])
    def test_a_side_left_out_is_head(self, repo: RepoBuilder, scan: ScanTarget, revision: str) -> None:
        assert {b"b2\n", b"c1\n"} == scan(repo.path, Scope.RANGE, revision=revision).contents()

    def test_an_empty_range_has_no_commits(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        scanned = scan(repo.path, Scope.RANGE, revision="HEAD..base")

        assert ([], 0) == (scanned.blobs, scanned.ledger.commits)

    def test_what_comes_and_goes_within_is_read(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        repo.commit({"passing": "secret\n"})
        repo.commit(remove=["passing"])

        assert {b"secret\n"} == scan(repo.path, Scope.RANGE, revision="HEAD~2..HEAD").contents()

    def test_what_comes_back_or_is_copied_is_read_again(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        repo.commit({"a": "a1\n"}, "revert")
        repo.commit({"elsewhere": "c1\n"}, "copy")

        assert {b"a1\n", b"c1\n"} == scan(repo.path, Scope.RANGE, revision="HEAD~2..HEAD").contents()

    def test_of_a_merge_only_what_no_parent_has_is_read(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        repo.branch("side", "base")
        repo.commit({"side": "side\n", "dir/b": "b2\n"})
        repo.switch("main")
        repo.merge("side", files={"a": "evil\n"})

        scanned = scan(repo.path, Scope.RANGE, revision="HEAD~1..HEAD")
        merge_alone = scan(repo.path, Scope.RANGE, revision="HEAD^2..HEAD")

        assert {b"side\n", b"b2\n", b"evil\n"} == scanned.contents()
        assert {b"a2\n", b"b2\n", b"c1\n", b"evil\n"} == merge_alone.contents()

    def test_an_unrelated_beginning_adds_everything(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        repo.git("checkout", "--quiet", "--orphan", "fresh")
        repo.commit({"new": "new\n"})

        expected = {b"a2\n", b"b2\n", b"c1\n", b"new\n"}
        assert expected == scan(repo.path, Scope.RANGE, revision="base..HEAD").contents() | {b"a2\n"}
        assert b"new\n" in scan(repo.path, Scope.RANGE, revision="main..HEAD").contents()

    def test_more_commits_than_are_compared_at_once(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        stream = [b"commit refs/heads/long\ncommitter A <a@b> 1 +0000\ndata 0\nfrom base\n"]
        for number in range(300):
            text = b"content %d" % number
            stream.append(b"M 100644 inline dir/f%d\ndata %d\n%s\n" % (number % 3, len(text), text))
            stream.append(b"commit refs/heads/long\ncommitter A <a@b> 1 +0000\ndata 0\n")
        repo.git("fast-import", "--quiet", stdin=b"".join(stream))

        scanned = scan(repo.path, Scope.RANGE, revision="base..long")

        assert {b"content %d" % number for number in range(300)} == scanned.contents()
        assert 301 == scanned.ledger.commits


class TestBranch:
    @pytest.fixture
    def repo(self, make_repo: MakeRepo) -> RepoBuilder:
        """`main` and a `side` that share their first commit."""
        repo = make_repo()
        repo.commit({"a": "base\n"})
        repo.branch("side")
        repo.commit({"a": "side old\n"})
        repo.commit({"a": "side new\n"})
        repo.tag("release", "the tag's message")
        repo.switch("main")
        repo.commit({"a": "main\n"})
        return repo

    def test_everything_it_reaches_is_read(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        scanned = scan(repo.path, Scope.BRANCH, revision="side")

        assert {b"base\n", b"side old\n", b"side new\n"} == scanned.contents()
        assert (3, 3, 0, 0) == (
            scanned.ledger.blobs,
            scanned.ledger.commits,
            scanned.ledger.tags,
            scanned.ledger.files,
        )

    def test_of_a_tag_the_tag_object_too(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        scanned = scan(repo.path, Scope.BRANCH, revision="release")

        assert {repo.id("refs/tags/release")} == scanned.objects(BlobKind.TAG).keys()
        assert (3, 3) == (scanned.ledger.blobs, scanned.ledger.commits)

    def test_a_branch_goes_before_a_tag_of_the_same_name(self, repo: RepoBuilder, scan: ScanTarget) -> None:
        repo.tag("side", at="main")

        assert b"side new\n" in scan(repo.path, Scope.BRANCH, revision="side").contents()

    def test_absent_objects_of_a_partial_clone_are_counted(
        self, repo: RepoBuilder, scan: ScanTarget, tmp_path: Path
    ) -> None:
        clone = repo.clone(tmp_path / "partial", "--filter=blob:none")

        scanned = scan(clone.path, Scope.BRANCH, revision="main")

        assert {b"main\n"} == scanned.contents()
        assert {repo.id("main~1:a").encode()} == scanned.skipped(Skip.MISSING_OBJECT)
