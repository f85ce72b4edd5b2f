# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
import re
from re import _parser as parser  # type: ignore[attr-defined]  # the parser that the module reads

import pytest

from secrethunt.firstbytes import first_bytes
from secrethunt.ruleset import Ruleset
from secrethunt.samples import _generate


def first(pattern: str) -> str:
    return first_bytes(parser.parse(pattern.encode()))


def taken(pattern: str) -> bytes:
    """All bytes that the class of *pattern* takes."""
    return bytes(byte for byte in range(256) if re.match(first(pattern).encode(), bytes([byte])))


@pytest.mark.parametrize(
    ("pattern", "firsts"),
    [
        (r"abc", b"a"),
        (r"(?i)abc", b"Aa"),
        (r"(?i:ab)c|x", b"Aax"),
        (r"\b(?<!q)(?=a)(?!b)[a-c]", b"abc"),
        (r"(?P<one>x)?(?:y|z)+?w", b"xyz"),
        (r"(?>x*)y", b"xy"),
        (r"x*+y", b"xy"),
        (r"(a)?(?(1)b|c)", b"abc"),
        (r"[^\x00-\x7f]", bytes(range(128, 256))),
        (r"(?i)[^a-y\W\d_]", b"Zz"),
        (r"[\d_]x", b"0123456789_"),
    ],
)
def test_class_holds_what_may_come_first_and_nothing_else(pattern: str, firsts: bytes) -> None:
    assert firsts == taken(pattern)


@pytest.mark.parametrize("pattern", [r"x?", r"(a?)\1b", r".x", r"[^a]x", r"(?=x)", r"\S", r"(a)?(?(1)b)"])
def test_no_class_where_most_bytes_or_none_may_come_first(pattern: str) -> None:
    assert first(pattern) == ""


def test_matches_of_the_shipped_rules_begin_in_their_class(ruleset: Ruleset) -> None:
    source = random.Random(11)
    wrong = []
    for rule, anchor in zip(ruleset.rules, ruleset.anchors, strict=True):
        if anchor.first:
            text = b" " + _generate(parser.parse(rule.pattern.encode()), source) + b" "
            found = re.search(rule.pattern.encode(), text)
            if found is not None and not re.match(anchor.first.encode(), found[0]):
                wrong.append(rule.id)
    assert [] == wrong
