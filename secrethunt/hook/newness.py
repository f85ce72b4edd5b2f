# SPDX-License-Identifier: Apache-2.0
"""
Decides which findings a change brings: those whose secret stands on an added line, and those that an added line makes
of an unchanged value (the name before it is new, the value is not). All others were there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from secrethunt.match.scan import is_binary
from secrethunt.pipeline import Scanner
from secrethunt.records import BlobId, BlobKind, Finding, Occurrence, Span
from secrethunt.sources.change_backend import Change, ChangeBackend, added_lines, old_line
from secrethunt.sources.changes import CommittedChanges, StagedChanges

_OBJECTS = frozenset({BlobKind.COMMIT, BlobKind.TAG})
_Known = frozenset[tuple[str, int]]
"""Secret ids with the lines at which they stand."""


class Newness:
    """Answers for the changes of one source."""

    def __init__(self, scanner: Scanner, source: StagedChanges | CommittedChanges) -> None:
        self._scanner = scanner
        self._source = source
        self._backend: ChangeBackend = source.backend
        self._changes: dict[tuple[str, bytes], list[Change]] = {}
        for change in source.changes:
            self._changes.setdefault((change.id, change.path), []).append(change)
        self._data: dict[str, bytes] = {}
        self._known: dict[tuple[str, bytes], _Known] = {}

    def new(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those of *findings* that the change brings, in their order."""
        return [finding for finding in findings if self.is_new(finding)]

    def is_new(self, finding: Finding) -> bool:
        """Whether any occurrence of *finding* is brought by a change."""
        return any(self._is_brought(finding, occurrence) for occurrence in finding.occurrences)

    def _is_brought(self, finding: Finding, occurrence: Occurrence) -> bool:
        if occurrence.kind in _OBJECTS:
            return True
        changes = self._changes.get((occurrence.blob, finding.path))
        # What Git LFS keeps is no blob of the change: nobody can say which of its lines are new.
        return changes is None or any(self._brings(change, finding, occurrence) for change in changes)

    def _brings(self, change: Change, finding: Finding, occurrence: Occurrence) -> bool:
        data = self._read(change.id)
        if is_binary(data):
            # Lines mean nothing in a container: a secret is new when the old one did not hold it.
            return not any(self._stood_in(old, change.path, finding, None) for old in change.olds)
        added = added_lines(self._backend, change)
        if added is None or _touches(occurrence.span, added):
            return True
        if not self._is_within_reach(data, finding, occurrence.span, added):
            return False
        return not any(self._stood_at(old, change, finding, occurrence.span) for old in change.olds)

    def _stood_at(self, old: str, change: Change, finding: Finding, span: Span) -> bool:
        line = old_line(self._backend.hunks(old, change.id), span.line)
        return self._stood_in(old, change.path, finding, line)

    def _stood_in(self, old: str, path: bytes, finding: Finding, line: int | None) -> bool:
        """Whether a scan of blob *old* reports the secret of *finding*: at *line*, or anywhere."""
        known = self._known.get((old, path))
        if known is None:
            found = self._scanner.scan_bytes(self._read(old), path.decode("utf-8", "surrogateescape"))
            known = self._known[old, path] = frozenset((item.secret_id, item.span.line) for item in found)
        if line is None:
            return any(secret_id == finding.secret_id for secret_id, _ in known)
        return (finding.secret_id, line) in known

    def _is_within_reach(self, data: bytes, finding: Finding, span: Span, added: Sequence[range]) -> bool:
        """Whether what made *finding* may have looked at an added line; the first look of a hook asks the same."""
        places = _line_places(data, added)
        windows = self._scanner.windows_around(data, finding, span)
        return any(start < stop and end > begin for begin, stop in windows for start, end in places)

    def _read(self, id: str) -> bytes:
        if id not in self._data:
            for blob, data in self._source.read([BlobId(id)]):
                self._data[blob] = data
            self._data.setdefault(id, b"")
        return self._data[id]


def _touches(span: Span, added: Iterable[range]) -> bool:
    # A span that ends at the beginning of a line holds nothing of it.
    last = span.end_line if span.end_column > 1 or span.end_line == span.line else span.end_line - 1
    return any(lines.start <= last and lines.stop > span.line for lines in added)


def _line_places(data: bytes, added: Iterable[range]) -> list[tuple[int, int]]:
    """Where ranges of lines stand in *data*: half-open, in bytes."""
    starts = [0]
    at = data.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = data.find(b"\n", at + 1)
    starts.append(len(data))
    last = len(starts) - 1
    return [(starts[min(lines.start - 1, last)], starts[min(lines.stop - 1, last)]) for lines in added]
