# SPDX-License-Identifier: Apache-2.0
"""A rule's fingerprint changes with what it finds, and only with that."""

from __future__ import annotations

import pytest

from secrethunt.records import Confidence, NegativeExample, Rule, RuleId, Severity
from secrethunt.ruleset import Ruleset
from secrethunt.state.fingerprints import code_fingerprint, rule_fingerprints
from tests.rule_samples import make_rule, make_ruleset

DECIDING = {
    "id": RuleId("acme.other"),
    "provider": "other",
    "confidence": Confidence.LOW,
    "pattern": r"\b(?P<secret>acme_live_[0-9a-f]{25})\b",
    "checksum": "crc32",
    "min_entropy": 1.0,
    "charset": ("digit",),
    "family": "acme",
    "is_generic": True,
    "in_binary": True,
    "paths": ("*.env",),
    "ignore": ("x",),
}
TELLING = {
    "name": "Key of Acme",
    "nhi": "bot",
    "severity": Severity.LOW,
    "examples": ("other",),
    "negative_examples": (NegativeExample("a", "b"),),
    "rotate": "Roll it.",
    "references": (),
    "file": "other.yaml",
    "line": 9,
}


def fingerprint(rule: Rule) -> bytes:
    return rule_fingerprints(make_ruleset(rule))[0]


@pytest.mark.parametrize("name", DECIDING)
def test_changes_with_what_is_found(name: str) -> None:
    assert fingerprint(make_rule()) != fingerprint(make_rule(**{name: DECIDING[name]}))


@pytest.mark.parametrize("name", TELLING)
def test_stays_whatever_is_said(name: str) -> None:
    assert fingerprint(make_rule()) == fingerprint(make_rule(**{name: TELLING[name]}))


def test_every_shipped_rule_has_its_own(ruleset: Ruleset) -> None:
    assert len(ruleset.rules) == len(set(rule_fingerprints(ruleset)))


def test_same_code_has_the_same() -> None:
    assert code_fingerprint() == code_fingerprint()
