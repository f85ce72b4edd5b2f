# SPDX-License-Identifier: Apache-2.0
"""What was read through an encoding and what stands there plain come to one candidate a place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from secrethunt.candidates.encoded import settle_encoded
from secrethunt.candidates.overlap import Judged
from secrethunt.records import Confidence, Decoding, RuleId, Secret
from tests.rule_samples import make_rule

EXACT = make_rule(id=RuleId("exact"))
GENERIC = make_rule(id=RuleId("generic"), is_generic=True)


def plain(start: int, end: int, *, is_generic: bool = False) -> Judged:
    return Judged(GENERIC if is_generic else EXACT, start, end, Confidence.MEDIUM, (), ())


def decoded(start: int, end: int, value: bytes = b"value") -> Judged:
    decoding = Decoding(("base64",), Secret(value), 0, len(value))
    return Judged(EXACT, start, end, Confidence.MEDIUM, (), (), (), decoding)


def places(judged: list[Judged]) -> list[tuple[int, int, bool]]:
    return [(item.start, item.end, item.decoding is not None) for item in judged]


def test_generic_rule_gives_way_to_what_was_decoded() -> None:
    assert [(10, 40, True)] == places(settle_encoded([plain(10, 40, is_generic=True), decoded(10, 40)]))


def test_provider_rule_on_the_encoded_form_stays() -> None:
    assert [(10, 40, False)] == places(settle_encoded([plain(10, 40), decoded(10, 40)]))


def test_neighbours_that_only_touch_are_left_alone() -> None:
    items = [plain(0, 10), decoded(10, 40), plain(40, 50)]
    assert [(0, 10, False), (10, 40, True), (40, 50, False)] == places(settle_encoded(items))


@given(
    around=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 20), st.booleans()), max_size=8),
    pieces=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=6),
)
def test_a_piece_is_settled_alone_as_among_what_it_does_not_touch(
    around: list[tuple[int, int, bool]], pieces: list[tuple[int, int]]
) -> None:
    outside: list[Judged] = []
    for gap, size, flag in around:
        start = gap + (outside[-1].end if outside else 0)
        outside.append(plain(start, start + size, is_generic=flag))
    for start, size in pieces:
        piece = decoded(start, start + size)
        touching = [item for item in outside if item.start < piece.end and piece.start < item.end]
        alone = settle_encoded([*touching, piece])
        together = settle_encoded([*outside, piece])
        assert [item for item in alone if item.decoding] == [item for item in together if item.decoding]
