# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
import re
from re import _parser as parser  # type: ignore[attr-defined]  # the parser that the module reads

import pytest

from secrethunt.hints import hints
from secrethunt.ruleset import Ruleset
from secrethunt.samples import _generate


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\bAC[0-9a-f]{32}\b", ("ac",)),
        (r"[\w-]{1,60}\.acme\.com", (".acme.com",)),
        (r"(?i:client[_-]?id|Directory)", ("client", "directory")),
        (r"(?:north|south)?east", ("east",)),
        (r"(?:x{2}ab)+", ("ab",)),
        (r"a|b*", ()),
        (r"\d{4,}", ()),
        (r"(?=abc)\w+", ()),
        (r"[^a]b?", ()),
    ],
)
def test_words_are_those_that_every_match_holds(pattern: str, expected: tuple[str, ...]) -> None:
    assert expected == hints(pattern)


def test_matches_of_the_shipped_parts_hold_their_words(ruleset: Ruleset) -> None:
    source = random.Random(7)
    specs = {part for rule in ruleset.rules for part in rule.parts if part.pattern}
    assert all(part.hints == hints(part.pattern) for part in specs)
    for part in specs:
        for _ in range(5):
            text = _generate(parser.parse(part.pattern.encode()), source)
            if re.search(part.pattern.encode(), text) and part.hints:
                assert any(hint.encode() in text.lower() for hint in part.hints)
