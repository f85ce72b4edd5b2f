# SPDX-License-Identifier: Apache-2.0
"""Owns the list of formats; each is imported only when it is asked for, because start-up time is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from secrethunt.coverage import ScanResult
from secrethunt.errors import UsageError
from secrethunt.report.options import ReportOptions

Writer = Callable[[ScanResult, ReportOptions], Iterator[bytes]]


def _text(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    from secrethunt.report.text import iter_text

    return iter_text(result, options)


def _json(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    from secrethunt.report.document import iter_document

    return iter_document(result, options)


def _jsonl(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    from secrethunt.report.jsonl import iter_lines

    return iter_lines(result, options)


def _sarif(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    from secrethunt.report.sarif import iter_sarif

    return iter_sarif(result, options)


FORMATS: Mapping[str, Writer] = {"text": _text, "json": _json, "jsonl": _jsonl, "sarif": _sarif}
"""What `--format` offers, the default first."""


def render(result: ScanResult, format_name: str, *, options: ReportOptions, out: BinaryIO) -> None:
    """
    Write *result* to *out* piece by piece, findings in the order in which they stand (text and SARIF sort).

    Args:
        result: Borrowed; nothing of it is changed.
        format_name: A key of `FORMATS`.
        options: What may be shown, and how wide.
        out: Gets UTF-8 (text) or ASCII (the others), ending in a line feed; left open.

    Raises:
        UsageError: There is no such format.
    """
    writer = FORMATS.get(format_name)
    if writer is None:
        raise UsageError(f"no such report format: {format_name}", hint=f"Choose one of {', '.join(FORMATS)}.")
    for piece in writer(result, options):
        out.write(piece)
