# SPDX-License-Identifier: Apache-2.0
"""
Joins the parts of a credential that stand in different files of one directory. Parts in the same file are joined before
(`candidates/pairs.py`); what is found here completes a finding and makes it no surer.

A part counts only where the directory holds one value of its kind: of two accounts nobody can tell whose token it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from secrethunt.candidates.lines import LineCounter
from secrethunt.candidates.pairs import Pairs, Place
from secrethunt.match.scan import is_binary
from secrethunt.records import Blob, BlobKind, Finding, Part, PartSpec, Secret

_MOST_BYTES = 16 * 1024 * 1024
"""Bytes searched in one scan, a file once for each kind of part: bounds what a tree full of lone keys costs."""

ReadBeside = Callable[[bytes], Iterable[Blob]]
"""Gives the files of the directory in which the file at a path lies, as far as the scan reads them."""


def join_directories(findings: Sequence[Finding], read_beside: ReadBeside, prefix: bytes) -> list[Finding]:
    """
    *findings* of one source, in their order, with the parts that other files of their directories hold.

    Args:
        findings: All of the source, since a part may be a finding too.
        read_beside: Asked only for directories on disk in which a part is missing.
        prefix: What stands before the paths that *read_beside* knows.
    """
    lacking = {finding.finding_id: missing for finding in findings if (missing := _missing(finding))}
    if not lacking:
        return list(findings)
    by_directory: dict[bytes, list[Finding]] = {}
    for finding in findings:
        by_directory.setdefault(os.path.dirname(finding.path), []).append(finding)
    search = _Search(read_beside, prefix)
    return [
        _completed(finding, lacking[finding.finding_id], by_directory, search)
        if finding.finding_id in lacking
        else finding
        for finding in findings
    ]


def _missing(finding: Finding) -> list[PartSpec]:
    named = {part.name for part in finding.parts}
    return [spec for spec in finding.rule.parts if spec.name not in named]


def _completed(
    finding: Finding, missing: Iterable[PartSpec], by_directory: dict[bytes, list[Finding]], search: _Search
) -> Finding:
    parts = list(finding.parts)
    for spec in missing:
        if any(part.name == spec.name for part in parts):
            continue
        if spec.rules:
            part = _only_finding(finding, spec, by_directory[os.path.dirname(finding.path)])
        else:
            part = search.only_value(finding, spec)
        if part is not None:
            parts.append(part)
    return replace(finding, parts=tuple(parts)) if len(parts) > len(finding.parts) else finding


def _only_finding(finding: Finding, spec: PartSpec, others: Iterable[Finding]) -> Part | None:
    """The one value among *others* that *spec* asks for and that stood beside *finding* at some time."""
    fitting = [
        other
        for other in others
        if not {other.rule.id, other.rule.family, *other.also}.isdisjoint(spec.rules)
        and other.secret_id != finding.secret_id
        and _stood_together(finding, other)
    ]
    if len({other.secret.reveal() for other in fitting}) != 1:
        return None
    chosen = min(fitting, key=lambda other: (other.path != finding.path, other.path, other.span.start))
    return Part(spec.name, chosen.secret, True, chosen.rule.id, chosen.span, chosen.path)


def _stood_together(finding: Finding, other: Finding) -> bool:
    """On disk, at HEAD, or added by the same commit."""
    if (finding.in_worktree and other.in_worktree) or (finding.at_head and other.at_head):
        return True
    return finding.first is not None and other.first is not None and finding.first.id == other.first.id


class _Search:
    """Looks for parts that are no secrets in the files of directories; reads each directory once."""

    def __init__(self, read_beside: ReadBeside, prefix: bytes) -> None:
        self._read_beside = read_beside
        self._prefix = prefix
        self._pairs = Pairs()
        self._left = _MOST_BYTES
        self._blobs: tuple[bytes, list[Blob]] = (b"\0", [])
        self._known: dict[tuple[bytes, PartSpec], Part | None] = {}

    def only_value(self, finding: Finding, spec: PartSpec) -> Part | None:
        """The one value of *spec* in the directory of *finding*, if that is on disk."""
        if finding.kind is not BlobKind.FILE:
            return None
        directory = os.path.dirname(finding.path)
        key = directory, spec
        if key not in self._known:
            self._known[key] = self._search(finding.path, directory, spec)
        return self._known[key]

    def _search(self, path: bytes, directory: bytes, spec: PartSpec) -> Part | None:
        first: tuple[Blob, Place] | None = None
        only = b""
        for blob in self._files(path, directory):
            if self._left < len(blob.data):
                return None
            self._left -= len(blob.data)
            for place in self._pairs.values(blob.data, spec):
                value = blob.data[place.start : place.end]
                if first is None:
                    first, only = (blob, place), value
                elif value != only:
                    return None
        return self._part(spec, *first) if first is not None else None

    def _files(self, path: bytes, directory: bytes) -> list[Blob]:
        if self._blobs[0] != directory:
            blobs = self._read_beside(path.removeprefix(self._prefix))
            self._blobs = directory, [blob for blob in blobs if not is_binary(blob.data)]
        return self._blobs[1]

    def _part(self, spec: PartSpec, blob: Blob, place: Place) -> Part:
        value = Secret(blob.data[place.start : place.end])
        span = LineCounter(blob.data).span(place.start, place.end)
        return Part(spec.name, value, False, None, span, self._prefix + blob.path)
