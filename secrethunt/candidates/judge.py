# SPDX-License-Identifier: Apache-2.0
"""
Decides whether a capture is a secret, and how sure that is: cheap tests first, then what the value carries inside.

Rules with `generic` are judged by `generic.py` as well, because a keyword is weak evidence for the value beside it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from secrethunt.candidates.allowances import AllowanceReader
from secrethunt.candidates.canonical import canonical_value
from secrethunt.candidates.encoded import settle_encoded
from secrethunt.candidates.entropy import has_class, is_drawn_letters, shannon_entropy
from secrethunt.candidates.generic import (
    about_secret_reason,
    generic_confidence,
    is_chosen_by_people,
    is_name_of_type,
    is_stock_word,
    not_secret_reason,
)
from secrethunt.candidates.lines import line_counter
from secrethunt.candidates.overlap import Judged
from secrethunt.candidates.pairs import Pairs
from secrethunt.candidates.placeholders import filler_reason, is_called_fake, placeholder_reason
from secrethunt.checksums import CHECKSUMS
from secrethunt.records import MAX_CANDIDATES, Allowance, Candidate, Capture, Confidence, Rule, Secret, Span

FACT_NAMES = frozenset(
    {"account", "client_id", "database", "email", "environment", "host", "kind", "mode", "region", "user"}
)
"""Named groups of a pattern whose text may be shown; all others may hold part of the secret."""


_LONG = 20
_LONGEST_KNOWN = 1024
_MOST_KNOWN = 8192
"""Judgements that are remembered: the same line stands in many versions of a file, and in many files."""
_QUOTES = (b'"', b"'", b"`")


class _Known(NamedTuple):
    judged: Judged | None
    start: int
    """Where the secret stood when it was judged."""


class Judge:
    """Judges captures of one rule set; holds its compiled `ignore` patterns."""

    def __init__(self, rules: Iterable[Rule], compile: Callable[[bytes], re.Pattern[bytes]] = re.compile) -> None:
        self._rules = tuple(rules)
        self._compile = compile
        self._ignore: dict[int, tuple[re.Pattern[bytes], ...]] = {}
        self._terms: dict[str, re.Pattern[bytes]] = {}
        self._known: dict[tuple[object, ...], _Known] = {}
        self._placeholder_reason = functools.lru_cache(_MOST_KNOWN)(placeholder_reason)
        self.pairs = Pairs(compile)

    def candidates(
        self, data: bytes, captures: Iterable[Capture], decoded: Sequence[Judged] = ()
    ) -> tuple[Candidate, ...]:
        """
        The candidates among the *captures* of one blob and what is judged already of its *decoded* pieces, in order of
        place.

        Those of rules with `paths` may overlap others, for the path to decide.
        """
        judged = [item for capture in captures if (item := self.judge(data, capture)) is not None]
        return self.put_together(data, [*judged, *decoded])

    def put_together(self, data: bytes, judged: Collection[Judged]) -> tuple[Candidate, ...]:
        """
        What the judgements of one blob come to: overlaps settled, places counted, parts joined; in order of place.
        At most `MAX_CANDIDATES`, which the caller can tell by their number.
        """
        if any(_has_terms(item.rule) for item in judged):
            judged = self._holding(data, judged)
        if not judged:
            return ()
        counter = line_counter(data)
        items = settle_encoded(judged)[:MAX_CANDIDATES]
        secrets = [item.decoding.secret if item.decoding else Secret(data[item.start : item.end]) for item in items]
        ordinals = _ordinals(items, secrets)
        comments = AllowanceReader(data)
        found = tuple(
            Candidate(
                rule=item.rule,
                secret=secret,
                span=counter.span(item.start, item.end) if _has_lines(item) else _span_without_lines(item),
                ordinal=ordinal,
                confidence=item.confidence,
                reasons=item.reasons,
                facts=item.facts,
                also=item.also,
                decoding=item.decoding,
                allowance=_allowance(item, comments),
            )
            for item, secret, ordinal in zip(items, secrets, ordinals, strict=True)
        )
        return self.pairs.join(data, found)

    def judge(self, data: bytes | memoryview, capture: Capture) -> Judged | None:
        """
        Is one *capture* a secret? The answer depends on its match and the byte behind the secret alone, so that it
        holds wherever the same bytes stand in the same surroundings.
        """
        match = capture.match
        if capture.end - capture.start > _LONGEST_KNOWN:
            return self._judge(data, capture)
        behind = bytes(data[capture.secret_end : capture.secret_end + 1])
        key = capture.rule, match[0], match.groups(), capture.secret_start - capture.start, behind
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[key] = _Known(self._judge(data, capture), capture.secret_start)
        judged, start = known
        by = capture.secret_start - start
        return judged._replace(start=judged.start + by, end=judged.end + by) if judged is not None and by else judged

    def _judge(self, data: bytes | memoryview, capture: Capture) -> Judged | None:
        rule = self._rules[capture.rule]
        value = bytes(data[capture.secret_start : capture.secret_end])
        if not value or self._is_ruled_out(capture.rule, rule, value):
            return None
        if rule.ignore_match and self._matches(rule.ignore_match, capture.match.group()):
            return None
        judgement = _judge_generic(data, value, capture, rule) if rule.is_generic else _judge_specific(rule, value)
        if judgement is None:
            return None
        confidence, reasons = judgement
        return Judged(rule, capture.secret_start, capture.secret_end, confidence, reasons, _facts(rule, value, capture))

    def _holding(self, data: bytes, judged: Iterable[Judged]) -> list[Judged]:
        """Those of *judged* of whose blob and line all is so that their rules want; asked once the blob is at hand."""
        needs = {item.rule.needs for item in judged if item.rule.needs}
        lowered = data.lower() if needs else b""
        lacking = {words for words in needs if not any(word.encode() in lowered for word in words)}
        return [
            item
            for item in judged
            # What was decoded does not stand in *data* as it is.
            if item.decoding is not None
            or (
                item.rule.needs not in lacking
                and not (item.rule.ignore_line and self._matches(item.rule.ignore_line, _lines(data, item)))
            )
        ]

    def _matches(self, patterns: Iterable[str], text: bytes) -> bool:
        """Whether one of *patterns*, compiled when first asked for, is in *text*."""
        for pattern in patterns:
            compiled = self._terms.get(pattern)
            if compiled is None:
                compiled = self._terms[pattern] = self._compile(pattern.encode("utf-8"))
            if compiled.search(text):
                return True
        return False

    def _is_ruled_out(self, index: int, rule: Rule, value: bytes) -> bool:
        """The tests that every rule's values go through, in order of cost."""
        lacking = [name for name in rule.charset if not has_class(value, name)]
        if lacking and not _is_typed_key(value) and not (lacking == ["digit"] and is_drawn_letters(value)):
            return True
        if rule.min_entropy and shannon_entropy(value) < rule.min_entropy:
            return True
        if not rule.is_verbatim and self._placeholder_reason(value[:200]):
            return True
        return bool(rule.ignore) and any(pattern.search(value) for pattern in self._ignore_patterns(index, rule))

    def _ignore_patterns(self, index: int, rule: Rule) -> tuple[re.Pattern[bytes], ...]:
        """Each by itself: joined into one, their flags and group names would clash."""
        compiled = self._ignore.get(index)
        if compiled is None:
            compiled = self._ignore[index] = tuple(self._compile(pattern.encode("utf-8")) for pattern in rule.ignore)
        return compiled


def _is_typed_key(value: bytes) -> bool:
    """A sequence as long as keys are stands for one and is no word; shorter ones are numbers and names as well."""
    return len(value) >= _LONG and bool(filler_reason(value[:200]))


def _lines(data: bytes, item: Judged) -> bytes:
    """The lines that *item* stands on."""
    end = data.find(b"\n", item.end)
    return data[data.rfind(b"\n", 0, item.start) + 1 : end if end >= 0 else len(data)]


def _has_terms(rule: Rule) -> bool:
    return bool(rule.needs or rule.ignore_line)


def _allowance(item: Judged, comments: AllowanceReader) -> Allowance | None:
    within = item.decoding.allowance if item.decoding else None
    return within or comments.allowance(item.start, item.end, item.rule)


def _has_lines(item: Judged) -> bool:
    return item.decoding is None or item.decoding.has_lines


def _span_without_lines(item: Judged) -> Span:
    return Span(item.start, item.end, 1, 1, 1, 1)


def _ordinals(items: Sequence[Judged], secrets: Sequence[Secret]) -> list[int]:
    """
    The number of each place among those of the same secret: first where it stands as it is, then encoded ones, so that
    what is decoded renumbers nothing.
    """
    # By family as well, like the secret's id: what another rule sees elsewhere must not renumber these.
    places: dict[tuple[str, bytes], dict[tuple[bool, int], int]] = {}
    ordinals = [0] * len(items)
    for index in sorted(range(len(items)), key=lambda index: items[index].decoding is not None):
        item = items[index]
        key = item.rule.family or item.rule.id, canonical_value(secrets[index].reveal())
        numbers = places.setdefault(key, {})
        ordinals[index] = numbers.setdefault((item.decoding is not None, item.start), len(numbers))
    return ordinals


def _judge_generic(
    data: bytes | memoryview, value: bytes, capture: Capture, rule: Rule
) -> tuple[Confidence, tuple[str, ...]] | None:
    """A keyword is weak evidence: its name and the value must both look right."""
    groups = capture.match.groupdict(b"")
    is_quoted = data[capture.secret_end : capture.secret_end + 1] in _QUOTES
    if about_secret_reason(groups.get("rest", b"")):
        return None
    is_chosen = is_chosen_by_people(groups.get("word", b"password"))
    filler = filler_reason(value[:200], shortest=12 if is_chosen else 8)
    if filler and groups.get("kind") and not value.isdigit():
        return rule.confidence, ("keyword beside the value", filler)
    if filler and (is_called_fake(value) or not is_chosen):
        return None
    if not_secret_reason(value, is_quoted=is_quoted):
        return None
    confidence, why = generic_confidence(groups.get("word", b"password"), value, rule.confidence)
    return confidence, ("keyword beside the value", why)


def _judge_specific(rule: Rule, value: bytes) -> tuple[Confidence, tuple[str, ...]]:
    """A provider's own format; what speaks against it lowers confidence and is said."""
    if rule.is_verbatim:
        return rule.confidence, ("fits the format",)
    if is_stock_word(value):
        return Confidence.LOW, ("fits the format", "the value is a word that stands for a password")
    if len(value) >= _LONG and is_name_of_type(value):
        return Confidence.LOW, ("fits the format", "the value is an identifier")
    confidence, reasons = rule.confidence, ["fits the format"]
    if rule.checksum:
        confidence, why = _checksum_confidence(rule.checksum, value, confidence)
        reasons.extend([why] if why else [])
    filler = filler_reason(value[:200])
    if filler and confidence == Confidence.HIGH:
        confidence = Confidence.MEDIUM
        reasons.append(filler)
    return confidence, tuple(reasons)


def _checksum_confidence(name: str, value: bytes, confidence: Confidence) -> tuple[Confidence, str]:
    checksum = CHECKSUMS[name]
    fits = checksum.verify(value)
    if fits is None:
        return confidence, ""
    if fits:
        return Confidence.HIGH, "its structure decodes" if checksum.is_structural else "its checksum fits"
    if checksum.is_structural:
        return Confidence.LOW, "its structure does not decode"
    return Confidence(max(confidence - 1, Confidence.LOW)), "its checksum does not fit"


def _facts(rule: Rule, value: bytes, capture: Capture) -> tuple[tuple[str, str], ...]:
    """What the match says of itself; of a group and a decoder that name the same, the decoder knows better."""
    # Most files have nothing that could say anything, and the decoders take as long to import as such a file to scan.
    from secrethunt.facts import read_facts

    said = read_facts(rule.id, value, capture.match.group(), is_generic=rule.is_generic)
    names = {name for name, _ in said}
    groups = capture.match.groupdict()
    named = (
        (name, text.decode("utf-8", "backslashreplace"))
        for name, text in sorted(groups.items())
        if name in FACT_NAMES and name not in names and text
    )
    return (*named, *said)
