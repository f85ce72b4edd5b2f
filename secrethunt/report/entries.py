# SPDX-License-Identifier: Apache-2.0
"""
Owns the objects of the JSON formats: one finding, one summary. `schema/finding.schema.json` describes them.

Text is true text, decoded with `backslashreplace`; escaping is the encoder's business. Fields are only ever added.
"""

from __future__ import annotations

from collections.abc import Iterable

from secrethunt.coverage import Problem, ScanResult
from secrethunt.records import CommitInfo, Finding, Occurrence, Part
from secrethunt.report.advice import advice
from secrethunt.report.blast import blast_member
from secrethunt.report.problems import order
from secrethunt.report.redact import Redactor
from secrethunt.report.shown import suppressed_counts
from secrethunt.report.verdicts import validation_member, verdict_member
from secrethunt.suppression import Suppression

SCHEMA_ID = "urn:secrethunt:report:1"
"""`$id` of the schema; the number changes when a field changes its meaning or goes."""

Entry = dict[str, object]


def finding_entry(finding: Finding, redactor: Redactor) -> Entry:
    """The object of one finding; what a finding outside history has no value for is null."""
    rule = finding.rule
    return {
        "type": "finding",
        "finding_id": finding.finding_id,
        "secret_id": finding.secret_id,
        "rule_id": rule.id,
        "rule_name": rule.name,
        "provider": rule.provider,
        "nhi": rule.nhi,
        "severity": rule.severity.label,
        "confidence": finding.confidence.label,
        "secret": redactor.secret(finding.secret),
        "reasons": [redactor.text(reason) for reason in finding.reasons],
        "signals": [{"clause": redactor.text(clause), "points": points} for clause, points in finding.signals or ()],
        "facts": _facts(finding.facts, redactor),
        "parts": [_part(finding, part, redactor) for part in finding.parts],
        "also": list(finding.also),
        "repository": redactor.text(finding.repository),
        "path": redactor.text(finding.path),
        "line": finding.span.line,
        "column": finding.span.column,
        "end_line": finding.span.end_line,
        "end_column": finding.span.end_column,
        "decode": [redactor.text(step) for step in finding.decode],
        "kind": finding.kind.value,
        **_first_commit(finding.first, redactor),
        "last_commit": finding.last.id if finding.last else None,
        "last_author": redactor.text(finding.last.author) if finding.last else None,
        "last_date": finding.last.date if finding.last else None,
        "at_head": finding.at_head,
        "in_worktree": finding.in_worktree,
        "reachable": finding.reachable,
        "refs": [redactor.text(ref) for ref in finding.refs],
        "ref_count": finding.ref_count,
        "occurrences": [_occurrence(occurrence, redactor) for occurrence in finding.occurrences],
        "rotate": advice(rule),
        "references": list(rule.references),
        "suppression": _suppression(finding.suppression, redactor),
        **verdict_member(finding.verdict, redactor),
        **blast_member(finding.blast, redactor),
    }


def summary_entry(result: ScanResult, redactor: Redactor, *, tool_version: str) -> Entry:
    """The object that ends a report: what was found, what was covered, what was not."""
    coverage = result.coverage
    return {
        "type": "summary",
        "version": tool_version,
        "findings": len(result.findings),
        "secrets": len({finding.secret_id for finding in result.findings}),
        "commits": coverage.commits,
        "tags": coverage.tags,
        "blobs": coverage.blobs,
        "files": coverage.files,
        "bytes": coverage.bytes,
        "known": coverage.known,
        "decoded": coverage.decoded,
        "containers": coverage.containers,
        "rules": coverage.rules,
        "seconds": round(coverage.seconds, 3),
        "incomplete": result.is_incomplete,
        "skipped": {skip.label: coverage.skipped[skip] for skip in sorted(coverage.skipped, key=order)},
        "problems": [_problem(problem, redactor) for problem in result.problems],
        "suppressed": suppressed_counts(result),
        "unused_entries": [redactor.text(entry) for entry in result.unused],
        "expired_entries": [redactor.text(entry) for entry in result.expired],
        **validation_member(result.validation, redactor),
    }


def _first_commit(commit: CommitInfo | None, redactor: Redactor) -> Entry:
    if commit is None:
        return {"commit": None, "author": None, "email": None, "date": None}
    return {
        "commit": commit.id,
        "author": redactor.text(commit.author),
        "email": redactor.text(commit.email),
        "date": commit.date,
    }


def _facts(facts: Iterable[tuple[str, str]], redactor: Redactor) -> dict[str, str]:
    """Facts by name; where a name comes twice, its values stand in one, separated by commas."""
    values: dict[str, str] = {}
    for raw_name, raw_value in facts:
        name, value = redactor.text(raw_name), redactor.text(raw_value)
        values[name] = f"{values[name]}, {value}" if name in values else value
    return values


def _part(finding: Finding, part: Part, redactor: Redactor) -> Entry:
    return {
        "name": part.name,
        "rule_id": part.rule,
        "is_secret": part.is_secret,
        "value": redactor.part(part),
        "path": redactor.text(finding.path if part.path is None else part.path),
        "line": part.span.line,
        "column": part.span.column,
        "end_line": part.span.end_line,
        "end_column": part.span.end_column,
    }


def _occurrence(occurrence: Occurrence, redactor: Redactor) -> Entry:
    span = occurrence.span
    return {
        "blob": occurrence.blob,
        "kind": occurrence.kind.value,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "start": span.start,
        "end": span.end,
        "decode": [redactor.text(step) for step in occurrence.decode],
        "first_commit": occurrence.first.id if occurrence.first else None,
        "last_commit": occurrence.last.id if occurrence.last else None,
        "at_head": occurrence.at_head,
        "reachable": occurrence.reachable,
    }


def _suppression(suppression: Suppression | None, redactor: Redactor) -> Entry | None:
    if suppression is None:
        return None
    return {
        "by": suppression.by.value,
        "detail": redactor.text(suppression.detail),
        "reason": redactor.text(suppression.reason),
        "author": redactor.text(suppression.author),
        "expires": suppression.expires or None,
    }


def _problem(problem: Problem, redactor: Redactor) -> Entry:
    return {
        "skip": problem.skip.label,
        "incomplete": problem.skip.is_incomplete,
        "what": redactor.text(problem.what),
        "detail": redactor.text(problem.detail),
    }
