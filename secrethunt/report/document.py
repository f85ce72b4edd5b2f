# SPDX-License-Identifier: Apache-2.0
"""Owns the JSON document: the lines of `jsonl` in one object, `{"schema": …, "findings": […], "summary": {…}}`."""

from __future__ import annotations

from collections.abc import Iterator

from secrethunt.coverage import ScanResult
from secrethunt.report.encode import encode, iter_array
from secrethunt.report.entries import SCHEMA_ID, finding_entry, summary_entry
from secrethunt.report.options import ReportOptions
from secrethunt.report.redact import Redactor, iter_secrets
from secrethunt.report.shown import shown_findings


def iter_document(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """The document piece by piece, one finding a line."""
    findings = shown_findings(result, options)
    redactor = Redactor(iter_secrets(findings), is_open=options.show_secrets)
    yield b'{"schema": ' + encode(SCHEMA_ID) + b',\n"findings": '
    yield from iter_array(finding_entry(finding, redactor) for finding in findings)
    yield b',\n"summary": ' + encode(summary_entry(result, redactor, tool_version=options.tool_version)) + b"}\n"
