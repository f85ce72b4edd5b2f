# SPDX-License-Identifier: Apache-2.0
"""What a target on the command line is taken for."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secrethunt.coverage import Skip
from secrethunt.errors import SourceError
from secrethunt.records import Blob, BlobId, BlobKind, Provenance
from secrethunt.sources import BlobKey, Ledger, Scope, SourceOptions, open_source

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.sources.conftest import ScanTarget


class TestStandardInput:
    @pytest.fixture
    def stdin(self, monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
        """What standard input holds."""
        stream = io.BytesIO(b"piped\n")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        return stream

    @pytest.mark.usefixtures("stdin")
    def test_it_is_one_blob(self, scan: ScanTarget) -> None:
        scanned = scan("-")

        assert [Blob(b"piped\n", BlobKind.STREAM, b"-")] == scanned.blobs
        assert (1, 6, "-", b"") == (
            scanned.ledger.files,
            scanned.ledger.bytes,
            scanned.source.repository,
            scanned.source.prefix,
        )

    @pytest.mark.usefixtures("stdin")
    def test_it_is_named_when_over_the_limit(self, scan: ScanTarget) -> None:
        scanned = scan("-", max_size=5)

        assert ([], {b"-"}) == (scanned.blobs, scanned.skipped(Skip.TOO_LARGE))

    def test_it_is_named_when_closed(self, scan: ScanTarget, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", None)

        assert {b"-"} == scan("-").skipped(Skip.UNREADABLE)

    def test_its_place_is_its_name(self) -> None:
        key = BlobKey(BlobKind.STREAM, BlobId(""), b"-")

        expected = {key: (Provenance(b"-", BlobKind.STREAM),)}
        assert expected == open_source("-", SourceOptions()).resolve([key], Ledger())


class TestPipes:
    def test_a_pipe_named_as_target_is_read_to_its_end(self, tmp_path: Path, scan: ScanTarget) -> None:
        read_end, write_end = os.pipe()
        with os.fdopen(read_end, "rb"):
            writer = threading.Thread(target=_write_and_close, args=(write_end, b"x" * 100_000))
            writer.start()
            scanned = scan(f"/dev/fd/{read_end}")
            writer.join()

        assert [100_000] == [len(blob.data) for blob in scanned.blobs]

    def test_a_pipe_that_nobody_writes_to_is_empty(self, tmp_path: Path, scan: ScanTarget) -> None:
        os.mkfifo(tmp_path / "pipe")

        assert [b""] == [blob.data for blob in scan(tmp_path / "pipe").blobs]


def _write_and_close(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


class TestErrors:
    def test_a_missing_target_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"nowhere: No such file or directory") as caught:
            open_source(str(tmp_path / "nowhere"), SourceOptions())

        assert "Check the path, and that you may read it." == caught.value.hint()

    def test_a_socket_is_no_target(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
            with pytest.raises(SourceError, match="neither a file nor a directory"):
                open_source("socket", SourceOptions())

    @pytest.mark.parametrize("scope", [Scope.HEAD, Scope.RANGE, Scope.BRANCH, Scope.STAGED])
    @pytest.mark.parametrize("name", ["plain", "plain/file", "-"])
    def test_history_options_need_a_repository(self, tmp_path: Path, name: str, scope: Scope) -> None:
        (tmp_path / "plain").mkdir()
        (tmp_path / "plain/file").touch()
        target = name if name == "-" else str(tmp_path / name)

        with pytest.raises(SourceError, match=f"{target}: --[a-z]+ needs a git repository") as caught:
            open_source(target, SourceOptions(scope=scope, revision="A..B"))

        assert "name the root of a git repository" in caught.value.hint()

    def test_the_hint_names_the_work_tree_around(self, make_repo: MakeRepo) -> None:
        repo = make_repo()
        repo.commit({"dir/a": "x\n"})

        with pytest.raises(SourceError) as caught:
            open_source(str(repo.path / "dir"), SourceOptions(scope=Scope.HEAD))

        assert f"It lies in the work tree {repo.path}; name that instead." == caught.value.hint()

    @pytest.mark.parametrize("scope", [Scope.WORKTREE, Scope.STAGED])
    def test_a_bare_repository_has_no_files(self, make_repo: MakeRepo, scope: Scope) -> None:
        repo = make_repo("bare.git", "--bare")

        with pytest.raises(SourceError, match="has no work tree"):
            open_source(repo.target, SourceOptions(scope=scope))

    def test_a_repository_that_git_refuses_is_an_error(self, make_repo: MakeRepo) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        (repo.git_dir / "config").write_text("[broken\n")

        with pytest.raises(SourceError, match="git cannot open this repository: bad config"):
            open_source(repo.target, SourceOptions())

    @pytest.mark.usefixtures("any_backend")
    @pytest.mark.parametrize("scope", [Scope.RANGE, Scope.BRANCH])
    @pytest.mark.parametrize("revision", ["nowhere", "nowhere..HEAD", "HEAD..nowhere", "--help", "", "HEAD...HEAD"])
    def test_an_unknown_revision_is_named(self, make_repo: MakeRepo, scope: Scope, revision: str) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})

        with pytest.raises(SourceError, match=r"nowhere|--help|: n") as caught:
            open_source(repo.target, SourceOptions(scope=scope, revision=revision))

        assert caught.value.hint()

    @pytest.mark.usefixtures("any_backend")
    def test_head_needs_a_commit(self, make_repo: MakeRepo) -> None:
        with pytest.raises(SourceError, match="HEAD names no commit"):
            open_source(make_repo().target, SourceOptions(scope=Scope.HEAD))

    @pytest.mark.usefixtures("without_git")
    def test_a_revision_of_a_sha256_repository_needs_git(self, make_repo: MakeRepo) -> None:
        repo = make_repo("repo", "--object-format=sha256")
        repo.commit({"a": "x\n"})

        with pytest.raises(SourceError, match="can only be read with git"):
            open_source(repo.target, SourceOptions(scope=Scope.HEAD))


class TestLinkedPlaces:
    @pytest.mark.usefixtures("any_backend")
    def test_a_linked_work_tree_is_its_repository(self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path) -> None:
        repo = make_repo()
        repo.commit({"a": "main\n"})
        linked = tmp_path / "linked"
        repo.git("worktree", "add", "--quiet", "-b", "side", str(linked))
        (linked / "b").write_text("linked only\n")

        scanned = scan(linked)

        assert {b"a": b"main\n", b"b": b"linked only\n"} == scanned.files()
        assert {b"main\n"} == scanned.contents()

    def test_a_git_file_that_leads_nowhere_leaves_a_plain_directory(self, tmp_path: Path, scan: ScanTarget) -> None:
        (tmp_path / ".git").write_text("gitdir: /nowhere\n")
        (tmp_path / "a").write_text("x\n")

        scanned = scan(tmp_path)

        assert {b"a": b"x\n"} == scanned.files()
        assert {b".git"} == scanned.skipped(Skip.UNREADABLE)


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("https://user:word@Example.com/owner/name.git", "example.com/owner/name"),
        ("git@example.com:owner/name.git", "example.com/owner/name"),
        ("../elsewhere.git", "repo"),
    ],
)
@pytest.mark.usefixtures("any_backend")
def test_a_repository_is_called_after_its_remote(make_repo: MakeRepo, remote: str, name: str) -> None:
    repo = make_repo()
    repo.git("remote", "add", "origin", remote)

    source = open_source(repo.target, SourceOptions())

    assert (name, b"") == (source.repository, source.prefix)


def test_scanning_a_plain_directory_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x\n")
    program = (
        "import sys\n"
        "from secrethunt.sources import Ledger, SourceOptions, open_source\n"
        f"source = open_source({str(tmp_path)!r}, SourceOptions())\n"
        "assert [b'x\\n'] == [blob.data for blob in source.iter_blobs(Ledger())]\n"
        "print(sorted({'pygit2', 'subprocess', 'hyperscan', 'pathlib', 'datetime', 'threading'} & set(sys.modules)))\n"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
        text=True,
    )

    assert "[]\n" == done.stdout
