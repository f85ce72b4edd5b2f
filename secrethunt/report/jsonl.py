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


def iter_lines(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """Each line with its line feed; a finding is encoded when its line is asked for."""
    redactor = Redactor(iter_secrets(result.findings), is_open=options.show_secrets)
    for finding in result.findings:
        yield encode(finding_entry(finding, redactor)) + b"\n"
    yield encode(summary_entry(result, redactor, tool_version=options.tool_version)) + b"\n"
