# SPDX-License-Identifier: Apache-2.0
"""Owns which findings a report shows, and what it says of those that are allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from secrethunt.coverage import ScanResult
from secrethunt.records import Finding
from secrethunt.report.options import ReportOptions
from secrethunt.report.quantities import count
from secrethunt.suppression import SuppressedBy, Suppression

_BY = {
    SuppressedBy.COMMENT: "by a comment",
    SuppressedBy.IGNORE_FILE: "by the ignore file",
    SuppressedBy.BASELINE: "by the baseline",
}


def shown_findings(result: ScanResult, options: ReportOptions) -> Sequence[Finding]:
    """What is reported; behind it, where that is asked for, what is allowed."""
    return (*result.findings, *result.suppressed) if options.show_suppressed else result.findings


def suppressed_counts(result: ScanResult) -> dict[str, int]:
    """How many findings are held back, by what."""
    counts = Counter(finding.suppression.by for finding in result.suppressed if finding.suppression)
    return {by.value: counts[by] for by in SuppressedBy}


def allowed_sentence(result: ScanResult) -> str:
    """What was found and is allowed; empty where nothing is."""
    if not result.suppressed:
        return ""
    counts = Counter(finding.suppression.by for finding in result.suppressed if finding.suppression)
    told = ", ".join(f"{counts[by]:,} {_BY[by]}" for by in SuppressedBy if counts[by])
    return f"Allowed, so not reported: {count(len(result.suppressed), 'place')} ({told})."


def why_allowed(suppression: Suppression) -> str:
    """One clause for a person: what allows it, and what was written down."""
    told = [f"{_BY[suppression.by]} ({suppression.detail})"]
    if suppression.reason:
        told.append(suppression.reason)
    if suppression.author:
        told.append(f"said {suppression.author}")
    if suppression.expires:
        told.append(f"until {suppression.expires}")
    return "; ".join(told)
