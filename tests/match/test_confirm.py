# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from secrethunt.anchors import MAX_REACH, derive_anchor
from secrethunt.match.confirm import Confirmer
from secrethunt.match.database import compile_database
from secrethunt.records import Capture
from tests.rule_samples import acme_key, iter_places


def captures(pattern: str, data: bytes) -> list[Capture]:
    """What one pattern captures in *data*, with its anchors found by Hyperscan."""
    anchor = derive_anchor(pattern)
    ends: list[int] = []
    database = compile_database([anchor.expression])
    database.scan(data, lambda _id, _start, end, _flags, _context: ends.append(end), database.scratch())
    return list(Confirmer([pattern], [anchor]).captures(data, 0, sorted(ends)))


def spans(pattern: str, data: bytes) -> list[tuple[int, int]]:
    """Spans of the matches."""
    return [(capture.start, capture.end) for capture in captures(pattern, data)]


@pytest.mark.parametrize(
    ("pattern", "data"),
    [
        (r"acme(?P<secret>[a-z]{4})", b"acmeabcd acmeacmeabcd"),
        (r"[a-z]{0,6}(?P<anchor>key)=(?P<secret>[a-z]{1,4})", b"keykey=abckey=akey=abcd"),
        (
            r"(?P<anchor>(?:key|keykey|akeyk)[ =]{1,8})(?P<secret>[a-z0-9]{2})",
            b"akeykeykey= 12key =34 keykey  56",
        ),
        (r"(?<!p)(?P<anchor>(?i:key)\w{0,4}=)(?P<secret>[0-9]{2})", b"KEYkeykeys=12 pkey=34 KeyKEYz=567"),
        (r"(?P<secret>[ab]{0,3}KEYab?)", b"KEYabKEYab KEYaKEYabbaKEYa"),
        (r"(?P<secret>[0-9]{2,40})-us1", b"0123456789012345678901234567890123456789-us1 12-us1"),
        (r"(?<!x)key(?P<secret>[0-9]{2})(?!x)", b"xkey12 key12 key12x key123x"),
        (r"(?P<anchor>key[ =]{1,8})(?P<secret>[0-9]{2})", b"key  =  12 key=key= 34 key56"),
        (r"\bkey\b.(?P<secret>[0-9]{2})\b", b"key=12 key=123 xkey=12 key_12 key 45"),
        (r"^key(?P<secret>[0-9])$", b"key1"),
        (r"(?m:^)key(?P<secret>[0-9])(?m:$)", b"key1\nkey2 \nkey3"),
        (r"key(?P<secret>[a-z]{2})(?=.{0,200}end)", b"keyab" + b" " * 190 + b"end keycd " + b" " * 300 + b"end"),
        (r"key(?P<secret>[a-z]{2})(?!.{100,200}end)", b"keyab" + b" " * 190 + b"end keycd " + b" " * 300 + b"end"),
        (r"(?P<q>['\"])key(?P<secret>[a-z]{2})(?P=q)", b"'keyab' 'keyab\" \"keycd\""),
        (r"key(?:a(?P<secret>[0-9])|b[0-9])", b"keya1 keyb2 keya3"),
    ],
)
def test_match_is_captured_at_every_place_where_the_pattern_matches(pattern: str, data: bytes) -> None:
    assert list(iter_places(pattern, data)) == spans(pattern, data)


def test_secret_is_the_named_group_in_offsets_of_the_blob() -> None:
    data = b"x = " + acme_key("a") + b";"
    [capture] = captures(r"\b(?P<secret>acme_(?P<mode>live)_[0-9a-f]{24})\b", data)
    assert acme_key("a") == data[capture.secret_start : capture.secret_end]
    assert b"live" == capture.match["mode"]


def test_secret_at_both_edges_of_a_blob_is_captured() -> None:
    pattern = r"(?<![\w-])(?P<secret>acme_live_[0-9a-f]{24})(?![\w-])"
    assert [(0, 34)] == spans(pattern, acme_key("a"))


def test_branch_without_the_secret_is_no_capture() -> None:
    assert [(0, 5)] == spans(r"key(?:_(?P<secret>[0-9])|-[0-9])", b"key_1 key-2")


def test_unbounded_match_is_cut_not_followed_without_end() -> None:
    [(start, end)] = spans(r"key=(?P<secret>[a-z]+)", b"key=" + b"a" * (3 * MAX_REACH))
    assert 0 == start
    assert MAX_REACH <= end <= 2 * MAX_REACH


def test_anchor_ends_that_lie_outside_of_the_data_capture_nothing() -> None:
    pattern = r"key(?P<secret>[0-9])"
    confirmer = Confirmer([pattern], [derive_anchor(pattern)])
    assert [] == list(confirmer.captures(b"key1", 0, [1, 2, 6, 90]))


def test_capture_does_not_show_what_it_matched() -> None:
    [capture] = captures(r"(?P<secret>acme_live_[0-9a-f]{24})", acme_key("hidden"))
    assert acme_key("hidden")[:12].decode() not in repr(capture) + str([capture])
