# SPDX-License-Identifier: Apache-2.0
"""Plain directories and single files."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secrethunt.coverage import Skip
from secrethunt.errors import SourceError
from secrethunt.records import Blob, BlobId, BlobKind, Provenance
from secrethunt.sources import BlobKey, Ledger, SourceOptions, open_source

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.sources.conftest import ScanTarget


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small directory."""
    for name, data in {"b.txt": b"bee\n", "a.txt": b"ay\n", "sub/c.bin": bytes(range(256)), "sub/empty": b""}.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_bytes(data)
    return tmp_path / "root"


def test_every_file_is_read_in_sorted_order(root: Path, scan: ScanTarget) -> None:
    scanned = scan(root)

    expected = [
        Blob(b"ay\n", BlobKind.FILE, b"a.txt"),
        Blob(b"bee\n", BlobKind.FILE, b"b.txt"),
        Blob(bytes(range(256)), BlobKind.FILE, b"sub/c.bin"),
        Blob(b"", BlobKind.FILE, b"sub/empty"),
    ]
    assert expected == scanned.blobs
    assert (4, 263, {}) == (scanned.ledger.files, scanned.ledger.bytes, scanned.ledger.skipped)


def test_names_are_bytes(root: Path, scan: ScanTarget) -> None:
    (root / os.fsdecode(b"caf\xe9")).write_bytes(b"latin\n")
    (root / "caf\u00e9").write_bytes(b"utf-8\n")

    files = scan(root).files()

    assert (b"latin\n", b"utf-8\n") == (files[b"caf\xe9"], files["caf\u00e9".encode()])


@pytest.mark.parametrize(
    ("typed", "prefix"),
    [
        ("root", b"root/"),
        ("root/", b"root/"),
        ("./root", b"root/"),
        ("root/sub", b"root/sub/"),
        ("root/../root", b"root/../root/"),
        ("root/a.txt", b"root/"),
        ("./root/a.txt", b"root/"),
    ],
)
def test_the_prefix_is_what_was_typed(root: Path, monkeypatch: pytest.MonkeyPatch, typed: str, prefix: bytes) -> None:
    monkeypatch.chdir(root.parent)

    source = open_source(typed, SourceOptions())

    assert prefix == source.prefix
    for blob in source.iter_blobs(Ledger()):
        assert blob.data == Path(os.fsdecode(prefix + blob.path)).read_bytes()


@pytest.mark.parametrize(("typed", "path"), [(".", b"a.txt"), ("./", b"a.txt"), ("a.txt", b"a.txt")])
def test_the_current_directory_has_no_prefix(
    root: Path, monkeypatch: pytest.MonkeyPatch, typed: str, path: bytes
) -> None:
    monkeypatch.chdir(root)

    source = open_source(typed, SourceOptions())

    assert (b"", "root") == (source.prefix, source.repository)
    assert path == next(source.iter_blobs(Ledger())).path


def test_an_absolute_target_is_prefixed_whole(root: Path) -> None:
    assert os.fsencode(root) + b"/" == open_source(str(root), SourceOptions()).prefix


def test_a_file_and_its_directory_agree_on_path_and_name(root: Path, scan: ScanTarget) -> None:
    alone = scan(root / "a.txt")

    assert {b"a.txt": b"ay\n"} == alone.files()
    assert scan(root).source.repository == alone.source.repository


def test_a_file_named_through_a_link_is_read(root: Path, scan: ScanTarget, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root / "a.txt")

    assert [b"ay\n"] == [blob.data for blob in scan(tmp_path / "link").blobs]


def test_special_files_are_named_and_never_opened(
    root: Path, scan: ScanTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "link").symlink_to("a.txt")
    (root / "linked-directory").symlink_to("sub")
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        scanned = scan(root)

    expected = {b"link", b"linked-directory", b"dangling", b"pipe", b"socket"}
    assert expected == scanned.skipped(Skip.SPECIAL_FILE)
    details = {problem.what: problem.detail for problem in scanned.ledger.problems}
    assert ("symbolic link", "named pipe", "socket") == (details[b"link"], details[b"pipe"], details[b"socket"])
    assert 4 == scanned.ledger.files


def test_a_file_over_the_limit_is_named(root: Path, scan: ScanTarget) -> None:
    scanned = scan(root, max_size=255)

    assert {b"sub/c.bin"} == scanned.skipped(Skip.TOO_LARGE)
    assert b"sub/c.bin" not in scanned.files()


def test_a_file_of_just_the_limit_is_read(root: Path, scan: ScanTarget) -> None:
    assert b"sub/c.bin" in scan(root, max_size=256).files()


def test_a_file_that_hides_its_size_is_read_whole(scan: ScanTarget) -> None:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("no /proc here")

    (blob,) = scan(status).blobs

    assert blob.data.startswith(b"Name:")
    assert len(blob.data) > 200


class TestUnreadable:
    @pytest.fixture
    def open_root(self) -> Iterator[Path]:
        """A directory that another user may enter, seen as that user when the tests run as root."""
        with tempfile.TemporaryDirectory() as name:
            path = Path(name)
            path.chmod(0o755)
            (path / "readable").write_bytes(b"x\n")
            (path / "secret").write_bytes(b"y\n")
            (path / "closed").mkdir()
            (path / "secret").chmod(0)
            (path / "closed").chmod(0)
            was = os.geteuid()
            if was == 0:
                os.seteuid(65534)
            try:
                yield path
            finally:
                os.seteuid(was)
                (path / "closed").chmod(0o700)

    def test_what_cannot_be_read_is_named_and_the_rest_is_read(self, open_root: Path, scan: ScanTarget) -> None:
        scanned = scan(open_root)

        assert {b"readable": b"x\n"} == scanned.files()
        assert {b"secret", b"closed"} == scanned.skipped(Skip.UNREADABLE)
        assert {"Permission denied"} == {problem.detail for problem in scanned.ledger.problems}

    @pytest.mark.parametrize("name", ["secret", "closed"])
    def test_a_target_that_cannot_be_read_is_an_error(self, open_root: Path, name: str) -> None:
        with pytest.raises(SourceError, match="permission denied"):
            open_source(str(open_root / name), SourceOptions())


class TestNestedRepositories:
    def test_files_are_read_and_history_is_named_once(self, root: Path, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo("root/nested")
        repo.commit({"tracked": "x\n"})

        scanned = scan(root)

        assert b"x\n" == scanned.files()[b"nested/tracked"]
        assert {b"nested"} == scanned.skipped(Skip.NESTED_REPOSITORY)
        assert not [path for path in scanned.files() if b".git" in path]

    def test_a_bare_repository_is_named_and_left_alone(self, root: Path, make_repo: MakeRepo, scan: ScanTarget) -> None:
        make_repo("root/bare.git", "--bare")

        scanned = scan(root)

        assert {b"bare.git"} == scanned.skipped(Skip.NESTED_REPOSITORY)
        assert 4 == scanned.ledger.files

    def test_a_directory_below_a_work_trees_root_is_plain(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"dir/a": "old\n"})
        repo.commit({"dir/a": "new\n"})

        scanned = scan(repo.path / "dir")

        assert {b"a": b"new\n"} == scanned.files()
        assert 0 == scanned.ledger.blobs


def test_an_lfs_pointer_outside_a_repository_is_named(root: Path, scan: ScanTarget) -> None:
    (root / "big").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 5\n" % (b"a" * 64))

    assert {b"big"} == scan(root).skipped(Skip.LFS_POINTER)


def test_a_place_is_its_path(root: Path) -> None:
    key = BlobKey(BlobKind.FILE, BlobId("0" * 40), b"a.txt")

    expected = {key: (Provenance(b"a.txt", BlobKind.FILE),)}
    assert expected == open_source(str(root), SourceOptions()).resolve([key], Ledger())
