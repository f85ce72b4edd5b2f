# SPDX-License-Identifier: Apache-2.0
"""
Owns which packs belong to an object directory, alternates included. Opens no pack.

A multi-pack-index needs no reading: it only repeats what the packs' own indexes say. Cruft packs are ordinary packs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

MAX_ALTERNATES = 5
"""git itself follows alternates no deeper."""


@dataclass(frozen=True, slots=True)
class PackFiles:
    """What an object directory and its alternates hold."""

    directories: tuple[bytes, ...]
    """Object directories in the order of search, the repository's own first; loose objects are in these too."""
    packs: tuple[bytes, ...]
    """Packs with an index, in the order of directories, by name within one."""
    without_index: tuple[bytes, ...]
    """Packs that cannot be read for want of an index."""
    missing: tuple[bytes, ...]
    """Alternates that are named and are not there, or are too deep."""


def list_packs(objects: bytes) -> PackFiles:
    """
    The packs of the object directory *objects* and of the alternates it names, recursively.

    Format: gitrepository-layout(5), `objects/info/alternates`; the environment's alternates are not looked at.
    """
    directories: list[bytes] = []
    missing: list[bytes] = []
    waiting = [(os.path.abspath(objects), 0)]
    while waiting:
        directory, depth = waiting.pop(0)
        if directory in directories:
            continue
        if depth > MAX_ALTERNATES or not os.path.isdir(directory):
            missing.append(directory)
            continue
        directories.append(directory)
        waiting.extend((alternate, depth + 1) for alternate in _read_alternates(directory))
    packs: list[bytes] = []
    without_index: list[bytes] = []
    for directory in directories:
        for path in _pack_paths(directory):
            has_index = os.path.isfile(path[: -len(b".pack")] + b".idx")
            (packs if has_index else without_index).append(path)
    return PackFiles(tuple(directories), tuple(packs), tuple(without_index), tuple(missing))


def _pack_paths(directory: bytes) -> list[bytes]:
    folder = os.path.join(directory, b"pack")
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.endswith(b".pack")]


def _read_alternates(directory: bytes) -> list[bytes]:
    """Relative paths are relative to the object directory that names them."""
    try:
        with open(os.path.join(directory, b"info", b"alternates"), "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return []
    named = [line for line in lines if line and not line.startswith(b"#")]
    return [os.path.abspath(os.path.join(directory, line)) for line in named]
