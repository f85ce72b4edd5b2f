# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from secrethunt.candidates.lines import LineCounter
from tests.rule_samples import acme_key, make_blob, make_detector

DETECTOR = make_detector()
_chunks = st.sampled_from(
    [
        b"a",
        b"key = ",
        b"\n",
        b"\r\n",
        b"\r",
        "é".encode(),
        "日本".encode(),
        "𝄞".encode(),
        b"\xff",
        b"\x80",
        b"\0",
        b" " * 50,
    ]
)
texts = st.lists(_chunks, max_size=14).map(b"".join)
spans = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), max_size=6)


def place(data: bytes, offset: int) -> tuple[int, int]:
    """By definition: 1-based line, and 1-based column in code points, or in bytes where the line is not UTF-8."""
    before = data[:offset].split(b"\n")
    prefix = before[-1]
    line = data.split(b"\n")[len(before) - 1]
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return len(before), 1 + len(prefix)
    begun = [index for index, _ in enumerate(text) if len(text[:index].encode()) < len(prefix)]
    return len(before), 1 + len(begun)


@given(texts, spans)
@settings(max_examples=300)
def test_lines_and_columns_are_those_of_the_definition(data: bytes, wanted: list[tuple[int, int]]) -> None:
    counter = LineCounter(data)
    for start, length in sorted((min(start, len(data)), length) for start, length in wanted):
        end = min(start + length, len(data))
        span = counter.span(start, end)
        assert (*place(data, start), *place(data, end)) == (span.line, span.column, span.end_line, span.end_column)
        assert (start, end) == (span.start, span.end)


def offset(data: bytes, line: int, column: int) -> int:
    """Where a person finds (line, column) in *data*."""
    lines = data.split(b"\n")
    begin = sum(len(one) + 1 for one in lines[: line - 1])
    try:
        return begin + len(lines[line - 1].decode("utf-8")[: column - 1].encode())
    except UnicodeDecodeError:
        return begin + column - 1


@given(st.lists(st.one_of(texts, st.sampled_from([acme_key(1), acme_key(2)])), max_size=8).map(b" ".join))
@settings(deadline=None)
def test_span_and_place_both_index_back_to_the_secret(data: bytes) -> None:
    found = DETECTOR.scan_bytes(make_blob(data))
    for candidate in found:
        span, value = candidate.span, candidate.secret.reveal()
        assert value == data[span.start : span.end]
        assert span.start == offset(data, span.line, span.column)
        assert span.end == offset(data, span.end_line, span.end_column)
    assert [candidate.span.start for candidate in found] == sorted(candidate.span.start for candidate in found)
    values = [candidate.secret.reveal() for candidate in found]
    assert [values[:number].count(value) for number, value in enumerate(values)] == [item.ordinal for item in found]
    if b"\0" not in data:
        assert data.count(acme_key(1)) + data.count(acme_key(2)) == len(found)
