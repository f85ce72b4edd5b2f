# SPDX-License-Identifier: Apache-2.0
"""Which files of a work tree are scanned."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secrethunt.coverage import Skip
from secrethunt.sources import Scope

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.sources.conftest import ScanTarget

pytestmark = pytest.mark.usefixtures("any_backend")


class TestSelection:
    def test_tracked_and_untracked_files_are_read_as_they_are_on_disk(
        self, make_repo: MakeRepo, scan: ScanTarget
    ) -> None:
        repo = make_repo()
        repo.commit({"tracked": "old\n", "dir/kept": "kept\n"})
        repo.write({"tracked": "changed\n", "dir/new": "new\n", "staged": "staged\n"})
        repo.git("add", "staged")
        repo.write({"staged": "changed after\n"})

        scanned = scan(repo.path, Scope.WORKTREE)

        expected = {
            b"tracked": b"changed\n",
            b"dir/kept": b"kept\n",
            b"dir/new": b"new\n",
            b"staged": b"changed after\n",
        }
        assert expected == scanned.files()
        assert (4, 0, 0) == (scanned.ledger.files, scanned.ledger.blobs, scanned.ledger.commits)
        assert sorted(expected) == [blob.path for blob in scanned.blobs]

    def test_no_filter_runs_on_a_file(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({".gitattributes": "*.txt text eol=crlf\n", "a.txt": b"x\r\ny\r\n"})

        assert b"x\r\ny\r\n" == scan(repo.path, Scope.WORKTREE).files()[b"a.txt"]

    def test_attributes_of_the_repository_do_not_hide_a_file(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({".gitattributes": "* binary -diff linguist-generated export-ignore\n", "a": "x\n"})

        scanned = scan(repo.path)

        assert b"x\n" == scanned.files()[b"a"]
        assert b"x\n" in scanned.contents()

    def test_a_deleted_file_is_no_problem(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n", "dir/b": "y\n"})
        (repo.path / "a").unlink()
        (repo.path / "dir/b").unlink()
        (repo.path / "dir").rmdir()
        (repo.path / "dir").write_text("now a file\n")

        scanned = scan(repo.path, Scope.WORKTREE)

        assert {b"dir": b"now a file\n"} == scanned.files()
        assert {} == scanned.ledger.skipped

    def test_a_file_in_conflict_is_read_once(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "base\n"})
        repo.branch("side")
        repo.commit({"a": "side\n"})
        repo.switch("main")
        repo.commit({"a": "main\n"})
        repo.git("merge", "side", fails=True)

        scanned = scan(repo.path, Scope.WORKTREE)

        assert [b"a"] == [blob.path for blob in scanned.blobs]
        assert b"<<<<<<<" in scanned.files()[b"a"]

    def test_a_tracked_link_is_named(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        (repo.path / "link").symlink_to("/etc/hostname")
        repo.commit()

        scanned = scan(repo.path, Scope.WORKTREE)

        assert ({}, {b"link"}) == (scanned.files(), scanned.skipped(Skip.SPECIAL_FILE))

    def test_files_behind_a_linked_directory_are_not_the_work_trees(
        self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path
    ) -> None:
        repo = make_repo()
        repo.commit({"dir/sub/a": "mine\n"})
        (tmp_path / "elsewhere/sub").mkdir(parents=True)
        (tmp_path / "elsewhere/sub/a").write_text("not mine\n")
        (repo.path / "dir/sub/a").unlink()
        (repo.path / "dir/sub").rmdir()
        (repo.path / "dir").rmdir()
        (repo.path / "dir").symlink_to(tmp_path / "elsewhere")

        assert {} == scan(repo.path, Scope.WORKTREE).files()

    def test_a_pipe_in_place_of_a_file_does_not_block(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        (repo.path / "a").unlink()
        os.mkfifo(repo.path / "a")

        assert {b"a"} == scan(repo.path, Scope.WORKTREE).skipped(Skip.SPECIAL_FILE)

    def test_a_broken_index_leaves_all_files(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        (repo.git_dir / "index").write_bytes(b"not an index at all, but long enough to be one")

        scanned = scan(repo.path)

        assert {b"a": b"x\n"} == scanned.files()
        assert {b"x\n"} == scanned.contents()
        assert {b".git/index"} == scanned.skipped(Skip.UNREADABLE)


class TestIgnored:
    @pytest.fixture
    def target(self, make_repo: MakeRepo) -> Path:
        """A repository with ignored files."""
        repo = make_repo()
        repo.commit({".gitignore": "*.log\nbuild/\n", "a": "x\n"})
        repo.write({"b.log": "b\n", "build/deep/c": "c\n", "build/d": "d\n", "logs/e.log": "e\n", "mixed/f.log": "f\n"})
        repo.write({"mixed/g": "g\n"})
        return repo.path

    def test_ignored_files_are_named_with_a_directory_as_one(self, target: Path, scan: ScanTarget) -> None:
        scanned = scan(target)

        assert {b".gitignore", b"a", b"mixed/g"} == scanned.files().keys()
        skipped = scanned.skipped(Skip.IGNORED)
        assert {b"b.log", b"build/", b"mixed/f.log"} == {path for path in skipped if not path.startswith(b"logs")}
        assert 4 == scanned.ledger.skipped[Skip.IGNORED]

    def test_ignored_files_are_read_on_request(self, target: Path, scan: ScanTarget) -> None:
        scanned = scan(target, include_ignored=True)

        ignored = {b"b.log", b"build/deep/c", b"build/d", b"logs/e.log", b"mixed/f.log"}
        assert {b".gitignore", b"a", b"mixed/g"} | ignored == scanned.files().keys()
        assert {} == scanned.ledger.skipped

    def test_what_the_user_ignores_everywhere_is_scanned(
        self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "home/.config/git").mkdir(parents=True)
        (tmp_path / "home/.config/git/ignore").write_text("*\n")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
        repo = make_repo()
        repo.write({"a": "x\n"})

        assert {b"a": b"x\n"} == scan(repo.path).files()


class TestNested:
    def test_a_submodule_that_is_checked_out_is_scanned(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        library = make_repo("library")
        library.commit({"dir/lib": "in the submodule\n", ".gitignore": "*.o\n"})
        repo = make_repo()
        repo.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(library.path), "vendor/library")
        repo.commit({"a": "x\n"})
        repo.write({"vendor/library/new": "untracked in it\n", "vendor/library/x.o": "ignored in it\n"})

        scanned = scan(repo.path)

        files = scanned.files()
        assert b"in the submodule\n" == files[b"vendor/library/dir/lib"]
        assert b"untracked in it\n" == files[b"vendor/library/new"]
        assert {b"vendor/library"} == scanned.skipped(Skip.NESTED_REPOSITORY)
        assert {b"vendor/library/x.o"} == scanned.skipped(Skip.IGNORED)
        assert b"in the submodule\n" not in scanned.contents()
        assert {} == scan(repo.path, Scope.WORKTREE, include_ignored=True).ledger.skipped

    def test_a_submodule_that_is_not_checked_out_is_named(
        self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path
    ) -> None:
        library = make_repo("library")
        library.commit({"lib": "x\n"})
        repo = make_repo()
        repo.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(library.path), "library")
        repo.commit({"a": "x\n"})
        clone = repo.clone(tmp_path / "clone")

        scanned = scan(clone.path)

        assert {b"library"} == scanned.skipped(Skip.SUBMODULE)
        assert {b".gitmodules", b"a"} == scanned.files().keys()

    def test_an_untracked_repository_is_scanned_with_its_own_rules(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        nested = make_repo("repo/nested")
        nested.commit({".gitignore": "*.log\n", "b": "y\n"})
        nested.write({"c.log": "z\n"})

        scanned = scan(repo.path)

        assert {b"a", b"nested/.gitignore", b"nested/b"} == scanned.files().keys()
        assert {b"nested"} == scanned.skipped(Skip.NESTED_REPOSITORY)
        assert {b"nested/c.log"} == scanned.skipped(Skip.IGNORED)

    def test_an_untracked_repository_that_git_refuses_is_scanned_as_a_directory(
        self, make_repo: MakeRepo, scan: ScanTarget
    ) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        nested = make_repo("repo/nested")
        nested.commit({"b": "y\n"})
        (nested.git_dir / "config").write_text("[broken\n")

        assert {b"a": b"x\n", b"nested/b": b"y\n"} == scan(repo.path).files()
