# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time

import pytest

from secrethunt.candidates.lines import LineCounter
from secrethunt.records import Span


def lines(data: bytes, *spans: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """(line, column, end line, end column) of *spans*."""
    counter = LineCounter(data)
    found = [counter.span(start, end) for start, end in spans]
    return [(span.line, span.column, span.end_line, span.end_column) for span in found]


def test_first_byte_is_line_1_column_1() -> None:
    assert Span(0, 3, 1, 1, 1, 4) == LineCounter(b"abc").span(0, 3)


def test_each_line_counts_its_own_columns() -> None:
    assert [(1, 2, 1, 3), (2, 1, 2, 3), (4, 3, 4, 4)] == lines(b"ab\ncd\n\nefg\n", (1, 2), (3, 5), (9, 10))


def test_carriage_return_ends_no_line_and_is_a_column() -> None:
    assert [(1, 1, 1, 3), (2, 1, 2, 3)] == lines(b"ab\r\ncd\r\n", (0, 2), (4, 6))
    assert [(1, 4, 1, 6)] == lines(b"ab\rcd", (3, 5))


def test_columns_are_code_points_where_the_line_is_utf8() -> None:
    data = "é=𝄞key\n日本key".encode()
    at = data.index(b"key")
    assert [(1, 4, 1, 7), (2, 3, 2, 6)] == lines(data, (at, at + 3), (len(data) - 3, len(data)))


def test_columns_are_bytes_where_the_line_is_not_utf8() -> None:
    data = "éa".encode() + b"key\xff\n" + "é".encode() + b"key"
    assert [(1, 4, 1, 7), (2, 2, 2, 5)] == lines(data, (3, 6), (10, 13))


def test_span_over_lines_ends_on_the_last_of_them() -> None:
    data = b"x BEGIN\n" + "é".encode() + b"\nEND y"
    assert [(1, 3, 3, 4)] == lines(data, (2, len(data) - 2))


def test_span_that_ends_with_a_newline_ends_before_the_next_line() -> None:
    assert [(1, 1, 2, 1)] == lines(b"ab\ncd", (0, 3))


def test_same_start_may_be_asked_for_twice() -> None:
    assert [(2, 1, 2, 2), (2, 1, 2, 3)] == lines(b"a\nbcd", (2, 3), (2, 4))


@pytest.mark.parametrize("unit", [b"x", "é".encode(), b"\xff"])
def test_thousands_of_places_in_one_long_line_are_counted_in_reasonable_time(unit: bytes) -> None:
    data = unit * (16 * 1024 * 1024 // len(unit))
    counter = LineCounter(data)
    started = time.process_time()
    for start in range(0, len(data), 2048):
        counter.span(start, start + 20)
    # Counting from the start of the line each time would take minutes.
    assert time.process_time() - started < 10
