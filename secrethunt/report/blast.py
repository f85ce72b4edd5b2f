# SPDX-License-Identifier: Apache-2.0
"""
Owns how whose a secret is and how far it reaches are written beside a finding, for all formats.

A report of a scan that looked nothing up has none of this, so that it stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from secrethunt.blast_summary import BlastSummary

_HOW = {
    "live": "the provider said so",
    "inventory": "from the inventory",
    "code": "declared in code",
    "offline": "it says so itself",
}

BLAST_COLUMNS = (
    "identity",
    "identity_key",
    "identity_known",
    "blast_band",
    "blast_lo",
    "blast_hi",
    "risk_lo",
    "risk_hi",
    "blast_way",
    "blast_access",
    "blast_unknown",
)


class Shown(Protocol):
    """What makes raw text fit to be shown."""

    def text(self, raw: bytes | str) -> str:
        """*raw* decoded, without secrets."""


def iter_blast_rows(summary: BlastSummary | None, shown: Shown) -> Iterator[tuple[str, str]]:
    """Label and text of the rows that a report for people has; not yet escaped."""
    if summary is None:
        return
    if summary.identity:
        how = _HOW.get(summary.known, "")
        yield "Whose", f"{shown.text(summary.identity)}{f' ({how})' if how else ''}"
    yield "Reaches", f"{summary.band.upper()}, {score(summary.blast)} of 100{_by_way(summary, shown)}"
    if summary.unknown:
        more = f" (and {len(summary.unknown) - 1} more)" if len(summary.unknown) > 1 else ""
        yield "Unknown", f"{shown.text(summary.unknown[0])}{more}"


def blast_sentence(summary: BlastSummary | None, shown: Shown) -> str:
    """A sentence to put behind others, with a space before it; empty where nobody looked."""
    if summary is None:
        return ""
    whose = f" of {shown.text(summary.identity)}" if summary.identity else ""
    return f" Blast radius{whose}: {summary.band}, {score(summary.blast)} of 100{_by_way(summary, shown)}."


def blast_member(summary: BlastSummary | None, shown: Shown) -> dict[str, object]:
    """The member `blast` of a finding's object; no member where nobody looked."""
    if summary is None:
        return {}
    return {
        "blast": {
            "identity": shown.text(summary.identity),
            "identity_key": shown.text(summary.identity_key),
            "known": summary.known,
            "band": summary.band,
            "blast": {"lo": summary.blast[0], "hi": summary.blast[1]},
            "risk": {"lo": summary.risk[0], "hi": summary.risk[1]},
            "way": [shown.text(name) for name in summary.way],
            "access": summary.access,
            "unknown": [shown.text(item) for item in summary.unknown],
        }
    }


def blast_columns(summary: BlastSummary | None, shown: Shown) -> dict[str, object]:
    """What a table shows, by column; nothing where nobody looked."""
    if summary is None:
        return dict.fromkeys(BLAST_COLUMNS)
    values = (
        shown.text(summary.identity),
        shown.text(summary.identity_key),
        summary.known,
        summary.band,
        *summary.blast,
        *summary.risk,
        " > ".join(shown.text(name) for name in summary.way),
        summary.access,
        [shown.text(item) for item in summary.unknown],
    )
    return dict(zip(BLAST_COLUMNS, values, strict=True))


def score(ends: tuple[float, float]) -> str:
    """`95`, or `23.9 to 60.1`."""
    lo, hi = (f"{end:.1f}".removesuffix(".0") for end in ends)
    return lo if lo == hi else f"{lo} to {hi}"


def _by_way(summary: BlastSummary, shown: Shown) -> str:
    if not summary.way:
        return ""
    return f": {summary.access} on {' > '.join(shown.text(name) for name in summary.way)}"
