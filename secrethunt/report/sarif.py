# SPDX-License-Identifier: Apache-2.0
"""
Owns SARIF 2.1.0, made to be uploaded: no secret, no name or address of a person is in it, whatever the options say.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from secrethunt.coverage import ScanResult
from secrethunt.records import BlobKind, Finding, Occurrence, Part, RuleId, Span, SuppressedBy
from secrethunt.report.encode import encode, iter_array
from secrethunt.report.options import ReportOptions
from secrethunt.report.redact import MASK, iter_secrets
from secrethunt.report.sarif_notes import iter_notifications, notification_rules
from secrethunt.report.sarif_rules import LEVELS, rule_entry
from secrethunt.report.sarif_values import ROOT, Discretion, message
from secrethunt.report.shown import shown_findings

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_Entry = dict[str, object]


def iter_sarif(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """The log piece by piece, one result a line, sorted by place."""
    findings = shown_findings(result, options)
    discretion = Discretion(iter_secrets(findings))
    rules = {finding.rule.id: finding.rule for finding in findings}
    index = {rule_id: number for number, rule_id in enumerate(sorted(rules))}
    driver = {
        "name": "secrethunt",
        "version": options.tool_version or "0",
        "rules": [rule_entry(rules[rule_id], discretion) for rule_id in index],
        "notifications": notification_rules(result),
    }
    yield b'{"$schema": ' + encode(SCHEMA) + b',\n"version": "2.1.0",\n"runs": [{"tool": ' + encode({"driver": driver})
    yield b',\n"results": '
    yield from iter_array(_result(finding, index, discretion) for finding in sorted(findings, key=_order))
    for name, value in _end(result, discretion).items():
        yield b",\n" + encode(name) + b": " + encode(value)
    yield b"}]}\n"


def _order(finding: Finding) -> tuple[object, ...]:
    return (finding.path, finding.span.line, finding.span.column, finding.rule.id, finding.finding_id)


def _end(result: ScanResult, discretion: Discretion) -> _Entry:
    """The members of the run that follow the results; `ROOT` is defined only where something needs it."""
    invocation = {
        "executionSuccessful": not result.is_incomplete,
        "toolExecutionNotifications": list(iter_notifications(result, discretion)),
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
        "properties": {"coverage": counts},
    }
    if discretion.has_absolute:
        end["originalUriBaseIds"] = {ROOT: {"uri": "file:///"}}
    return end


def _result(finding: Finding, index: Mapping[RuleId, int], discretion: Discretion) -> _Entry:
    rule = finding.rule
    newest = finding.occurrences[0].blob if finding.occurrences else "unknown"
    path = _path(finding, finding.kind, newest)
    return {
        "ruleId": rule.id,
        "ruleIndex": index[rule.id],
        "level": LEVELS[rule.severity],
        "message": message(_message(finding, discretion)),
        "locations": [_location(path, finding.span, discretion)],
        "relatedLocations": [
            _related(finding, occurrence, number, discretion) for number, occurrence in enumerate(_others(finding), 1)
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
        "uri": discretion.location(part.path or _path(finding, finding.kind, "unknown"))["uri"],
        "line": part.span.line,
        "column": part.span.column,
    }


def _message(finding: Finding, discretion: Discretion) -> str:
    """One or two sentences; the place and the rule's help stand beside it."""
    if finding.in_worktree or finding.at_head:
        where = "stands here"
    elif finding.reachable:
        where = "stands in history, no longer at HEAD"
    else:
        where = "stands in history that no ref reaches"
    reasons = "; ".join(discretion.text(reason) for reason in finding.reasons)
    why = f" Reported because: {reasons}." if reasons else ""
    if finding.decode:
        where += f", encoded ({discretion.text(' > '.join(finding.decode))})"
    return f"{discretion.text(finding.rule.name)} ({finding.confidence.label} confidence) {where}.{why}"


def _others(finding: Finding) -> list[Occurrence]:
    """The occurrences without the newest that stands at the finding's own place."""
    others = list(finding.occurrences)
    shown = next((occurrence for occurrence in others if occurrence.span == finding.span), None)
    if shown:
        others.remove(shown)
    return others


def _related(finding: Finding, occurrence: Occurrence, number: int, discretion: Discretion) -> _Entry:
    first = f", first in commit {occurrence.first.id[:10]}" if occurrence.first else ""
    path = _path(finding, occurrence.kind, occurrence.blob)
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


def _path(finding: Finding, kind: BlobKind, blob: str) -> bytes:
    """
    The path, or for an object that has none a relative one that stands for it.

    Services refuse results without a path, and git allows no `.git` in a tree, so nothing else can be meant.
    """
    if kind is BlobKind.STREAM:
        return finding.path or b"-"
    if finding.path and kind not in (BlobKind.COMMIT, BlobKind.TAG):
        return finding.path
    noun = kind.value if kind in (BlobKind.COMMIT, BlobKind.TAG) else "blob"
    return f".git/{noun}/{blob}".encode()


def _location(path: bytes, span: Span, discretion: Discretion) -> _Entry:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"physicalLocation": {"artifactLocation": discretion.location(path), "region": region}}
