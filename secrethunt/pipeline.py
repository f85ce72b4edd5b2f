# SPDX-License-Identifier: Apache-2.0
"""
The corridor: source → blob → candidate → finding. The only module that knows all the rooms.

`Scanner` is the library's front door and what the command line itself uses.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from secrethunt.candidates.appraise import Appraiser, Item, is_open
from secrethunt.detector import Detector, Hit
from secrethunt.diskcache import DiskCache
from secrethunt.findings import PUBLIC_KEY, Naming, Placed, assemble_findings, report_order
from secrethunt.records import (
    MAX_CANDIDATES,
    Blob,
    BlobCandidates,
    BlobId,
    BlobKind,
    Candidate,
    Confidence,
    Coverage,
    Finding,
    Problem,
    Provenance,
    ScanResult,
    Skip,
)
from secrethunt.ruleset import RuleSelection, Ruleset, load_ruleset
from secrethunt.sources import open_source
from secrethunt.sources.contract import BlobKey, Ledger, PackedObjects, Source, SourceOptions

Progress = Callable[[int, int, str], None]
"""Told now and then: bytes done, bytes expected (0 while unknown), what is being done."""
_OF_HISTORY = frozenset({BlobKind.HISTORY, BlobKind.COMMIT, BlobKind.TAG})


@dataclass(frozen=True, slots=True)
class ScannerOptions:
    """How to scan, whatever the target."""

    selection: RuleSelection = field(default_factory=RuleSelection)
    min_confidence: Confidence = Confidence.MEDIUM
    """Candidates below are dropped before they cost anything."""
    jobs: int = 0
    """Threads that match; 0 takes one a CPU."""
    fingerprint_key: bytes = PUBLIC_KEY
    """Key of `secret_id`; set one of your own so that ids of weak passwords mean nothing to others."""
    cache_directory: str | None = None
    """Where compiled rules are kept between runs; None keeps nothing."""


class Scanner:
    """
    Finds secrets with one set of rules; build it once, scan as often as you like.

    Raises:
        UsageError: Rules that cannot be read, a selection that matches none (at construction).
    """

    def __init__(self, options: ScannerOptions = ScannerOptions()) -> None:
        cache = DiskCache(options.cache_directory)
        self._options = options
        self._detector = Detector(load_ruleset(options.selection, cache), cache)
        self._appraiser = Appraiser()

    @property
    def ruleset(self) -> Ruleset:
        """The rules in force."""
        return self._detector.ruleset

    def scan(
        self,
        targets: Sequence[str],
        source_options: SourceOptions = SourceOptions(),  # noqa: B008 - frozen, so safe to share
        *,
        progress: Progress | None = None,
    ) -> ScanResult:
        """
        Scan *targets*: directories, files, git repositories, or `-` for standard input.

        Raises:
            SourceError: A target that does not exist or cannot be opened; raised before anything is scanned.
        """
        started = time.monotonic()
        sources = [open_source(target, source_options) for target in targets]
        findings: list[Finding] = []
        ledgers = []
        for source in sources:
            ledger = Ledger()
            findings.extend(self._scan_source(source, ledger, progress))
            ledgers.append(ledger)
        coverage = self._coverage(ledgers, time.monotonic() - started)
        return ScanResult(tuple(findings), coverage, tuple(_problems(ledgers)))

    def scan_bytes(self, data: bytes, path: str = "-") -> tuple[Finding, ...]:
        """Findings in *data*, as if it were a file at *path*."""
        name = os.fsencode(path)
        candidates = self._detector.scan_bytes(Blob(data, BlobKind.STREAM, name))
        kept = self._appraised(data, name, candidates)
        if not kept:
            return ()
        blob = BlobCandidates(_blob_id(data), BlobKind.STREAM, name, kept)
        placed = Placed(blob, (Provenance(name, BlobKind.STREAM),))
        return tuple(assemble_findings([placed], Naming("-", key=self._options.fingerprint_key)))

    def _scan_source(self, source: Source, ledger: Ledger, progress: Progress | None) -> list[Finding]:
        """All findings of one source; the bytes of a blob are let go as soon as it has been judged."""
        jobs = self._options.jobs or os.cpu_count() or 1
        report = _Reporter(ledger, progress)
        hits = self._detector.iter_hits(source.iter_blobs(ledger), jobs=jobs, progress=report.matched)
        found = dict(self._keyed(hits, ledger))
        if source.packed is not None:
            found.update(self._scan_packs(source.packed, ledger, jobs, report))
        if not found:
            return []
        report.tell("tracing history")
        places = source.resolve(found.keys(), ledger)
        placed = [Placed(blob, places[key]) for key, blob in found.items() if key in places]
        naming = Naming(source.repository, source.prefix, self._options.fingerprint_key)
        report.tell("looking at what stands around it")
        return self._appraised_findings(assemble_findings(placed, naming), source)

    def _scan_packs(
        self, packed: PackedObjects, ledger: Ledger, jobs: int, report: _Reporter
    ) -> Iterator[tuple[BlobKey, BlobCandidates]]:
        """What packed history holds, by its deltas; then what that scan had to leave, as ordinary blobs."""
        from secrethunt.packscan import PackScanner

        scanner = PackScanner(
            self._detector,
            packed.packs,
            hash_size=packed.hash_size,
            max_size=packed.max_size,
            least=self._options.min_confidence,
        )
        skips = list(scanner.walker.skips)
        pointers: list[tuple[BlobId, bytes]] = []
        for batch in scanner.iter_batches(jobs):
            ledger.blobs += batch.counts[BlobKind.HISTORY]
            ledger.commits += batch.counts[BlobKind.COMMIT]
            ledger.tags += batch.counts[BlobKind.TAG]
            ledger.bytes += batch.size
            skips.extend(batch.skips)
            pointers.extend(batch.pointers)
            for hit in batch.hits:
                kept = self._sure_enough(hit.candidates)
                if kept:
                    _note_cut(hit.candidates, hit.id.encode(), ledger)
                    key = BlobKey(hit.kind, hit.id, b"")
                    yield key, BlobCandidates(hit.id, hit.kind, b"", kept)
            report.matched(batch.size)
        rest = itertools.chain(packed.iter_again(skips, ledger), packed.iter_pointed(pointers, ledger))
        yield from self._keyed(self._detector.iter_hits(rest, jobs=jobs, progress=report.matched), ledger)

    def _keyed(self, hits: Iterable[Hit], ledger: Ledger) -> Iterator[tuple[BlobKey, BlobCandidates]]:
        for blob, candidates in hits:
            kept = self._appraised(blob.data, blob.path, candidates)
            if kept:
                blob_id = blob.id or _blob_id(blob.data)
                _note_cut(candidates, blob.path or blob_id.encode(), ledger)
                yield (
                    BlobKey(blob.kind, blob_id, blob.path),
                    BlobCandidates(blob_id, blob.kind, blob.path, kept),
                )

    def _appraised(self, data: bytes, path: bytes, candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
        """Those that are as sure as was asked; of a file also once its surroundings are known."""
        kept = self._sure_enough(candidates)
        return self._sure_enough(self._appraiser.appraise(data, path, kept)) if kept and path else kept

    def _appraised_findings(self, findings: list[Finding], source: Source) -> list[Finding]:
        """
        *findings* with what their surroundings say, those of history too, whose paths are known only now: of each the
        newest blob is read again.
        """
        waiting: dict[tuple[BlobId, bytes], list[int]] = {}
        for index, finding in enumerate(findings):
            if finding.signals is None and finding.kind in _OF_HISTORY and is_open(finding.rule):
                waiting.setdefault((finding.occurrences[0].blob, finding.path), []).append(index)
        if not waiting:
            return findings
        paths: dict[BlobId, list[bytes]] = {}
        for blob, path in waiting:
            paths.setdefault(blob, []).append(path)
        for blob, data in source.read(paths):
            for path in paths[blob]:
                self._appraise_places(data, path, findings, waiting[blob, path])
        return sorted((item for item in findings if item.confidence >= self._options.min_confidence), key=report_order)

    def _appraise_places(self, data: bytes, path: bytes, findings: list[Finding], indexes: list[int]) -> None:
        """Replace the findings at *indexes*; where *data* is not what was scanned (an LFS pointer), they stay."""
        there = [
            i for i in indexes if data[findings[i].span.start : findings[i].span.end] == findings[i].secret.reveal()
        ]
        items = [Item(findings[i].rule, findings[i].span, findings[i].confidence, findings[i].reasons) for i in there]
        for index, appraisal in zip(there, self._appraiser.appraise_items(data, path, items), strict=True):
            findings[index] = replace(findings[index], **appraisal._asdict())

    def _sure_enough(self, candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
        least = self._options.min_confidence
        return tuple(candidate for candidate in candidates if candidate.confidence >= least)

    def _coverage(self, ledgers: Sequence[Ledger], seconds: float) -> Coverage:
        skipped: dict[Skip, int] = {}
        for ledger in ledgers:
            for skip, count in ledger.skipped.items():
                skipped[skip] = skipped.get(skip, 0) + count
        return Coverage(
            files=sum(ledger.files for ledger in ledgers),
            blobs=sum(ledger.blobs for ledger in ledgers),
            commits=sum(ledger.commits for ledger in ledgers),
            tags=sum(ledger.tags for ledger in ledgers),
            bytes=sum(ledger.bytes for ledger in ledgers),
            skipped=skipped,
            rules=len(self.ruleset.rules),
            seconds=seconds,
        )


class _Reporter:
    """Turns what matching and the ledger know into progress."""

    def __init__(self, ledger: Ledger, progress: Progress | None) -> None:
        self._ledger = ledger
        self._progress = progress
        self._done = 0

    def matched(self, size: int) -> None:
        self._done += size
        self.tell("scanning")

    def tell(self, label: str) -> None:
        if self._progress is not None:
            self._progress(self._done, self._ledger.total_bytes, label)


def _note_cut(candidates: Sequence[Candidate], what: bytes, ledger: Ledger) -> None:
    if len(candidates) == MAX_CANDIDATES:
        ledger.skip(
            Skip.TOO_MANY, what, f"only the first {MAX_CANDIDATES} are judged; leave data files out, or split them"
        )


def _blob_id(data: bytes) -> BlobId:
    """The id that git gives these bytes (gitformat-pack(5), SHA-1)."""
    digest = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return BlobId(digest.hexdigest())


def _problems(ledgers: Iterable[Ledger]) -> Iterator[Problem]:
    for ledger in ledgers:
        yield from ledger.problems
