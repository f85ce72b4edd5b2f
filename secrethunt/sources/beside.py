# SPDX-License-Identifier: Apache-2.0
"""
Owns a second look at the small files of one directory, for what completes a credential found there: account ids, hosts.
Counts nothing and notes nothing: the scan itself has read these files and said what it could not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from secrethunt.records import Blob
from secrethunt.sources.contract import Ledger
from secrethunt.sources.files import FileReader
from secrethunt.sources.lfs import LfsStore

MOST_FILES = 64
"""Files read of a directory, the first by name."""
LARGEST = 256 * 1024
"""Larger files are not configuration."""


def iter_directory(root: bytes, path: bytes) -> Iterator[Blob]:
    """The regular files in the directory of *path*, which lies below *root*, in order of name."""
    directory = os.path.dirname(path)
    try:
        with os.scandir(os.path.join(root, directory)) as listing:
            names = [entry.name for entry in listing if entry.is_file(follow_symlinks=False)]
    except OSError:
        return
    yield from iter_named(root, (os.path.join(directory, name) for name in names))


def iter_named(root: bytes, paths: Iterable[bytes]) -> Iterator[Blob]:
    """The files at *paths* below *root*, in order of name, as far as they can be read."""
    reader = FileReader(Ledger(), LARGEST, LfsStore(None))
    for path in sorted(paths)[:MOST_FILES]:
        yield from reader.iter_blobs(os.path.join(root, path), path)
