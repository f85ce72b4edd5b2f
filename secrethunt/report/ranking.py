# SPDX-License-Identifier: Apache-2.0
"""Owns which finding matters more: where a consumer takes only so many, the rest are the least severe."""

from __future__ import annotations

from collections.abc import Iterable

from secrethunt.records import Finding
from secrethunt.report.verdicts import is_active


def most_severe_first(findings: Iterable[Finding]) -> list[Finding]:
    """What is live, then by severity, confidence, whether it still stands, place: whatever order they come in."""
    return sorted(findings, key=_rank)


def _rank(finding: Finding) -> tuple[object, ...]:
    span = finding.span
    return (
        not is_active(finding),
        -finding.rule.severity,
        -finding.confidence,
        not stands(finding),
        not finding.reachable,
        finding.path,
        span.line,
        span.column,
        finding.rule.id,
        finding.finding_id,
    )


def stands(finding: Finding) -> bool:
    """It is still there: on disk, in the index, in the stream or at HEAD."""
    return finding.in_worktree or finding.at_head
