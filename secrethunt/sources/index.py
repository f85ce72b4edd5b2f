# SPDX-License-Identifier: Apache-2.0
"""
Owns `--staged`: what the next commit would add, read from the index and the object store, never from the work tree.
"""

from __future__ import annotations

from collections.abc import Iterator

from secrethunt.coverage import Skip
from secrethunt.errors import SourceError
from secrethunt.records import Blob, BlobId, BlobKind
from secrethunt.sources.contract import Ledger
from secrethunt.sources.files import FileReader
from secrethunt.sources.git_backend import GITLINK, GitBackend, GitFailure
from secrethunt.sources.layout import GitLayout
from secrethunt.sources.lfs import LfsStore, pointer_oid


def iter_staged(backend: GitBackend, layout: GitLayout, *, max_size: int, ledger: Ledger) -> Iterator[Blob]:
    """
    A blob for each path whose staged content differs from HEAD's, in path order; all sides of a conflict.

    Raises:
        SourceError: The index cannot be read.
    """
    return iter_paths(backend, layout, _staged_paths(backend), max_size=max_size, ledger=ledger)


def iter_paths(
    backend: GitBackend, layout: GitLayout, paths: dict[str, list[bytes]], *, max_size: int, ledger: Ledger
) -> Iterator[Blob]:
    """A blob for each of the *paths* of each staged blob, by its id."""
    lfs = LfsStore(layout.common_dir)
    reader = FileReader(ledger, max_size, lfs)
    for id, _, data in backend.objects(_within_limit(backend, paths, max_size=max_size, ledger=ledger), ledger.skip):
        oid = pointer_oid(data)
        large = None if oid is None else lfs.find(oid)
        for path in paths[id]:
            ledger.files += 1
            ledger.bytes += len(data)
            yield Blob(data, BlobKind.STAGED, path, BlobId(id))
            if large is not None and (content := reader.read(large, path)) is not None:
                yield Blob(content, BlobKind.STAGED, path)
            elif oid is not None and large is None:
                ledger.skip(Skip.LFS_POINTER, path, f"object {oid}")


def _staged_paths(backend: GitBackend) -> dict[str, list[bytes]]:
    """Paths of each staged blob; both in path order."""
    try:
        entries = backend.staged(backend.head().commit)
    except GitFailure as err:
        raise SourceError(f"the index cannot be read: {err}", hint="Run git status on the repository.") from err
    paths: dict[str, list[bytes]] = {}
    for path, id, mode in sorted(set(entries)):
        if mode != GITLINK:
            paths.setdefault(id, []).append(path)
    return paths


def _within_limit(
    backend: GitBackend, paths: dict[str, list[bytes]], *, max_size: int, ledger: Ledger
) -> Iterator[str]:
    for id, _, size in backend.headers(list(paths), ledger.skip):
        if size <= max_size:
            yield id
            continue
        for path in paths[id]:
            ledger.skip(Skip.TOO_LARGE, path, f"{size} bytes")
