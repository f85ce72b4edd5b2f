# SPDX-License-Identifier: Apache-2.0
"""
From the blobs and packs of one source to candidates by blob; counts what was read. Knows nothing of refs or findings.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from secrethunt.candidates.appraise import Appraiser
from secrethunt.coverage import Skip
from secrethunt.decode import Tally
from secrethunt.detector import Detector
from secrethunt.pack import IS_NATIVE
from secrethunt.records import MAX_CANDIDATES, Blob, BlobCandidates, BlobId, BlobKind, Candidate, Confidence
from secrethunt.sources.contract import BlobKey, Choice, Ledger, PackedObjects
from secrethunt.sources.lfs import pointer_oid

if TYPE_CHECKING:
    from secrethunt.packscan import PackedBatch

Found = tuple[BlobKey, tuple[Candidate, ...]]
"""A blob with its candidates, at least one."""


@dataclass(frozen=True, slots=True)
class ObjectScan:
    """One detector at work on one source."""

    detector: Detector
    ledger: Ledger
    jobs: int
    """Threads that match; 0 takes as many as pay."""
    least: Confidence
    """How sure a candidate must be to be kept."""
    tell: Callable[[int], None]
    """Told the bytes that were matched."""
    tally: Tally
    """Told what was decoded."""
    appraiser: Appraiser

    def blobs(self, blobs: Iterable[Blob]) -> Iterator[Found]:
        """Those of *blobs* that hold candidates, however unsure."""
        jobs = self.jobs or _jobs_for_blobs()
        for blob, candidates in self.detector.iter_hits(blobs, jobs=jobs, progress=self.tell, tally=self.tally):
            known = appraised(self.appraiser, blob.data, blob.path, candidates, self.least)
            yield BlobKey(blob.kind, blob.id or blob_id(blob.data), blob.path), known

    def packs(self, packed: PackedObjects, choice: Choice | None = None) -> Iterator[Found]:
        """
        What packed history holds, by its deltas; then what that scan had to leave, as ordinary blobs.

        With a *choice* however unsure, without one where something is sure enough to be kept.
        """
        # Most scans see no pack.
        from secrethunt.packscan import PackScanner

        wanted = None if choice is None else choice.wanted(packed)
        scanner = PackScanner(
            self.detector,
            packed.packs,
            hash_size=packed.hash_size,
            max_size=packed.max_size,
            least=self.least if choice is None else Confidence.LOW,
            wanted=wanted,
        )
        skips = list(scanner.walker.skips)
        pointers: list[tuple[BlobId, bytes]] = []
        left = _Left(wanted or b"", packed.hash_size)
        for batch in scanner.iter_batches(self.jobs or os.cpu_count() or 1, self.tally):
            self._count(batch)
            skips.extend(batch.skips)
            pointers.extend(batch.pointers)
            left.note_read(batch.ids, choice)
            for hit in batch.hits:
                yield BlobKey(hit.kind, hit.id, b""), hit.candidates
            self.tell(batch.size)
        skips.extend(left.unseen(skips))
        rest = packed.iter_again(skips, self.ledger)
        pointed = packed.iter_pointed(note_pointers(pointers, choice), self.ledger)
        yield from self.blobs(itertools.chain(noted(rest, choice), pointed))

    def keep(self, found: Iterable[Found]) -> Iterator[tuple[BlobKey, BlobCandidates]]:
        """What of *found* is sure enough."""
        for key, candidates in found:
            kept = sure_enough(candidates, self.least)
            if kept:
                _note_cut(candidates, key.path or key.id.encode(), self.ledger)
                yield key, BlobCandidates(key.id, key.kind, key.path, kept)

    def _count(self, batch: PackedBatch) -> None:
        self.ledger.blobs += batch.counts[BlobKind.HISTORY]
        self.ledger.commits += batch.counts[BlobKind.COMMIT]
        self.ledger.tags += batch.counts[BlobKind.TAG]
        self.ledger.bytes += batch.size


def _jobs_for_blobs() -> int:
    """
    One thread: reading and confirming hold the interpreter's lock, so a second one adds 7 to 18 % of CPU and ends no
    sooner. Without the native module whole histories come as blobs, where Hyperscan is most of the work.
    """
    return 1 if IS_NATIVE else os.cpu_count() or 1


class _Left:
    """Which of the wanted packed objects were neither handed out nor skipped: copies that a walk passes over."""

    def __init__(self, wanted: bytes, hash_size: int) -> None:
        self._size = hash_size
        self._ids = set(split_ids(wanted, hash_size))

    def note_read(self, ids: bytes, choice: Choice | None) -> None:
        if choice is not None:
            read = split_ids(ids, self._size)
            self._ids.difference_update(read)
            choice.note_read(read)

    def unseen(self, skips: Iterable[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
        return [(id, 0) for id in sorted(self._ids.difference(id for id, _ in skips))]


def noted(blobs: Iterable[Blob], choice: Choice | None) -> Iterator[Blob]:
    """*blobs* of a history unchanged; *choice* learns of each."""
    for blob in blobs:
        if choice is not None and blob.id is not None:
            id = bytes.fromhex(blob.id)
            choice.note_read((id,))
            if (oid := pointer_oid(blob.data)) is not None:
                choice.note_pointer(id, oid)
        yield blob


def note_pointers(pointers: Iterable[tuple[BlobId, bytes]], choice: Choice | None) -> Iterator[tuple[BlobId, bytes]]:
    """*pointers* unchanged; *choice* learns what they point to."""
    for id, data in pointers:
        if choice is not None and (oid := pointer_oid(data)) is not None:
            choice.note_pointer(bytes.fromhex(id), oid)
        yield id, data


def split_ids(joined: bytes, size: int) -> list[bytes]:
    """The ids of *size* bytes that were joined."""
    return [joined[start : start + size] for start in range(0, len(joined), size)]


def sure_enough(candidates: Iterable[Candidate], least: Confidence) -> tuple[Candidate, ...]:
    """Those at least as sure as *least*."""
    return tuple(candidate for candidate in candidates if candidate.confidence >= least)


def appraised(
    appraiser: Appraiser, data: bytes, path: bytes, candidates: tuple[Candidate, ...], least: Confidence
) -> tuple[Candidate, ...]:
    """
    *candidates* with what their surroundings say of those that would be kept. Where there is no path nothing is said
    yet: a blob of history may stand at several.
    """
    kept = sure_enough(candidates, least)
    if not path or not kept:
        return candidates
    changed = dict(zip(map(id, kept), appraiser.appraise(data, path, kept), strict=True))
    return tuple(changed.get(id(candidate), candidate) for candidate in candidates)


def blob_id(data: bytes) -> BlobId:
    """The id that git gives these bytes (gitformat-pack(5), SHA-1)."""
    digest = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return BlobId(digest.hexdigest())


def note_decoded(tally: Tally, ledger: Ledger) -> None:
    """Count in *ledger* what was decoded, and what could not be."""
    ledger.decoded += tally.pieces
    ledger.containers += tally.containers
    for what, skip, detail in sorted(tally.notes, key=lambda note: (note[0], note[2], note[1].label)):
        ledger.skip(skip, what, detail)


def _note_cut(candidates: Sequence[Candidate], what: bytes, ledger: Ledger) -> None:
    if len(candidates) == MAX_CANDIDATES:
        ledger.skip(
            Skip.TOO_MANY, what, f"only the first {MAX_CANDIDATES} are judged; leave data files out, or split them"
        )
