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


def shannon_entropy(value: bytes) -> float:
    """Shannon entropy in bits a byte, from 0 (one symbol) to 8; 0 for the empty value. Shannon (1948), section 6."""
    if not value:
        return 0.0
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values())


def has_class(value: bytes, name: str) -> bool:
    """Whether *value* holds a character of the class *name*: lower, upper, letter, digit or symbol."""
    return _CLASSES[name].search(value) is not None
