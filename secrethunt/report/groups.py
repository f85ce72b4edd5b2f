# SPDX-License-Identifier: Apache-2.0
"""
Owns the order of a report for people: findings gathered by secret, and the places of a secret by their history.

A secret in ten files is one thing to do, so it is one group; files that got it in the same commit are one block.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from secrethunt.records import CommitInfo, Confidence, Finding, Part, Severity
from secrethunt.report.verdicts import is_active

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Block:
    """Places of one secret that share where they stand and the commits that hold them; sorted by path and place."""

    findings: tuple[Finding, ...]

    @property
    def lead(self) -> Finding:
        """Speaks for all, except for the place."""
        return self.findings[0]


@dataclass(frozen=True, slots=True)
class SecretGroup:
    """All findings of one secret: what still stands first, then history."""

    lead: Finding
    """The finding of the most severe and most certain rule."""
    blocks: tuple[Block, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """In the order of the blocks."""
        return tuple(finding for block in self.blocks for finding in block.findings)

    @property
    def severity(self) -> Severity:
        """The highest of its rules'."""
        return self.lead.rule.severity

    @property
    def confidence(self) -> Confidence:
        """The highest of its findings'."""
        return max(finding.confidence for finding in self.findings)

    @property
    def is_present(self) -> bool:
        """Stands somewhere on disk or at HEAD, so removing it is part of the work."""
        return any(finding.in_worktree or finding.at_head for finding in self.findings)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Each reason once, the lead's first."""
        return _distinct(reason for finding in (self.lead, *self.findings) for reason in finding.reasons)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Each fact once, the lead's first."""
        return _distinct(fact for finding in (self.lead, *self.findings) for fact in finding.facts)

    @property
    def parts(self) -> tuple[tuple[Part, bytes | None], ...]:
        """What completes the credential, each value once, with the path where that is not the place's own."""
        distinct: dict[tuple[str, bytes], tuple[Part, bytes | None]] = {}
        for finding in (self.lead, *self.findings):
            for part in finding.parts:
                path = part.path if part.path not in (None, finding.path) else None
                distinct.setdefault((part.name, part.value.reveal()), (part, path))
        return tuple(distinct.values())


def group_by_secret(findings: Iterable[Finding]) -> list[SecretGroup]:
    """One group a secret: what is live first, then most severe, then most certain, then what still stands."""
    by_secret: dict[str, list[Finding]] = {}
    for finding in findings:
        by_secret.setdefault(finding.secret_id, []).append(finding)
    return sorted((_group(places) for places in by_secret.values()), key=_group_order)


def _group(findings: list[Finding]) -> SecretGroup:
    ordered = sorted(findings, key=lambda finding: (_history(finding), _place(finding)))
    lead = max(ordered, key=lambda finding: (is_active(finding), finding.rule.severity, finding.confidence))
    blocks = [Block(tuple(places)) for _, places in groupby(ordered, key=_history)]
    return SecretGroup(lead, tuple(blocks))


def _group_order(group: SecretGroup) -> tuple[object, ...]:
    lead = group.lead
    return (
        not is_active(lead),
        -group.severity,
        -group.confidence,
        not group.is_present,
        lead.rule.name,
        _place(lead),
        lead.secret_id,
    )


def _history(finding: Finding) -> tuple[object, ...]:
    """Equal for places that one sentence describes; smallest for what stands on disk, then for the oldest."""
    return (
        not finding.in_worktree,
        not finding.at_head,
        not finding.reachable,
        finding.repository,
        finding.kind.value,
        _commit_order(finding.first),
        _commit_order(finding.last),
        finding.refs,
        finding.ref_count,
    )


def _commit_order(commit: CommitInfo | None) -> tuple[str, str]:
    return (commit.date, commit.id) if commit else ("", "")


def _place(finding: Finding) -> tuple[bytes, int, int]:
    return (finding.path, finding.span.line, finding.span.column)


def _distinct(items: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(items))
