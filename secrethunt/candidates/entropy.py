# SPDX-License-Identifier: Apache-2.0
"""How random a value looks."""

from __future__ import annotations

import math
from collections import Counter


def shannon_entropy(value: bytes) -> float:
    """Shannon entropy in bits a byte, from 0 (one symbol) to 8; 0 for the empty value. Shannon (1948), section 6."""
    if not value:
        return 0.0
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values())


def has_class(value: bytes, name: str) -> bool:
    """Whether *value* holds a character of the class *name*: lower, upper, letter, digit or symbol."""
    text = value.decode("latin-1")
    if name == "lower":
        return any("a" <= char <= "z" for char in text)
    if name == "upper":
        return any("A" <= char <= "Z" for char in text)
    if name == "letter":
        return any(char.isascii() and char.isalpha() for char in text)
    if name == "digit":
        return any("0" <= char <= "9" for char in text)
    return any(not (char.isascii() and char.isalnum()) for char in text)
