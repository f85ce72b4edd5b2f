# SPDX-License-Identifier: Apache-2.0
"""Nothing that a scanned repository names is run, and nothing is fetched."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secrethunt.records import BlobId, BlobKind
from secrethunt.sources import BlobKey, Scope
from secrethunt.sources.hardening import find_git

if TYPE_CHECKING:
    from tests.conftest import MakeRepo, RepoBuilder
    from tests.sources.conftest import ScanTarget

_PROGRAMS = """
[core]
    fsmonitor = {program}
    hooksPath = {hooks}
    sshCommand = {program}
    askPass = {program}
    pager = {program}
    editor = {program}
    gitProxy = {program}
    alternateRefsCommand = {program}
[diff]
    external = {program}
[diff "evil"]
    command = {program}
    textconv = {program}
    cachetextconv = false
[filter "evil"]
    clean = {program}
    smudge = {program}
    process = {program}
    required = true
[merge "evil"]
    driver = {program}
[credential]
    helper = !{program}
[gpg]
    program = {program}
[pager]
    ls-files = {program}
    rev-list = {program}
    cat-file = {program}
[alias]
    cat-file = !{program}
    ls-files = !{program}
[uploadpack]
    packObjectsHook = {program}
[extensions]
    partialClone = origin
[remote "origin"]
    url = ext::{program}
    uploadpack = {program}
    promisor = true
    vcs = evil
[protocol]
    allow = always
[protocol "ext"]
    allow = always
"""


class Trap:
    """A program that leaves a mark when it is run, and a repository that names it everywhere."""

    def __init__(self, repo: RepoBuilder, where: Path) -> None:
        self._mark = where / "mark"
        program = where / "program"
        program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{self._mark}'\ncat\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        hooks = where / "hooks"
        hooks.mkdir()
        names = ["pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman", "post-checkout"]
        for name in names:
            (hooks / name).symlink_to(program)
            (repo.git_dir / "hooks" / name).unlink(missing_ok=True)
            (repo.git_dir / "hooks" / name).symlink_to(program)
        config = repo.git_dir / "config"
        config.write_text(config.read_text() + _PROGRAMS.format(program=program, hooks=hooks))

    def marks(self) -> str:
        """What was run."""
        return self._mark.read_text() if self._mark.exists() else ""


@pytest.fixture
def trapped(make_repo: MakeRepo, tmp_path: Path) -> tuple[RepoBuilder, Trap]:
    """A repository with history, changes and absent promised objects, set with traps."""
    repo = make_repo()
    repo.commit({".gitattributes": "*.txt filter=evil diff=evil merge=evil\n", "a.txt": "one\n", "b": "b\n"})
    repo.commit({"a.txt": "two\n"})
    repo.tag("v1", "message")
    lost = repo.id("HEAD~1:a.txt")
    repo.write({"a.txt": "changed\n", "new.txt": "new\n"})
    repo.git("add", "new.txt")
    (repo.git_dir / "objects" / lost[:2] / lost[2:]).unlink()
    where = tmp_path / "trap"
    where.mkdir()
    pack = repo.git_dir / "objects/pack"
    pack.mkdir(exist_ok=True)
    (pack / "pack-0.promisor").touch()
    return repo, Trap(repo, where)


def test_the_trap_works(trapped: tuple[RepoBuilder, Trap]) -> None:
    repo, trap = trapped

    repo.git("status", fails=True)

    assert "" != trap.marks()


@pytest.mark.usefixtures("any_backend")
@pytest.mark.parametrize(
    ("scope", "revision"),
    [
        (Scope.ALL, ""),
        (Scope.WORKTREE, ""),
        (Scope.HEAD, ""),
        (Scope.RANGE, "HEAD~1..HEAD"),
        (Scope.BRANCH, "v1"),
        (Scope.STAGED, ""),
    ],
)
def test_no_program_of_the_repository_runs(
    trapped: tuple[RepoBuilder, Trap], scan: ScanTarget, scope: Scope, revision: str
) -> None:
    repo, trap = trapped

    scanned = scan(repo.path, scope, revision=revision, include_ignored=True)
    keys = [BlobKey(blob.kind, BlobId(blob.id or ""), blob.path) for blob in scanned.blobs]
    places = scanned.source.resolve(keys, scanned.ledger)

    assert set(keys) == places.keys()
    assert [] != scanned.blobs
    assert "" == trap.marks()


@pytest.mark.usefixtures("any_backend")
def test_replaced_objects_are_read_as_they_are(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"a": "hidden\n"})
    blob = repo.id("HEAD:a")
    repo.git("replace", blob, repo.git("hash-object", "-w", "--stdin", stdin=b"harmless\n"))

    scanned = scan(repo.path)

    assert b"hidden\n" == scanned.objects()[blob]
    assert b"hidden\n" in scan(repo.path, Scope.HEAD).contents()


@pytest.mark.usefixtures("any_backend")
def test_the_callers_git_variables_do_not_count(
    make_repo: MakeRepo, scan: ScanTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, other = make_repo(), make_repo("other")
    repo.commit({"a": "mine\n"})
    other.commit({"b": "theirs\n"})
    monkeypatch.setenv("GIT_DIR", os.fspath(other.git_dir))
    monkeypatch.setenv("GIT_WORK_TREE", os.fspath(other.path))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", os.fspath(other.git_dir / "objects"))
    monkeypatch.setenv("GIT_NAMESPACE", "elsewhere")

    scanned = scan(repo.path)

    assert ({b"a": b"mine\n"}, {b"mine\n"}) == (scanned.files(), scanned.contents())


def test_a_git_planted_in_the_current_directory_is_not_run(
    make_repo: MakeRepo, scan: ScanTarget, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repo = make_repo()
    repo.commit({"a": "x\n"})
    repo.write({"git": f"#!/bin/sh\ntouch '{tmp_path}/mark'\n"})
    (repo.path / "git").chmod(0o755)
    monkeypatch.chdir(repo.path)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")

    scan(".")

    assert not (tmp_path / "mark").exists()
    assert os.path.isabs(find_git() or "")


@pytest.mark.usefixtures("any_backend")
def test_scanning_writes_nothing(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"a": "x\n"})
    repo.write({"a": "y\n", "b": "z\n"})
    repo.git("add", "b")
    scan(repo.path)  # which may pack first
    before = _state(repo.path)

    scanned = scan(repo.path)
    scanned.places(repo.id("HEAD:a"))
    scan(repo.path, Scope.STAGED)

    assert before == _state(repo.path)


def _state(root: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("any_backend")
def test_a_commit_that_looks_like_an_option_is_no_option(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    repo.commit({"--output=a": "x\n", ":(glob)**": "y\n"})

    scanned = scan(repo.path)

    assert {b"--output=a": b"x\n", b":(glob)**": b"y\n"} == scanned.files()
    assert BlobKind.HISTORY in {blob.kind for blob in scanned.blobs}
