# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64

import pytest

from secrethunt.checksums import CHECKSUMS
from secrethunt.keyed import quoted_pattern
from secrethunt.records import Candidate, Confidence, Rule, RuleId
from tests.rule_samples import acme_key, digits, find, make_rule

GENERIC = make_rule(
    id=RuleId("generic.quoted"),
    pattern=quoted_pattern("password|token"),
    confidence=Confidence.MEDIUM,
    is_generic=True,
)


def only(data: bytes, *rules: Rule) -> Candidate:
    """The one candidate in *data*."""
    [candidate] = find(data, *rules)
    return candidate


def checked(name: str, pattern: str, confidence: Confidence = Confidence.MEDIUM) -> Rule:
    """A rule with a checksum."""
    return make_rule(pattern=pattern, checksum=name, confidence=confidence)


def test_candidate_carries_rule_secret_place_and_facts() -> None:
    candidate = only(b"\nkey = " + acme_key("a", "test"))
    assert ("acme.api-key", acme_key("a", "test")) == (candidate.rule.id, candidate.secret.reveal())
    assert (2, 7, 0, Confidence.HIGH) == (
        candidate.span.line,
        candidate.span.column,
        candidate.ordinal,
        candidate.confidence,
    )
    assert (("mode", "test"),) == candidate.facts
    assert ("fits the format",) == candidate.reasons


def test_only_named_facts_are_shown() -> None:
    rule = make_rule(pattern=r"(?P<user>\w+):(?P<half>acme_)(?P<secret>[0-9a-f]{24})@(?P<host>[\w.\xff-]+)")
    candidate = only(b"ann:acme_" + digits("a").encode() + b"@db\xff.example", rule)
    assert (("host", "db\\xff.example"), ("user", "ann")) == candidate.facts


@pytest.mark.parametrize(
    "changes",
    [
        {"charset": ("upper",)},
        {"charset": ("digit", "symbol"), "pattern": r"acme_live_(?P<secret>[0-9a-f]{24})"},
        {"min_entropy": 4.9},
        {"ignore": ("^nothing", "live_[0-9a-f]")},
        {"ignore": ("(?i)ACME_LIVE",)},
        {"ignore": ("(?P<x>zzz)", "(?P<x>acme)")},
    ],
)
def test_value_that_fails_a_test_of_its_rule_is_no_candidate(changes: dict[str, object]) -> None:
    assert 1 == len(find(acme_key("a")))
    assert () == find(acme_key("a"), make_rule(**changes))


def test_sequence_that_people_type_is_no_word_and_needs_no_digit() -> None:
    rule = make_rule(pattern=r"acme=(?P<secret>[a-z]{24})", charset=("digit",), confidence=Confidence.MEDIUM)
    assert () == find(b"acme=internationalizationfile", rule)
    assert "it holds a sequence that people type" not in only(b"acme=" + b"abcdefghijklmnopqrstuvwx", rule).reasons


def test_generic_rule_takes_a_typed_sequence_beside_a_name_alone() -> None:
    named = make_rule(pattern=r"(?P<kind>acme)_key=(?P<secret>\w{24})", is_generic=True, confidence=Confidence.MEDIUM)
    unnamed = make_rule(pattern=r"acme_(?P<word>key)=(?P<secret>\w{24})", is_generic=True)
    assert (("kind", "acme"),) == only(b"acme_key=abcdefghijklmnop12345678", named).facts
    assert () == find(b"acme_key=abcdefghijklmnop12345678", unnamed)


def test_ignore_is_searched_in_the_secret_alone() -> None:
    assert 1 == len(find(b"skip " + acme_key("a"), make_rule(ignore=("skip",))))


def test_placeholder_is_no_candidate_of_any_rule() -> None:
    assert () == find(b"key = acme_live_" + b"0" * 24)
    assert () == find(b"key = acme_live_" + b"ab" * 12, make_rule(pattern=r"acme_live_(?P<secret>[0-9a-f]{24})"))


def test_empty_secret_is_no_candidate() -> None:
    assert () == find(b"acme_;", make_rule(pattern=r"acme_(?P<secret>[0-9a-f]*);"))


@pytest.mark.parametrize("confidence", list(Confidence))
def test_checksum_that_fits_makes_sure_and_one_that_does_not_makes_less_sure(confidence: Confidence) -> None:
    rule = checked("crc32-hex", r"(?P<secret>acme_[0-9a-f]{24}_[0-9a-f]{8})", confidence)
    raw = f"acme_{digits('a')}_{digits('b', 8)}".encode()
    sound, broken = only(CHECKSUMS["crc32-hex"].complete(raw), rule), only(raw, rule)
    assert (Confidence.HIGH, "its checksum fits") == (sound.confidence, sound.reasons[-1])
    assert (max(confidence - 1, 0), "its checksum does not fit") == (broken.confidence, broken.reasons[-1])


def test_structure_that_does_not_decode_is_hardly_believed() -> None:
    rule = checked("basic-auth", r"Basic (?P<secret>[A-Za-z0-9+/=]{16,40})", Confidence.HIGH)
    sound = only(b"Basic " + CHECKSUMS["basic-auth"].complete(digits("a", 20).encode()), rule)
    broken = only(b"Basic " + digits("a", 20).encode(), rule)
    assert (Confidence.HIGH, "its structure decodes") == (sound.confidence, sound.reasons[-1])
    assert (Confidence.LOW, "its structure does not decode") == (broken.confidence, broken.reasons[-1])


def test_token_made_to_exhaust_the_parser_does_not_stop_the_scan() -> None:
    rule = checked("jwt", r"(?P<secret>eyJ[\w-]+\.[\w-]+\.[\w-]+)")
    bomb = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 20_000).rstrip(b"=")
    found = find(bomb + b"." + bomb + b".x\n" + acme_key("a"), rule, make_rule(id=RuleId("acme.other")))
    assert "acme.other" in {candidate.rule.id for candidate in found}


def test_name_of_a_type_beside_a_provider_is_hardly_believed() -> None:
    rule = make_rule(pattern=r"acme_key = (?P<secret>[0-9A-Za-z]{20,40})")
    [candidate] = find(b"acme_key = AcmeOAuth2ProviderFactory\n", rule)
    assert Confidence.LOW == candidate.confidence
    assert "the value is an identifier" in candidate.reasons


def test_stock_word_in_place_of_a_password_is_hardly_believed() -> None:
    rule = make_rule(pattern=r"ann:(?P<secret>\w+)@")
    assert Confidence.LOW == only(b"ann:password@", rule).confidence
    assert Confidence.HIGH == only(b"ann:Tr0ub4dor3@", rule).confidence


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ('password = "Tr0ub4dor&3"', Confidence.MEDIUM),
        ('password = "sunshine"', Confidence.MEDIUM),
        ('token = "sunshine"', Confidence.LOW),
    ],
)
def test_generic_value_is_believed_by_its_strength_and_its_word(text: str, confidence: Confidence) -> None:
    candidate = only(text.encode(), GENERIC)
    assert confidence == candidate.confidence
    assert "keyword beside the value" == candidate.reasons[0]


@pytest.mark.parametrize("text", ['password = "password"', 'tokenUrl = "Tr0ub4dor&3"', 'token = "getToken()"'])
def test_generic_value_that_is_something_else_is_no_candidate(text: str) -> None:
    assert () == find(text.encode(), GENERIC)


def test_provider_rule_names_the_generic_one_that_saw_the_same() -> None:
    candidate = only(b'token = "' + acme_key("a") + b'"', GENERIC, make_rule())
    assert ("acme.api-key", ("generic.quoted",)) == (candidate.rule.id, candidate.also)


def test_reasons_and_facts_never_hold_the_value() -> None:
    for candidate in find(b'token = "' + acme_key("a") + b'" password = "hunter22"', GENERIC, make_rule()):
        shown = " ".join([*candidate.reasons, *(value for _, value in candidate.facts)])
        assert candidate.secret.reveal().decode() not in shown
