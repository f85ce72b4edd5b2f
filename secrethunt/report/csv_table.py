# SPDX-License-Identifier: Apache-2.0
"""
Owns CSV: one finding a row under a row of names, every cell quoted, nothing in it a formula.

Format: RFC 4180, in UTF-8. Spreadsheets take a cell for a formula by its first character, so a cell that begins with
one of those (after blanks, too) gets an apostrophe in front (OWASP, CSV Injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from secrethunt.coverage import ScanResult
from secrethunt.report.blast import BLAST_COLUMNS, blast_columns
from secrethunt.report.entries import finding_entry
from secrethunt.report.escape import escape
from secrethunt.report.options import ReportOptions
from secrethunt.report.redact import Redactor, iter_secrets
from secrethunt.report.verdicts import verdict_columns

COLUMNS = (
    "finding_id",
    "secret_id",
    "severity",
    "confidence",
    "rule_id",
    "rule_name",
    "provider",
    "nhi",
    "repository",
    "path",
    "line",
    "column",
    "end_line",
    "end_column",
    "secret",
    "at_head",
    "in_worktree",
    "reachable",
    "kind",
    "decode",
    "commit",
    "author",
    "email",
    "date",
    "last_commit",
    "last_author",
    "last_date",
    "refs",
    "ref_count",
    "facts",
    "reasons",
    "also",
    "rotate",
    "references",
    "verdict",
    "verdict_reason",
    "verdict_evidence",
    "verdict_facts",
    "verdict_checked_at",
    *BLAST_COLUMNS,
)
"""Fields of the JSON formats, in this order; new ones are only ever added at the end."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The wide forms of the same characters count in some locales."""


def iter_csv(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """The header, then a row a finding, each ending in CR LF."""
    redactor = Redactor(iter_secrets(result.findings), is_open=options.show_secrets)
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for finding in result.findings:
        entry = finding_entry(finding, redactor)
        entry |= verdict_columns(finding.verdict, redactor) | blast_columns(finding.blast, redactor)
        writer.writerow([cell(entry[name]) for name in COLUMNS])
        yield buffer.getvalue().encode("utf-8")
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode("utf-8")


def cell(value: object) -> str:
    """*value* as text that no spreadsheet takes for a formula, with hostile characters written out."""
    text = escape(_as_text(value))
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {item}" for name, item in value.items())
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    return str(value)
