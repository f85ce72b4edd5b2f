# SPDX-License-Identifier: Apache-2.0
"""
Reads the secrets of a report again: reports hold no values, so exactly the blobs they name are read and searched once
more. What is found is compared with the report's ids; nothing else of the target is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from secrethunt.detector import Detector
from secrethunt.facts import with_expiry
from secrethunt.findings import Fingerprinter
from secrethunt.neighbours import join_directories
from secrethunt.objectscan import blob_id
from secrethunt.records import Blob, BlobId, BlobKind, Candidate, Finding
from secrethunt.report.readback import Reported
from secrethunt.sources.contract import DEFAULT_MAX_SIZE, Source

_IN_GIT = frozenset({BlobKind.HISTORY, BlobKind.COMMIT, BlobKind.TAG, BlobKind.STAGED})


@dataclass(frozen=True, slots=True)
class Reread:
    """What was read again, and what was not."""

    findings: tuple[Finding, ...]
    unread: tuple[str, ...]
    """For each finding that could not be, its place and the reason."""


def read_again(
    reported: Sequence[Reported], source: Source, root: str, *, detector: Detector, fingerprinter: Fingerprinter
) -> Reread:
    """
    The findings of a report with their values and parts, in its order.

    Args:
        source: The target that the report is of; its objects are read where files have changed.
        root: Its path.
        fingerprinter: Of the key that the report was made with.
    """
    search = _Search(detector, fingerprinter)
    for item in reported:
        for data in _file_versions(item, root):
            search.add(item, blob_id(data), data)
    missing = {id for item in reported for id in item.blobs if item not in search and item.kind is not BlobKind.STREAM}
    wanted: dict[BlobId, list[Reported]] = {}
    for item in reported:
        for id in item.blobs:
            if id in missing:
                wanted.setdefault(id, []).append(item)
    for id, data in source.read(sorted(wanted)):
        for item in wanted[id]:
            search.add(item, id, data)
    findings = [search.finding(item) for item in reported if item in search]
    unread = tuple(_lost(item, search) for item in reported if item not in search)
    return Reread(tuple(join_directories(findings, source.iter_beside, source.prefix)), unread)


def _file_versions(item: Reported, root: str) -> Iterator[bytes]:
    """What stands on disk where the report says; paths count from here, or from the root of a repository."""
    if item.kind is not BlobKind.FILE or not item.path:
        return
    base = os.fsencode(root)
    for path in dict.fromkeys([os.path.join(base, item.path), item.path]):
        try:
            if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > DEFAULT_MAX_SIZE:
                continue
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            continue
        yield data


class _Search:
    """Searches each blob once, and keeps the candidates that the report knows."""

    def __init__(self, detector: Detector, fingerprinter: Fingerprinter) -> None:
        self._detector = detector
        self._fingerprinter = fingerprinter
        self._candidates: dict[tuple[BlobId, bytes], tuple[Candidate, ...]] = {}
        self._found: dict[str, Candidate] = {}
        self._seen: set[str] = set()

    def __contains__(self, item: Reported) -> bool:
        return item.finding_id in self._found

    def was_searched(self, item: Reported) -> bool:
        """Some blob of *item* was there, and held it no more."""
        return item.finding_id in self._seen

    def add(self, item: Reported, id: BlobId, data: bytes) -> None:
        """Look for *item* in *data*."""
        if item in self:
            return
        key = id, item.path
        if key not in self._candidates:
            kind = item.kind if item.kind in (BlobKind.COMMIT, BlobKind.TAG) else BlobKind.FILE
            self._candidates[key] = self._detector.scan_bytes(Blob(data, kind, item.path, id))
        self._seen.add(item.finding_id)
        fitting = [found for found in self._candidates[key] if self._fits(found, item)]
        if fitting:
            self._found[item.finding_id] = min(fitting, key=lambda found: _distance(found, item))

    def finding(self, item: Reported) -> Finding:
        """*item* with its value."""
        found = self._found[item.finding_id]
        return Finding(
            finding_id=item.finding_id,
            secret_id=item.secret_id,
            rule=found.rule,
            secret=found.secret,
            confidence=max(item.confidence, found.confidence),
            reasons=found.reasons,
            facts=with_expiry(found.facts),
            also=found.also,
            repository=item.repository,
            path=item.path,
            span=found.span,
            kind=item.kind,
            first=item.first,
            last=item.last,
            at_head=item.at_head,
            in_worktree=item.in_worktree,
            reachable=item.reachable,
            refs=item.refs,
            ref_count=item.ref_count,
            occurrences=item.occurrences,
            parts=found.parts,
            decode=found.decoding.chain if found.decoding else (),
        )

    def _fits(self, found: Candidate, item: Reported) -> bool:
        return self._fingerprinter.secret_id_of(found) == item.secret_id


def _distance(found: Candidate, item: Reported) -> tuple[bool, int, int]:
    """Of several places of one secret, the one that the report means: by rule, then by offset, else by line."""
    offset = abs(found.span.start - item.start) if item.start is not None else 0
    return (found.rule.id != item.rule_id, offset, abs(found.span.line - item.line))


def _lost(item: Reported, search: _Search) -> str:
    place = item.path.decode("utf-8", "backslashreplace") or (item.blobs[0] if item.blobs else "-")
    if item.kind is BlobKind.STREAM:
        reason = "it came from a stream"
    elif search.was_searched(item):
        reason = "it is not there any more, or another key or other rules made the report"
    else:
        reason = "what held it cannot be read"
    return f"{place}:{item.line}: {item.rule_id}: {reason}"
