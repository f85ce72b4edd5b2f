# SPDX-License-Identifier: Apache-2.0
"""
Owns GitLab's Code Quality report: one array, one issue a finding, without any value.

Format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

from collections.abc import Iterator

from secrethunt.coverage import ScanResult
from secrethunt.records import Finding, Severity
from secrethunt.report.encode import iter_array
from secrethunt.report.options import ReportOptions
from secrethunt.report.ranking import most_severe_first
from secrethunt.report.redact import iter_secrets
from secrethunt.report.sarif_values import Discretion
from secrethunt.report.statements import own_path, statement

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def iter_codequality(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """The array, one issue a line, most severe first."""
    discretion = Discretion(iter_secrets(result.findings))
    yield from iter_array(_issue(finding, discretion) for finding in most_severe_first(result.findings))
    yield b"\n"


def _issue(finding: Finding, discretion: Discretion) -> dict[str, object]:
    span = finding.span
    return {
        "type": "issue",
        "check_name": finding.rule.id,
        "description": statement(finding, discretion),
        "categories": ["Security"],
        "severity": _SEVERITIES[finding.rule.severity],
        # Holds no line: the widget compares fingerprints between branches.
        "fingerprint": finding.finding_id,
        "location": {
            "path": discretion.path(own_path(finding)),
            "lines": {"begin": span.line, "end": span.end_line},
            "positions": {
                "begin": {"line": span.line, "column": span.column},
                "end": {"line": span.end_line, "column": span.end_column},
            },
        },
    }
