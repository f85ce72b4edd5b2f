# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secrethunt.candidates.judge import Judge
from secrethunt.match.arena import iter_arenas
from secrethunt.match.database import compile_database
from secrethunt.match.scan import Matcher
from secrethunt.match.search import Search
from secrethunt.records import RuleId
from tests.rule_samples import acme_key, digits, iter_places, make_blob, make_detector, make_rule, make_ruleset

RULES = (
    make_rule(),
    make_rule(id=RuleId("bolt.token"), pattern=r"(?<![\w-])(?P<secret>bolt_[0-9a-f]{8,24})(?![\w-])"),
    make_rule(id=RuleId("coil.key"), pattern=r"(?P<anchor>(?i:coil)[\w ]{0,9}=)[ \n]{0,4}(?P<secret>[0-9a-f]{24})"),
    make_rule(id=RuleId("any.quoted"), pattern=r"(?P<q>['\"])(?P<anchor>[\s\S]{0,3}key:)(?P<secret>[0-9a-f]{8})(?P=q)"),
)
RULESET = make_ruleset(*RULES)
MATCHER = Matcher(RULESET, Search(compile_database([anchor.expression for anchor in RULESET.anchors])))
DETECTOR = make_detector(*RULES)
_TOKENS = [
    acme_key(1),
    acme_key(2),
    b"bolt_" + digits(3).encode(),
    b"bolt_" + digits(4, 8).encode(),
    digits(5).encode(),
]
_WORDS = [
    b"coil = ",
    b"COIL_KEY=",
    b"acme_",
    b"live_",
    b"bolt_",
    b"'key:",
    b"'",
    b'"\n key:',
    digits(6, 8).encode(),
    b"-",
    b" ",
    b"\n",
    b"x",
    b"\0",
]
blobs = st.lists(st.lists(st.sampled_from([*_TOKENS, *_WORDS]), max_size=8).map(b"".join), max_size=10)


def alone(data: bytes) -> set[tuple[int, int, int]]:
    """By brute force: (rule, start, end) of every match in one blob."""
    return {
        (index, start, end)
        for index, rule in enumerate(RULES)
        if b"\0" not in data
        for start, end in iter_places(rule.pattern, data)
    }


@given(blobs, st.integers(1, 200))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_arenas_lose_and_double_nothing(pieces: list[bytes], size: int) -> None:
    expected = {number: places for number, data in enumerate(pieces) if (places := alone(data))}
    found: dict[int, list[tuple[int, int, int]]] = {}
    for arena in iter_arenas((make_blob(data, b"%d" % number) for number, data in enumerate(pieces)), size):
        for blob, captures in MATCHER.scan(arena):
            assert int(blob.path) not in found
            found[int(blob.path)] = [(capture.rule, capture.start, capture.end) for capture in captures]
    assert expected == {number: set(captures) for number, captures in found.items()}
    assert all(len(captures) == len(set(captures)) for captures in found.values())
    assert sorted(found) == list(found)


@given(blobs, st.randoms(use_true_random=False))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_order_and_neighbours_of_blobs_change_no_candidate(pieces: list[bytes], source: random.Random) -> None:
    given_order = [make_blob(data, b"%d" % number) for number, data in enumerate(pieces)]
    shuffled = source.sample(given_order, len(given_order))
    expected = {blob.path: found for blob in given_order if (found := DETECTOR.scan_bytes(blob))}
    for order in (given_order, shuffled):
        assert expected == {blob.path: found for blob, found in DETECTOR.iter_hits(order)}


@given(st.lists(st.sampled_from([*_TOKENS, *_WORDS]), max_size=12).map(b"".join))
@settings(deadline=None)
def test_judging_is_blind_to_the_order_of_captures(data: bytes) -> None:
    for arena in iter_arenas([make_blob(data)]):
        for blob, captures in MATCHER.scan(arena):
            judge = Judge(RULES)
            assert judge.candidates(blob.data, captures) == judge.candidates(blob.data, captures[::-1])
