# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns plain directories and single files. Follows no symbolic link, opens nothing but regular files, and leaves
alone the inside of any git repository it meets: its files are scanned, its history is named as not scanned.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

from secrethunt.coverage import Skip
from secrethunt.records import Blob, BlobId, BlobKind, Provenance
from secrethunt.sources.beside import iter_directory, iter_named
from secrethunt.sources.contract import BlobKey, Ledger, no_revisions
from secrethunt.sources.files import FileReader, special_name
from secrethunt.sources.layout import is_git_dir
from secrethunt.sources.lfs import LfsStore

_GIT_DIR_NAMES = {b"HEAD", b"objects", b"refs"}


class TreeSource:
    """A directory, or one file of it."""

    packed = None

    def __init__(self, root: bytes, *, file: bytes | None, prefix: bytes, max_size: int) -> None:
        """*file* is the one name below *root* to read; None means all."""
        self._root = root
        self._file = file
        self._max_size = max_size
        self.prefix = prefix
        self.repository = os.path.basename(os.path.realpath(root)).decode(errors="backslashreplace")

    def iter_blobs(self, ledger: Ledger) -> Iterator[Blob]:
        """Every regular file, in sorted order, directory by directory."""
        reader = FileReader(ledger, self._max_size, LfsStore(None))
        if self._file is not None:
            yield from reader.iter_blobs(os.path.join(self._root, self._file), self._file)
            return
        for file, path in iter_files(self._root, b"", ledger):
            yield from reader.iter_blobs(file, path)

    def iter_beside(self, path: bytes) -> Iterator[Blob]:
        """Files of the same directory; of a file named alone, none but itself."""
        return iter_directory(self._root, path) if self._file is None else iter_named(self._root, [path])

    def resolve(self, keys: Collection[BlobKey], ledger: Ledger) -> Mapping[BlobKey, tuple[Provenance, ...]]:
        """Each file stands at its own path, nothing else is known of it."""
        return {key: (Provenance(key.path, BlobKind.FILE),) for key in keys}

    def read(self, ids: Collection[BlobId]) -> Iterator[tuple[BlobId, bytes]]:
        """A directory has no history to read again."""
        return iter(())

    def committed(self, revision: str, path: str) -> bytes | None:
        """
        Raises:
            SourceError: Always: a directory has no revisions.
        """
        raise no_revisions(os.fsdecode(self._root))


def iter_files(
    root: bytes, prefix: bytes, ledger: Ledger, *, is_repository: bool = False
) -> Iterator[tuple[bytes, bytes]]:
    """
    Each regular file below *root*: where it is, and its path behind *prefix*.

    What is not descended is noted, except *root*'s own `.git` when the caller knows it *is_repository*.
    """
    waiting = [(root, prefix)]
    while waiting:
        directory, path = waiting.pop()
        try:
            with os.scandir(directory) as listing:
                entries = sorted(listing, key=_name)
        except OSError as err:
            ledger.skip(Skip.UNREADABLE, path.rstrip(b"/") or b".", err.strerror or "")
            continue
        if _is_bare_repository(directory, entries):
            ledger.skip(Skip.NESTED_REPOSITORY, path.rstrip(b"/"), "a bare repository; scan it by itself")
            continue
        subdirectories = []
        for entry in entries:
            if entry.name == b".git":
                _note_repository(path, ledger, is_root=directory == root, is_repository=is_repository)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path, path + entry.name
            elif entry.is_dir(follow_symlinks=False):
                subdirectories.append((entry.path, path + entry.name + b"/"))
            else:
                ledger.skip(Skip.SPECIAL_FILE, path + entry.name, _special_name(entry))
        waiting.extend(reversed(subdirectories))


def _name(entry: os.DirEntry[bytes]) -> bytes:
    return entry.name


def _is_bare_repository(directory: bytes, entries: list[os.DirEntry[bytes]]) -> bool:
    return _GIT_DIR_NAMES.issubset({entry.name for entry in entries}) and is_git_dir(directory)


def _note_repository(path: bytes, ledger: Ledger, *, is_root: bool, is_repository: bool) -> None:
    if not is_root:
        ledger.skip(Skip.NESTED_REPOSITORY, path.rstrip(b"/"), "history not scanned; scan it by itself")
    elif not is_repository:
        ledger.skip(Skip.UNREADABLE, path + b".git", "names no repository, so no history was scanned")


def _special_name(entry: os.DirEntry[bytes]) -> str:
    try:
        return special_name(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return special_name(0)
