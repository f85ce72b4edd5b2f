# SPDX-License-Identifier: Apache-2.0
"""One secret, one candidate: where several rules saw the same bytes, the one that says most stays."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import NamedTuple

from secrethunt.records import Confidence, Decoding, Rule, RuleId


class Judged(NamedTuple):
    """A capture that passed the tests on its value; offsets of the secret in its blob."""

    rule: Rule
    start: int
    end: int
    confidence: Confidence
    reasons: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    also: tuple[RuleId, ...] = ()
    decoding: Decoding | None = None
    """Set where the offsets are those of an encoded form of the secret."""


def resolve_overlaps(judged: Iterable[Judged]) -> list[Judged]:
    """
    Keep, of those that overlap, provider rules before generic ones, then the surer, then the longer; by offset.

    The one that stays is as sure as the surest rule that saw exactly the same bytes, and names the others. One of low
    confidence comes last, whatever its rule: it is not reported unless asked for, and must hide nothing that is.
    """
    kept: list[Judged] = []
    starts: list[int] = []
    for item in sorted(_merge_same_bytes(judged), key=_rank):
        first = bisect.bisect_right(starts, item.start)
        if first and kept[first - 1].end > item.start:
            first -= 1
        last = bisect.bisect_left(starts, item.end)
        if first >= last:
            kept.insert(first, item)
            starts.insert(first, item.start)
        for index in range(first, last):
            kept[index] = absorb(kept[index], item)
    return kept


def resolve_for_any_path(judged: Iterable[Judged]) -> list[Judged]:
    """
    As `resolve_overlaps`, but a rule with `paths` hides nothing yet and is hidden by nothing: where it counts is known
    only with the path. Of rules without `paths` there is one for each place; the others may overlap them; by offset.
    """
    layers: dict[RuleId | None, list[Judged]] = {}
    for item in judged:
        layers.setdefault(item.rule.id if item.rule.paths else None, []).append(item)
    kept = [item for layer in layers.values() for item in resolve_overlaps(layer)]
    kept.sort(key=lambda item: (item.start, item.end, item.rule.id))
    return kept


def may_reach(judged: Iterable[Judged], least: Confidence) -> bool:
    """Whether any of *judged* is as sure as *least*, or may become so by a part that stands near it."""
    return any(item.confidence + any(part.confirms for part in item.rule.parts) >= least for item in judged)


def _merge_same_bytes(judged: Iterable[Judged]) -> Iterable[Judged]:
    """One for each range of bytes: what its rules agree on is a secret, however unsure the best of them was alone."""
    merged: dict[tuple[int, int], Judged] = {}
    for item in sorted(judged, key=lambda item: (*preference(item), item.reasons, item.facts)):
        place = item.start, item.end
        merged[place] = absorb(merged[place], item) if place in merged else item
    return merged.values()


def preference(item: Judged) -> tuple[bool, bool, int, int, str]:
    """A rule that counts only at some paths comes late: elsewhere nothing would be left of the overlap."""
    depth = len(item.decoding.chain) if item.decoding else 0
    return item.rule.is_generic, bool(item.rule.paths), depth, -item.confidence, item.rule.id


def _rank(item: Judged) -> tuple[bool, bool, bool, int, int, int, int, str]:
    is_generic, is_bound, depth, confidence, rule_id = preference(item)
    is_weak = item.confidence == Confidence.LOW
    return is_weak, is_generic, is_bound, confidence, depth, item.start - item.end, item.start, rule_id


def absorb(kept: Judged, other: Judged) -> Judged:
    """*kept*, which names *other* from now on and is as sure as it where both saw the same bytes."""
    is_same = (other.start, other.end) == (kept.start, kept.end)
    confidence = max(kept.confidence, other.confidence) if is_same else kept.confidence
    names = dict.fromkeys([*kept.also, other.rule.id, *other.also])
    names.pop(kept.rule.id, None)
    return kept._replace(confidence=confidence, also=tuple(names))
