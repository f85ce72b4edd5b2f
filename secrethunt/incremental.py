# SPDX-License-Identifier: Apache-2.0
"""
Scans a repository with what an earlier scan left in a state file, to the same findings as a scan of everything.

Three ways, by what has changed. Nothing: the candidates and places of last time stand; the few values that a report
needs are read again. The rules: those that are new or changed are used alone on the objects that are known, to learn in
which of them they see anything. Then, and when only the repository has changed: objects that are new, and those in
which any rule saw anything, are scanned with all rules as ever, so that what is decided between candidates (overlaps,
ordinals, parts) is decided by the same code from the same input; and where they stand is traced anew.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Protocol

from secrethunt.candidates.appraise import Appraiser
from secrethunt.coverage import Problem
from secrethunt.decode import DecodeOptions, Tally
from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.findings import Fingerprinter, Naming, Placed, assemble_findings
from secrethunt.objectscan import Found, ObjectScan, note_decoded, noted
from secrethunt.records import (
    BlobCandidates,
    BlobId,
    Candidate,
    Confidence,
    Finding,
    KnownSecret,
    Occurrence,
    UnreadSecret,
)
from secrethunt.ruleset import Ruleset
from secrethunt.sources.contract import BlobKey, Choice, Ledger
from secrethunt.state.choice import KnownChoice
from secrethunt.state.file import Damaged, StateFile, read_state, write_state
from secrethunt.state.fingerprints import code_fingerprint, rule_fingerprints
from secrethunt.state.finished import Finished, decode_finished, encode_finished, unread_blob
from secrethunt.state.known import SEEN_BY_ANY, Hits, Known, Outcome, decode_known, encode_known, learn, rules_seen

if TYPE_CHECKING:
    from secrethunt.sources.repository import RepositorySource


@dataclass(frozen=True, slots=True)
class Setting:
    """What a scan with state is done with."""

    detector: Detector
    cache: DiskCache
    jobs: int
    least: Confidence
    key: bytes
    """Key of secret ids."""
    max_size: int
    decode: DecodeOptions
    appraiser: Appraiser
    manner: str
    """Whatever else of the options decides what is found, in any form that is equal when that is."""


class Reporter(Protocol):
    """Where progress is told."""

    tally: Tally
    """What was decoded."""

    def matched(self, size: int) -> None:
        """So many bytes more were matched."""

    def tell(self, label: str) -> None:
        """What is done now."""


class IncrementalScan:
    """One scan of one repository with the state at *path*, which must have passed `check_path`."""

    def __init__(self, path: str, setting: Setting) -> None:
        self._path = path
        self._setting = setting
        self._code = hashlib.blake2b(code_fingerprint() + setting.manner.encode(), digest_size=16).digest()
        """Of code and options that decide what is found, with the rules."""
        self._fingerprints = rule_fingerprints(setting.detector.ruleset)
        self._fingerprinter = Fingerprinter(setting.key)
        self.notes: list[str] = []
        """Why the state could not be used as it was, or could not be kept."""

    def run(self, source: RepositorySource, ledger: Ledger, report: Reporter) -> list[Finding]:
        """All findings, those known from before included."""
        setting = self._setting
        stored = _Stored.read(self._path, self.notes)
        before = source.snapshot(stored.pointed)
        scan = ObjectScan(
            setting.detector, ledger, setting.jobs, setting.least, report.matched, report.tally, setting.appraiser
        )
        files = dict(scan.keep(scan.blobs(source.iter_files(ledger))))
        note_decoded(report.tally, ledger)
        scan = replace(scan, tally=Tally())
        naming = Naming(source.repository, source.prefix, setting.key)
        placed = _placed(files, source, ledger)
        finished = stored.finished(self._fingerprint(before), setting.detector.ruleset)
        if finished is not None:
            findings = _Recall(source, scan, finished).findings(placed, naming, self._fingerprinter)
            if findings is not None:
                _replay(finished, ledger)
                return findings
        mark = _Mark(ledger)
        ledger.on_skip = mark.noted.add
        known = self._usable(stored, source.hash_size)
        history, outcome = self._read(source, scan, known)
        ledger.known = len(outcome.present - outcome.chosen)
        report.tell("tracing history")
        history_placed = _placed(history, source, ledger)
        note_decoded(scan.tally, ledger)
        ledger.on_skip = None
        learnt = learn(known, mark.with_noted(outcome))
        done = Finished(tuple(history_placed), tuple(mark.problems(ledger)), learnt.size)
        findings = assemble_findings([*placed, *history_placed], naming, self._fingerprinter)
        is_same = before == source.snapshot(stored.pointed) and set(stored.pointed) == set(learnt.pointers.values())
        can_stay = is_same and mark.is_complete(ledger) and done.can_be_kept and not _holds_pointed(done, learnt)
        self._write(learnt, self._encode(done, before) if can_stay else b"")
        return findings

    def _usable(self, stored: _Stored, hash_size: int) -> Known:
        """What of the state holds under the present options."""
        nothing = Known(hash_size, self._setting.max_size)
        known = stored.known(self._code, self.notes)
        if known is None or known.hash_size != hash_size:
            return nothing
        if known.max_size > self._setting.max_size:
            self.notes.append("the size limit is lower than that of the state file, so everything was scanned again")
            return nothing
        known.max_size = self._setting.max_size
        known.keep_groups_of(frozenset(self._fingerprints))
        return known

    def _read(
        self, source: RepositorySource, scan: ObjectScan, known: Known
    ) -> tuple[dict[BlobKey, BlobCandidates], Outcome]:
        """Everything that must be read: first with the changed rules alone, then with all."""
        rules = frozenset(self._fingerprints)
        advanced: list[set[bytes]] = []
        again = known.must_read_again(rules, self._setting.least)
        for group in known.groups:
            done, seen = self._advance(source, scan, group.ids, rules - group.rules)
            advanced.append(done)
            again |= seen
        settled = set().union(*advanced) - again
        choice = KnownChoice(lambda id: id not in settled)
        hits: Hits = {}
        found = dict(scan.keep(self._noting(_objects(scan, source, choice), hits)))
        outcome = Outcome(rules, advanced, choice.present, choice.chosen, choice.read, hits, choice.pointers)
        return found, outcome

    def _advance(
        self, source: RepositorySource, scan: ObjectScan, ids: set[bytes], missing: frozenset[bytes]
    ) -> tuple[set[bytes], set[bytes]]:
        """Scan *ids* with the *missing* rules alone: which could be read, and in which they saw anything."""
        if not missing:
            return ids, set()
        detector = Detector(self._ruleset_of(missing), self._setting.cache, self._setting.decode)
        alone = replace(scan, detector=detector, ledger=Ledger(), least=Confidence.LOW, tally=Tally())
        choice = KnownChoice(ids.__contains__)
        seen = {bytes.fromhex(key.id) for key, _ in _objects(alone, source, choice)}
        return choice.read & ids, seen

    def _ruleset_of(self, fingerprints: Collection[bytes]) -> Ruleset:
        ruleset = self._setting.detector.ruleset
        places = [place for place, rule in enumerate(self._fingerprints) if rule in fingerprints]
        return Ruleset(
            tuple(ruleset.rules[place] for place in places), tuple(ruleset.anchors[place] for place in places)
        )

    def _noting(self, found: Iterator[Found], hits: Hits) -> Iterator[Found]:
        """*found* unchanged; which rules saw something where is noted in *hits*."""
        rules = self._setting.detector.ruleset.rules
        by_id = {str(rule.id): mark for rule, mark in zip(rules, self._fingerprints, strict=True)}
        for key, candidates in found:
            seen = hits.setdefault(bytes.fromhex(key.id), {})
            for rule, level in rules_seen(candidates, by_id).items():
                seen[rule] = max(level, seen.get(rule, 0))
            yield key, candidates

    def _fingerprint(self, snapshot: bytes) -> bytes:
        """Of everything that a finished scan depends on."""
        setting = self._setting
        digest = hashlib.blake2b(key=hashlib.sha256(setting.key).digest(), digest_size=32)
        digest.update(repr((int(setting.least), setting.max_size)).encode())
        for part in (self._code, snapshot, *self._fingerprints):
            digest.update(part)
        return digest.digest()

    def _encode(self, done: Finished, snapshot: bytes) -> bytes:
        return encode_finished(done, self._fingerprint(snapshot), self._fingerprinter) or b""

    def _write(self, known: Known, finished: bytes) -> None:
        about = {"code": self._code.hex(), "pointed": sorted(set(known.pointers.values()))}
        sections = {"about": json.dumps(about).encode(), "finished": finished, "known": encode_known(known)}
        try:
            write_state(self._path, sections)
        except OSError as err:
            self.notes.append(f"the state file could not be written: {err.strerror}")


class _Stored:
    """What an earlier scan left, as far as it is sound."""

    def __init__(self, file: StateFile | None, about: dict[str, object]) -> None:
        self._file = file
        self._about = about
        pointed = about.get("pointed", [])
        self.pointed: list[str] = list(pointed) if isinstance(pointed, list) else []

    @classmethod
    def read(cls, path: str, notes: list[str]) -> _Stored:
        try:
            file = read_state(path)
            return cls(file, {} if file is None else json.loads(file.section("about")))
        except Damaged as err:
            notes.append(_not_used(err))
            return cls(None, {})

    def finished(self, fingerprint: bytes, ruleset: Ruleset) -> Finished | None:
        """The finished scan of the same repository with the same rules, if it was one."""
        if self._file is None:
            return None
        try:
            return decode_finished(self._file.section("finished"), fingerprint, ruleset.rules)
        except Damaged:
            return None

    def known(self, code: bytes, notes: list[str]) -> Known | None:
        """What is known of objects, if the same *code* judged them."""
        if self._file is None:
            return None
        try:
            if self._about.get("code") != code.hex():
                raise Damaged("another version of secrethunt wrote it, or one with other options")
            return decode_known(self._file.section("known"))
        except Damaged as err:
            notes.append(_not_used(err))
            return None


class _Recall:
    """Findings from a finished scan; reads again the blobs whose values are needed."""

    def __init__(self, source: RepositorySource, scan: ObjectScan, finished: Finished) -> None:
        self._source = source
        self._scan = replace(scan, ledger=Ledger())
        self._kept = {_key(item.blob): item for item in finished.placed}
        self._unread = set(self._kept)

    def findings(self, files: list[Placed], naming: Naming, fingerprinter: Fingerprinter) -> list[Finding] | None:
        """All findings with their values; None where an object is not what it was."""
        while True:
            try:
                findings = assemble_findings([*files, *self._kept.values()], naming, fingerprinter)
                needed = self._needed(findings)
            except UnreadSecret:
                findings, needed = None, set(self._unread)
            if not needed:
                return findings
            if not self._read(needed):
                return None

    def _needed(self, findings: list[Finding]) -> set[BlobKey]:
        """
        Blobs from which something that these *findings* show is still to be read.

        Raises:
            UnreadSecret: One shows a value of which it does not tell the blob.
        """
        needed = {_newest(finding) for finding in findings if isinstance(finding.secret, KnownSecret)}
        needed |= {key for finding in findings if (key := unread_blob(finding)) is not None}
        if not needed and any(_is_unread(finding) for finding in findings):
            raise UnreadSecret
        return needed

    def _read(self, keys: Collection[BlobKey]) -> bool:
        """Detect again what stands in *keys*; whether it is what was kept."""
        if not self._unread.issuperset(keys):
            return False
        blobs = self._source.iter_again(sorted({key.id for key in keys}))
        found = dict(self._scan.keep(self._scan.blobs(blobs)))
        for key in keys:
            kept, again = self._kept[key], found.get(key)
            if again is None or not _is_same(kept.blob.candidates, again.candidates):
                return False
            self._kept[key] = kept._replace(blob=again)
        self._unread.difference_update(keys)
        return True


class _Mark:
    """How far a ledger was when history began, and what was noted since."""

    def __init__(self, ledger: Ledger) -> None:
        self.noted: set[bytes] = set()
        """Names of what was skipped, in whole or in part."""
        self._listed = len(ledger.problems)
        self._skipped = sum(ledger.skipped.values())

    def problems(self, ledger: Ledger) -> list[Problem]:
        return ledger.problems[self._listed :]

    def with_noted(self, outcome: Outcome) -> Outcome:
        """*outcome* as if any rule had seen something in those that were read: they must be read, and noted, again."""
        noted = {id for id in outcome.read if id.hex().encode() in self.noted} if self.noted else set()
        return replace(outcome, hits=outcome.hits | {id: outcome.hits.get(id, {}) | SEEN_BY_ANY for id in noted})

    def is_complete(self, ledger: Ledger) -> bool:
        """All that was skipped since is listed."""
        return sum(ledger.skipped.values()) - self._skipped == len(self.problems(ledger))


def _objects(scan: ObjectScan, source: RepositorySource, choice: Choice) -> Iterator[Found]:
    """What the chosen objects of *source* hold, however unsure."""
    loose = scan.blobs(noted(source.iter_objects(scan.ledger, choice), choice))
    return loose if source.packed is None else itertools.chain(loose, scan.packs(source.packed, choice))


def _placed(found: dict[BlobKey, BlobCandidates], source: RepositorySource, ledger: Ledger) -> list[Placed]:
    if not found:
        return []
    places = source.resolve(found.keys(), ledger)
    return [Placed(blob, places[key]) for key, blob in found.items() if key in places]


def _replay(finished: Finished, ledger: Ledger) -> None:
    ledger.known = finished.known
    for problem in finished.problems:
        ledger.skip(problem.skip, problem.what, problem.detail)


def _holds_pointed(finished: Finished, known: Known) -> bool:
    """What was found in a Git LFS object cannot be read again by the id of its pointer."""
    return any(bytes.fromhex(item.blob.id) in known.pointers for item in finished.placed)


def _not_used(err: Damaged) -> str:
    return f"the state file was not used ({err}), so everything was scanned again"


def _key(blob: BlobCandidates) -> BlobKey:
    return BlobKey(blob.kind, blob.id, blob.path)


def _newest(finding: Finding) -> BlobKey:
    """The blob whose value a finding shows; only history's are unread, and of those none is left out."""
    newest: Occurrence = finding.occurrences[0]
    return BlobKey(newest.kind, BlobId(newest.blob), b"")


def _is_same(kept: Collection[Candidate], again: Collection[Candidate]) -> bool:
    return [(item.rule.id, item.span, item.ordinal, item.confidence) for item in kept] == [
        (item.rule.id, item.span, item.ordinal, item.confidence) for item in again
    ]


def _is_unread(value: object) -> bool:
    """Whether any secret within *value* has no value; histories of a finding hold none."""
    if isinstance(value, KnownSecret):
        return True
    if isinstance(value, tuple):
        return any(_is_unread(item) for item in value)
    if is_dataclass(value) and not isinstance(value, Occurrence):
        return any(_is_unread(getattr(value, field.name)) for field in fields(value))
    return False
