# SPDX-License-Identifier: Apache-2.0
"""How random a value looks."""

from __future__ import annotations

import math
import re
from collections import Counter

_CLASSES = {
    "lower": re.compile(rb"[a-z]"),
    "upper": re.compile(rb"[A-Z]"),
    "letter": re.compile(rb"[A-Za-z]"),
    "digit": re.compile(rb"[0-9]"),
    "symbol": re.compile(rb"[^0-9A-Za-z]"),
}
_SHORTEST_DRAWN = 20
_LETTERS = re.compile(rb"[A-Za-z_+/=-]+")
_LONE_SMALL = re.compile(rb"(?<![a-z])[a-z](?=[A-Z])")
_LONE_LARGE = re.compile(rb"(?<=[A-Z])[A-Z](?=[a-z]{1,2}[A-Z])")
_WORD = re.compile(rb"[a-z]{7}|[A-Z]{6}")
_CONSONANTS = re.compile(rb"(?i)[b-df-hj-np-tv-z]{9}")


def shannon_entropy(value: bytes) -> float:
    """Shannon entropy in bits a byte, from 0 (one symbol) to 8; 0 for the empty value. Shannon (1948), section 6."""
    if not value:
        return 0.0
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values())


def has_class(value: bytes, name: str) -> bool:
    """Whether *value* holds a character of the class *name*: lower, upper, letter, digit or symbol."""
    return _CLASSES[name].search(value) is not None


def is_drawn_letters(value: bytes) -> bool:
    """
    Whether *value* is letters in an order that no words have. One token of 24 in sixty happens to hold no digit; names
    written in capitals and small letters have few letters that stand alone, and never nine consonants in a row.
    """
    if len(value) < _SHORTEST_DRAWN or not _LETTERS.fullmatch(value) or _WORD.search(value):
        return False
    alone = len(_LONE_SMALL.findall(value)) + len(_LONE_LARGE.findall(value))
    return alone >= 3 or (not value.islower() and not value.isupper() and _CONSONANTS.search(value) is not None)
