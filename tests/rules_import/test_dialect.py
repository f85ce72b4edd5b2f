# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from secrethunt.rules_import.dialect import DialectError, translate


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        (r"a(?i)b|c", [b"ab", b"aB", b"C"], [b"Ab"]),
        (r"(?i)key_(?-i:ABC)x", [b"KEY_ABCX"], [b"key_abcx"]),
        (r"x(a(?i)b)c", [b"xaBc"], [b"xaBC"]),
        (r"[[:alnum:]_]{3}", [b"a_9"], [b"a-9"]),
        (r"a$", [b"ba"], [b"a\n"]),
        (r"(?m)^a$", [b"b\na\nc"], [b"ab"]),
        (r"a\z", [b"a"], [b"a\n"]),
        (r"\Qa.b(\E+c", [b"a.b((c"], [b"axb(c"]),
        (r"\x{41}b", [b"Ab"], [b"ab"]),
        ("(?x) a \\s # words (\n [b c] \\ d", [b"a b d"], [b"a  d", b"abd"]),
        (r"(?:a|(?P<TOKEN>b))", [b"b"], [b"c"]),
        (r"a{,2}b", [b"a{,2}b"], [b"aab"]),
        (r"a{2,}b", [b"aaab"], [b"ab"]),
        (r"[a[]b", [b"[b"], [b"]b"]),
        (r"a(?#words (and)b", [b"ab"], [b"a"]),
        (r"(?s).", [b"\n"], []),
    ],
)
def test_pattern_means_what_it_meant(pattern: str, hits: list[bytes], misses: list[bytes]) -> None:
    compiled = re.compile(translate(pattern).text.encode())
    assert [True] * len(hits) == [compiled.search(text) is not None for text in hits]
    assert [False] * len(misses) == [compiled.search(text) is not None for text in misses]


@pytest.mark.parametrize(
    "pattern", [r"\p{Greek}", r"[a&&b]", r"(?U)a+", "(a", "a)", r"[[:^alpha:]]", r"\y", "[a", "a\\"]
)
def test_what_has_no_like_is_refused(pattern: str) -> None:
    with pytest.raises(DialectError):
        translate(pattern)


def test_groups_are_counted_and_names_known() -> None:
    translated = translate(r"(?:a)(b)(?P<TOKEN>c)(?<other>d)\(e[(]")
    assert (3, {"TOKEN": 2, "other": 3}) == (translated.groups, translated.names)
