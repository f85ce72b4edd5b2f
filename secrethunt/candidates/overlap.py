# SPDX-License-Identifier: Apache-2.0
"""One secret, one candidate: where several rules saw the same bytes, the one that says most stays."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import NamedTuple

from secrethunt.records import Confidence, Rule, RuleId


class Judged(NamedTuple):
    """A capture that passed the tests on its value; offsets of the secret in its blob."""

    rule: Rule
    start: int
    end: int
    confidence: Confidence
    reasons: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    also: tuple[RuleId, ...] = ()


def resolve_overlaps(judged: Iterable[Judged]) -> list[Judged]:
    """
    Keep, of those that overlap, provider rules before generic ones, then the surer, then the longer; by offset.

    The one that stays is as sure as the surest rule that saw exactly the same bytes, and names the others.
    """
    kept: list[Judged] = []
    starts: list[int] = []
    for item in sorted(judged, key=_rank):
        index = bisect.bisect_right(starts, item.start)
        neighbours = [i for i in (index - 1, index) if 0 <= i < len(kept) and _overlap(kept[i], item)]
        if not neighbours:
            kept.insert(index, item)
            starts.insert(index, item.start)
        for i in neighbours:
            kept[i] = _absorb(kept[i], item)
    return kept


def _rank(item: Judged) -> tuple[bool, bool, int, int, int, str]:
    """A rule that counts only at some paths comes late: elsewhere nothing would be left of the overlap."""
    rule = item.rule
    return rule.is_generic, bool(rule.paths), -item.confidence, item.start - item.end, item.start, rule.id


def _overlap(first: Judged, second: Judged) -> bool:
    return first.start < second.end and second.start < first.end


def _absorb(kept: Judged, other: Judged) -> Judged:
    if other.rule.id == kept.rule.id or other.rule.id in kept.also:
        return kept
    is_same = (other.start, other.end) == (kept.start, kept.end)
    confidence = max(kept.confidence, other.confidence) if is_same else kept.confidence
    return kept._replace(confidence=confidence, also=(*kept.also, other.rule.id))
