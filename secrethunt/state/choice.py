# SPDX-License-Identifier: Apache-2.0
"""Owns one pass over a history of which part is known: what is read, and what was."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from secrethunt.pack import Kind
from secrethunt.sources.contract import PackedObjects

_SCANNED = (Kind.BLOB, Kind.COMMIT, Kind.TAG)


class KnownChoice:
    """`sources.contract.Choice` of the objects that *is_wanted* says; ids are binary."""

    def __init__(self, is_wanted: Callable[[bytes], bool]) -> None:
        self._is_wanted = is_wanted
        self.present: set[bytes] = set()
        """Every object of the repository that could be scanned."""
        self.chosen: set[bytes] = set()
        self.read: set[bytes] = set()
        self.pointers: dict[bytes, str] = {}

    def wants(self, id: str) -> bool:
        """Asked of each object that is in no pack, or of all where packs are not walked."""
        name = bytes.fromhex(id)
        self.present.add(name)
        if self._is_wanted(name):
            self.chosen.add(name)
            return True
        return False

    def wanted(self, packed: PackedObjects) -> bytes:
        """Of all packs. What is broken beyond telling its kind is always asked for, so that it is reported again."""
        size = packed.hash_size
        chosen: list[bytes] = []
        for kind in _SCANNED:
            joined = packed.packs.ids(kind)
            ids = [joined[at : at + size] for at in range(0, len(joined), size)]
            self.present.update(ids)
            chosen.extend(filter(self._is_wanted, ids))
        self.chosen.update(chosen)
        return b"".join([*chosen, packed.packs.ids(Kind.NONE)])

    def note_read(self, ids: Iterable[bytes]) -> None:
        """These were scanned."""
        self.read.update(ids)

    def note_pointer(self, id: bytes, oid: str) -> None:
        """This blob is a Git LFS pointer."""
        self.pointers[id] = oid
