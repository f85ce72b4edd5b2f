# SPDX-License-Identifier: Apache-2.0
"""Sets of numbers as integers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from secrethunt.sources.bits import BitCounter, iter_bits

_SETS = st.sets(st.integers(0, 200))


@given(_SETS)
def test_numbers_come_back_in_order(numbers: set[int]) -> None:
    assert sorted(numbers) == list(iter_bits(sum(1 << number for number in numbers)))


@given(st.lists(_SETS, max_size=40))
def test_every_bit_is_counted(sets: list[set[int]]) -> None:
    counter = BitCounter()
    for numbers in sets:
        counter.add(sum(1 << number for number in numbers))

    for bit in range(201):
        assert sum(bit in numbers for numbers in sets) == counter.count(bit)
