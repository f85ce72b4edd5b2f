# SPDX-License-Identifier: Apache-2.0
"""
The corridor: source → blob → candidate → finding. The only module that knows all the rooms.

`Scanner` is the library's front door and what the command line itself uses.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from secrethunt.candidates.appraise import Appraiser, Item, is_open
from secrethunt.coverage import Coverage, Problem, ScanResult, Skip, Validation
from secrethunt.decode import DecodeOptions, Tally
from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.errors import SourceError, UsageError
from secrethunt.findings import PUBLIC_KEY, Fingerprinter, Naming, Placed, assemble_findings, report_order
from secrethunt.ignoring import Ignoring, ignoring
from secrethunt.neighbours import join_directories
from secrethunt.objectscan import ObjectScan, appraised, blob_id, note_decoded, sure_enough
from secrethunt.records import Blob, BlobCandidates, BlobId, BlobKind, Confidence, Finding, Provenance, Span
from secrethunt.ruleset import RuleSelection, Ruleset, load_ruleset
from secrethunt.sources import open_source
from secrethunt.sources.contract import Ledger, Scope, Source, SourceOptions
from secrethunt.suppress import Suppressions, SuppressOptions

if TYPE_CHECKING:
    from secrethunt.suppress.baseline import Baseline

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
    """Threads that match; 0 takes one a CPU for packed history, and one for files."""
    fingerprint_key: bytes = PUBLIC_KEY
    """Key of `secret_id`; set one of your own so that ids of weak passwords mean nothing to others."""
    decode: DecodeOptions = field(default_factory=DecodeOptions)
    """How far encoded bytes, compressed files and archives are followed."""
    cache_directory: str | None = None
    """Where compiled rules are kept between runs; None keeps nothing."""
    suppress: SuppressOptions = field(default_factory=SuppressOptions)
    """What may keep a finding out of the report."""


class Scanner:
    """
    Finds secrets with one set of rules; build it once, scan as often as you like.

    Raises:
        UsageError: Rules that cannot be read, a selection that matches none (at construction).
    """

    def __init__(self, options: ScannerOptions = ScannerOptions()) -> None:
        cache = DiskCache(options.cache_directory)
        self._options = options
        self._cache = cache
        self._detector = Detector(load_ruleset(options.selection, cache), cache, options.decode)
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
        state: str | None = None,
    ) -> ScanResult:
        """
        Scan *targets*: directories, files, git repositories, or `-` for standard input.

        Args:
            state: A file in which a scan of one repository leaves what the next one need not do again.

        Raises:
            SourceError: A target that does not exist or cannot be opened; raised before anything is scanned.
            UsageError: A state file that cannot be used or kept, or of no use for what is scanned.
        """
        remembered = None if state is None else _State.check(state, targets, source_options)
        started = time.monotonic()
        source_options = dataclasses.replace(source_options, threads=self._jobs)
        baseline = self._baseline()
        sources = [open_source(target, source_options) for target in targets]
        sieves = [_Sieve.of(target, source, self._options) for target, source in zip(targets, sources, strict=True)]
        findings: list[Finding] = []
        suppressed: list[Finding] = []
        ledgers = []
        notes = list(self.ruleset.notes)
        for source, sieve in zip(sources, sieves, strict=True):
            ledger = Ledger()
            if remembered is None:
                found = self._scan_source(source, ledger, progress)
            else:
                found, told = self._scan_with_state(source, ledger, progress, remembered)
                notes.extend(told)
            kept, held_back = sieve.apply(found, source)
            findings.extend(kept)
            suppressed.extend(held_back)
            ledgers.append(ledger)
        if baseline is not None:
            findings, known = baseline.divide(findings)
            suppressed.extend(known)
        self._detector.keep()
        is_all = source_options.scope is Scope.ALL and not self._options.selection.is_partial
        if baseline is not None and is_all and (gone := baseline.gone([*findings, *suppressed])):
            notes.append(f"{gone} of the secrets that {baseline.name} knows are gone; `baseline update` forgets them")
        return ScanResult(
            findings=tuple(findings),
            coverage=self._coverage(ledgers, time.monotonic() - started),
            problems=tuple(_problems(ledgers)),
            notes=(*notes, *(note for sieve in sieves for note in sieve.suppressions.problems)),
            suppressed=tuple(suppressed),
            unused=tuple(note for sieve in sieves for note in sieve.unused) if is_all else (),
            expired=tuple(note for sieve in sieves for note in sieve.expired),
        )

    def scan_source(self, source: Source, target: str) -> ScanResult:
        """Scan one *source* that the caller has opened; *target* is the directory whose ignore file counts."""
        started = time.monotonic()
        sieve = _Sieve.of(target, source, self._options)
        ledger = Ledger()
        kept, held_back = sieve.apply(self._scan_source(source, ledger, None), source)
        self._detector.keep()
        return ScanResult(
            findings=tuple(kept),
            coverage=self._coverage([ledger], time.monotonic() - started),
            problems=tuple(ledger.problems),
            notes=tuple(sieve.suppressions.problems),
            suppressed=tuple(held_back),
            expired=tuple(sieve.expired),
        )

    def windows_around(self, data: bytes, finding: Finding, span: Span) -> list[tuple[int, int]]:
        """Ranges of *data* around *span* on which it may depend that *finding* is one."""
        rules = set() if finding.decode else {finding.rule.id, *finding.also}
        windows = self._detector.windows_in(data, rules)
        return [(begin, stop) for begin, stop in windows if begin <= span.start and span.end <= stop]

    def scan_bytes(self, data: bytes, path: str = "-") -> tuple[Finding, ...]:
        """Findings in *data*, as if it were a file at *path*."""
        name = os.fsencode(path)
        least = self._options.min_confidence
        candidates = self._detector.scan_bytes(Blob(data, BlobKind.STREAM, name))
        kept = sure_enough(appraised(self._appraiser, data, name, candidates, least), least)
        if not kept:
            return ()
        blob = BlobCandidates(blob_id(data), BlobKind.STREAM, name, kept)
        placed = Placed(blob, (Provenance(name, BlobKind.STREAM),))
        findings = assemble_findings([placed], Naming("-", key=self._options.fingerprint_key))
        return tuple(Suppressions(comments=self._options.suppress.comments).apply(findings)[0])

    def _baseline(self) -> Baseline | None:
        path = self._options.suppress.baseline
        if not path:
            return None
        from secrethunt.suppress.baseline import load_baseline

        return load_baseline(path, self._options.fingerprint_key)

    def read_again(
        self,
        report: str,
        target: str,
        source_options: SourceOptions = SourceOptions(),  # noqa: B008 - frozen
    ) -> ScanResult:
        """
        The findings of an earlier *report* on *target*, with their values: only the blobs that it names are read.

        What could not be read again is in `validation.unread` of the result.

        Raises:
            UsageError: It is no report of ours.
            SourceError: The target cannot be opened.
        """
        from secrethunt.report.readback import read_report
        from secrethunt.reread import read_again

        started = time.monotonic()
        reported = read_report(report)
        source = open_source(target, source_options)
        fingerprinter = Fingerprinter(self._options.fingerprint_key)
        again = read_again(reported, source, target, detector=self._detector, fingerprinter=fingerprinter)
        self._detector.keep()
        ledger = Ledger()
        ledger.blobs = len({blob for item in reported for blob in item.blobs})
        coverage = self._coverage([ledger], time.monotonic() - started)
        return ScanResult(again.findings, coverage, (), validation=Validation(unread=again.unread))

    def _scan_source(self, source: Source, ledger: Ledger, progress: Progress | None) -> list[Finding]:
        """All findings of one source; the bytes of a blob are let go as soon as it has been judged."""
        report = _Reporter(ledger, progress)
        scan = ObjectScan(
            self._detector,
            ledger,
            self._options.jobs,
            self._options.min_confidence,
            report.matched,
            report.tally,
            self._appraiser,
        )
        found = dict(scan.keep(scan.blobs(source.iter_blobs(ledger))))
        if source.packed is not None:
            found.update(scan.keep(scan.packs(source.packed)))
        note_decoded(report.tally, ledger)
        if not found:
            return []
        report.tell("tracing history")
        places = source.resolve(found.keys(), ledger)
        placed = [Placed(blob, places[key]) for key, blob in found.items() if key in places]
        naming = Naming(source.repository, source.prefix, self._options.fingerprint_key)
        report.tell("looking at what stands around it")
        findings = self._appraised_findings(assemble_findings(placed, naming), source)
        return join_directories(findings, source.iter_beside, source.prefix)

    def _scan_with_state(
        self, source: Source, ledger: Ledger, progress: Progress | None, state: _State
    ) -> tuple[list[Finding], tuple[str, ...]]:
        """As `_scan_source`, with what the state file says; and what there is to say of that."""
        from secrethunt.incremental import IncrementalScan, Setting
        from secrethunt.sources.repository import RepositorySource

        if not isinstance(source, RepositorySource):
            raise SourceError(
                f"{state.target}: --state needs a git repository", hint="Leave it out, or name a repository's root."
            )
        setting = Setting(
            detector=self._detector,
            cache=self._cache,
            jobs=self._options.jobs,
            least=self._options.min_confidence,
            key=self._options.fingerprint_key,
            max_size=state.options.max_size,
            decode=self._options.decode,
            appraiser=self._appraiser,
            manner=_manner(self._options, state.options),
        )
        scan = IncrementalScan(state.path, setting)
        findings = self._appraised_findings(scan.run(source, ledger, _Reporter(ledger, progress)), source)
        return join_directories(findings, source.iter_beside, source.prefix), tuple(scan.notes)

    @property
    def _jobs(self) -> int:
        return self._options.jobs or os.cpu_count() or 1

    def _appraised_findings(self, findings: list[Finding], source: Source) -> list[Finding]:
        """
        *findings* with what their surroundings say, those of history too, whose paths are known only now: of each the
        newest blob is read again.
        """
        waiting: dict[tuple[BlobId, bytes], list[int]] = {}
        for index, finding in enumerate(findings):
            if finding.signals is None and finding.kind in _OF_HISTORY and is_open(finding.rule) and not finding.decode:
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
            known=sum(ledger.known for ledger in ledgers),
            decoded=sum(ledger.decoded for ledger in ledgers),
            containers=sum(ledger.containers for ledger in ledgers),
            skipped=skipped,
            rules=len(self.ruleset.rules),
            seconds=seconds,
        )


@dataclass(frozen=True, slots=True)
class _State:
    """A state file, and the one repository it is for."""

    path: str
    target: str
    options: SourceOptions

    @classmethod
    def check(cls, path: str, targets: Sequence[str], options: SourceOptions) -> _State:
        """
        Raises:
            UsageError: No state can be kept there, or none makes sense.
        """
        from secrethunt.state.file import check_path

        if len(targets) != 1:
            raise UsageError(
                "--state is for one repository at a time", hint="Scan each by itself, with a state file of its own."
            )
        if options.scope is not Scope.ALL:
            raise UsageError(
                "--state remembers all of a repository's history, so no part of it can be chosen",
                hint="Leave out --state, or the option that names a part.",
            )
        check_path(path)
        return cls(path, targets[0], options)


_SET_APART = frozenset(
    {"selection", "min_confidence", "jobs", "fingerprint_key", "cache_directory", "suppress"}
    | {"scope", "revision", "include_ignored", "max_size", "use_packs", "threads"}
)
"""Options that a state file takes into account each by itself, or that change nothing."""


def _manner(*options: ScannerOptions | SourceOptions) -> str:
    """All other options: a new one counts until somebody says otherwise."""
    named = [(field.name, getattr(record, field.name)) for record in options for field in fields(record)]
    return repr([(name, value) for name, value in named if name not in _SET_APART])


@dataclass(frozen=True, slots=True)
class _Sieve:
    """What holds back findings of one target."""

    suppressions: Suppressions
    ignoring: Ignoring

    @classmethod
    def of(cls, target: str, source: Source, options: ScannerOptions) -> _Sieve:
        """
        Raises:
            UsageError: An ignore file that was named cannot be read.
        """
        found = ignoring(target, source, options.suppress)
        return cls(Suppressions(found.file, comments=options.suppress.comments), found)

    def apply(self, findings: list[Finding], source: Source) -> tuple[list[Finding], list[Finding]]:
        return self.suppressions.apply(findings, strip=source.prefix, prepend=self.ignoring.prepend)

    @property
    def unused(self) -> list[str]:
        """Entries without a use; none where only a part of what the file is for was scanned."""
        return [] if self.ignoring.prepend else [entry.described() for entry in self.suppressions.unused]

    @property
    def expired(self) -> list[str]:
        return [entry.described() for entry in self.suppressions.expired]


class _Reporter:
    """Turns what matching and the ledger know into progress, and collects what was decoded."""

    def __init__(self, ledger: Ledger, progress: Progress | None) -> None:
        self._ledger = ledger
        self._progress = progress
        self.tally = Tally()
        self._done = 0

    def matched(self, size: int) -> None:
        self._done += size
        self.tell("scanning")

    def tell(self, label: str) -> None:
        if self._progress is not None:
            self._progress(self._done, self._ledger.total_bytes, label)


def _problems(ledgers: Iterable[Ledger]) -> Iterator[Problem]:
    for ledger in ledgers:
        yield from ledger.problems
