# SPDX-License-Identifier: Apache-2.0
"""Findings of a report as far as the identity graph needs them: what a secret says of itself, where it stands."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secrethunt.records import BlobKind, CommitInfo, Confidence, Finding, FindingId, Part, Rule, Secret, SecretId, Span
from secrethunt.verdict import Outcome, State, Verdict

_UNREAD = Secret(b"")
"""A report has no values; nothing is recognised by them."""


def reported_findings(entries: Iterable[Mapping[str, Any]], rules: Mapping[str, Rule]) -> Iterator[Finding]:
    """A finding for each of *entries* whose rule is known."""
    for entry in entries:
        rule = rules.get(entry["rule_id"])
        if rule is not None:
            yield _finding(entry, rule)


def _finding(entry: Mapping[str, Any], rule: Rule) -> Finding:
    span = Span(0, 0, entry["line"], entry["column"], entry["end_line"], entry["end_column"])
    return Finding(
        finding_id=FindingId(entry["finding_id"]),
        secret_id=SecretId(entry["secret_id"]),
        rule=rule,
        secret=_UNREAD,
        confidence=Confidence[entry["confidence"].upper()],
        reasons=tuple(entry["reasons"]),
        facts=tuple((str(name), str(value)) for name, value in entry["facts"].items()),
        also=(),
        repository=entry["repository"],
        path=os.fsencode(entry["path"]),
        span=span,
        kind=BlobKind(entry["kind"]),
        first=_commit(entry),
        last=None,
        at_head=entry["at_head"],
        in_worktree=entry["in_worktree"],
        reachable=entry["reachable"],
        refs=(),
        ref_count=entry["ref_count"],
        occurrences=(),
        parts=tuple(_part(part, span) for part in entry["parts"] if not part["is_secret"]),
        verdict=_verdict(entry.get("verdict")),
    )


def _commit(entry: Mapping[str, Any]) -> CommitInfo | None:
    if not entry["commit"]:
        return None
    author, email = ((entry[name] or "").encode() for name in ("author", "email"))
    return CommitInfo(entry["commit"], author, email, entry["date"] or "")


def _part(part: Mapping[str, Any], span: Span) -> Part:
    return Part(part["name"], Secret(str(part["value"]).encode()), False, None, span)


def _verdict(member: Mapping[str, Any] | None) -> Verdict | None:
    if member is None:
        return None
    facts = tuple((str(name), str(value)) for name, value in member["facts"].items())
    return Verdict(Outcome(State(member["state"]), member["reason"], (), facts), member["checked_at"])
