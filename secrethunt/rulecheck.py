# SPDX-License-Identifier: Apache-2.0
"""
Checks what a rule promises: that its examples are found, its negative examples are not, and that it is cheap.

Everything runs offline, from anchor to candidate, with samples made by `samples.py`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.match.confirm import Confirmer
from secrethunt.match.database import ExpressionError, compile_database
from secrethunt.records import Blob, BlobKind, Confidence, Rule
from secrethunt.ruleset import Ruleset
from secrethunt.samples import SampleError, fill_template

SAMPLES = 3
"""Samples tried of each example: a format that only sometimes passes its own tests is a defect."""
SLOW_SECONDS = 0.05
"""Longest a confirming pattern may take on one window of adversarial text, in CPU seconds."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a rule."""

    rule: Rule
    message: str


def check_ruleset(ruleset: Ruleset) -> Iterator[Complaint]:
    """Everything that is wrong with *ruleset*, rule by rule."""
    by_id: dict[str, Rule] = {rule.id: rule for rule in ruleset.rules}
    refused = set()
    for rule, anchor in zip(ruleset.rules, ruleset.anchors, strict=True):
        try:
            compile_database([anchor.expression])
        except ExpressionError as err:
            refused.add(rule.id)
            yield Complaint(rule, f"Hyperscan refuses its anchor: {err}")
    if refused:
        return
    detector = Detector(ruleset, DiskCache(None))
    for index, rule in enumerate(ruleset.rules):
        yield from _check_documents(rule)
        yield from _check_examples(rule, by_id, detector)
        yield from _check_negative_examples(rule, by_id, detector)
        yield from _check_speed(rule, index, ruleset)


def _check_documents(rule: Rule) -> Iterator[Complaint]:
    if not rule.references:
        yield Complaint(rule, "no reference: name the provider's documentation of the format")
    if not rule.examples:
        yield Complaint(rule, "no example")
    if not rule.negative_examples:
        yield Complaint(rule, "no negative example")


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


def _check_speed(rule: Rule, index: int, ruleset: Ruleset) -> Iterator[Complaint]:
    """Time the confirming pattern on text made of its own beginning over and over, the classic way to backtrack."""
    confirmer = Confirmer((rule.pattern for rule in ruleset.rules), ruleset.anchors)
    anchor = ruleset.anchors[index]
    for text in _adversarial_texts(rule):
        # Compiling is not what is measured.
        list(confirmer.captures(text[:64], index, [anchor.max_width]))
        ends = [len(text) // 4]
        started = time.process_time()
        list(confirmer.captures(text, index, ends))
        taken = time.process_time() - started
        if taken > SLOW_SECONDS:
            yield Complaint(rule, f"slow pattern: {taken * 1000:.0f} ms on one window of adversarial text")
            return


def _adversarial_texts(rule: Rule) -> Iterator[bytes]:
    try:
        text, secret = fill_template(rule.examples[0] if rule.examples else "{{secret}}", rule, {})
    except SampleError:
        return
    size = 32768
    for unit in (text, secret[:-1], text[: max(len(text) // 2, 1)], b"a", b"a ", b"=", b'"', b"A1_", b"\n"):
        yield (text + unit * (size // max(len(unit), 1)))[:size]
    noise = random.Random(rule.id)
    yield bytes(noise.choices(text + b"\n =\"'", k=size))


def anchor_counts(ruleset: Ruleset, text: bytes) -> dict[str, int]:
    """How often each rule's anchor fires in *text*: what a rule costs, by rule id."""
    database = compile_database([anchor.expression for anchor in ruleset.anchors])
    counts = [0] * len(ruleset.rules)

    def on_match(index: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        counts[index] += 1

    database.scan(text, on_match, database.scratch())
    return {rule.id: count for rule, count in zip(ruleset.rules, counts, strict=True)}
