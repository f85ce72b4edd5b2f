# SPDX-License-Identifier: Apache-2.0
"""Owns how tests of this room get a report: at one moment, by one version."""

from __future__ import annotations

import io

from secrethunt.coverage import ScanResult
from secrethunt.report import ReportOptions, render

WRITTEN_AT = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""


def render_text(result: ScanResult, format_name: str, *, show_secrets: bool = False) -> str:
    """*result* in one format, decoded."""
    return render_with_note(result, format_name, show_secrets=show_secrets)[0]


def render_with_note(result: ScanResult, format_name: str, *, show_secrets: bool = False) -> tuple[str, str]:
    """The same, with what is said of what was left out."""
    out = io.BytesIO()
    options = ReportOptions(show_secrets=show_secrets, tool_version="0.1.0", written_at=WRITTEN_AT)
    note = render(result, format_name, options=options, out=out)
    return out.getvalue().decode("utf-8"), note
