# SPDX-License-Identifier: Apache-2.0
"""Owns the sentence that says where a finding stands and since when."""

from __future__ import annotations

from collections.abc import Iterator

from secrethunt.records import BlobKind, CommitInfo, Finding
from secrethunt.report.escape import escape
from secrethunt.report.redact import Redactor

_SHORT_ID = 10
_NAMED_REFS = 3
_LONGEST_NAME = 50
_REF_WORDS = ((b"refs/heads/", ""), (b"refs/remotes/", ""), (b"refs/tags/", "tag "), (b"refs/", ""))


def describe_history(finding: Finding, redactor: Redactor) -> str:
    """`On disk and at HEAD; added 2023-04-05 by Ann in 9f3c2ab1d0; on main and 3 more`, escaped."""
    return "; ".join(_iter_clauses(finding, redactor))


def short_id(object_id: str) -> str:
    """The digits of an object id that people read."""
    return object_id[:_SHORT_ID]


def _iter_clauses(finding: Finding, redactor: Redactor) -> Iterator[str]:
    yield _standing(finding)
    first, last = finding.first, finding.last
    if first:
        yield f"added {_day(first)} by {_author(first, redactor)} in {short_id(first.id)}"
    if last and not finding.at_head and first != last:
        yield f"last in {short_id(last.id)} of {_day(last)} by {_author(last, redactor)}"
    if first and not finding.reachable:
        yield "no ref reaches it"
    elif finding.refs:
        yield f"on {_refs(finding, redactor)}"


def _standing(finding: Finding) -> str:
    if finding.in_worktree:
        return _standing_on_disk(finding)
    if finding.at_head:
        return "At HEAD"
    return "Only in history"


def _standing_on_disk(finding: Finding) -> str:
    where = {BlobKind.STAGED: "In the index", BlobKind.STREAM: "In the stream"}.get(finding.kind, "On disk")
    if finding.at_head:
        return f"{where} and at HEAD"
    return f"{where} and in history, not at HEAD" if finding.first else where


def _day(commit: CommitInfo) -> str:
    return escape(commit.date[:10])


def _author(commit: CommitInfo, redactor: Redactor) -> str:
    name = escape(redactor.text(commit.author)) or "an author without a name"
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."


def _refs(finding: Finding, redactor: Redactor) -> str:
    named = [_ref(ref, redactor) for ref in finding.refs[:_NAMED_REFS]]
    rest = max(finding.ref_count, len(finding.refs)) - len(named)
    if rest:
        return f"{', '.join(named)} and {rest:,} more"
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _ref(ref: bytes, redactor: Redactor) -> str:
    for prefix, word in _REF_WORDS:
        if ref.startswith(prefix):
            return word + escape(redactor.text(ref.removeprefix(prefix)))
    return escape(redactor.text(ref))
