# SPDX-License-Identifier: Apache-2.0
"""
Owns the state file: named byte strings with their checksums, in one file that appears whole or not at all. Knows
nothing of what is in them.

Layout: magic, length of the header (uint32, big-endian), BLAKE2b of the header, the header (JSON), the sections.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.errors import UsageError

_MAGIC = b"secrethunt state\0"
"""The NUL makes the file binary to our own scans, should it lie in the tree that is scanned."""
_FORMAT = 1
_DIGEST = 32
_HEADER_AT = len(_MAGIC) + 4 + _DIGEST
_MAX_HEADER = 1 << 20


class Damaged(Exception):
    """A section or the header is not what was written. Ends as a note, and everything is scanned again."""


@dataclass(frozen=True, slots=True)
class StateFile:
    """A state file that was read; sections are checked when they are asked for."""

    _content: bytes
    _sections: Mapping[str, tuple[int, int, str]]
    """Offset, size and BLAKE2b by name."""

    def section(self, name: str) -> bytes:
        """
        One section's bytes.

        Raises:
            Damaged: It is not there, or not as it was written.
        """
        try:
            offset, size, digest = self._sections[name]
        except KeyError:
            raise Damaged(f"it has no section {name}") from None
        data = self._content[offset : offset + size]
        if len(data) != size or _digest(data).hex() != digest:
            raise Damaged(f"its section {name} is not what was written")
        return data


def check_path(path: str) -> None:
    """
    Make sure, before anything is scanned, that a state can be kept at *path*.

    Raises:
        UsageError: It cannot, or something else is there.
    """
    directory = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(directory):
        raise UsageError(f"--state {path}: there is no directory {directory}", hint="Create it first.")
    try:
        status = os.stat(path)
    except FileNotFoundError:
        pass
    except OSError as err:
        raise UsageError(f"--state {path}: {err.strerror}", hint="Name a file that you may read and write.") from err
    else:
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"--state {path}: not a regular file", hint="Name a file that only secrethunt writes.")
        if status.st_size and not _has_magic(path):
            raise UsageError(
                f"--state {path}: not a state file of secrethunt, so it is left alone",
                hint="Name another file; it is created when it is not there.",
            )
    if not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(f"--state {path}: cannot write to {directory}", hint="Name a file where you may write.")


def read_state(path: str) -> StateFile | None:
    """
    The state at *path*, None where there is none yet.

    Raises:
        Damaged: It is damaged, of another format, or others may write it.
    """
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
    except FileNotFoundError:
        return None
    except OSError as err:
        raise Damaged(f"it cannot be read: {err.strerror}") from err
    if not content:
        return None
    if os.name == "posix" and (
        status.st_uid not in (0, os.geteuid()) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ):
        raise Damaged("others may write it, and could hide secrets that way")
    return StateFile(content, _parse_header(content))


def write_state(path: str, sections: Mapping[str, bytes]) -> None:
    """
    Replace the state at *path*: readers see the old or the new one, whole; of two writers the last one's stays.

    Raises:
        OSError: It cannot be written; what was there stays.
    """
    path = os.path.realpath(path)
    offset = 0
    table = {}
    for name, data in sections.items():
        table[name] = offset, len(data), _digest(data).hex()
        offset += len(data)
    header = json.dumps({"format": _FORMAT, "sections": table}).encode()
    descriptor, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_MAGIC + len(header).to_bytes(4, "big") + _digest(header) + header)
            file.writelines(sections.values())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _has_magic(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError as err:
        raise UsageError(f"--state {path}: {err.strerror}", hint="Name a file that you may read and write.") from err


def _parse_header(content: bytes) -> dict[str, tuple[int, int, str]]:
    size = int.from_bytes(content[len(_MAGIC) : len(_MAGIC) + 4], "big")
    header = content[_HEADER_AT : _HEADER_AT + min(size, _MAX_HEADER)]
    if not content.startswith(_MAGIC) or len(header) != size:
        raise Damaged("it is cut short")
    if _digest(header) != content[len(_MAGIC) + 4 : _HEADER_AT]:
        raise Damaged("its header is not what was written")
    fields: dict[str, Any] = json.loads(header)
    if fields["format"] != _FORMAT:
        raise Damaged("another version of secrethunt wrote it")
    start = _HEADER_AT + size
    return {name: (start + offset, size, digest) for name, (offset, size, digest) in fields["sections"].items()}


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST).digest()
