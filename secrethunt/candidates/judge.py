# SPDX-License-Identifier: Apache-2.0
"""
Decides whether a capture is a secret, and how sure that is: cheap tests first, then what the value carries inside.

Rules with `generic` are judged by `generic.py` as well, because a keyword is weak evidence for the value beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from secrethunt.candidates.entropy import has_class, shannon_entropy
from secrethunt.candidates.generic import about_secret_reason, generic_confidence, is_stock_word, not_secret_reason
from secrethunt.candidates.lines import LineCounter
from secrethunt.candidates.overlap import Judged, resolve_overlaps
from secrethunt.candidates.placeholders import placeholder_reason
from secrethunt.checksums import CHECKSUMS
from secrethunt.match.confirm import Capture
from secrethunt.records import Candidate, Confidence, Rule, Secret

_FACT_NAMES = frozenset(
    {"account", "client_id", "database", "email", "environment", "host", "kind", "mode", "region", "user"}
)
"""Named groups of a pattern whose text may be shown; all others may hold part of the secret."""


class Judge:
    """Judges captures of one rule set; holds its compiled `ignore` patterns."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._ignore: dict[int, re.Pattern[bytes]] = {}

    def candidates(self, data: bytes, captures: Iterable[Capture]) -> tuple[Candidate, ...]:
        """The candidates among the *captures* of one blob, in order of place."""
        judged = [item for capture in captures if (item := self._judge(data, capture)) is not None]
        if not judged:
            return ()
        counter = LineCounter(data)
        seen: dict[bytes, int] = {}
        found = []
        for item in resolve_overlaps(judged):
            value = data[item.start : item.end]
            ordinal = seen.get(value, 0)
            seen[value] = ordinal + 1
            found.append(
                Candidate(
                    rule=item.rule,
                    secret=Secret(value),
                    span=counter.span(item.start, item.end),
                    ordinal=ordinal,
                    confidence=item.confidence,
                    reasons=item.reasons,
                    facts=item.facts,
                    also=item.also,
                )
            )
        return tuple(found)

    def _judge(self, data: bytes, capture: Capture) -> Judged | None:
        rule = self._rules[capture.rule]
        value = data[capture.secret_start : capture.secret_end]
        if not value or self._is_ruled_out(capture.rule, rule, value):
            return None
        confidence = rule.confidence
        reasons = ["keyword beside the value" if rule.is_generic else "fits the format"]
        if rule.is_generic:
            groups = capture.match.groupdict(b"")
            is_quoted = data[capture.secret_end : capture.secret_end + 1] in (b'"', b"'", b"`")
            if about_secret_reason(groups.get("rest", b"")) or not_secret_reason(value, is_quoted=is_quoted):
                return None
            confidence, why = generic_confidence(groups.get("word", b"password"), value, confidence)
            reasons.append(why)
        elif is_stock_word(value):
            confidence = Confidence.LOW
            reasons.append("the value is a word that stands for a password")
        if rule.checksum:
            confidence, why = _checksum_confidence(rule.checksum, value, confidence)
            reasons.append(why)
        return Judged(rule, capture.secret_start, capture.secret_end, confidence, tuple(reasons), _facts(capture))

    def _is_ruled_out(self, index: int, rule: Rule, value: bytes) -> bool:
        """The tests that every rule's values go through, in order of cost."""
        if any(not has_class(value, name) for name in rule.charset):
            return True
        if rule.min_entropy and shannon_entropy(value) < rule.min_entropy:
            return True
        if placeholder_reason(value[:200]):
            return True
        return bool(rule.ignore) and self._ignore_pattern(index, rule).search(value) is not None

    def _ignore_pattern(self, index: int, rule: Rule) -> re.Pattern[bytes]:
        compiled = self._ignore.get(index)
        if compiled is None:
            compiled = re.compile(b"|".join(b"(?:%s)" % pattern.encode("utf-8") for pattern in rule.ignore))
            self._ignore[index] = compiled
        return compiled


def _checksum_confidence(name: str, value: bytes, confidence: Confidence) -> tuple[Confidence, str]:
    checksum = CHECKSUMS[name]
    if checksum.verify(value):
        return Confidence.HIGH, "its structure decodes" if checksum.is_structural else "its checksum fits"
    if checksum.is_structural:
        return Confidence.LOW, "its structure does not decode"
    return Confidence(max(confidence - 1, Confidence.LOW)), "its checksum does not fit"


def _facts(capture: Capture) -> tuple[tuple[str, str], ...]:
    groups = capture.match.groupdict()
    return tuple(
        (name, text.decode("utf-8", "backslashreplace"))
        for name, text in sorted(groups.items())
        if name in _FACT_NAMES and text
    )
