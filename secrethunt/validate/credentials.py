# SPDX-License-Identifier: Apache-2.0
"""
From findings to distinct credentials: the same secret in ten places is asked about once, and all ten get the answer.

What completes a secret may differ from place to place: of the sets of companions that were seen, those that hold no
other are tried in turn. The right partner makes the secret ACTIVE; only when all reject it is it INACTIVE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from secrethunt.records import Finding, Rule, RuleId, Secret
from secrethunt.validate.contract import Credential

MOST_COMPANIONS = 5
"""Sets of companions that are tried for one secret."""
_CHANGING = "expired"
"""The fact that depends on the clock."""

SubjectKey = tuple[str, tuple[tuple[str, str], ...]]
"""Secret id, and what the scan says of it: a password that stands in the addresses of two hosts is two credentials."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One secret and the ways in which it may be complete; at least one."""

    key: SubjectKey
    ways: tuple[Credential, ...]
    is_cut: bool = False
    """There were more ways than are tried."""

    @property
    def group(self) -> tuple[str, str]:
        """Equal for those that are likely to ask the same host."""
        credential = self.ways[0]
        return credential.rule.provider, credential.facts.get("host", "")


def subject_key(finding: Finding) -> SubjectKey:
    """Which subject *finding* belongs to."""
    return finding.secret_id, tuple(fact for fact in finding.facts if fact[0] != _CHANGING)


def gather_subjects(findings: Iterable[Finding], checked: Iterable[RuleId]) -> list[Subject]:
    """The distinct credentials of *findings*, in their order; rules that are *checked* speak before others."""
    known = frozenset(checked)
    groups: dict[SubjectKey, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(subject_key(finding), []).append(finding)
    return [_subject(key, group, known) for key, group in groups.items()]


def _subject(key: SubjectKey, group: Sequence[Finding], checked: frozenset[RuleId]) -> Subject:
    able = [finding for finding in group if finding.rule.id in checked] or group[:1]
    by_rule: dict[RuleId, list[Finding]] = {}
    for finding in able:
        by_rule.setdefault(finding.rule.id, []).append(finding)
    ways = [way for findings in by_rule.values() for way in _ways(findings)]
    return Subject(key, tuple(ways[:MOST_COMPANIONS]), is_cut=len(ways) > MOST_COMPANIONS)


def _ways(findings: Sequence[Finding]) -> list[Credential]:
    """The credentials of one rule, without those whose companions are a part of another's."""
    sets: list[dict[str, Secret]] = []
    for finding in findings:
        parts: dict[str, Secret] = {}
        for part in finding.parts:
            parts.setdefault(part.name, part.value)
        if parts not in sets:
            sets.append(parts)
    whole = [parts for parts in sets if not any(parts.items() < other.items() for other in sets)]
    lead = findings[0]
    return [Credential(lead.rule, lead.secret, parts, facts_by_name(lead.facts)) for parts in whole]


def facts_by_name(facts: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The first value of each name."""
    named: dict[str, str] = {}
    for name, value in facts:
        named.setdefault(name, value)
    return named


def secret_parts(rule: Rule) -> frozenset[str]:
    """Names of the companions of *rule* that are secrets themselves: those that other rules find."""
    return frozenset(spec.name for spec in rule.parts if spec.rules)
