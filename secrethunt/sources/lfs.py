# SPDX-License-Identifier: Apache-2.0
"""
Owns Git LFS: telling a pointer from a file, and finding what it stands for among the objects already here. Downloads
nothing. Format: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

import os
import re

_MAX_POINTER = 1024
_SPECS = (b"version https://git-lfs.github.com/spec/v1\n", b"version https://hawser.github.com/spec/v1\n")
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})\r?$", re.MULTILINE)


def pointer_oid(data: bytes) -> str | None:
    """SHA-256 of the content that a pointer stands for; None when *data* is no pointer."""
    if len(data) >= _MAX_POINTER or not data.startswith(_SPECS):
        return None
    match = _OID.search(data)
    return match[1].decode() if match else None


class LfsStore:
    """The LFS objects that a repository has on this machine."""

    def __init__(self, common_dir: bytes | None) -> None:
        self._objects = None if common_dir is None else os.path.join(common_dir, b"lfs", b"objects")

    def find(self, oid: str) -> bytes | None:
        """The file that holds the object, or None when it was not downloaded, or there is no repository."""
        if self._objects is None:
            return None
        name = oid.encode()
        path = os.path.join(self._objects, name[:2], name[2:4], name)
        return path if os.path.isfile(path) else None
