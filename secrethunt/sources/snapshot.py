# SPDX-License-Identifier: Apache-2.0
"""
Owns the question whether a repository is as it was: one digest over the names of all objects, what refs and HEAD say,
and the times of its packs. Reads directories and a few small files, no object.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator

from secrethunt.pack.files import list_packs
from secrethunt.sources.git_backend import GitBackend
from secrethunt.sources.layout import GitLayout
from secrethunt.sources.lfs import LfsStore


def take_snapshot(backend: GitBackend, layout: GitLayout, pointed: Iterable[str]) -> bytes:
    """
    A digest that changes with the objects of the repository (alternates included), its refs, HEADs and stash.

    Args:
        pointed: SHA-256 of the Git LFS objects that its blobs stand for.
    """
    digest = hashlib.blake2b(digest_size=32)
    for part in _iter_parts(backend, layout, pointed):
        digest.update(repr(part).encode("utf-8", "backslashreplace") + b"\0")
    return digest.digest()


def _iter_parts(backend: GitBackend, layout: GitLayout, pointed: Iterable[str]) -> Iterator[object]:
    yield layout.common_dir, layout.git_dir, type(backend).__name__
    yield backend.config("extensions.objectformat")
    yield backend.head()
    yield [tuple(ref) for ref in backend.refs()]
    yield layout.other_heads(), layout.stash_entries(), layout.shallow_commits(), layout.is_partial()
    files = list_packs(os.path.join(layout.common_dir, b"objects"))
    yield files.directories, files.missing
    for path in (*files.packs, *files.without_index):
        yield path, _stamp(path), _stamp(path[: -len(b".pack")] + b".idx")
    for directory in files.directories:
        for prefix in _names(directory):
            if len(prefix) == 2:
                yield directory, prefix, _names(os.path.join(directory, prefix))
    store = LfsStore(layout.common_dir)
    for oid in sorted(pointed):
        large = store.find(oid)
        yield oid, None if large is None else _stamp(large)


def _stamp(path: bytes) -> tuple[int, int, int] | None:
    """What of a file changes when it is written or replaced."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def _names(directory: bytes) -> list[bytes]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
