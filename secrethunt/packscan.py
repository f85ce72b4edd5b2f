# SPDX-License-Identifier: Apache-2.0
"""
Hot: from a repository's packs to candidates, looking only at what each delta adds. Knows nothing of refs or paths.

The walk hands over batches of objects with an arena of their dirty ranges. Anchors found there, and inherited ones
whose window was touched, are confirmed in the whole object; what is inherited untouched keeps the judgement of its
origin. The candidates of an object are then put together as those of a blob that was scanned whole (`detector.py`).
"""

from __future__ import annotations

import queue
import threading
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from secrethunt.anchors import ANCHOR_WIDTH
from secrethunt.candidates.overlap import Judged, may_reach
from secrethunt.decode import HINTS, Log, Tally
from secrethunt.detector import Detector
from secrethunt.match.scan import is_binary
from secrethunt.pack import Batch, Kind, Packs, Walker
from secrethunt.records import BlobId, BlobKind, Candidate, Confidence
from secrethunt.unwrap import Strides

_KINDS = {Kind.BLOB: BlobKind.HISTORY, Kind.COMMIT: BlobKind.COMMIT, Kind.TAG: BlobKind.TAG}
"""Kinds of objects that are scanned, and what they are called in records."""


class PackedHit(NamedTuple):
    """An object with its candidates, at least one."""

    id: BlobId
    kind: BlobKind
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """What one batch came to."""

    hits: tuple[PackedHit, ...]
    counts: dict[BlobKind, int]
    size: int
    """Bytes of its objects, written out."""
    skips: tuple[tuple[bytes, int], ...]
    """(id, `pack.Reason`) of objects that could not be read."""
    pointers: tuple[tuple[BlobId, bytes], ...]
    """Blobs that look like Git LFS pointers, with their contents."""
    ids: bytes
    """Binary ids of its objects, joined."""


class PackScanner:
    """Scans packs with one detector."""

    def __init__(
        self,
        detector: Detector,
        packs: Packs,
        *,
        hash_size: int,
        max_size: int,
        least: Confidence,
        wanted: bytes | None = None,
    ) -> None:
        """
        Args:
            least: Objects in which nothing is as sure as this are left out.
            wanted: Binary ids of the objects to scan, joined; None for all.
        """
        anchors = detector.ruleset.anchors
        self._detector = detector
        self._hash_size = hash_size
        self._least = least
        self._tally = Tally()
        self.walker = Walker(
            packs,
            sum(kind.mask for kind in _KINDS),
            max((*(anchor.max_width for anchor in anchors), ANCHOR_WIDTH if detector.hints else 1)),
            detector.windows,
            max_size=max_size,
            wanted=wanted,
        )

    def iter_batches(self, jobs: int, tally: Tally | None = None) -> Iterator[PackedBatch]:
        """All batches, in no particular order, worked on in *jobs* threads; *tally* is told what was decoded."""
        if tally is not None:
            self._tally = tally
        if jobs <= 1:
            yield from self._work()
            return
        results: queue.Queue[PackedBatch | BaseException | None] = queue.Queue(maxsize=4 * jobs)
        threads = [threading.Thread(target=self._run, args=(results,), daemon=True) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            if result is None:
                running -= 1
            else:
                yield result

    def _run(self, results: queue.Queue[PackedBatch | BaseException | None]) -> None:
        """One worker thread; whatever goes wrong is raised again in the thread that asked."""
        try:
            for batch in self._work():
                results.put(batch)
            results.put(None)
        except BaseException as err:  # noqa: BLE001 - handed to the calling thread, which raises it
            results.put(err)

    def _work(self) -> Iterator[PackedBatch]:
        worker = self.walker.worker()
        scan = _WorkerScan(self._detector, self._hash_size, self._least, self._tally)
        while (batch := worker.next_batch()) is not None:
            yield scan.scan(batch)


class _WorkerScan:
    """What one worker remembers: the judgements that later batches inherit."""

    def __init__(self, detector: Detector, hash_size: int, least: Confidence, tally: Tally) -> None:
        self._detector = detector
        self._rules = len(detector.ruleset.rules)
        self._tally = tally
        self._matcher = detector.matcher
        self._judge = detector.judge
        self._hash_size = hash_size
        self._least = least
        self._judged: dict[int, tuple[int, list[Judged]]] = {}
        """By origin: where the anchor ended, and the judgements, in the object where it was confirmed."""

    def scan(self, batch: Batch) -> PackedBatch:
        """Match, confirm, inherit, and judge one batch."""
        items: dict[int, list[Judged]] = {}
        confirmed = array("Q")
        may_hold = self._matcher.confirmer.may_hold
        current, data = -1, memoryview(b"")
        strides = Strides(data)
        for slot, tag, end, origin in batch.resolve(self._matcher.search.events(batch.arena)):
            if slot != current:
                current, data = slot, batch.blob(slot)
                strides = Strides(data)
            if tag >= self._rules:
                judged = self._decode(batch, slot, (tag - self._rules, end), strides)
            elif not may_hold(data, tag, end):
                continue
            else:
                judged = self._confirm(data, tag, end)
            if judged:
                confirmed.append(origin)
                self._judged[origin] = end, judged
                items.setdefault(slot, []).extend(judged)
        for slot, origin, end in batch.settle(confirmed):
            at, judged = self._judged[origin]
            items.setdefault(slot, []).extend([_shift(item, end - at) for item in judged])
        hits = tuple(hit for slot, judged in items.items() if (hit := self._hit(batch, slot, judged)) is not None)
        kinds = batch.kinds
        return PackedBatch(
            hits,
            {_KINDS[kind]: kinds.count(kind) for kind in _KINDS},
            batch.bytes,
            tuple(batch.skips),
            tuple(self._pointers(batch)),
            batch.ids,
        )

    def _confirm(self, data: memoryview, rule: int, end: int) -> list[Judged]:
        captures = self._matcher.confirmer.captures(data, rule, (end,))
        return [item for capture in captures if (item := self._judge.judge(data, capture)) is not None]

    def _decode(self, batch: Batch, slot: int, hint: tuple[int, int], strides: Strides) -> list[Judged]:
        """What stands encoded at one hint, (number, end)."""
        number, end = hint
        if not strides.follows(HINTS[number], end):
            return []
        log = Log()
        judged = self._detector.unwrapper.judged_at(batch.blob(slot), number, end, log)
        if log.pieces or log.notes:
            size = self._hash_size
            self._tally.add(batch.ids[slot * size : (slot + 1) * size].hex().encode(), log)
        return judged

    def _hit(self, batch: Batch, slot: int, judged: list[Judged]) -> PackedHit | None:
        # Nothing else makes a judgement surer.
        if not may_reach(judged, self._least):
            return None
        data = bytes(batch.blob(slot))
        if is_binary(data):
            judged = [item for item in judged if _counts_in_binary(item)]
        candidates = self._judge.put_together(data, judged)
        if not candidates:
            return None
        size = self._hash_size
        return PackedHit(
            BlobId(batch.ids[slot * size : (slot + 1) * size].hex()), _KINDS[Kind(batch.kinds[slot])], candidates
        )

    def _pointers(self, batch: Batch) -> Iterator[tuple[BlobId, bytes]]:
        size, ids = self._hash_size, batch.ids
        for slot in batch.starting_with(b"version ", _POINTER_SIZE):
            yield BlobId(ids[slot * size : (slot + 1) * size].hex()), bytes(batch.blob(slot))


_POINTER_SIZE = 1024
"""A Git LFS pointer is shorter (git-lfs, docs/spec.md)."""


def _counts_in_binary(item: Judged) -> bool:
    return item.decoding.is_whole if item.decoding else item.rule.in_binary


def _shift(item: Judged, by: int) -> Judged:
    return item._replace(start=item.start + by, end=item.end + by) if by else item
