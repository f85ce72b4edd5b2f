# SPDX-License-Identifier: Apache-2.0
"""Owns the list of formats; each is imported only when it is asked for, because start-up time is counted."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import BinaryIO, cast

from secrethunt.coverage import ScanResult
from secrethunt.errors import UsageError
from secrethunt.report.options import ReportOptions

Writer = Callable[[ScanResult, ReportOptions], Iterator[bytes]]
"""Yields the report piece by piece. A generator's return value, where there is one, is a sentence on what the limits of
the format's consumer made it leave out."""


def _load(module: str, function: str, result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    writer = cast(Writer, getattr(importlib.import_module(f"secrethunt.report.{module}"), function))
    return writer(result, options)


FORMATS: Mapping[str, Writer] = {
    "text": partial(_load, "text", "iter_text"),
    "json": partial(_load, "document", "iter_document"),
    "jsonl": partial(_load, "jsonl", "iter_lines"),
    "sarif": partial(_load, "sarif", "iter_sarif"),
    "csv": partial(_load, "csv_table", "iter_csv"),
    "html": partial(_load, "html_page", "iter_html"),
    "junit": partial(_load, "junit", "iter_junit"),
    "markdown": partial(_load, "markdown", "iter_summary"),
    "markdown-comment": partial(_load, "markdown", "iter_comment"),
    "github-annotations": partial(_load, "github_annotations", "iter_annotations"),
    "gitlab-codequality": partial(_load, "gitlab_codequality", "iter_codequality"),
    "gitlab-secret-detection": partial(_load, "gitlab_secret_detection", "iter_secret_detection"),
}
"""What `--format` offers, the default first."""


def render(result: ScanResult, format_name: str, *, options: ReportOptions, out: BinaryIO) -> str:
    """
    Write *result* to *out* piece by piece, findings in the order in which they stand (most formats sort).

    Args:
        result: Borrowed; nothing of it is changed.
        format_name: A key of `FORMATS`.
        options: What may be shown, and how wide.
        out: Gets UTF-8 or ASCII, ending in a line feed; left open.

    Returns:
        A sentence without a full stop on what was left out because the consumer of the format would not take it;
        empty if all is there.

    Raises:
        UsageError: There is no such format.
    """
    writer = FORMATS.get(format_name)
    if writer is None:
        raise UsageError(f"no such report format: {format_name}", hint=f"Choose one of {', '.join(FORMATS)}.")
    pieces = writer(result, options)
    while True:
        try:
            out.write(next(pieces))
        except StopIteration as end:
            return end.value or ""
