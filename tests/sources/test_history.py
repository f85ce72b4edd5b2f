# SPDX-License-Identifier: Apache-2.0
"""What of a repository's history is read: everything, once, whichever ref or none reaches it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secrethunt.coverage import Skip
from secrethunt.records import BlobKind

if TYPE_CHECKING:
    from tests.conftest import MakeRepo, RepoBuilder
    from tests.sources.conftest import ScanTarget


def _all_objects(repo: RepoBuilder) -> dict[str, set[str]]:
    """Ids by type, as git lists them."""
    found: dict[str, set[str]] = {"blob": set(), "commit": set(), "tag": set(), "tree": set()}
    for line in repo.git("cat-file", "--batch-all-objects", "--batch-check").splitlines():
        id, type, _ = line.split()
        found[type].add(id)
    return found


@pytest.mark.usefixtures("any_backend")
class TestEveryObject:
    def test_every_blob_commit_and_tag_is_read_once(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a.txt": "one\n", "dir/b.txt": "two\n"})
        repo.branch("side")
        repo.commit({"a.txt": "side\n"})
        repo.switch("main")
        repo.commit({"dir/b.txt": "three\n"})
        repo.merge("side", files={"a.txt": "evil\n"})
        repo.tag("v1", "first release")
        repo.rename("dir/b.txt", "dir/c.txt")
        repo.note("a note")
        repo.stash({"a.txt": "stashed\n", "new.txt": "stashed too\n"})
        repo.amend({"a.txt": "amended\n"})
        expected = _all_objects(repo)

        scanned = scan(repo.path)

        in_history = [blob for blob in scanned.blobs if blob.kind is not BlobKind.FILE]
        assert len(in_history) == len({blob.id for blob in in_history})
        assert expected["blob"] == scanned.objects().keys()
        assert expected["commit"] == scanned.objects(BlobKind.COMMIT).keys()
        assert expected["tag"] == scanned.objects(BlobKind.TAG).keys()
        counted = (scanned.ledger.blobs, scanned.ledger.commits, scanned.ledger.tags)
        assert (len(expected["blob"]), len(expected["commit"]), len(expected["tag"])) == counted

    def test_contents_are_what_was_committed(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.git("config", "core.autocrlf", "false")
        binary = bytes(range(256)) * 5
        repo.commit({"crlf.txt": b"a\r\nb\r\n", "bin": binary, "empty": b""})

        assert {b"a\r\nb\r\n", binary, b""} == scan(repo.path).contents()

    def test_what_a_merge_alone_adds_is_read(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "base\n"})
        repo.branch("side")
        repo.commit({"b": "side\n"})
        repo.switch("main")
        repo.commit({"c": "main\n"})
        repo.merge("side", files={"a": "only in the merge\n"})
        repo.commit({"a": "gone again\n"})

        assert b"only in the merge\n" in scan(repo.path).contents()

    def test_what_no_ref_reaches_is_read(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "kept\n"})
        repo.commit({"a": "dangling\n"}, "before amending")
        repo.amend({"a": "after\n"})
        repo.git("hash-object", "-w", "--stdin", stdin=b"never committed\n")

        scanned = scan(repo.path)

        assert {b"kept\n", b"dangling\n", b"after\n", b"never committed\n"} == scanned.contents()

    def test_commit_and_tag_objects_are_handed_over_raw(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        commit = repo.commit({"a": "x"}, "the message", author=("Somebody", "some@example.com"))
        tag = repo.tag("v1", "the tag's message")

        scanned = scan(repo.path)

        assert repo.git("cat-file", "commit", commit) == scanned.objects(BlobKind.COMMIT)[commit].decode().strip()
        assert repo.git("cat-file", "tag", tag) == scanned.objects(BlobKind.TAG)[tag].decode().strip()

    @pytest.mark.parametrize("is_packed", [False, True], ids=["loose", "packed"])
    def test_loose_and_packed_objects_are_the_same(
        self, make_repo: MakeRepo, scan: ScanTarget, *, is_packed: bool
    ) -> None:
        repo = make_repo()
        versions = {b"line\n" * 100 + b"%d\n" % number for number in range(20)}
        for version in sorted(versions):
            repo.commit({"a": version})
        if is_packed:
            repo.pack()
            assert not list(repo.git_dir.glob("objects/??/*"))

        assert versions == scan(repo.path).contents()

    def test_an_object_that_is_both_loose_and_packed_is_read_once(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        repo.git("repack", "-a", "--quiet")

        ids = [blob.id for blob in scan(repo.path).blobs if blob.kind is BlobKind.HISTORY]

        assert len(ids) == 1

    def test_bare_and_mirror_repositories_have_history_only(
        self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path
    ) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        repo.git("update-ref", "refs/pull/1/head", "HEAD")
        repo.clone(tmp_path / "bare.git", "--bare")
        repo.clone(tmp_path / "mirror.git", "--mirror")

        for name in ("bare.git", "mirror.git"):
            scanned = scan(tmp_path / name)
            assert 0 == scanned.ledger.files
            assert {b"x\n"} == scanned.contents()

    def test_the_git_directory_itself_is_a_repository_without_work_tree(
        self, make_repo: MakeRepo, scan: ScanTarget
    ) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})

        scanned = scan(repo.git_dir)

        assert (0, 1) == (scanned.ledger.files, scanned.ledger.blobs)
        assert "repo" == scanned.source.repository

    def test_a_repository_without_commits_has_files_only(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.write({"a": "x\n"})

        scanned = scan(repo.path)

        assert {b"a": b"x\n"} == scanned.files()
        assert (0, 0, {}) == (scanned.ledger.blobs, scanned.ledger.commits, scanned.ledger.skipped)

    def test_objects_of_an_alternate_are_read(self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path) -> None:
        repo = make_repo()
        repo.commit({"a": "borrowed\n"})
        borrower = repo.clone(tmp_path / "borrower", "--reference", str(repo.path))
        assert (borrower.git_dir / "objects/info/alternates").exists()

        assert {b"borrowed\n"} == scan(borrower.path).contents()

    def test_an_object_over_the_limit_is_named_and_not_read(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"big": b"x" * 5000, "small": "y\n"})
        big = repo.id("HEAD:big")

        scanned = scan(repo.git_dir, max_size=1000)

        assert {b"y\n"} == scanned.contents()
        assert {big.encode()} == scanned.skipped(Skip.TOO_LARGE)

    def test_the_text_of_a_symbolic_link_is_a_blob_of_history(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        (repo.path / "link").symlink_to("where/it/points")
        repo.commit()

        scanned = scan(repo.path)

        assert {b"where/it/points"} == scanned.contents()
        assert {b"link"} == scanned.skipped(Skip.SPECIAL_FILE)

    def test_progress_knows_all_bytes_once_history_is_listed(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "x" * 100})

        ledger = scan(repo.path).ledger

        assert ledger.total_bytes == ledger.bytes
        assert ledger.bytes > 200

    def test_a_repository_of_another_user_is_read(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        _give_away(repo.path)

        scanned = scan(repo.path)

        assert {b"x\n"} == scanned.contents()
        assert {b"a": b"x\n"} == scanned.files()


class TestShallowAndPartial:
    def test_a_shallow_clone_names_where_history_ends(
        self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path, any_backend: str
    ) -> None:
        repo = make_repo()
        repo.commit({"a": "old\n"})
        kept = repo.commit({"a": "new\n"})
        clone = repo.clone(tmp_path / "shallow", "--depth=1")

        scanned = scan(clone.path)

        assert {b"new\n"} == scanned.contents()
        assert {kept.encode()} == scanned.skipped(Skip.SHALLOW)
        assert {kept} == {place.first.id for place in scanned.places(repo.id("HEAD:a")) if place.first}

    def test_absent_blobs_of_a_partial_clone_are_counted_and_not_fetched(
        self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path, any_backend: str
    ) -> None:
        repo = make_repo()
        repo.commit({"a": "old\n", "gone": "promised\n"})
        repo.commit({"a": "new\n"}, remove=["gone"])
        clone = repo.clone(tmp_path / "partial", "--filter=blob:none")
        before = sorted(clone.git_dir.glob("objects/pack/*"))

        scanned = scan(clone.path)

        assert {b"new\n"} == scanned.contents()
        expected = {repo.id("HEAD~1:a").encode(), repo.id("HEAD~1:gone").encode()}
        assert expected == scanned.skipped(Skip.MISSING_OBJECT)
        assert before == sorted(clone.git_dir.glob("objects/pack/*"))

    def test_provenance_in_a_partial_clone_needs_no_absent_blob(
        self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path, any_backend: str
    ) -> None:
        repo = make_repo()
        first = repo.commit({"a": "old\n"})
        repo.commit({"b": "new\n"})
        clone = repo.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout")

        (place,) = scan(clone.path).places(repo.id("HEAD:a"))

        assert (b"a", True) == (place.path, place.at_head)
        assert place.first is not None
        assert first == place.first.id


class TestSha256:
    def test_history_and_provenance_work_with_git(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo("repo", "--object-format=sha256")
        first = repo.commit({"dir/a": "x\n"})
        repo.commit({"dir/b": "y\n"})

        scanned = scan(repo.path)

        assert {b"x\n", b"y\n"} == scanned.contents()
        (place,) = scanned.places(repo.id("HEAD:dir/a"))
        assert place.first is not None
        assert (b"dir/a", first, 64) == (place.path, place.first.id, len(first))

    @pytest.mark.usefixtures("without_git")
    def test_without_git_its_files_are_scanned_and_its_history_is_named(
        self, make_repo: MakeRepo, scan: ScanTarget
    ) -> None:
        repo = make_repo("repo", "--object-format=sha256")
        repo.commit({"dir/a": "x\n"})

        scanned = scan(repo.path)

        assert {b"dir/a": b"x\n"} == scanned.files()
        assert {Skip.BACKEND_LIMIT: 1} == scanned.ledger.skipped


def _give_away(path: Path) -> None:
    import os

    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for parent, directories, files in os.walk(path):
        for name in [".", *directories, *files]:
            os.lchown(os.path.join(parent, name), 12345, 12345)
