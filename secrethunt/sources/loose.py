# SPDX-License-Identifier: Apache-2.0
"""
Owns reading loose objects, each a file of its own. Needed beside libgit2, which never returns from a truncated one
(seen with 1.9). Format: gitformat-loose(5).
"""

from __future__ import annotations

import os
import zlib

from secrethunt.sources.git_backend import ObjectType
from secrethunt.sources.layout import GitLayout

_MAX_HEADER = 64
_MAX_ALTERNATES = 100


class LooseError(ValueError):
    """A loose object is there and broken."""


class LooseObjects:
    """The loose objects of a repository and of the stores that it borrows from."""

    def __init__(self, layout: GitLayout) -> None:
        self._directories = _object_directories(os.path.join(layout.common_dir, b"objects"))

    def read(self, id: str) -> tuple[ObjectType, bytes] | None:
        """
        Type and contents; None when no loose object has this id.

        Raises:
            LooseError: Truncated, not inflatable, or of another size than it says.
        """
        name = os.path.join(id[:2].encode(), id[2:].encode())
        for directory in self._directories:
            try:
                with open(os.path.join(directory, name), "rb") as file:
                    return _parse(file.read())
            except FileNotFoundError:
                continue
            except OSError as err:
                raise LooseError(err.strerror) from err
        return None


def _parse(stored: bytes) -> tuple[ObjectType, bytes]:
    inflater = zlib.decompressobj()
    try:
        start = inflater.decompress(stored, _MAX_HEADER)
        header, _, data = start.partition(b"\0")
        type, _, size = header.partition(b" ")
        # One byte more than announced may come, so that a longer object shows; a bomb does not get further.
        data += inflater.decompress(inflater.unconsumed_tail, max(1, int(size) - len(data) + 1))
        if len(data) != int(size) or not inflater.eof:
            raise LooseError("its size is not what it says")
        return ObjectType(type), data
    except (zlib.error, ValueError) as err:
        raise LooseError(str(err)) from err


def _object_directories(first: bytes) -> list[bytes]:
    """*first* and its alternates, and theirs."""
    directories = [first]
    for directory in directories:
        try:
            with open(os.path.join(directory, b"info", b"alternates"), "rb") as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        found = [os.path.normpath(os.path.join(directory, line)) for line in lines if line and line[:1] != b"#"]
        directories.extend(path for path in found if path not in directories)
        if len(directories) > _MAX_ALTERNATES:
            break
    return directories
