# SPDX-License-Identifier: Apache-2.0
"""
Owns JSON Lines: one finding a line, in the order of the result, and last the summary.

A reader that gets no summary line knows that the report was cut off.
"""

from __future__ import annotations

from collections.abc import Iterator

from secrethunt.coverage import ScanResult
from secrethunt.report.encode import encode
from secrethunt.report.entries import finding_entry, summary_entry
from secrethunt.report.options import ReportOptions
from secrethunt.report.redact import Redactor, iter_secrets
from secrethunt.report.shown import shown_findings


def iter_lines(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """Each line with its line feed; a finding is encoded when its line is asked for."""
    findings = shown_findings(result, options)
    redactor = Redactor(iter_secrets(findings), is_open=options.show_secrets)
    for finding in findings:
        yield encode(finding_entry(finding, redactor)) + b"\n"
    yield encode(summary_entry(result, redactor, tool_version=options.tool_version)) + b"\n"
