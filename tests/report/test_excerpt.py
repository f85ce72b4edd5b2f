# SPDX-License-Identifier: Apache-2.0
"""Lines around a finding are the right ones, and no byte that must be hidden is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from secrethunt.report.excerpt import excerpt
from secrethunt.report.redact import MASK

_DATA = b"one\ntwo KEY=hidden end\nthree other\nfour\n"


def _shown(data: bytes, own: tuple[int, int], *hidden: tuple[int, int], around: int = 1) -> list[tuple[int, str, bool]]:
    return [(line.number, line.text, line.is_own) for line in excerpt(data, own, hidden, around=around)]


def test_the_line_and_those_around_it_without_the_value() -> None:
    start = _DATA.index(b"hidden")
    assert [(1, "one", False), (2, f"two KEY={MASK} end", True), (3, "three other", False)] == _shown(
        _DATA, (start, start + 6)
    )


def test_other_values_are_hidden_too_and_overlaps_once() -> None:
    start, other = _DATA.index(b"hidden"), _DATA.index(b"other")
    lines = _shown(_DATA, (start, start + 6), (start + 2, start + 8), (other, other + 5))
    assert [(2, f"two KEY={MASK}nd", True), (3, f"three {MASK}", False)] == lines[1:]


def test_a_value_of_many_lines_is_one_line_and_numbers_go_on_behind_it() -> None:
    data = b"a\nBEGIN x\ny\nz END\nb\n"
    own = (2, data.index(b"\nb"))
    assert [(1, "a", False), (2, MASK, True), (5, "b", False)] == _shown(data, own)


def test_a_value_at_either_end_of_the_bytes() -> None:
    assert [(1, MASK, True)] == _shown(b"x", (0, 1))
    assert [(1, "a", False), (2, MASK, True)] == _shown(b"a\nx", (2, 3))
    assert [(1, MASK, True), (2, "a", False)] == _shown(b"x\na", (0, 1))
    assert [(1, MASK, True)] == _shown(b"x\n", (0, 1))


def test_a_long_line_is_cut_around_the_value() -> None:
    data = b"a" * 5000 + b"SECRET" + b"b" * 5000
    [(number, text, _)] = _shown(data, (5000, 5006))
    assert (1, True, True) == (number, text.startswith("… a"), text.endswith("b …"))
    assert f"a{MASK}b" in text
    assert len(text) < 220


def test_lines_are_harmless() -> None:
    data = "\x1b[2J\u202e KEY=x\r\n\x00".encode()
    start = data.index(b"x")
    lines = _shown(data, (start, start + 1))
    assert [rf"\x1b[2J\u202e KEY={MASK}", r"\x00"] == [text for _, text, _ in lines]


@given(st.lists(st.sampled_from([b"\n", b"ab", b"\r\n", b"S" * 9, b"c" * 250]), min_size=1), st.data())
def test_no_hidden_byte_is_ever_shown_and_numbers_are_right(pieces: list[bytes], draw: st.DataObject) -> None:
    data = b"".join(pieces)
    offsets = st.integers(0, len(data))
    spans = st.tuples(offsets, offsets).map(lambda pair: (min(pair), max(pair)))
    own = draw.draw(spans)
    values = [(at, at + 9) for at in range(len(data)) if data.startswith(b"S" * 9, at)]
    lines = excerpt(data, own, values, around=draw.draw(st.integers(0, 4)))
    assert "S" not in "".join(line.text for line in lines)
    assert [data.count(b"\n", 0, own[0]) + 1] == [line.number for line in lines if line.is_own]
    before = [line.number for line in lines if not line.is_own]
    assert sorted(set(before)) == before
