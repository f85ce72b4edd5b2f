# SPDX-License-Identifier: Apache-2.0
"""
Joins the parts of a credential that stand in one blob: a key with its id, a token with its account, a secret with its
host. Reads the bytes only where a candidate's rule has `parts`, and loses none whose partner is absent.

What depends on the surroundings of a candidate is settled here, per blob, after judging: a judgement must hold wherever
the same bytes stand (`judge.py`).
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from secrethunt.candidates.lines import LineCounter
from secrethunt.candidates.placeholders import placeholder_reason
from secrethunt.openings import opening_of
from secrethunt.records import Candidate, Confidence, Part, PartSpec, RuleId, Secret, Span

_REACH = 4096
"""Bytes on each side of a candidate in which a part may stand, however long the lines are: bounds the work on a file
that is one line."""


class Place(NamedTuple):
    """A value that may be somebody's part; half-open offsets in its blob."""

    start: int
    end: int
    rule: RuleId | None


class Pairs:
    """Finds parts; holds the compiled patterns of those that are no secrets."""

    def __init__(self, compile: Callable[[bytes], re.Pattern[bytes]] = re.compile) -> None:
        self._compile = compile
        self._compiled: dict[str, tuple[re.Pattern[bytes], re.Pattern[bytes] | None]] = {}

    def join(self, data: bytes, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """The *candidates* of one blob, in order of place, each with the parts that stand near it."""
        wanted: dict[PartSpec, list[Candidate]] = {}
        for candidate in candidates:
            for spec in candidate.rule.parts:
                wanted.setdefault(spec, []).append(candidate)
        if not wanted:
            return candidates
        chosen: dict[tuple[int, int, str], tuple[Place, bool, PartSpec]] = {}
        for spec, owners in wanted.items():
            others = self._places(data, spec, owners, candidates)
            for owner, place, is_near in _matched(data, spec, owners, others):
                chosen.setdefault((owner.span.start, owner.span.end, spec.name), (place, is_near, spec))
        spans = _spans(data, (place for place, _, _ in chosen.values()))
        return tuple(_joined(data, candidate, chosen, spans) for candidate in candidates)

    def values(self, data: bytes, spec: PartSpec, start: int = 0, end: int | None = None) -> list[Place]:
        """Where the pattern of *spec* finds its value in *data*, placeholders left out; in order of place."""
        if spec.hints:
            folded = data[start:end].lower()
            if not any(hint in folded for hint in _encoded(spec.hints)):
                return []
        compiled, beginning = self._patterns(spec.pattern)
        group = "value" if "value" in compiled.groupindex else 0
        places = []
        for match in _matches(compiled, beginning, data, start, len(data) if end is None else end):
            value = match.group(group)
            if value and not placeholder_reason(value[:200]):
                places.append(Place(*match.span(group), None))
        return places

    def _patterns(self, pattern: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes] | None]:
        """*pattern*, and what is found wherever it may begin."""
        known = self._compiled.get(pattern)
        if known is None:
            opening = opening_of(pattern).encode("utf-8")
            beginning = self._compile(opening) if opening else None
            known = self._compiled[pattern] = self._compile(pattern.encode("utf-8")), beginning
        return known

    def _places(
        self, data: bytes, spec: PartSpec, owners: Sequence[Candidate], candidates: Iterable[Candidate]
    ) -> list[Place]:
        """All that *spec* may mean, in order of place."""
        if spec.rules:
            return [Place(item.span.start, item.span.end, item.rule.id) for item in candidates if is_part(spec, item)]
        places: list[Place] = []
        for start, end in _windows(data, owners, spec.within):
            places.extend(self.values(data, spec, start, end))
        return places


def _matches(
    pattern: re.Pattern[bytes], beginning: re.Pattern[bytes] | None, data: bytes, start: int, stop: int
) -> Iterator[re.Match[bytes]]:
    """What `finditer` finds, which tries a pattern at every place: whole files are searched for parts."""
    if beginning is None:
        yield from pattern.finditer(data, start, stop)
        return
    free = start
    for found in beginning.finditer(data, start, stop):
        match = pattern.match(data, found.start(), stop) if found.start() >= free else None
        if match is not None:
            yield match
            free = match.end()


@functools.cache
def _encoded(hints: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(hint.encode() for hint in hints)


def is_part(spec: PartSpec, candidate: Candidate) -> bool:
    """Whether *spec* asks for what *candidate* is: by rule, by family, or by another rule that saw the same bytes."""
    names = {candidate.rule.id, candidate.rule.family, *candidate.also}
    return not candidate.rule.paths and not names.isdisjoint(spec.rules)


def _windows(data: bytes, owners: Iterable[Candidate], within: int) -> list[tuple[int, int]]:
    """The lines around the *owners*, overlapping ones merged, so that no byte is searched twice."""
    merged: list[tuple[int, int]] = []
    for owner in owners:
        start, end = _window(data, owner.span, within)
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _window(data: bytes, span: Span, within: int) -> tuple[int, int]:
    floor, ceiling = max(span.start - _REACH, 0), min(span.end + _REACH, len(data))
    start, end = span.start, span.end
    for _ in range(within + 1):
        start = data.rfind(b"\n", floor, start)
        if start < 0:
            start = floor
            break
    for _ in range(within + 1):
        end = data.find(b"\n", end, ceiling) + 1
        if not end:
            end = ceiling
            break
    return start, end


def _matched(
    data: bytes, spec: PartSpec, owners: Sequence[Candidate], others: Sequence[Place]
) -> Iterable[tuple[Candidate, Place, bool]]:
    """
    Whose part each of *others* is, and whether it stands near.

    Where owners and others take turns, as in a list of pairs, the first belongs to the first. Else the nearest counts;
    beyond the lines of *spec* only one that is alone of its kind in the blob, which is no evidence, only completes.
    """
    if not others:
        return
    takes_turns = _takes_turns(owners, others)
    starts = [place.start for place in others]
    is_only = len({data[place.start : place.end] for place in others}) == 1
    for number, owner in enumerate(owners):
        place = others[number] if takes_turns else _nearest(data, owner, others, starts)
        if place is None or _overlaps(owner, place) or data[place.start : place.end] == owner.secret.reveal():
            continue
        is_near = _distance(data, owner.span, place)[0] <= spec.within
        if is_near or is_only:
            yield owner, place, is_near


def _takes_turns(owners: Sequence[Candidate], others: Sequence[Place]) -> bool:
    if len(owners) != len(others):
        return False
    order = sorted([(owner.span.start, 0) for owner in owners] + [(place.start, 1) for place in others])
    return all(kind != after for (_, kind), (_, after) in itertools.pairwise(order))


def _nearest(data: bytes, owner: Candidate, others: Sequence[Place], starts: Sequence[int]) -> Place | None:
    """The nearest of *others* by lines, then by bytes, that is not the owner itself; of two as near, the first."""
    at = bisect.bisect_left(starts, owner.span.start)
    beside = [place for place in others[max(at - 2, 0) : at + 2] if not _overlaps(owner, place)]
    return min(beside, key=lambda place: (*_distance(data, owner.span, place), place.start), default=None)


def _overlaps(owner: Candidate, place: Place) -> bool:
    return place.start < owner.span.end and owner.span.start < place.end


def _distance(data: bytes, span: Span, place: Place) -> tuple[int, int]:
    """Lines and bytes between the two; lines count as very many where nobody counts the bytes."""
    start, end = min(span.end, place.end), max(span.start, place.start)
    gap = max(end - start, 0)
    return (data.count(b"\n", start, end) if gap <= _REACH else _REACH, gap)


def _spans(data: bytes, places: Iterable[Place]) -> dict[tuple[int, int], Span]:
    counter = LineCounter(data)
    return {(start, end): counter.span(start, end) for start, end in sorted({(p.start, p.end) for p in places})}


def _joined(
    data: bytes,
    candidate: Candidate,
    chosen: dict[tuple[int, int, str], tuple[Place, bool, PartSpec]],
    spans: dict[tuple[int, int], Span],
) -> Candidate:
    parts: list[Part] = []
    confidence, reasons = candidate.confidence, candidate.reasons
    for name in dict.fromkeys(spec.name for spec in candidate.rule.parts):
        found = chosen.get((candidate.span.start, candidate.span.end, name))
        if found is None:
            continue
        place, is_near, spec = found
        value = Secret(data[place.start : place.end])
        parts.append(Part(name, value, place.rule is not None, place.rule, spans[place.start, place.end]))
        if is_near and spec.confirms and confidence == candidate.confidence and _may_rise(candidate):
            confidence = Confidence(confidence + 1)
            reasons = (*reasons, f"its {name.replace('_', ' ')} stands near it")
    return replace(candidate, parts=tuple(parts), confidence=confidence, reasons=reasons) if parts else candidate


def _may_rise(candidate: Candidate) -> bool:
    """What spoke against a value when it was judged alone still does."""
    return candidate.rule.confidence <= candidate.confidence < Confidence.HIGH
