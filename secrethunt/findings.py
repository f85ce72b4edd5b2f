# SPDX-License-Identifier: Apache-2.0
"""
From candidates and provenance to findings under stable ids. Knows nothing of sources, storage or reports.

`secret_id` names a credential whatever rule, commit or path it was seen in; `finding_id` names one place of it in one
path. Neither holds a line number, a commit, an author or a time, so that edits around a secret change no id.
"""

from __future__ import annotations

import fnmatch
import functools
import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from secrethunt.candidates.canonical import canonical_value
from secrethunt.candidates.generic import strength
from secrethunt.candidates.overlap import Judged, resolve_overlaps
from secrethunt.records import (
    MAX_REFS,
    BlobCandidates,
    BlobId,
    BlobKind,
    Candidate,
    CommitInfo,
    Finding,
    FindingId,
    KnownSecret,
    Occurrence,
    Part,
    Provenance,
    Rule,
    SecretId,
)
from secrethunt.stretch import scrypt_all

PUBLIC_KEY = b"secrethunt public fingerprint key 1"
"""Used where an organisation has set no key of its own: ids then agree between all machines."""
_SCRYPT = {"n": 2**8, "r": 8}
"""RFC 7914 at 256 KiB, about 0.5 ms for one value: a report must not let its reader test guesses quickly."""
_WORKTREE_KINDS = frozenset({BlobKind.FILE, BlobKind.STAGED, BlobKind.STREAM})


class Placed(NamedTuple):
    """The candidates of one blob, and everywhere that blob was seen."""

    blob: BlobCandidates
    places: tuple[Provenance, ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """What the ids and paths of a target's findings are made with."""

    repository: str
    prefix: bytes = b""
    """Put before reported paths; ids are made without it."""
    key: bytes = PUBLIC_KEY


class Fingerprinter:
    """Makes secret ids under one key; remembers them, since guessable values cost milliseconds each."""

    def __init__(self, key: bytes = PUBLIC_KEY) -> None:
        self._key = key
        self._known: dict[tuple[str, bytes], SecretId] = {}
        self._stretched: dict[bytes, bytes] = {}

    def prepare(self, candidates: Iterable[Candidate]) -> None:
        """Do what is expensive for the ids of *candidates*; together that takes a fourth of the time of one by one."""
        wanted: dict[bytes, None] = {}
        for candidate in candidates:
            if not isinstance(candidate.secret, KnownSecret):
                canonical = canonical_value(candidate.secret.reveal())
                if canonical not in self._stretched and _is_guessable(canonical):
                    wanted[canonical] = None
        self._stretched.update(zip(wanted, scrypt_all([*wanted], self._key, **_SCRYPT), strict=True))

    def secret_id_of(self, candidate: Candidate) -> SecretId:
        """The id of a candidate's secret, computed or known from before."""
        secret = candidate.secret
        return secret.secret_id if isinstance(secret, KnownSecret) else self.secret_id(candidate.rule, secret.reveal())

    def secret_id(self, rule: Rule, value: bytes) -> SecretId:
        """HMAC-SHA256 over credential family and canonical value; 32 hex digits."""
        family = rule.family or rule.id
        known = self._known.get((family, value))
        if known is None:
            canonical = canonical_value(value)
            if _is_guessable(canonical):
                canonical = self._stretch(canonical)
            digest = hmac.digest(self._key, family.encode() + b"\0" + canonical, "sha256")
            known = self._known[family, value] = SecretId(digest.hex()[:32])
        return known

    def _stretch(self, canonical: bytes) -> bytes:
        stretched = self._stretched.get(canonical)
        if stretched is None:
            stretched = self._stretched[canonical] = next(scrypt_all([canonical], self._key, **_SCRYPT))
        return stretched


def _is_guessable(canonical: bytes) -> bool:
    return strength(canonical) < 3


def finding_id(secret_id: SecretId, repository: str, path: bytes, ordinal: int) -> FindingId:
    """SHA-256 over the parts, NUL-separated; 32 hex digits."""
    text = b"\0".join([secret_id.encode(), os.fsencode(repository), path, b"%d" % ordinal])
    return FindingId(hashlib.sha256(text).hexdigest()[:32])


class _Sighting(NamedTuple):
    """A candidate in one blob at one path."""

    blob: BlobId
    candidate: Candidate
    place: Provenance


def assemble_findings(
    placed: Iterable[Placed], naming: Naming, fingerprinter: Fingerprinter | None = None
) -> list[Finding]:
    """
    One finding for each secret in each place of each path, most severe first.

    A rule with `paths` counts only where a path of the blob matches. A *fingerprinter* of the same key may be given.
    """
    fingerprinter = fingerprinter or Fingerprinter(naming.key)
    sightings = [
        _Sighting(blob.id, candidate, place)
        for blob, places in placed
        for place in places
        for candidate in _candidates_at(place.path, blob.candidates)
    ]
    fingerprinter.prepare(sighting.candidate for sighting in sightings)
    groups: dict[tuple[SecretId, bytes, int], list[_Sighting]] = {}
    for sighting in sightings:
        key = (fingerprinter.secret_id_of(sighting.candidate), sighting.place.path, sighting.candidate.ordinal)
        groups.setdefault(key, []).append(sighting)
    findings = [_finding(secret_id, ordinal, group, naming) for (secret_id, _, ordinal), group in groups.items()]
    findings.sort(key=report_order)
    return findings


def report_order(finding: Finding) -> tuple[int, int, str, bytes, int, str]:
    """Sorts findings as they are reported: the most severe first."""
    return (
        -finding.rule.severity,
        -finding.confidence,
        finding.secret_id,
        finding.path,
        finding.span.start,
        finding.finding_id,
    )


def _candidates_at(path: bytes, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Those whose rules count at *path*, of which no two overlap."""
    if not any(candidate.rule.paths for candidate in candidates):
        return candidates
    counting_here = [item for item in candidates if counts_at(item.rule, _path_of(item) or path)]
    layers: dict[tuple[object, ...], list[Candidate]] = {}
    for item in counting_here:
        layers.setdefault(_layer(item), []).append(item)
    return [item for layer in layers.values() for item in _without_overlaps(layer)]


def _layer(item: Candidate) -> tuple[object, ...]:
    """Equal for candidates whose offsets are of the same bytes."""
    decoding = item.decoding
    return (item.span.start, item.span.end, decoding.chain) if decoding and not decoding.is_exact else ()


def _without_overlaps(layer: Iterable[Candidate]) -> Iterable[Candidate]:
    counting = {(item.rule.id, *_range(item)): item for item in layer}
    kept = resolve_overlaps(
        Judged(item.rule, *_range(item), item.confidence, item.reasons, item.facts, item.also, item.decoding)
        for item in counting.values()
    )
    for item in kept:
        yield replace(counting[item.rule.id, item.start, item.end], confidence=item.confidence, also=item.also)


def _range(item: Candidate) -> tuple[int, int]:
    decoding = item.decoding
    return (decoding.start, decoding.end) if decoding and not decoding.is_exact else (item.span.start, item.span.end)


def _path_of(item: Candidate) -> bytes:
    """The path that counts for what stands in a member of an archive; else empty."""
    return item.decoding.path if item.decoding else b""


def counts_at(rule: Rule, path: bytes) -> bool:
    """Whether *rule* means anything at *path*."""
    return not rule.paths or _is_at(path, rule.paths)


@functools.lru_cache(maxsize=1 << 14)
def _is_at(path: bytes, globs: tuple[str, ...]) -> bool:
    """Remembered, since every version of a file stands at the same path."""
    text = "/" + path.decode("utf-8", "surrogateescape")
    wanted = [glob for glob in globs if not glob.startswith("!")]
    if wanted and not any(_is_like(text, glob) for glob in wanted):
        return False
    return not any(_is_like(text, glob[1:]) for glob in globs if glob.startswith("!"))


def _is_like(text: str, glob: str) -> bool:
    if glob.startswith("re:"):
        return re.search(glob[3:], text[1:]) is not None
    return fnmatch.fnmatchcase(text, glob if glob.startswith(("*", "/")) else f"*/{glob}")


def _finding(secret_id: SecretId, ordinal: int, group: list[_Sighting], naming: Naming) -> Finding:
    from secrethunt.facts import with_expiry  # where there is a finding the decoders are loaded anyway

    newest = max(group, key=_newness)
    surest = max(group, key=lambda sighting: (sighting.candidate.confidence, _newness(sighting))).candidate
    history = [sighting.place for sighting in group if sighting.place.first is not None]
    refs = sorted({ref for place in history for ref in place.refs})
    path = newest.place.path
    return Finding(
        finding_id=finding_id(secret_id, naming.repository, path, ordinal),
        secret_id=secret_id,
        rule=surest.rule,
        secret=newest.candidate.secret,
        confidence=surest.confidence,
        reasons=surest.reasons,
        facts=with_expiry(surest.facts),
        also=tuple(sorted({rule for sighting in group for rule in sighting.candidate.also})),
        repository=naming.repository,
        path=naming.prefix + path,
        span=newest.candidate.span,
        kind=newest.place.kind,
        first=min((place.first for place in history if place.first), key=_instant, default=None),
        last=max((place.last for place in history if place.last), key=_instant, default=None),
        at_head=any(place.at_head for place in history),
        in_worktree=any(sighting.place.kind in _WORKTREE_KINDS for sighting in group),
        reachable=any(sighting.place.reachable for sighting in group),
        refs=tuple(refs[:MAX_REFS]),
        ref_count=max((place.ref_count for place in history), default=0),
        occurrences=_occurrences(group),
        parts=_parts(surest, newest.candidate),
        decode=_chain(newest.candidate),
        signals=surest.signals,
        allowance=newest.candidate.allowance,
    )


def _parts(*candidates: Candidate) -> tuple[Part, ...]:
    """Each part once, those of the first of *candidates* before those that only a later one has."""
    named: dict[str, Part] = {}
    for candidate in candidates:
        for part in candidate.parts:
            named.setdefault(part.name, part)
    return tuple(named.values())


def _chain(candidate: Candidate) -> tuple[str, ...]:
    return candidate.decoding.chain if candidate.decoding else ()


def _instant(commit: CommitInfo) -> tuple[float, str]:
    return commit.timestamp, commit.id


def _newness(sighting: _Sighting) -> tuple[bool, bool, float, BlobId]:
    place = sighting.place
    return (
        place.kind in _WORKTREE_KINDS,
        place.at_head,
        place.last.timestamp if place.last else 0.0,
        sighting.blob,
    )


def _occurrences(group: list[_Sighting]) -> tuple[Occurrence, ...]:
    """Newest first; a file on disk that equals a blob of history is that blob's occurrence."""
    in_history = {sighting.blob for sighting in group if sighting.place.kind not in _WORKTREE_KINDS}
    return tuple(
        Occurrence(
            blob=sighting.blob,
            kind=sighting.place.kind,
            span=sighting.candidate.span,
            decode=_chain(sighting.candidate),
            first=sighting.place.first,
            last=sighting.place.last,
            at_head=sighting.place.at_head,
            reachable=sighting.place.reachable,
        )
        for sighting in sorted(group, key=_newness, reverse=True)
        if sighting.place.kind not in _WORKTREE_KINDS or sighting.blob not in in_history
    )
