# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from secrethunt.candidates.overlap import Judged, resolve_overlaps
from secrethunt.records import Confidence, RuleId
from tests.rule_samples import make_rule

LOW, MEDIUM, HIGH = Confidence


def judged(name: str, start: int, end: int, confidence: Confidence = HIGH, **changes: Any) -> Judged:
    """What the rule *name* saw at [start, end)."""
    return Judged(make_rule(id=RuleId(name), **changes), start, end, confidence, (name,), ())


def summary(*items: Judged) -> list[tuple[str, int, int, Confidence, set[str]]]:
    """What is kept, the same for every order of *items*."""
    results = [
        [(str(item.rule.id), item.start, item.end, item.confidence, {*map(str, item.also)}) for item in kept]
        for kept in map(resolve_overlaps, itertools.permutations(items))
    ]
    assert [results[0]] * len(results) == results
    return results[0]


def test_those_apart_are_all_kept_by_offset() -> None:
    found = summary(judged("a.b", 10, 20), judged("a.c", 0, 10), judged("a.d", 20, 21))
    assert [("a.c", 0, 10, HIGH, set()), ("a.b", 10, 20, HIGH, set()), ("a.d", 20, 21, HIGH, set())] == found


def test_provider_rule_is_kept_before_a_generic_one_however_long() -> None:
    found = summary(judged("a.b", 5, 9, MEDIUM), judged("generic.x", 0, 20, MEDIUM, is_generic=True))
    assert [("a.b", 5, 9, MEDIUM, {"generic.x"})] == found


def test_surer_rule_is_kept_then_the_longer() -> None:
    assert [("a.b", 5, 9, HIGH, {"a.c"})] == summary(judged("a.b", 5, 9), judged("a.c", 0, 20, MEDIUM))
    assert [("a.c", 0, 20, HIGH, {"a.b"})] == summary(judged("a.b", 5, 9), judged("a.c", 0, 20))


def test_rules_that_agree_on_the_bytes_are_as_sure_as_the_surest() -> None:
    found = summary(judged("a.b", 0, 9, LOW), judged("generic.x", 0, 9, MEDIUM, is_generic=True))
    assert [("a.b", 0, 9, MEDIUM, {"generic.x"})] == found


def test_rules_that_differ_on_the_bytes_lend_each_other_no_confidence() -> None:
    found = summary(judged("a.b", 0, 9, MEDIUM), judged("generic.x", 0, 12, HIGH, is_generic=True))
    assert [("a.b", 0, 9, MEDIUM, {"generic.x"})] == found


def test_weak_evidence_hides_nothing_that_would_be_reported() -> None:
    found = summary(judged("a.b", 2, 9, LOW), judged("generic.x", 0, 12, MEDIUM, is_generic=True))
    assert [("generic.x", 0, 12, MEDIUM, {"a.b"})] == found


def test_rule_bound_to_paths_gives_way_to_one_that_counts_everywhere() -> None:
    found = summary(judged("a.b", 0, 12, paths=("*.env",)), judged("a.c", 2, 9, MEDIUM))
    assert [("a.c", 2, 9, MEDIUM, {"a.b"})] == found


def test_one_that_lies_over_many_is_named_by_all_of_them() -> None:
    items = [judged(f"a.r{n}", 10 * n, 10 * n + 5) for n in range(4)]
    found = summary(*items, judged("generic.x", 0, 100, MEDIUM, is_generic=True))
    assert [{"generic.x"}] * 4 == [also for *_, also in found]


def test_one_rule_twice_at_a_place_is_one_and_names_itself_not() -> None:
    assert [("a.b", 0, 9, HIGH, set())] == summary(
        judged("a.b", 0, 9), judged("a.b", 0, 9, MEDIUM), judged("a.b", 2, 9)
    )


SOME = st.builds(
    judged,
    st.sampled_from(["a.b", "a.c", "b.d"]),
    st.integers(0, 30),
    st.integers(31, 33),
    st.sampled_from(list(Confidence)),
    is_generic=st.booleans(),
)
SHORT = SOME.flatmap(lambda item: st.builds(item._replace, end=st.integers(item.start + 1, item.start + 8)))


@given(st.lists(SHORT, max_size=12))
def test_what_is_kept_never_overlaps_and_names_all_that_was_seen(items: list[Judged]) -> None:
    kept = resolve_overlaps(items)
    assert all(before.end <= after.start for before, after in itertools.pairwise(kept))
    for item in items:
        over = [other for other in kept if other.start < item.end and item.start < other.end]
        assert any(item.rule.id in (other.rule.id, *other.also) for other in over)
