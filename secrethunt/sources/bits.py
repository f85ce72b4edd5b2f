# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns sets of small numbers kept as the bits of one integer, and counting over many of them.
"""

from __future__ import annotations

from collections.abc import Iterator


def iter_bits(bits: int) -> Iterator[int]:
    """Numbers of the bits that are set, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


class BitCounter:
    """Counts, for every bit at once, in how many integers it was set."""

    def __init__(self) -> None:
        self._digits: list[int] = []
        """Digit n holds the bits whose count has 2**n in it."""

    def add(self, bits: int) -> None:
        """Count one integer."""
        for place, digit in enumerate(self._digits):
            if not bits:
                return
            self._digits[place] = digit ^ bits
            bits &= digit
        if bits:
            self._digits.append(bits)

    def count(self, bit: int) -> int:
        """In how many integers *bit* was set."""
        return sum((digit >> bit & 1) << place for place, digit in enumerate(self._digits))
