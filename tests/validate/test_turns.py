# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

from secrethunt.validate.turns import Turns


def test_lines_are_served_in_turn() -> None:
    turns = Turns([("a", 1), ("a", 2), ("b", 3), ("b", 4)], most=2)
    taken = []
    while (turn := turns.take()) is not None:
        taken.append(turn[1])
        turns.done(turn[0])
    assert sorted([1, 2, 3, 4]) == sorted(taken)
    assert {1, 3} == set(taken[:2]) or taken[0] != taken[1]


def test_a_busy_line_leaves_room_for_others() -> None:
    turns = Turns([*(("slow", number) for number in range(4)), ("quick", 9), ("quick", 10)], most=2)
    out = [turns.take() for _ in range(4)]
    assert [2, 2] == [sum(turn is not None and turn[0] == line for turn in out) for line in ("slow", "quick")]


def test_the_last_line_may_take_all_workers() -> None:
    turns = Turns([("only", number) for number in range(5)], most=2)
    assert [("only", number) for number in range(5)] == [turns.take() for _ in range(5)]
    assert turns.take() is None


def test_who_waits_hears_that_it_is_over() -> None:
    turns = Turns([("a", 1), ("a", 2), ("b", 3)], most=1)
    assert [turns.take(), turns.take()]
    ended = threading.Event()

    def wait() -> None:
        while turns.take() is not None:
            pass
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    turns.stop()
    assert ended.wait(5)
