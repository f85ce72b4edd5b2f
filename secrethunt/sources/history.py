# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns the reference reading of a repository's objects: one after the other, each distinct blob, commit and tag
once, written out. What is faster must hand over the same bytes behind `History`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from secrethunt.coverage import Skip
from secrethunt.records import Blob, BlobId, BlobKind
from secrethunt.sources.commit_graph import CommitGraph, load_graph
from secrethunt.sources.contract import Choice, Ledger
from secrethunt.sources.files import FileReader
from secrethunt.sources.git_backend import GitBackend, ObjectHeader, ObjectType, Report, reported_before
from secrethunt.sources.layout import GitLayout
from secrethunt.sources.lfs import LfsStore, pointer_oid
from secrethunt.sources.trees import TreeIndex, Trees

_KINDS = {ObjectType.BLOB: BlobKind.HISTORY, ObjectType.COMMIT: BlobKind.COMMIT, ObjectType.TAG: BlobKind.TAG}
_DAMAGE = (Skip.CORRUPT_OBJECT, Skip.MISSING_OBJECT)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Ids of a store's objects other than blobs, in the order that is cheapest to read."""

    trees: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def noting(self, headers: Iterable[ObjectHeader]) -> Iterator[ObjectHeader]:
        """*headers* unchanged; each is put down as it passes."""
        lists = {ObjectType.TREE: self.trees, ObjectType.COMMIT: self.commits, ObjectType.TAG: self.tags}
        for header in headers:
            if (ids := lists.get(header.type)) is not None:
                ids.append(header.id)
            yield header


class History(Protocol):
    """All objects of a repository's store, whichever ref or none reaches them."""

    def iter_blobs(self, ledger: Ledger, choice: Choice | None = None) -> Iterator[Blob]:
        """
        Every blob, commit and tag object once, or those of *choice*; ids set, paths empty. What is in packs may be left
        to `packscan`.
        """

    def tags(self) -> Sequence[str]:
        """Ids of all tag objects."""

    def graph(self, tips: Iterable[str], report: Report) -> CommitGraph:
        """All commits, in order; *tips* are where refs end."""

    def trees(self, blobs: Sequence[str], report: Report) -> Trees:
        """Where the wanted *blobs* stand in trees; their numbers are their places in *blobs*."""


class ReferenceHistory:
    """`History` through a backend, object by object."""

    def __init__(self, backend: GitBackend, layout: GitLayout, *, max_size: int) -> None:
        self._backend = backend
        self._layout = layout
        self._objects = ObjectReader(backend, layout, max_size=max_size)
        self._inventory: Inventory | None = None

    def iter_blobs(self, ledger: Ledger, choice: Choice | None = None) -> Iterator[Blob]:
        """Every blob, commit and tag object once, in pack order; then what is known to be absent is noted."""
        for commit in self._layout.shallow_commits():
            ledger.skip(Skip.SHALLOW, commit.encode(), "its parents were not cloned")
        inventory = Inventory()
        headers = inventory.noting(self._backend.all_headers(ledger.skip))
        yield from self._objects.iter_blobs(headers, ledger, choice)
        self._inventory = inventory
        note_absent(self._backend, self._layout, ledger)

    def tags(self) -> Sequence[str]:
        """Ids of all tag objects."""
        return self._listed().tags

    def graph(self, tips: Iterable[str], report: Report) -> CommitGraph:
        """All commits, in order, each read through the backend."""
        return load_graph(self._backend, self._listed().commits, tips, report)

    def trees(self, blobs: Sequence[str], report: Report) -> Trees:
        """Where *blobs* stand; reads every tree through the backend."""
        return TreeIndex(self._backend, self._listed().trees, blobs, report)

    def _listed(self) -> Inventory:
        """What the store holds; remembered when all of it was read, else listed now."""
        if self._inventory is None:
            self._inventory = Inventory()
            for _ in self._inventory.noting(self._backend.all_headers(reported_before)):
                pass
        return self._inventory


def note_absent(backend: GitBackend, layout: GitLayout, ledger: Ledger) -> None:
    """Note what is referenced and not in the store. Asking walks all of history, so it takes a reason to ask."""
    if layout.is_partial() or any(skip in ledger.skipped for skip in _DAMAGE):
        for id in backend.absent():
            ledger.skip(Skip.MISSING_OBJECT, id.encode(), "referenced, but not in the store")


class ObjectReader:
    """Turns object headers into blobs, and counts them."""

    def __init__(self, backend: GitBackend, layout: GitLayout, *, max_size: int) -> None:
        self._backend = backend
        self._lfs = LfsStore(layout.common_dir)
        self._max_size = max_size

    def iter_blobs(
        self, headers: Iterable[ObjectHeader], ledger: Ledger, choice: Choice | None = None
    ) -> Iterator[Blob]:
        """
        The objects that *headers* list, trees excepted, or those of *choice*; one over the size limit is named and not
        read.
        """
        ids = self._select(headers, ledger, choice)
        for id, type, data in self._backend.objects(ids, ledger.skip):
            ledger.bytes += len(data)
            _count(type, ledger)
            yield Blob(data, _KINDS[type], b"", BlobId(id))
            if type is ObjectType.BLOB:
                yield from self.iter_pointed(BlobId(id), data, ledger)

    def iter_pointed(self, id: BlobId, data: bytes, ledger: Ledger) -> Iterator[Blob]:
        """What blob *id* stands for, if *data* makes it a Git LFS pointer."""
        if (oid := pointer_oid(data)) is not None:
            yield from self._iter_large(oid, id, ledger)

    def _select(self, headers: Iterable[ObjectHeader], ledger: Ledger, choice: Choice | None) -> list[str]:
        ids = []
        total = 0
        for id, type, size in headers:
            if type is ObjectType.TREE or (choice is not None and not choice.wants(id)):
                continue
            if size > self._max_size:
                ledger.skip(Skip.TOO_LARGE, id.encode(), f"{type.value.decode()} of {size} bytes")
                continue
            total += size
            ids.append(id)
        ledger.total_bytes = ledger.bytes + total
        return ids

    def _iter_large(self, oid: str, id: BlobId, ledger: Ledger) -> Iterator[Blob]:
        """What an LFS pointer stands for, under the pointer's id: its places are the pointer's."""
        file = self._lfs.find(oid)
        if file is None:
            ledger.skip(Skip.LFS_POINTER, id.encode(), f"object {oid}")
            return
        data = FileReader(ledger, self._max_size, self._lfs).read(file, id.encode())
        if data is not None:
            yield Blob(data, BlobKind.HISTORY, b"", id)


def _count(type: ObjectType, ledger: Ledger) -> None:
    if type is ObjectType.BLOB:
        ledger.blobs += 1
    elif type is ObjectType.COMMIT:
        ledger.commits += 1
    else:
        ledger.tags += 1
