# SPDX-License-Identifier: Apache-2.0
"""What is known of objects survives as bytes, grows with scans, and forgets what is gone."""

from __future__ import annotations

from secrethunt.records import Confidence
from secrethunt.state.known import ANY_RULE, Group, Known, Outcome, decode_known, encode_known, learn


def ids(*numbers: int) -> set[bytes]:
    return {bytes([number]) * 20 for number in numbers}


def one(number: int) -> bytes:
    return bytes([number]) * 20


A, B, C = b"a" * 16, b"b" * 16, b"c" * 16


def make_known() -> Known:
    return Known(
        20,
        1000,
        [Group(frozenset({A, B}), ids(1, 2, 3)), Group(frozenset({A}), ids(4))],
        {one(1): {A: 2, ANY_RULE: 2}, one(4): {A: 0}},
        {one(2): "00ff"},
    )


def outcome(known: Known, rules: set[bytes], **changes: set[bytes]) -> Outcome:
    """A scan with *rules* in which everything known was advanced, and nothing read but what *changes* say."""
    sets = {"present": ids(1, 2, 3, 4, 5), "chosen": set(), "read": set()} | changes
    return Outcome(
        frozenset(rules),
        [group.ids for group in known.groups],
        sets["present"],
        sets["chosen"],
        sets["read"],
        {},
        {},
    )


def by_rules(known: Known) -> dict[frozenset[bytes], set[bytes]]:
    return {group.rules: group.ids for group in known.groups}


def test_bytes_hold_everything() -> None:
    known = make_known()
    assert known == decode_known(encode_known(known))


def test_ids_take_no_more_room_than_they_must() -> None:
    known = Known(20, 1000, [Group(frozenset({A}), {number.to_bytes(20, "big") for number in range(10_000)})])
    assert len(encode_known(known)) < 20 * 10_000 + 500


def test_object_is_known_with_all_rules_ever_used() -> None:
    known = make_known()
    learnt = learn(known, outcome(known, {C}))
    assert {frozenset({A, B, C}): ids(1, 2, 3), frozenset({A, C}): ids(4)} == by_rules(learnt)


def test_groups_that_come_to_the_same_are_one() -> None:
    known = make_known()
    assert {frozenset({A, B}): ids(1, 2, 3, 4)} == by_rules(learn(known, outcome(known, {A, B})))


def test_new_object_is_known_with_the_rules_of_its_scan() -> None:
    known = make_known()
    learnt = learn(known, outcome(known, {A}, chosen=ids(5), read=ids(5)))
    assert {frozenset({A, B}): ids(1, 2, 3), frozenset({A}): ids(4, 5)} == by_rules(learnt)


def test_what_is_gone_is_forgotten() -> None:
    known = make_known()
    learnt = learn(known, outcome(known, {A}, present=ids(3)))
    assert {frozenset({A, B}): ids(3)} == by_rules(learnt)
    assert {} == learnt.hits
    assert {} == learnt.pointers


def test_what_could_not_be_read_is_forgotten() -> None:
    known = make_known()
    learnt = learn(known, outcome(known, {A}, chosen=ids(1, 5)))
    assert {frozenset({A, B}): ids(2, 3), frozenset({A}): ids(4)} == by_rules(learnt)


def test_what_rules_of_today_saw_replaces_what_they_saw_before() -> None:
    known = make_known()
    scan = outcome(known, {A}, chosen=ids(1, 4), read=ids(1, 4))
    scan.hits[one(4)] = {A: 1}
    assert {one(4): {A: 1}} == learn(known, scan).hits


def test_what_other_rules_saw_is_kept() -> None:
    known = make_known()
    known.hits[one(3)] = {B: 1}
    scan = outcome(known, {A}, chosen=ids(3), read=ids(3))
    assert {B: 1} == learn(known, scan).hits[one(3)]


class TestMustReadAgain:
    def test_what_was_sure_enough_and_what_points_elsewhere(self) -> None:
        assert ids(1, 2) == make_known().must_read_again(frozenset({A}), Confidence.MEDIUM)
        assert ids(1, 2, 4) == make_known().must_read_again(frozenset({A}), Confidence.LOW)

    def test_more_than_is_listed_counts_for_any_rule(self) -> None:
        assert ids(1, 2) == make_known().must_read_again(frozenset({C}), Confidence.HIGH)

    def test_what_two_rules_saw_however_unsure(self) -> None:
        known = Known(20, 1000, hits={one(1): {A: 0, B: 0}, one(2): {A: 0, C: 0}})
        assert ids(1) == known.must_read_again(frozenset({A, B}), Confidence.HIGH)
