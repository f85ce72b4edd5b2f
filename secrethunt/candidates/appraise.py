# SPDX-License-Identifier: Apache-2.0
"""
How sure a candidate is once its file and path are known: what its value, its name and its place say, added up.

`judge.py` decides from the match alone what may be a secret, so that history can be scanned by its deltas. What is left
open (values beside a common word, userinfo of URLs, password hashes) is appraised here, once for each that would be
reported; other candidates pass through untouched. Points come from `points.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from secrethunt.candidates.context import ContextReader
from secrethunt.candidates.points import HIGH_FROM, LOW_BELOW, POINTS, START, SYNTAX_GROUPS
from secrethunt.candidates.signals import Evidence, describe, iter_signals, iter_syntax_signals
from secrethunt.candidates.translations import is_translation, is_wording
from secrethunt.records import Candidate, Confidence, Rule, Signal, Span, SyntaxContext

_NAME = re.compile(
    rb"([\w$][\w.\-$]{0,50})[\]\"'`)]{0,4}\s*(?:[:=!<>?|+,(\s]|\bnew\b|String|\b[bruf@N]|\[\]byte|&?str)*[\\\"'`\s(\[{]*$"
)
_LINE = 80
_OPEN_RULES = re.compile(r"^uri\.")
_HASH_RULES = re.compile(r"^pwhash\.")
_TRIAL_PATH = re.compile(
    rb"(?i)(?:^|[/._-])(?:tests?|specs?|testing|testdata|fixtures?|mocks?|examples?|samples?|demos?|docs?|documentation)(?:[/._-]|$)"
)


def _reach(pick: Callable[[Iterable[int]], int]) -> int:
    """The most that the syntax can take or give: one signal of each group."""
    groups: dict[str, list[int]] = {group: [0] for group in SYNTAX_GROUPS}
    for signal, points in POINTS.items():
        if (group := signal.partition(":")[0]) in groups:
            groups[group].append(points)
    return sum(pick(points) for points in groups.values())


_SYNTAX_LEAST, _SYNTAX_MOST = _reach(min), _reach(max)


class Appraisal(NamedTuple):
    """What became of a candidate."""

    confidence: Confidence
    reasons: tuple[str, ...]
    signals: tuple[Signal, ...]


def is_open(rule: Rule) -> bool:
    """Whether the values of *rule* are chosen by people, so that a match alone makes none of them certain."""
    return rule.is_generic or _OPEN_RULES.search(rule.id) is not None or _HASH_RULES.search(rule.id) is not None


class Appraiser:
    """Appraises candidates. Safe to share between threads."""

    def __init__(self) -> None:
        self._reader = ContextReader()

    def appraise(self, data: bytes, path: bytes, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
        """*candidates* of the blob *data* as they look at *path*, in the same order."""
        wanted = [
            index
            for index, candidate in enumerate(candidates)
            # What was decoded does not stand in *data* as it is.
            if is_open(candidate.rule) and candidate.signals is None and candidate.decoding is None
        ]
        items = [
            Item(
                candidates[index].rule, candidates[index].span, candidates[index].confidence, candidates[index].reasons
            )
            for index in wanted
        ]
        changed = list(candidates)
        for index, appraisal in zip(wanted, self.appraise_items(data, path, items), strict=True):
            changed[index] = replace(changed[index], **appraisal._asdict())
        return tuple(changed)

    def appraise_items(self, data: bytes, path: bytes, items: Sequence[Item]) -> Iterator[Appraisal]:
        """An appraisal for each of *items*, in order."""
        evidence = [_evidence(data, item) for item in items]
        plain = [_weighed(iter_signals(seen)) for seen in evidence]
        texts = is_translation(path)
        undecided = [index for index, signals in enumerate(plain) if _depends_on_syntax(_total(signals))]
        spans = [(items[index].span.start, items[index].span.end) for index in undecided]
        contexts = dict(zip(undecided, self._reader.read(data, path, spans), strict=True)) if spans else {}
        for index, (item, signals) in enumerate(zip(items, plain, strict=True)):
            if texts and is_wording(evidence[index].value):
                yield Appraisal(Confidence.LOW, (*item.reasons, "words in a file of translations"), ())
            else:
                yield _verdict(item, path, signals, contexts.get(index))


class Item(NamedTuple):
    """What is appraised: a value's place in its blob, and what was thought of it so far."""

    rule: Rule
    span: Span
    confidence: Confidence
    reasons: tuple[str, ...]


def name_before(data: bytes, start: int) -> bytes:
    """The name that the value at *start* is given, as far as the same line tells; else what stands before it."""
    before = data[max(data.rfind(b"\n", 0, start) + 1, start - _LINE) : start]
    match = _NAME.search(before)
    return match[1] if match else before[-30:]


def _evidence(data: bytes, item: Item) -> Evidence:
    return Evidence(data[item.span.start : item.span.end], name_before(data, item.span.start))


def _weighed(signals: Iterable[str]) -> tuple[Signal, ...]:
    return tuple(Signal(signal, POINTS[signal]) for signal in signals if signal in POINTS)


def _total(signals: Iterable[Signal]) -> int:
    return START + sum(signal.points for signal in signals)


def _depends_on_syntax(plain: int) -> bool:
    """Whether what the syntax says could still change the confidence."""
    return plain + _SYNTAX_LEAST < LOW_BELOW <= plain + _SYNTAX_MOST


def _level(plain: int, total: int) -> Confidence:
    """Value and name alone make sure; the syntax only tells what is doubtful from what is not."""
    if total < LOW_BELOW:
        return Confidence.LOW
    return Confidence.HIGH if plain >= HIGH_FROM else Confidence.MEDIUM


def _verdict(item: Item, path: bytes, signals: tuple[Signal, ...], context: SyntaxContext | None) -> Appraisal:
    if _HASH_RULES.search(item.rule.id):
        return _hash_verdict(item, path)
    weighed = (*signals, *_weighed(iter_syntax_signals(context)))
    level = _level(_total(signals), _total(weighed))
    place = describe(context)
    return Appraisal(
        min(item.confidence, level) if item.confidence == Confidence.LOW else level,
        item.reasons,
        (*weighed, Signal(place, 0)) if place else weighed,
    )


def _hash_verdict(item: Item, path: bytes) -> Appraisal:
    """A hash is not yet a password: it must be broken, and that of a test or document is worth nobody's while."""
    if _TRIAL_PATH.search(path):
        return Appraisal(Confidence.LOW, (*item.reasons, "a hash in a test or document opens nothing"), ())
    return Appraisal(min(item.confidence, Confidence.MEDIUM), (*item.reasons, "a hash must be broken first"), ())
