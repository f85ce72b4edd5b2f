# SPDX-License-Identifier: Apache-2.0
"""The order of commits: parents first, what a tip reaches before the rest."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pack.rooms import ROOMS

Ordered = tuple[list[int], list[list[int]], int]


def order(room: ModuleType, parents: Sequence[Sequence[int]], times: Sequence[int], tips: Sequence[int]) -> Ordered:
    """Places, the parents of each place, and how many are reachable; ids are the commits' numbers."""
    starts, flat = array("I", [0]), array("I")
    for above in parents:
        flat.extend(above)
        starts.append(len(flat))
    ids = b"".join(number.to_bytes(20, "big") for number in range(len(times)))
    placed, new_starts, new_parents, reachable = room.order_commits(
        ids, 20, starts, flat, array("q", times), array("I", tips)
    )
    begins, above = array("I", new_starts), array("I", new_parents).tolist()
    lists = [above[begins[place] : begins[place + 1]] for place in range(len(times))]
    return array("I", placed).tolist(), lists, reachable


@pytest.mark.parametrize("room", ROOMS)
class TestOrder:
    def test_parents_come_first_then_the_older(self, room: ModuleType) -> None:
        # 2 is a merge of 0 and 1, of which 1 is older; 3 is its child with a clock that went wrong.
        assert ([1, 0, 2, 3], [[], [], [1, 0], [2]], 4) == order(room, [[], [], [0, 1], [2]], [9, 5, 7, 1], [3])

    def test_what_no_tip_reaches_comes_last(self, room: ModuleType) -> None:
        assert ([0, 2, 1], [[], [0], [0]], 2) == order(room, [[], [0], [0]], [1, 2, 3], [2])

    def test_equal_times_go_by_id(self, room: ModuleType) -> None:
        assert [0, 1, 2] == order(room, [[], [], []], [4, 4, 4], [])[0]

    def test_parents_that_are_not_there_are_left_out(self, room: ModuleType) -> None:
        assert ([0, 1], [[], [0]], 2) == order(room, [[7], [0, 2]], [1, 2], [1, 9])

    def test_commits_that_descend_from_each_other_are_all_placed(self, room: ModuleType) -> None:
        placed, parents, reachable = order(room, [[1], [0], [1]], [1, 2, 3], [2])
        assert ([0, 1, 2], [[], [0], [1]], 3) == (placed, parents, reachable)

    def test_no_commits_have_an_order(self, room: ModuleType) -> None:
        assert ([], [], 0) == order(room, [], [], [])

    @pytest.mark.parametrize(
        "columns",
        [
            (bytes(20), 20, b"", b"", bytes(8), b""),
            (bytes(19), 20, bytes(8), b"", bytes(8), b""),
            (bytes(20), 20, array("I", [0, 1]), b"", bytes(8), b""),
            (bytes(40), 20, array("I", [0, 2, 1]), array("I", [0]), bytes(16), b""),
            (bytes(20), 20, array("I", [1, 1]), array("I", [0]), bytes(8), b""),
        ],
    )
    def test_columns_that_do_not_fit_are_refused(self, room: ModuleType, columns: tuple[bytes, ...]) -> None:
        with pytest.raises(ValueError, match="fit"):
            room.order_commits(*columns)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[list[int]], list[int], list[int]]:
    """Any graph at all: cycles, repeated and absent parents, equal times."""
    count = draw(st.integers(0, 12))
    number = st.integers(0, count + 1)
    parents = draw(st.lists(st.lists(number, max_size=3), min_size=count, max_size=count))
    times = draw(st.lists(st.integers(-3, 3), min_size=count, max_size=count))
    return parents, times, draw(st.lists(number, max_size=3))


@pytest.mark.skipif(len(ROOMS) < 2, reason="the native module is not built")
@given(graph=graphs())
def test_native_and_reference_order_any_graph_alike(graph: tuple[list[list[int]], list[int], list[int]]) -> None:
    native, twin = (order(room, *graph) for room in ROOMS)
    assert twin == native
    assert list(range(len(graph[1]))) == sorted(native[0])
