# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
import re
from re import _parser as parser  # type: ignore[attr-defined]  # the parser that the module uses

import pytest

from secrethunt.openings import OPENING_WIDTH, opening_of
from secrethunt.ruleset import Ruleset
from secrethunt.samples import _generate


def places(pattern: str, text: bytes) -> list[int]:
    """Where *text* looks as if a match of *pattern* began."""
    return [match.start() for match in re.finditer(opening_of(pattern).encode(), text)]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"abcd", b"abx abc abcd ABC", [4, 8]),
        (r"(?i)abcd", b"abx abC ABCd", [4, 8]),
        (r"(?i:a)bc", b"ABC Abc abc", [4, 8]),
        (r"\b(?<!q)(?=a)(?!b)[a-c]yz", b"ayz byz dyz", [0, 4]),
        (r"(?P<one>x)?(?:y|z)+?w", b"xyw xw yw zyw zq", [0, 1, 7, 10, 11]),
        (r"(?>x*)yyy", b"xxx xxy xyy yyy xy", [0, 4, 8, 12]),
        (r"x*+yy", b"xyy yy", [0, 1, 4]),
        (r"(?:ab){2,3}c", b"aba abc", [0]),
        (r"(a)?(?(1)b|c)", b"ab c a", [0, 1, 3]),
        (r"(a)\1c", b"aac abc", [0, 1, 4]),
        (r"token|vault", b"tok toe vat vau", [0, 12]),
        (r"[\d_]x", b"1x _x ax", [0, 3]),
        (r"(?i)[^a-y\W\d_]k", b"zk Zk ak zK", [0, 3, 9]),
        (r"aa", b"aaa", [0, 1]),
    ],
)
def test_opening_is_found_where_a_match_may_begin(pattern: str, text: bytes, expected: list[int]) -> None:
    assert expected == places(pattern, text)


@pytest.mark.parametrize("pattern", [r"x?", r"(a?)\1b", r".x", r"[^a]x", r"(?=x)", r"\S", r"(a)?(?(1)b)"])
def test_there_is_no_opening_where_a_match_may_begin_nearly_anywhere(pattern: str) -> None:
    assert opening_of(pattern) == ""


def test_opening_of_very_many_words_is_shorter_but_there() -> None:
    words = "|".join(f"{one}{two}{three}" for one in "abcdefgh" for two in "ijklmnop" for three in "qrstuvwx")
    assert [0] == places(words, b"aix qia")


def test_matches_of_the_shipped_rules_have_their_opening(ruleset: Ruleset) -> None:
    source = random.Random(11)
    wrong = []
    for rule, anchor in zip(ruleset.rules, ruleset.anchors, strict=True):
        text = b" " + _generate(parser.parse(rule.pattern.encode()), source) + b" "
        for found in re.finditer(rule.pattern.encode(), text) if anchor.opening else ():
            beginning = re.compile(anchor.opening.encode()).search(text, found.start(), found.start() + OPENING_WIDTH)
            if beginning is None or beginning.start() != found.start():
                wrong.append(rule.id)
    assert [] == wrong
