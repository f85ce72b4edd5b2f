# SPDX-License-Identifier: Apache-2.0
"""
From a file of unknown kind to what it says: finds the importer, takes off compression, and turns whatever goes wrong
into `Unread`.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from secrethunt.errors import UsageError
from secrethunt.identity.contract import Edge, Importer, Node, Unread
from secrethunt.identity.inventory.registry import iter_importers

_HEAD = 64 * 1024
_GZIP = b"\x1f\x8b"
_LARGEST = 64 << 30
"""Bytes that a compressed file may become."""
_OF_CODE = (".git", ".gitignore", ".github", ".gitlab-ci.yml")
"""What roots of work trees hold, and folders of exports do not."""
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OSError, EOFError)
"""What reading a file that is not as documented comes to."""


@dataclass(frozen=True, slots=True)
class Export:
    """One file, and which importer reads it."""

    path: str
    """As the user gave it, or found below a folder; `-` is standard input."""
    plain: str
    """Path of the bytes as the importer wants them."""
    importer: Importer | None
    """None where nobody recognises it."""
    written_at: str
    """When the file was last changed: RFC 3339, UTC."""

    @property
    def origin(self) -> str:
        """What a later export to the same place replaces."""
        return self.path if self.path == "-" else os.path.realpath(self.path)


def is_work_tree(path: str) -> bool:
    """Whether *path* is a folder of code: a work tree of git, or what was unpacked of one."""
    return os.path.isdir(path) and any(os.path.lexists(os.path.join(path, name)) for name in _OF_CODE)


def iter_paths(paths: Iterable[str]) -> Iterator[str]:
    """
    Files as they are, folders with all files in them, hidden ones left out; of work trees of git their root alone.

    Raises:
        UsageError: There is no such file.
    """
    for path in paths:
        if path == "-" or os.path.isfile(path) or is_work_tree(path):
            yield path
        elif os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                inside = sorted(name for name in folders if not name.startswith("."))
                trees = {name for name in inside if is_work_tree(os.path.join(folder, name))}
                folders[:] = [name for name in inside if name not in trees]
                yield from (os.path.join(folder, name) for name in sorted(trees))
                yield from (os.path.join(folder, name) for name in sorted(files) if not name.startswith("."))
        else:
            raise UsageError(f"there is no file {path}", hint="Name exported files or folders of them.")


@contextlib.contextmanager
def opened_export(path: str) -> Iterator[Export]:
    """
    The file at *path*, written out while in the context where it is compressed or standard input.

    Raises:
        OSError: It cannot be read, or is too large written out.
    """
    if path == "-":
        with _written_out(sys.stdin.buffer.read) as plain:
            yield Export(path, plain, _importer(plain, ""), _time(None))
        return
    written_at = _time(os.stat(path).st_mtime)
    with open(path, "rb") as file:
        is_compressed = file.read(2) == _GZIP
    if not is_compressed:
        yield Export(path, path, _importer(path, os.path.basename(path)), written_at)
        return
    with gzip.open(path) as compressed, _written_out(compressed.read) as plain:
        name = os.path.basename(path).removesuffix(".gz")
        yield Export(path, plain, _importer(plain, name), written_at)


def is_export(path: str) -> bool:
    """Whether some importer recognises the file at *path*."""
    try:
        with opened_export(path) as export:
            return export.importer is not None
    except OSError:
        return False


def iter_items(export: Export) -> Iterator[Node | Edge | Unread]:
    """All that the file says; where it is malformed beyond its importer's patience, one last `Unread` says so."""
    assert export.importer is not None
    try:
        yield from export.importer.read(export.plain)
    except _MALFORMED as err:
        yield Unread("the rest of the file", f"it is not as {export.importer.name} should be ({type(err).__name__})")


def _importer(path: str, name: str) -> Importer | None:
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    for importer in iter_importers():
        with contextlib.suppress(*_MALFORMED):
            if importer.recognises(head, name):
                return importer
    return None


@contextlib.contextmanager
def _written_out(read: Callable[[int], bytes]) -> Iterator[str]:
    """Path of a file, readable by its owner only, with all that *read* gives; gone afterwards."""
    with tempfile.NamedTemporaryFile(prefix="secrethunt-") as file:
        size = 0
        try:
            while piece := read(1 << 20):
                size += len(piece)
                if size > _LARGEST:
                    raise OSError(errno.EFBIG, "it is too large when it is written out")
                file.write(piece)
        except (EOFError, zlib.error) as err:
            raise OSError(errno.EIO, "its compression is damaged") from err
        file.flush()
        yield file.name


def _time(stamp: float | None) -> str:
    moment = datetime.now(UTC)
    if stamp is not None:
        moment = min(moment, datetime.fromtimestamp(stamp, UTC))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
