# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.candidates.entropy import has_class, is_drawn_letters, shannon_entropy


@pytest.mark.parametrize(
    ("value", "bits"),
    [(b"", 0), (b"a", 0), (b"aaaa", 0), (b"ab", 1), (b"aabb", 1), (b"abcd", 2), (bytes(range(256)), 8)],
)
def test_entropy_is_counted_in_bits_a_byte(value: bytes, bits: float) -> None:
    assert math.isclose(bits, shannon_entropy(value), abs_tol=1e-12)


@given(st.binary(min_size=1, max_size=300))
def test_entropy_is_bounded_by_length_and_alphabet_and_blind_to_order(value: bytes) -> None:
    entropy = shannon_entropy(value)
    assert -1e-9 <= entropy <= min(8.0, math.log2(len(value))) + 1e-9
    assert math.isclose(entropy, shannon_entropy(bytes(sorted(value))), abs_tol=1e-9)


@pytest.mark.parametrize(
    ("value", "classes"),
    [
        (b"", set()),
        (b"abc", {"lower", "letter"}),
        (b"ABC", {"upper", "letter"}),
        (b"123", {"digit"}),
        (b"a1", {"lower", "letter", "digit"}),
        (b"_", {"symbol"}),
        (b" -", {"symbol"}),
        (b"\xe9\xff", {"symbol"}),
        ("Ä٣".encode(), {"symbol"}),
        (b"aZ9/", {"lower", "upper", "letter", "digit", "symbol"}),
    ],
)
def test_classes_are_those_of_ascii(value: bytes, classes: set[str]) -> None:
    names = ("lower", "upper", "letter", "digit", "symbol")
    assert classes == {name for name in names if has_class(value, name)}


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"aBcDeFgH",
        b"getUserAccessTokenFromRequest",
        b"XMLHttpRequestUploadListener",
        b"my-secret-access-token-name",
        b"SOME_CONSTANT_IN_CAPITALS",
        b"pseudopseudohypoparathyroidism",
        b"aBcDeFgHiJkLmNoPqRsT1",
    ],
)
def test_words_and_short_values_are_not_drawn(value: bytes) -> None:
    assert not is_drawn_letters(value)


def test_most_letters_drawn_at_random_are_told() -> None:
    letters = random.Random(1)
    values = ["".join(letters.choices(string.ascii_letters, k=24)).encode() for _ in range(1000)]
    assert 650 < sum(map(is_drawn_letters, values)) < 800
