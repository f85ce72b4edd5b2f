# SPDX-License-Identifier: Apache-2.0
"""Owns how a place is written: `path:line:column`, or the git object where there is no path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from secrethunt.records import BlobKind, Finding, Span
from secrethunt.report.escape import escape
from secrethunt.report.history import short_id
from secrethunt.report.redact import Redactor

_NOUNS = {BlobKind.COMMIT: "commit", BlobKind.TAG: "tag"}
_HANGING = "  "
_LISTED_OBJECTS = 20
"""Git objects without a path that are named for one finding: a trailer can repeat a value in every commit message."""


def iter_places(findings: Iterable[Finding], redactor: Redactor, *, width: int) -> Iterator[str]:
    """
    One line a path, escaped: its first place to click on, then `and at` the others.

    Args:
        findings: Sorted by path, line and column.
        redactor: Masks secrets in paths.
        width: Columns after which further places of a path go to a new line; a path is never broken.
    """
    for path, group in groupby(findings, key=lambda finding: finding.path):
        places = list(group)
        kind = places[0].kind
        if kind is BlobKind.STREAM or (path and kind not in _NOUNS):
            first, *rest = [_position(finding, redactor) for finding in places]
            yield from _filled(f"{escape(redactor.text(path or b'-'))}:{first}", rest, width)
        else:
            yield from _objects(places, redactor)


def _objects(findings: Iterable[Finding], redactor: Redactor) -> Iterator[str]:
    """Places in git objects that are no files, or files that no tree names: `commit 9f3c2ab1d0:5:3`."""
    names = dict.fromkeys(
        f"{_NOUNS.get(occurrence.kind, 'blob')} {short_id(occurrence.blob)}:{_start(occurrence.span)}"
        f"{_decoded(occurrence.decode, redactor)}"
        for finding in findings
        for occurrence in finding.occurrences
    )
    yield from list(names)[:_LISTED_OBJECTS]
    if len(names) > _LISTED_OBJECTS:
        yield f"and {len(names) - _LISTED_OBJECTS:,} more, which the JSON formats list"


def _position(finding: Finding, redactor: Redactor) -> str:
    return f"{_start(finding.span)}{_decoded(finding.decode, redactor)}"


def _decoded(chain: Iterable[str], redactor: Redactor) -> str:
    """What was undone to read it, outermost first: ` (zip:config/app.env > base64)`."""
    steps = " > ".join(redactor.text(step) for step in chain)
    return f" ({escape(steps)})" if steps else ""


def _start(span: Span) -> str:
    return f"{span.line}:{span.column}"


def _filled(line: str, rest: list[str], width: int) -> Iterator[str]:
    for number, position in enumerate(rest):
        piece = f", {position}" if number else f" and at {position}"
        if number and len(line) + len(piece) >= width:
            yield line + ","
            line = _HANGING + position
        else:
            line += piece
    yield line
