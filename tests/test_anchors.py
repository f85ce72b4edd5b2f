# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from secrethunt.anchors import ANCHOR_WIDTH, MAX_LEAD, MAX_REACH, Anchor, AnchorError, derive_anchor
from secrethunt.match.database import compile_database

EVERY_BYTE = bytes(range(256))


def ends(expression: str, data: bytes) -> list[int]:
    """Where Hyperscan reports *expression* in *data*."""
    found: list[int] = []
    database = compile_database([expression])
    database.scan(data, lambda _id, _start, end, _flags, _context: found.append(end), database.scratch())
    return found


def assert_reported(pattern: str, data: bytes) -> Anchor:
    """The anchor is reported where the leftmost match of *pattern* in *data* allows it to be."""
    anchor = derive_anchor(pattern)
    match = re.search(pattern.encode(), data)
    assert match is not None
    earliest = match.start() + anchor.min_lead + anchor.min_width
    latest = match.start() + anchor.max_lead + anchor.max_width
    assert [end for end in ends(anchor.expression, data) if earliest <= end <= latest]
    return anchor


def test_prefix_is_the_anchor_and_begins_where_the_match_does() -> None:
    anchor = derive_anchor(r"\b(?P<secret>acme_(?:live|test)_[0-9A-Za-z]{24})\b")
    assert (0, 0) == (anchor.min_lead, anchor.max_lead)
    assert 5 <= anchor.literal
    assert anchor.max_width <= 24
    assert 34 == anchor.reach


def test_marked_part_is_taken_where_a_better_one_could_be_derived() -> None:
    anchor = derive_anchor(r"long_literal_prefix(?P<anchor>x[0-9]{3}y)(?P<secret>[a-z]{4})")
    assert [24] == ends(anchor.expression, b"long_literal_prefixx123yabcd")
    assert (19, 19, 5, 5) == (anchor.min_lead, anchor.max_lead, anchor.min_width, anchor.max_width)


def test_lead_of_variable_width_is_bounded_on_both_sides() -> None:
    anchor = derive_anchor(r"(?P<secret>[0-9]{2,30})(?:-|--)(?P<anchor>us[0-9]@acme\.example)")
    assert (3, 32) == (anchor.min_lead, anchor.max_lead)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(?P<secret>(?:[a-z]|--)+)", "no part of bounded width"),
        (r"(?P<secret>x*)", "no part of bounded width"),
        (r"(?P<anchor>[a-z]{65})(?P<secret>x)", "wider than"),
        (r"[a-z]{129}(?P<anchor>acme)(?P<secret>x)", "begins too late"),
        (r"(?P<anchor>a+)(?P<secret>x)", "wider than"),
        (r"(?:(?P<anchor>acme)|other)(?P<secret>x)", "outside of repeats and alternatives"),
        (r"(?:(?P<anchor>acme)){2}(?P<secret>x)", "outside of repeats and alternatives"),
        (r"(?P<anchor>x?)(?P<secret>y)", "may be empty"),
        (r"(?P<q>a)(?P<anchor>acme(?P=q))(?P<secret>x)", "cannot stand in an anchor"),
    ],
)
def test_pattern_without_usable_anchor_is_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(AnchorError, match=why):
        derive_anchor(pattern)


def test_widest_anchor_and_longest_lead_are_still_accepted() -> None:
    widest = derive_anchor(rf"(?P<anchor>[a-z]{{{ANCHOR_WIDTH}}})(?P<secret>x)")
    latest = derive_anchor(rf"[a-z]{{{MAX_LEAD}}}(?P<anchor>acme)(?P<secret>x)")
    assert (ANCHOR_WIDTH, MAX_LEAD) == (widest.max_width, latest.max_lead)


def test_unbounded_pattern_is_cut_at_the_greatest_reach() -> None:
    assert MAX_REACH == derive_anchor(r"acme_(?P<secret>[a-z]+)").reach


def test_reach_covers_what_the_pattern_looks_at_behind_its_end() -> None:
    assert 10 + 300 <= derive_anchor(r"acme_(?P<secret>[a-z]{5})(?=[^;]{0,300};)").reach
    assert 10 + 300 + 40 <= derive_anchor(r"acme_(?P<secret>[a-z]{5}(?![^;]{0,300}(?=x{40})))").reach


@pytest.mark.parametrize(
    "part", [r"\s", r"\S", r"\d", r"\D", r"\w", r"\W", ".", "[^a-f]", "(?i:[Z-a])", "(?s:.)", r"[\]^-]"]
)
def test_class_means_the_same_bytes_to_hyperscan_as_to_re(part: str) -> None:
    anchor = derive_anchor(f"(?P<anchor>{part})(?P<secret>x?)")
    expected = [match.end() for match in re.finditer(part.encode(), EVERY_BYTE)]
    assert expected == sorted(ends(anchor.expression, EVERY_BYTE))


@pytest.mark.parametrize(
    ("pattern", "data"),
    [
        (r"(?i)acme_(?P<secret>[a-z]{4})", b"AcMe_WxYz"),
        (r"(?i:ACME)_(?P<secret>[a-z]{4})", b"aCmE_wxyz"),
        (r"(?P<quote>[\"'])acme_(?P<secret>[a-z]{4})(?P=quote)", b"'acme_wxyz'"),
        (r"(?P<twice>ab|c)(?P=twice)acme_(?P<secret>[a-z]{4})", b"ababacme_wxyz"),
        (r"acme_(?P<secret>(?:([a-z])\2){4})", b"acme_aabbccdd"),
        (r"(\")?acme_(?P<secret>[a-z]{4})(?(1)\"|;)", b"acme_wxyz;"),
        (r"(\")?(?(1)acme_a|acme_bc)(?P<secret>[a-z]{4})", b"acme_bcwxyz"),
        (r"(?<!x)acme(?=_)(?!-)_(?P<secret>[a-z]{4})", b"acme_wxyz"),
        (r"(?>acme_|acme)(?P<secret>[a-z]{4})", b"acme_wxyz"),
        (r"acme_{1,3}+(?P<secret>[a-z]{4})", b"acme___wxyz"),
        (r"ac(?:me){1,2}?_(?P<secret>[a-z]{4})", b"acmeme_wxyz"),
        (r"^acme_(?P<secret>[a-z]{4})$", b"acme_wxyz"),
        (r"(?m:^)acme_(?P<secret>[a-z]{4})(?m:$)", b"\nacme_wxyz\n"),
        (r"\Bacme\b-(?P<secret>[a-z]{4})", b"xacme-wxyz"),
        (r"(?x) acme _ (?P<secret> [a-z]{4} ) # comment", b"acme_wxyz"),
        (r"acme\x00\xff(?P<secret>[a-z]{4})", b"acme\x00\xffwxyz"),
    ],
)
def test_dialect_of_re_is_widened_never_narrowed(pattern: str, data: bytes) -> None:
    assert_reported(pattern, data)


def test_back_reference_ends_the_anchor_before_it() -> None:
    anchor = assert_reported(r"acme(?P<quote>[\"'])(?P<secret>[a-z]{2})(?P=quote)long_literal", b"acme'xy'long_literal")
    assert anchor.max_lead + anchor.max_width <= 20


@pytest.mark.parametrize(
    ("pattern", "tail"),
    [
        (r"(?P<anchor>acme)=(?P<secret>[a-z]{4})", "=(?P<secret>[a-z]{4})"),
        (r"(?i)(?P<anchor>acme)=(?P<secret>[a-z]{4})", "(?i)=(?P<secret>[a-z]{4})"),
        (r"(?P<secret>(?P<anchor>acme)=[a-z]{4})", ""),
        (r"(?P<anchor>acme)(?P<secret>[a-z]*)", ""),
        (r"(?P<q>[\"'])(?P<anchor>acme)=(?P<secret>[a-z]{4})(?P=q)", ""),
        (r"([\"'])(?P<anchor>acme)=(?P<secret>[a-z]{4})\1", ""),
        (r"(x)?(?P<anchor>acme)=(?P<secret>[a-z]{4})(?(1)y|z)", ""),
        (r"[(](?P<anchor>acme[)])=(?P<secret>[^])]{4})", "=(?P<secret>[^])]{4})"),
    ],
)
def test_tail_is_kept_only_where_it_means_the_same_alone(pattern: str, tail: str) -> None:
    assert tail == derive_anchor(pattern).tail


@pytest.mark.parametrize(
    ("pattern", "head"),
    [
        (r"(?P<anchor>acme[_-]?key)=(?P<secret>[a-z]{4})", "acme(?:[_\\x2d]){0,1}"),
        (r"(?<!x)(?P<anchor>(?:acme|ac)=)(?P<secret>[a-z]{4})", ""),
        (r"(?P<anchor>(?i:ab)\d=)(?P<secret>[a-z]{4})", "(?i:a)(?i:b)[\\d]\\x3d"),
        (r"x?(?P<anchor>acme)=(?P<secret>[a-z]{4})", ""),
        (r"acme=(?P<secret>[a-z]{4})", ""),
    ],
)
def test_head_is_how_every_match_of_a_marked_pattern_begins(pattern: str, head: str) -> None:
    assert head == derive_anchor(pattern).head
