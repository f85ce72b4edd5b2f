# SPDX-License-Identifier: Apache-2.0
"""
Owns SARIF 2.1.0, made to be uploaded: no secret, no name or address of a person is in it, whatever the options say.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from secrethunt.coverage import ScanResult
from secrethunt.records import Finding, Occurrence, Part, RuleId, Span
from secrethunt.report.blast import blast_member
from secrethunt.report.encode import encode
from secrethunt.report.options import ReportOptions
from secrethunt.report.ranking import most_severe_first
from secrethunt.report.redact import MASK, iter_secrets
from secrethunt.report.sarif_limits import (
    CUT_RULE,
    MAX_LOCATIONS,
    SHOWN_RESULTS,
    Budget,
    cut_notifications,
    describe_cut,
)
from secrethunt.report.sarif_notes import iter_notifications, notification_rules
from secrethunt.report.sarif_rules import LEVELS, rule_entry
from secrethunt.report.sarif_values import ROOT, Discretion, message
from secrethunt.report.shown import shown_findings
from secrethunt.report.statements import own_path, path_of, statement
from secrethunt.report.verdicts import validation_member, verdict_member
from secrethunt.suppression import SuppressedBy

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_Entry = dict[str, object]


def iter_sarif(result: ScanResult, options: ReportOptions) -> Generator[bytes, None, str]:
    """The log piece by piece, one result a line, sorted by place; most severe first where not all will be shown."""
    findings = shown_findings(result, options)
    discretion = Discretion(iter_secrets(findings))
    rules = {finding.rule.id: finding.rule for finding in findings}
    index = {rule_id: number for number, rule_id in enumerate(sorted(rules))}
    driver = {
        "name": "secrethunt",
        "version": options.tool_version or "0",
        "rules": [rule_entry(rules[rule_id], discretion) for rule_id in index],
        "notifications": [*notification_rules(result), CUT_RULE],
    }
    head = b'{"$schema": ' + encode(SCHEMA) + b',\n"version": "2.1.0",\n"runs": [{"tool": ' + encode({"driver": driver})
    yield head
    yield b',\n"results": '
    is_long = len(findings) > SHOWN_RESULTS
    ranked = most_severe_first(findings) if is_long else sorted(findings, key=_order)
    notifications = list(iter_notifications(result, discretion))
    budget = Budget(head + encode(notifications))
    kept = 0
    yield b"["
    for finding in ranked:
        line = encode(_result(finding, index, discretion))
        if not budget.takes(line):
            break
        yield (b",\n" if kept else b"\n") + line
        kept += 1
    yield b"]"
    cut = describe_cut(kept, len(findings))
    notifications += cut_notifications(result, cut)
    for name, value in _end(result, discretion, notifications).items():
        yield b",\n" + encode(name) + b": " + encode(value)
    yield b"}]}\n"
    return cut


def _order(finding: Finding) -> tuple[object, ...]:
    return (finding.path, finding.span.line, finding.span.column, finding.rule.id, finding.finding_id)


def _end(result: ScanResult, discretion: Discretion, notifications: list[_Entry]) -> _Entry:
    """The members of the run that follow the results; `ROOT` is defined only where something needs it."""
    invocation = {
        "executionSuccessful": not result.is_incomplete,
        "toolExecutionNotifications": notifications,
    }
    coverage = result.coverage
    counts = {
        "commits": coverage.commits,
        "tags": coverage.tags,
        "blobs": coverage.blobs,
        "files": coverage.files,
        "bytes": coverage.bytes,
        "decoded": coverage.decoded,
        "containers": coverage.containers,
        "rules": coverage.rules,
        "seconds": round(coverage.seconds, 3),
    }
    end: _Entry = {
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "redactionTokens": [MASK],
        "properties": {"coverage": counts, **validation_member(result.validation, discretion)},
    }
    if discretion.has_absolute:
        end["originalUriBaseIds"] = {ROOT: {"uri": "file:///"}}
    return end


def _result(finding: Finding, index: Mapping[RuleId, int], discretion: Discretion) -> _Entry:
    rule = finding.rule
    others = _others(finding)
    shown = others[:MAX_LOCATIONS]
    said = statement(finding, discretion)
    if len(shown) < len(others):
        said += f" The newest {len(shown)} of {len(others)} other versions are listed."
    return {
        "ruleId": rule.id,
        "ruleIndex": index[rule.id],
        "level": LEVELS[rule.severity],
        "message": message(said),
        "locations": [_location(own_path(finding), finding.span, discretion)],
        "relatedLocations": [
            _related(finding, occurrence, number, discretion) for number, occurrence in enumerate(shown, 1)
        ],
        "partialFingerprints": {"findingId/v1": finding.finding_id, "secretId/v1": finding.secret_id},
        "occurrenceCount": max(len(finding.occurrences), 1),
        **_suppressions(finding, discretion),
        "properties": {
            "confidence": finding.confidence.label,
            "severity": rule.severity.label,
            "provider": rule.provider,
            "nhi": rule.nhi,
            "kind": finding.kind.value,
            "decode": [discretion.text(step) for step in finding.decode],
            "repository": discretion.text(finding.repository),
            "atHead": finding.at_head,
            "inWorktree": finding.in_worktree,
            "reachable": finding.reachable,
            "refCount": finding.ref_count,
            "firstCommit": finding.first.id if finding.first else None,
            "firstDate": finding.first.date if finding.first else None,
            "lastCommit": finding.last.id if finding.last else None,
            "parts": [_part(finding, part, discretion) for part in finding.parts],
            "blob": finding.occurrences[0].blob if finding.occurrences else None,
            **verdict_member(finding.verdict, discretion),
            **blast_member(finding.blast, discretion),
        },
    }


def _suppressions(finding: Finding, discretion: Discretion) -> _Entry:
    """Section 3.27.23: what allows a result; absent where nothing does. Who allowed it is a person and stays out."""
    suppression = finding.suppression
    if suppression is None:
        return {}
    kind = "inSource" if suppression.by is SuppressedBy.COMMENT else "external"
    reason = f": {suppression.reason}" if suppression.reason else ""
    justification = discretion.text(f"{suppression.detail}{reason}")
    return {"suppressions": [{"kind": kind, "status": "accepted", "justification": justification}]}


def _part(finding: Finding, part: Part, discretion: Discretion) -> _Entry:
    """What completes the credential, and where it stands; never its value where that is a secret."""
    return {
        "name": part.name,
        "rule": part.rule,
        "value": MASK if part.is_secret else discretion.text(part.value.reveal()),
        "uri": discretion.location(part.path or path_of(finding, finding.kind, "unknown"))["uri"],
        "line": part.span.line,
        "column": part.span.column,
    }


def _others(finding: Finding) -> list[Occurrence]:
    """The occurrences without the newest that stands at the finding's own place."""
    others = list(finding.occurrences)
    shown = next((occurrence for occurrence in others if occurrence.span == finding.span), None)
    if shown:
        others.remove(shown)
    return others


def _related(finding: Finding, occurrence: Occurrence, number: int, discretion: Discretion) -> _Entry:
    first = f", first in commit {occurrence.first.id[:10]}" if occurrence.first else ""
    path = path_of(finding, occurrence.kind, occurrence.blob)
    return _location(path, occurrence.span, discretion) | {
        "id": number,
        "message": message(f"Also in {occurrence.kind.value} {occurrence.blob[:10]}{first}."),
        "properties": {
            "blob": occurrence.blob,
            "kind": occurrence.kind.value,
            "decode": [discretion.text(step) for step in occurrence.decode],
            "firstCommit": occurrence.first.id if occurrence.first else None,
            "lastCommit": occurrence.last.id if occurrence.last else None,
            "atHead": occurrence.at_head,
            "reachable": occurrence.reachable,
        },
    }


def _location(path: bytes, span: Span, discretion: Discretion) -> _Entry:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"physicalLocation": {"artifactLocation": discretion.location(path), "region": region}}
