# SPDX-License-Identifier: Apache-2.0
"""
Checks what a rule promises: that its examples are found, its negative examples are not, and that it is cheap.

Everything runs offline, from anchor to candidate, with samples made by `samples.py`.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from secrethunt.anchors import Anchor
from secrethunt.candidates.pairs import Pairs
from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.match.confirm import Confirmer
from secrethunt.match.database import Database, ExpressionError, compile_database
from secrethunt.records import Blob, BlobKind, Confidence, PartSpec, Rule
from secrethunt.ruleset import Ruleset
from secrethunt.samples import SampleError, fill_template

SAMPLES = 3
"""Samples tried of each example: a format that only sometimes passes its own tests is a defect."""
SLOW_SECONDS = 0.05
"""Longest a confirming pattern may take on one window of adversarial text, in CPU seconds."""
COMMON_ANCHOR = 400
"""Anchors in a MiB of ordinary text beyond which a rule costs the scan of everything too much."""
_WINDOWS = 8
_BEGINNINGS = (24, 32, 43, 57, 76, 101, 135, 180, 240, 320)
"""A pattern that takes exponential time is caught while it still ends within seconds."""
_UNITS = (
    b"a",
    b"a ",
    b"=",
    b'"',
    b"A1_",
    b"\n",
    b"key: value\n",
    b"  key: value\n",
    b"key = value\n",
    b"<a>b</a>\n",
    b"{[(",
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a rule."""

    rule: Rule
    message: str


def check_ruleset(ruleset: Ruleset) -> Iterator[Complaint]:
    """Everything that is wrong with *ruleset*, rule by rule."""
    refused = list(_check_anchors(ruleset))
    if refused:
        yield from refused
        return
    checker = RuleChecker(ruleset)
    for rule in ruleset.rules:
        yield from checker.complaints(rule)


def _check_anchors(ruleset: Ruleset) -> Iterator[Complaint]:
    with contextlib.suppress(ExpressionError):
        compile_database([anchor.expression for anchor in ruleset.anchors])
        return
    for rule, anchor in zip(ruleset.rules, ruleset.anchors, strict=True):
        try:
            compile_database([anchor.expression])
        except ExpressionError as err:
            yield Complaint(rule, f"Hyperscan refuses its anchor: {err}")


class RuleChecker:
    """Checks one rule at a time among all others of its set, whose anchors Hyperscan takes."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._names = {rule.id for rule in ruleset.rules} | {rule.family for rule in ruleset.rules}
        self._by_id: dict[str, Rule] = {rule.id: rule for rule in ruleset.rules}
        self._anchors = {rule.id: anchor for rule, anchor in zip(ruleset.rules, ruleset.anchors, strict=True)}
        self._detector = Detector(ruleset, DiskCache(None))
        self._ordinary = _ordinary_text()

    def complaints(self, rule: Rule) -> Iterator[Complaint]:
        """Everything that is wrong with *rule*, which is one of the set."""
        anchor = self._anchors[rule.id]
        database = compile_database([anchor.expression])
        yield from _check_documents(rule)
        yield from _check_parts(rule, self._names)
        yield from _check_examples(rule, self._by_id, self._detector)
        yield from _check_negative_examples(rule, self._by_id, self._detector)
        yield from _check_cost(rule, database, self._ordinary)
        yield from _check_speed(rule, self._by_id, anchor, database)


def _check_documents(rule: Rule) -> Iterator[Complaint]:
    if not rule.references:
        yield Complaint(rule, "no reference: name the provider's documentation of the format")
    if not rule.examples:
        yield Complaint(rule, "no example")
    if not rule.negative_examples:
        yield Complaint(rule, "no negative example")


def _check_parts(rule: Rule, names: AbstractSet[str]) -> Iterator[Complaint]:
    """Each part is found by rules that exist, or by a pattern that nothing slows down."""
    for part in rule.parts:
        for name in part.rules:
            if name not in names:
                yield Complaint(rule, f"part {part.name}: no rule or family is called {name!r}")
        if part.pattern:
            taken = max(_search_seconds(part, text) for text in _hostile_texts(part))
            if taken > SLOW_SECONDS:
                yield Complaint(
                    rule, f"part {part.name}: slow pattern: {taken * 1000:.0f} ms on 32 KiB of hostile text"
                )


def _search_seconds(part: PartSpec, text: bytes) -> float:
    """CPU seconds for *text*, or for the first beginning of it that is too slow."""
    pairs = Pairs()
    # Compiling is not what is measured.
    pairs.values(b"", part)
    taken = 0.0
    for size in (*_BEGINNINGS, 2048, 8192, len(text)):
        taken = _seconds(functools.partial(pairs.values, text[:size], part))
        if taken > SLOW_SECONDS:
            break
    return taken


def _hostile_texts(part: PartSpec) -> Iterator[bytes]:
    """Runs of single characters, and the literal words of the pattern over and over with nothing behind them."""
    size = 32768
    words = re.findall(r"[A-Za-z_]{3,}", part.pattern)
    for unit in (*_UNITS, *(f"{word}{between}".encode() for word in words for between in ("", "=", " "))):
        yield (unit * (size // len(unit) + 1))[:size]


def _check_examples(rule: Rule, rules: Mapping[str, Rule], detector: Detector) -> Iterator[Complaint]:
    for template in rule.examples:
        for seed in range(SAMPLES):
            try:
                text, secret = fill_template(template, rule, rules, seed=seed)
            except SampleError as err:
                yield Complaint(rule, f"example {template!r}: {err}")
                break
            expected = secret if "{{secret}}" in template.replace(" ", "") else None
            problem = _missed(rule, text, expected, detector)
            if problem:
                yield Complaint(rule, f"example {template!r}: {problem}")
                break


def _missed(rule: Rule, text: bytes, secret: bytes | None, detector: Detector) -> str:
    """What is wrong with what was found in *text*, or an empty string. *secret* None: any value will do."""
    candidates = detector.scan_bytes(Blob(text, BlobKind.STREAM, b"example"))
    own = [candidate for candidate in candidates if candidate.rule.id == rule.id or rule.id in candidate.also]
    if not own:
        others = ", ".join(sorted({candidate.rule.id for candidate in candidates}))
        return f"not found{f' (but {others} was)' if others else ''}"
    if secret is not None and all(candidate.secret.reveal() != secret for candidate in own):
        return "found, but the secret's bounds are wrong"
    if rule.checksum and max(candidate.confidence for candidate in own) < Confidence.HIGH:
        return "found, but its checksum does not fit"
    return ""


def _check_negative_examples(rule: Rule, rules: Mapping[str, Rule], detector: Detector) -> Iterator[Complaint]:
    for example in rule.negative_examples:
        try:
            text, _ = fill_template(example.text, rule, rules)
        except SampleError as err:
            yield Complaint(rule, f"negative example {example.text!r}: {err}")
            continue
        for candidate in detector.scan_bytes(Blob(text, BlobKind.STREAM, b"example")):
            if candidate.rule.id == rule.id and candidate.confidence > Confidence.LOW:
                yield Complaint(rule, f"negative example {example.text!r} ({example.why}) is found")
                break


def _check_speed(rule: Rule, rules: Mapping[str, Rule], anchor: Anchor, database: Database) -> Iterator[Complaint]:
    """Time the confirming pattern, window by window, on text made to send it astray."""
    confirmer = Confirmer([rule.pattern], [anchor])
    # Compiling is not what is measured.
    list(confirmer.captures(b"", 0, []))
    for text in _adversarial_texts(rule, rules):
        for end in _ends(database, text)[:_WINDOWS]:
            taken = _slowest(confirmer, text, end)
            if taken > SLOW_SECONDS:
                yield Complaint(rule, f"slow pattern: {taken * 1000:.0f} ms on one window of adversarial text")
                return


def _slowest(confirmer: Confirmer, text: bytes, end: int) -> float:
    """CPU seconds for the window of the anchor ending at *end*, or for the first beginning of it that is too slow."""
    taken = 0.0
    for size in (*_BEGINNINGS, len(text)):
        beginning = text[: end + size]
        taken = _seconds(functools.partial(_exhaust, confirmer, beginning, end))
        if taken > SLOW_SECONDS:
            break
    return taken


def _exhaust(confirmer: Confirmer, text: bytes, end: int) -> None:
    for _ in confirmer.captures(text, 0, [end]):
        pass


def _seconds(work: Callable[[], object]) -> float:
    """CPU seconds of *work*; of three runs the least where one seems slow, since a busy machine adds to any of them."""
    least = math.inf
    for _ in range(3):
        started = time.process_time()
        work()
        least = min(least, time.process_time() - started)
        if least <= SLOW_SECONDS:
            break
    return least


def _check_cost(rule: Rule, database: Database, text: bytes) -> Iterator[Complaint]:
    count = len(_ends(database, text))
    if count > COMMON_ANCHOR * len(text) / (1 << 20) and not rule.is_generic:
        yield Complaint(
            rule, f"its anchor fires {count} times in {len(text) >> 10} KiB of Python source; give it a rarer literal"
        )


def _ends(database: Database, text: bytes) -> list[int]:
    """Where the anchor of a database of one ends in *text*."""
    ends: list[int] = []
    database.scan(text, lambda _id, _start, end, _flags, _context: ends.append(end), database.scratch())
    return ends


def _ordinary_text() -> bytes:
    """Some MiB that every machine has: the standard library's own source."""
    directory = os.path.dirname(os.__file__)
    parts = []
    for name in sorted(os.listdir(directory)):
        if name.endswith(".py"):
            with open(os.path.join(directory, name), "rb") as file:
                parts.append(file.read())
    return b"\n".join(parts)


def _adversarial_texts(rule: Rule, rules: Mapping[str, Rule]) -> Iterator[bytes]:
    try:
        text, secret = fill_template(rule.examples[0] if rule.examples else "{{secret}}", rule, rules)
    except SampleError:
        return
    size = 32768
    for unit in (text, secret[:-1], text[: max(len(text) // 2, 1)], *_UNITS):
        filler = unit * (size // max(len(unit), 1) + 1)
        yield (text + filler)[:size]
        # The same with the end of the match missing, so that every way to go on must be tried.
        yield (text[: len(text) * 3 // 4] + filler)[:size]
    noise = random.Random(rule.id)
    yield bytes(noise.choices(text + b"\n =\"'", k=size // 8)) * 8


def anchor_counts(ruleset: Ruleset, text: bytes) -> dict[str, int]:
    """How often each rule's anchor fires in *text*: what a rule costs, by rule id."""
    database = compile_database([anchor.expression for anchor in ruleset.anchors])
    counts = [0] * len(ruleset.rules)

    def on_match(index: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        counts[index] += 1

    database.scan(text, on_match, database.scratch())
    return {rule.id: count for rule, count in zip(ruleset.rules, counts, strict=True)}
