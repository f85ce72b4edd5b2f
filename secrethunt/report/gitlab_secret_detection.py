# SPDX-License-Identifier: Apache-2.0
"""
Owns GitLab's secret detection report, which feeds its vulnerability reports: no value and no person is in it.

Format: version 15.2.4 of secret-detection-report-format.json in
https://gitlab.com/gitlab-org/security-products/security-report-schemas; it demands a commit of every finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from secrethunt.coverage import ScanResult
from secrethunt.records import Finding, Severity
from secrethunt.report.advice import advice
from secrethunt.report.encode import encode, iter_array
from secrethunt.report.options import ReportOptions
from secrethunt.report.problems import render_problems
from secrethunt.report.ranking import most_severe_first
from secrethunt.report.redact import iter_secrets
from secrethunt.report.sarif_values import Discretion
from secrethunt.report.statements import own_path, statement
from secrethunt.report.verdicts import state_word

SCHEMA_VERSION = "15.2.4"
SCHEMA = (
    "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/"
    f"v{SCHEMA_VERSION}/dist/secret-detection-report-format.json"
)
NO_COMMIT = "0000000"
"""What GitLab's own analyzer writes for files that are in no commit."""

_LONGEST_NAME = 255
_LONGEST_SOLUTION = 7000
_SEVERITIES = {
    Severity.CRITICAL: "Critical",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
    Severity.INFO: "Info",
}

_Entry = dict[str, object]


def iter_secret_detection(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """The document piece by piece, one vulnerability a line, most severe first."""
    discretion = Discretion(iter_secrets(result.findings))
    yield b'{"version": ' + encode(SCHEMA_VERSION) + b',\n"schema": ' + encode(SCHEMA)
    yield b',\n"scan": ' + encode(_scan(result, options)) + b',\n"vulnerabilities": '
    yield from iter_array(_vulnerability(finding, discretion) for finding in most_severe_first(result.findings))
    yield b"}\n"


def _scan(result: ScanResult, options: ReportOptions) -> _Entry:
    tool = {
        "id": "secrethunt",
        "name": "secrethunt",
        "version": options.tool_version or "0",
        "vendor": {"name": "secrethunt"},
    }
    lines = render_problems(result).splitlines()
    moment = options.moment
    level = "warn" if result.is_incomplete else "info"
    return {
        "type": "secret_detection",
        "analyzer": tool,
        "scanner": tool,
        "start_time": _time(moment - result.coverage.seconds),
        "end_time": _time(moment),
        # "failure" makes GitLab drop the findings of an incomplete scan; the messages say what is missing.
        "status": "success",
        "messages": [{"level": level, "value": line} for line in lines],
    }


def _time(timestamp: float) -> str:
    """UTC without an offset, as the schema wants it."""
    return datetime.fromtimestamp(max(timestamp, 0), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _vulnerability(finding: Finding, discretion: Discretion) -> _Entry:
    rule = finding.rule
    name = discretion.text(rule.name)[:_LONGEST_NAME]
    entry: _Entry = {
        "id": finding.finding_id,
        "category": "secret_detection",
        "name": name,
        "description": statement(finding, discretion),
        "severity": _SEVERITIES[rule.severity],
        "solution": discretion.text(advice(rule))[:_LONGEST_SOLUTION],
        "identifiers": [
            {"type": "secrethunt_rule_id", "name": f"secrethunt rule {rule.id}", "value": rule.id},
            {
                "type": "cwe",
                "name": "CWE-798",
                "value": "798",
                "url": "https://cwe.mitre.org/data/definitions/798.html",
            },
        ],
        "location": _location(finding, discretion),
        "details": _details(finding),
        "tracking": {"type": "source", "items": [_tracked(finding, discretion)]},
    }
    links = [{"url": link} for link in rule.references if link.startswith(("https://", "http://"))]
    return entry | {"links": links} if links else entry


def _details(finding: Finding) -> _Entry:
    details: _Entry = {
        "confidence": {"name": "Confidence", "type": "text", "value": finding.confidence.label},
        "secret_id": {"name": "Secret id", "type": "text", "value": finding.secret_id},
        "at_head": {"name": "Still at HEAD", "type": "value", "value": finding.at_head},
    }
    if finding.verdict:
        details["verdict"] = {"name": "Verdict", "type": "text", "value": state_word(finding.verdict)}
    return details


def _location(finding: Finding, discretion: Discretion) -> _Entry:
    commit: _Entry = {"sha": NO_COMMIT}
    if finding.first:
        commit = {"sha": finding.first.id, "date": finding.first.date}
    return {
        "file": discretion.path(own_path(finding)),
        "start_line": finding.span.line,
        "end_line": finding.span.end_line,
        "commit": commit,
    }


def _tracked(finding: Finding, discretion: Discretion) -> _Entry:
    """Our own id as the signature, so that GitLab knows a finding again when its lines move."""
    return {
        "file": discretion.path(own_path(finding)),
        "start_line": finding.span.line,
        "end_line": finding.span.end_line,
        "signatures": [{"algorithm": "secrethunt_finding_id_v1", "value": finding.finding_id}],
    }
