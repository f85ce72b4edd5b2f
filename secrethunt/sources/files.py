# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns reading one file of a disk: regular ones only, never following a symbolic link, never blocking on a pipe, and
no more than the limit. What cannot be read is noted in the ledger.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from secrethunt.coverage import Skip
from secrethunt.records import Blob, BlobKind
from secrethunt.sources.contract import Ledger
from secrethunt.sources.lfs import LfsStore, pointer_oid

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_PART = 1 << 20


class FileReader:
    """Reads files into blobs and counts them."""

    def __init__(self, ledger: Ledger, max_size: int, lfs: LfsStore) -> None:
        self._ledger = ledger
        self._max_size = max_size
        self._lfs = lfs

    def iter_blobs(self, file: bytes, path: bytes) -> Iterator[Blob]:
        """The blob of *file*, reported as *path*; behind a Git LFS pointer also what it stands for."""
        data = self.read(file, path)
        if data is None:
            return
        self._ledger.files += 1
        yield Blob(data, BlobKind.FILE, path)
        if (oid := pointer_oid(data)) is not None:
            large = self._lfs.find(oid)
            if large is None:
                self._ledger.skip(Skip.LFS_POINTER, path, f"object {oid}")
            elif (content := self.read(large, path)) is not None:
                yield Blob(content, BlobKind.FILE, path)

    def read(self, file: bytes, path: bytes) -> bytes | None:
        """All bytes of *file*, or None with the reason noted."""
        try:
            # NOTE: O_NONBLOCK keeps the open of a pipe from waiting for a writer; on a regular file it changes nothing.
            descriptor = os.open(file, _FLAGS)
        except OSError as err:
            self._refuse(file, path, err)
            return None
        try:
            return self._read_open(descriptor, path)
        except OSError as err:
            self._ledger.skip(Skip.UNREADABLE, path, err.strerror or "")
            return None
        finally:
            os.close(descriptor)

    def _read_open(self, descriptor: int, path: bytes) -> bytes | None:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            self._ledger.skip(Skip.SPECIAL_FILE, path, special_name(status.st_mode))
            return None
        if status.st_size > self._max_size:
            self._ledger.skip(Skip.TOO_LARGE, path, f"{status.st_size} bytes")
            return None
        # One byte more is asked for than there should be, so that getting less proves the end without another call.
        data = os.read(descriptor, status.st_size + 1)
        if len(data) != status.st_size:
            data += _read_rest(descriptor, self._max_size + 1 - len(data))
        if len(data) > self._max_size:
            self._ledger.skip(Skip.TOO_LARGE, path, "it grew while it was read")
            return None
        self._ledger.bytes += len(data)
        return data

    def _refuse(self, file: bytes, path: bytes, reason: OSError) -> None:
        """Note why *file* could not be opened; one that went away, or that only git's index names, is no problem."""
        try:
            mode = os.lstat(file).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError:
            mode = stat.S_IFREG
        if stat.S_ISREG(mode):
            self._ledger.skip(Skip.UNREADABLE, path, reason.strerror or "")
        else:
            self._ledger.skip(Skip.SPECIAL_FILE, path, special_name(mode))


def special_name(mode: int) -> str:
    """What a file that is not regular is called."""
    kinds = {
        stat.S_IFLNK: "symbolic link",
        stat.S_IFIFO: "named pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFBLK: "block device",
        stat.S_IFCHR: "character device",
        stat.S_IFDIR: "directory",
    }
    return kinds.get(stat.S_IFMT(mode), "special file")


def _read_rest(descriptor: int, limit: int) -> bytes:
    parts = []
    while limit > 0 and (part := os.read(descriptor, min(limit, _PART))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)
