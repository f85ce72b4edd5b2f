# SPDX-License-Identifier: Apache-2.0
"""Owns the order of commits: parents before children, what a ref reaches first. The twin of `native/order.c`."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


def order_commits(
    ids: Buffer, hash_size: int, parent_starts: Buffer, parents: Buffer, times: Buffer, tips: Buffer
) -> tuple[bytes, bytes, bytes, int]:
    """As `_native.pyi` says."""
    joined, dates = bytes(ids), array("q", bytes(times))
    starts, flat = array("I", bytes(parent_starts)), array("I", bytes(parents))
    count = len(dates)
    fits = len(joined) == count * hash_size and len(starts) == count + 1
    if not fits or starts[0] != 0 or starts[-1] != len(flat) or any(a > b for a, b in pairwise(starts)):
        raise ValueError("the columns do not fit each other")
    above = [[parent for parent in flat[starts[i] : starts[i + 1]] if parent < count] for i in range(count)]
    is_reachable = _reachable(above, [tip for tip in array("I", bytes(tips)) if tip < count])
    by_id = [joined[number * hash_size : (number + 1) * hash_size] for number in range(count)]
    wanted = sorted(range(count), key=lambda number: (1 - is_reachable[number], dates[number], by_id[number]))
    order = _place(above, wanted, sum(is_reachable))
    places = [0] * count
    for place, number in enumerate(order):
        places[number] = place
    new_starts, new_parents = array("I", [0]), array("I")
    for place, number in enumerate(order):
        new_parents.extend(places[parent] for parent in above[number] if places[parent] < place)
        new_starts.append(len(new_parents))
    return array("I", order).tobytes(), new_starts.tobytes(), new_parents.tobytes(), sum(is_reachable)


def _reachable(parents: Sequence[Sequence[int]], tips: Iterable[int]) -> bytearray:
    """One for each commit that a tip reaches, else zero."""
    waiting = list(tips)
    reached = bytearray(len(parents))
    for tip in waiting:
        reached[tip] = 1
    while waiting:
        for parent in parents[waiting.pop()]:
            if not reached[parent]:
                reached[parent] = 1
                waiting.append(parent)
    return reached


def _place(parents: Sequence[Sequence[int]], wanted: Sequence[int], reachable: int) -> list[int]:
    """Parents before children, else as *wanted*; what a ref reaches has only parents that it reaches too."""
    count = len(wanted)
    rank = [0] * count
    for place, number in enumerate(wanted):
        rank[number] = place
    children: list[list[int]] = [[] for _ in range(count)]
    open_parents = [len(above) for above in parents]
    for number, above in enumerate(parents):
        for parent in above:
            children[parent].append(number)
    ready = [rank[number] for number in range(count) if not open_parents[number]]
    heapq.heapify(ready)
    order: list[int] = []
    in_cycle = iter(wanted)
    while len(order) < count:
        if not ready or len(order) < reachable <= ready[0]:
            # Only a forged pack holds commits that descend from each other; the first of them does without its parents.
            number = next(number for number in in_cycle if open_parents[number] > 0)
            open_parents[number] = 0
        else:
            number = wanted[heapq.heappop(ready)]
        order.append(number)
        for child in children[number]:
            open_parents[child] -= 1
            if not open_parents[child]:
                heapq.heappush(ready, rank[child])
    return order
