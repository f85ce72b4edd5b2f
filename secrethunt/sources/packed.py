# SPDX-License-Identifier: Apache-2.0
"""
Owns a repository's history as its packs hold it: opens them, hands them to whoever scans packs, and answers provenance
from them. What no pack holds (loose objects), and what a pack cannot give, comes through the backend as ever.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from secrethunt.coverage import Skip
from secrethunt.pack import IS_NATIVE, CommitTable, Kind, PackFiles, Packs, Reason, list_packs
from secrethunt.records import Blob, BlobId
from secrethunt.sources.commit_graph import CommitGraph, RawCommits, graph_of, number_commits
from secrethunt.sources.contract import Choice, Ledger
from secrethunt.sources.git_backend import GitBackend, ObjectType, Report
from secrethunt.sources.git_objects import Commit, parse_commit
from secrethunt.sources.history import ObjectReader, note_absent
from secrethunt.sources.layout import GitLayout
from secrethunt.sources.packed_trees import PackedTreeIndex

_HASH_SIZES = {None: 20, b"sha1": 20, b"sha256": 32}
_HEX = frozenset("0123456789abcdef")


def open_packs(backend: GitBackend, layout: GitLayout, *, max_size: int, threads: int = 1) -> PackedHistory | None:
    """
    The repository's packed history, or None when it has no pack, or none in a format that we know.

    None too where the native module was not built: its twin gives the same answers, but takes twice as long as reading
    object by object does.
    """
    if not IS_NATIVE:
        return None
    files = list_packs(os.path.join(layout.common_dir, b"objects"))
    hash_size = _HASH_SIZES.get(backend.config("extensions.objectformat"))
    if not files.packs or hash_size is None:
        return None
    return PackedHistory(backend, layout, files, hash_size=hash_size, max_size=max_size, threads=threads)


class PackedHistory:
    """`History` of which the packs are scanned by `packscan` and the rest as blobs."""

    def __init__(
        self,
        backend: GitBackend,
        layout: GitLayout,
        files: PackFiles,
        *,
        hash_size: int,
        max_size: int,
        threads: int,
    ) -> None:
        self._backend = backend
        self._layout = layout
        self._files = files
        self._objects = ObjectReader(backend, layout, max_size=max_size)
        self._loose: dict[ObjectType, list[str]] | None = None
        self.hash_size = hash_size
        self.max_size = max_size
        self._threads = threads
        self.packs = Packs(files.packs, hash_size)

    def iter_blobs(self, ledger: Ledger, choice: Choice | None = None) -> Iterator[Blob]:
        """Loose objects; then what cannot be read at all is noted."""
        for commit in self._layout.shallow_commits():
            ledger.skip(Skip.SHALLOW, commit.encode(), "its parents were not cloned")
        for path, reason in self.packs.broken:
            ledger.skip(Skip.CORRUPT_OBJECT, path, Reason(reason).explain())
        for path in self._files.without_index:
            ledger.skip(Skip.CORRUPT_OBJECT, path, "the pack has no index")
        for path in self._files.missing:
            ledger.skip(Skip.MISSING_OBJECT, path, "an alternate object directory that is not there")
        ids = [id for type, ids in self._loose_ids(ledger.skip).items() if type is not ObjectType.TREE for id in ids]
        yield from self._objects.iter_blobs(self._backend.headers(ids, ledger.skip), ledger, choice)

    def iter_again(self, skips: Iterable[tuple[bytes, int]], ledger: Ledger) -> Iterator[Blob]:
        """Objects that the packs could not give, through the backend; what it cannot read either it reports."""
        ids = []
        for id, reason in skips:
            if reason == Reason.TOO_LARGE:
                ledger.skip(Skip.TOO_LARGE, id.hex().encode(), Reason(reason).explain())
            else:
                ids.append(id.hex())
        found = self._backend.headers(ids, _as_corrupt(ledger.skip))
        headers = [header for header in found if header.type is not ObjectType.TREE]
        yield from self._objects.iter_blobs(headers, ledger)
        note_absent(self._backend, self._layout, ledger)

    def iter_pointed(self, pointers: Iterable[tuple[BlobId, bytes]], ledger: Ledger) -> Iterator[Blob]:
        """What those of *pointers* stand for that are Git LFS pointers."""
        for id, data in pointers:
            yield from self._objects.iter_pointed(id, data, ledger)

    def tags(self) -> Sequence[str]:
        """Ids of all tag objects."""
        return [*self._packed_ids(Kind.TAG), *self._loose_ids(_unreported)[ObjectType.TAG]]

    def graph(self, tips: Iterable[str], report: Report) -> CommitGraph:
        """All commits, in order; *tips* are where refs end."""
        table = CommitTable.from_columns(self.packs.commits(), self.hash_size)
        # Of what is broken in one pack there may be a sound copy; and what is malformed may still name a tree.
        others = [*self._loose_ids(report)[ObjectType.COMMIT], *(id.hex() for id, _ in table.skips)]
        if not others:
            return graph_of(_columns(table), self.hash_size, tips)
        commits = dict(_parsed(table))
        for raw in self._backend.objects(others, _as_corrupt(report)):
            if (commit := parse_commit(raw.data)) is not None:
                commits.setdefault(raw.id, commit)
        return graph_of(number_commits(commits), self.hash_size, tips)

    def trees(self, blobs: Sequence[str], report: Report) -> PackedTreeIndex:
        """Where the wanted *blobs* stand in trees."""
        others = self._read_trees(self._loose_ids(report)[ObjectType.TREE], report)
        index = PackedTreeIndex(self.packs, blobs, others, threads=self._threads)
        unread = [id.hex() for id, reason in index.skips if reason != Reason.BAD_OBJECT]
        if sound := self._read_trees(unread, report):
            index = PackedTreeIndex(self.packs, blobs, [*others, *sound], threads=self._threads)
        for id, reason in index.skips:
            if reason == Reason.BAD_OBJECT:
                report(Skip.CORRUPT_OBJECT, id.hex().encode(), Reason(reason).explain())
        return index

    def _read_trees(self, ids: Sequence[str], report: Report) -> list[tuple[bytes, bytes]]:
        """Trees through the backend: (id, contents)."""
        return [(bytes.fromhex(raw.id), raw.data) for raw in self._backend.objects(ids, _as_corrupt(report))]

    def _packed_ids(self, kind: Kind) -> list[str]:
        return _hex_ids(self.packs.ids(kind), self.hash_size)

    def _loose_ids(self, report: Report) -> dict[ObjectType, list[str]]:
        """Ids of the objects that no pack holds, by type."""
        if self._loose is None:
            self._loose = {type: [] for type in ObjectType}
            ids = [id for id in _iter_loose(self._files, self.hash_size) if bytes.fromhex(id) not in self.packs]
            for header in self._backend.headers(ids, _as_corrupt(report)) if ids else ():
                self._loose[header.type].append(header.id)
        return self._loose


def _iter_loose(files: PackFiles, hash_size: int) -> Iterator[str]:
    """Ids of loose objects, each once. Format: gitrepository-layout(5), `objects/[0-9a-f][0-9a-f]`."""
    seen: set[str] = set()
    for directory in files.directories:
        for prefix in sorted(_names(directory)):
            if len(prefix) == 2 and _HEX.issuperset(prefix):
                for name in sorted(_names(os.path.join(directory, prefix.encode()))):
                    if len(name) == 2 * hash_size - 2 and _HEX.issuperset(name) and prefix + name not in seen:
                        seen.add(prefix + name)
                        yield prefix + name


def _names(directory: bytes) -> list[str]:
    try:
        return [os.fsdecode(name) for name in os.listdir(directory)]
    except OSError:
        return []


def _columns(table: CommitTable) -> RawCommits:
    """A table that is complete in itself: parents outside of it are in no store."""
    return RawCommits(table.ids, table.trees, table.parent_starts, table.parents, table.times)


def _parsed(table: CommitTable) -> Iterator[tuple[str, Commit]]:
    ids, roots = _hex_ids(table.ids, table.hash_size), _hex_ids(table.trees, table.hash_size)
    known = [*ids, *_hex_ids(table.outside, table.hash_size)]
    for number, time in enumerate(table.times.tolist()):
        yield ids[number], Commit(roots[number], tuple([known[parent] for parent in table.parents_of(number)]), time)


def _hex_ids(joined: bytes, size: int) -> list[str]:
    text, width = joined.hex(), 2 * size
    return [text[start : start + width] for start in range(0, len(text), width)]


def _unreported(skip: Skip, what: bytes, detail: str) -> None:
    """Loose objects that cannot be read were reported when they were scanned."""


def _as_corrupt(report: Report) -> Report:
    """*report* for objects that are known to be there: one that git does not see is broken, not missing."""

    def report_corrupt(skip: Skip, what: bytes, detail: str) -> None:
        if skip is Skip.MISSING_OBJECT:
            report(Skip.CORRUPT_OBJECT, what, "its header cannot be read")
        else:
            report(skip, what, detail)

    return report_corrupt
