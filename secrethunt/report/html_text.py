# SPDX-License-Identifier: Apache-2.0
"""Owns how text becomes HTML: nothing of it is markup, and nothing in it hides, turns round or moves."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape as html_escape

from secrethunt.records import CommitInfo
from secrethunt.report.escape import escape


def text(raw: bytes | str) -> str:
    """*raw* as the content of an element or of a quoted attribute."""
    return html_escape(escape(raw), quote=True)


UNKNOWN = '<span aria-label="not known">\u2013</span>'
"""A dash in a cell that has nothing to say."""


def code(raw: bytes | str) -> str:
    """*raw* as a `code` element; its letters run in their own direction, whatever stands around it."""
    return f"<code>{text(raw)}</code>"


def day(commit: CommitInfo | None) -> str:
    """The author's day as a `time` element, or a dash."""
    if commit is None:
        return UNKNOWN
    return f'<time datetime="{text(commit.date)}">{text(commit.date[:10])}</time>'


def day_of(timestamp: float) -> str:
    """The day in UTC."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
