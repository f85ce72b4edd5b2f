# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import pytest

from secrethunt.anchors import Anchor
from secrethunt.records import NegativeExample, PartSpec, Rule, RuleId
from secrethunt.rulecheck import anchor_counts, check_ruleset
from secrethunt.ruleset import Ruleset
from secrethunt.samples import sample_secret
from tests.rule_samples import digits, make_rule, make_ruleset


def complaints(*rules: Rule) -> list[str]:
    """What is wrong with *rules*."""
    return [complaint.message for complaint in check_ruleset(make_ruleset(*rules))]


def only_complaint(*rules: Rule) -> str:
    """The one thing that is wrong with *rules*."""
    [message] = complaints(*rules)
    return message


def test_sound_rule_has_no_complaint() -> None:
    assert [] == complaints(make_rule())


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"references": ()}, "no reference"),
        ({"examples": ()}, "no example"),
        ({"negative_examples": ()}, "no negative example"),
        ({"examples": ("nothing here",)}, "example 'nothing here': not found"),
        ({"examples": ("x{{secret}}",)}, "example 'x{{secret}}': not found"),
        ({"examples": ("{{acme.other}}",)}, "{{acme.other}} names no rule"),
        ({"min_entropy": 5.0}, "no sample of acme.api-key passes its own tests"),
        ({"negative_examples": (NegativeExample("{{secret}}", "none"),)}, "'{{secret}}' (none) is found"),
        ({"negative_examples": (NegativeExample("{{bolt}}", "none"),)}, "{{bolt}} names no rule"),
    ],
)
def test_what_a_rule_promises_and_does_not_keep_is_said(changes: dict[str, object], what: str) -> None:
    assert any(what in message for message in complaints(make_rule(**changes)))


def test_part_of_a_rule_or_family_that_does_not_exist_is_said() -> None:
    parts = (PartSpec("key_id", rules=("acme.id", "acme.api-key", "acme.keys")),)
    messages = complaints(make_rule(parts=parts, family="acme.keys"))
    assert ["part key_id: no rule or family is called 'acme.id'"] == messages


def test_pattern_of_a_part_that_can_be_slowed_down_is_said() -> None:
    assert "part host: slow pattern" in only_complaint(make_rule(parts=(PartSpec("host", pattern=r"a+a+a+x"),)))


def test_example_with_other_bounds_than_the_sample_is_said() -> None:
    rule = make_rule(pattern=r"(?P<secret>acme_live_[0-9a-f]{24,40})", examples=("{{secret}}00",))
    assert "example '{{secret}}00': found, but the secret's bounds are wrong" == only_complaint(rule)


def test_example_that_only_another_rule_finds_names_that_rule() -> None:
    other = make_rule(id=RuleId("bolt.token"), pattern=r"(?P<secret>bolt_[0-9a-f]{24})", examples=("{{acme.api-key}}",))
    assert "example '{{acme.api-key}}': not found (but acme.api-key was)" == only_complaint(make_rule(), other)


def test_checksum_that_does_not_fit_its_examples_is_said() -> None:
    rule = make_rule(checksum="crc32-hex", pattern=r"(?P<secret>acme_[0-9a-f]{24}_[0-9a-f]{8})")
    assert [] == complaints(rule)
    wrong = dataclasses.replace(rule, examples=(f"acme_{digits('x')}_01234567",))
    assert "its checksum does not fit" in only_complaint(wrong)


@pytest.mark.parametrize(
    "pattern",
    [
        r"acme_(?P<secret>(?:[a-z]+)+)!",
        r"acme_(?P<secret>(?:[a-z]|[a-y]{2})+)!",
        r"acme_(?P<secret>[a-z]*[a-z]*[a-z]*[a-z]*[a-z]x)!",
    ],
)
def test_pattern_that_backtracks_without_end_is_reported_as_slow(pattern: str) -> None:
    example = "acme_{{secret}}!"
    rule = make_rule(pattern=pattern, examples=(example,), min_entropy=0.0)
    assert any("slow pattern" in message for message in complaints(rule))


def test_slow_pattern_is_reported_though_its_example_takes_samples_of_another_rule() -> None:
    rule = make_rule(
        id=RuleId("acme.pair"),
        pattern=r"acme_(?P<secret>(?:[a-z]+)+)!",
        examples=("acme_{{secret}}! {{acme.api-key}}",),
    )
    assert any("slow pattern" in message for message in complaints(rule, make_rule()))


def test_common_anchor_is_reported() -> None:
    rule = make_rule(pattern=r"(?P<anchor>[a-z])(?P<secret>_[0-9a-f]{24})", examples=("x{{secret}}",))
    assert any("its anchor fires" in message for message in complaints(rule))


def test_anchor_that_hyperscan_refuses_is_reported_by_rule() -> None:
    sound, broken = make_rule(), make_rule(id=RuleId("acme.broken"))
    ruleset = Ruleset((sound, broken), (make_ruleset(sound).anchors[0], Anchor("(?=acme)", 4, 4, 0, 0, 40, 4)))
    [complaint] = check_ruleset(ruleset)
    assert "acme.broken" == complaint.rule.id
    assert "Hyperscan refuses its anchor" in complaint.message


def test_anchors_are_counted_by_rule() -> None:
    other = make_rule(id=RuleId("bolt.token"), pattern=r"(?P<secret>bolt_[0-9a-f]{24})")
    text = b"acme_live_0 acme_test_1 acme_live_2 bolt_\n"
    counts = anchor_counts(make_ruleset(make_rule(pattern=r"(?P<anchor>acme_)(?P<secret>[a-z]{4})"), other), text)
    assert {"acme.api-key": 3, "bolt.token": 0} == counts


def test_no_complaint_shows_a_sample() -> None:
    rule = make_rule(examples=("x{{secret}}",), negative_examples=(NegativeExample("{{secret}}", "none"),))
    for message in complaints(rule):
        for seed in range(3):
            assert sample_secret(rule, seed=seed).decode() not in message
