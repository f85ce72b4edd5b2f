# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
import re
import time
from dataclasses import replace
from re import _parser as parser  # type: ignore[attr-defined]  # what `samples.py` reads patterns with
from typing import Any

import pytest

from secrethunt.candidates.overlap import Judged, may_reach
from secrethunt.candidates.pairs import Pairs
from secrethunt.candidates.placeholders import placeholder_reason
from secrethunt.records import Candidate, Confidence, Part, PartSpec, Rule, RuleId
from secrethunt.ruleset import Ruleset
from secrethunt.samples import _generate
from tests.rule_samples import digits, find, make_rule

ACCOUNT = PartSpec("account_id", pattern=r"\bAC[0-9a-f]{16}\b", within=3, confirms=True)
KEY_ID = PartSpec("key_id", rules=("acme.key-id",), within=3)


def token_rule(*parts: PartSpec, **changes: Any) -> Rule:
    """A token that other things complete."""
    settings: dict[str, Any] = {
        "id": RuleId("acme.token"),
        "pattern": r"\btok_(?P<secret>[0-9a-f]{24})\b",
        "confidence": Confidence.MEDIUM,
        "parts": parts,
    }
    return make_rule(**(settings | changes))


ID_RULE = make_rule(id=RuleId("acme.key-id"), pattern=r"\b(?P<secret>kid_[0-9a-f]{12})\b")


def token(seed: object) -> bytes:
    return b"tok_" + digits(seed).encode()


def account(seed: object) -> bytes:
    return b"AC" + digits(f"account {seed}", 16).encode()


def key_id(seed: object) -> bytes:
    return b"kid_" + digits(f"id {seed}", 12).encode()


def only(candidates: tuple[Candidate, ...]) -> Candidate:
    [candidate] = candidates
    return candidate


def values(candidate: Candidate) -> dict[str, bytes]:
    return {part.name: part.value.reveal() for part in candidate.parts}


def test_part_near_a_credential_is_attached_with_its_place_and_is_no_finding() -> None:
    found = only(find(b"\n" + account(1) + b"\nkey = " + token(1), token_rule(ACCOUNT)))
    [part] = found.parts
    assert ("account_id", account(1), False, None) == (part.name, part.value.reveal(), part.is_secret, part.rule)
    assert (2, 1, 19) == (part.span.line, part.span.column, part.span.end_column)


def test_lone_credential_keeps_its_confidence() -> None:
    found = only(find(token(1), token_rule(ACCOUNT, KEY_ID), ID_RULE))
    assert ((), Confidence.MEDIUM, ("fits the format",)) == (found.parts, found.confidence, found.reasons)


def test_part_that_confirms_makes_surer_once_and_says_why() -> None:
    both = (ACCOUNT, PartSpec("host", pattern=r"\bapi\.acme\b", confirms=True))
    found = only(find(account(1) + b" api.acme " + token(1), token_rule(*both, confidence=Confidence.LOW)))
    assert {"account_id", "host"} == set(values(found))
    assert Confidence.MEDIUM == found.confidence
    assert "its account id stands near it" == found.reasons[-1]


def test_part_that_does_not_confirm_changes_nothing_but_the_parts() -> None:
    found = find(key_id(1) + b"\n" + token(1), token_rule(KEY_ID), ID_RULE)
    [of_token] = [item for item in found if item.rule.id == "acme.token"]
    assert ({"key_id": key_id(1)}, Confidence.MEDIUM) == (values(of_token), of_token.confidence)
    assert (True, "acme.key-id") == (of_token.parts[0].is_secret, of_token.parts[0].rule)


def test_what_spoke_against_a_value_still_does_beside_its_part() -> None:
    rule = token_rule(ACCOUNT, checksum="crc32-hex", confidence=Confidence.HIGH)
    found = only(find(account(1) + b"\n" + token(1), rule))
    assert Confidence.MEDIUM == found.confidence


def test_placeholder_is_nobodys_part() -> None:
    assert () == only(find(b"AC0000000000000000\n" + token(1), token_rule(ACCOUNT))).parts


@pytest.mark.parametrize(("lines", "is_joined"), [(3, True), (4, False)])
def test_part_counts_as_near_within_its_lines(lines: int, is_joined: bool) -> None:
    other = account(2) + b"\n" * 40
    found = only(find(other + account(1) + b"\n" * lines + token(1), token_rule(ACCOUNT)))
    assert is_joined == bool(found.parts)


def test_only_other_credential_of_a_kind_in_a_file_completes_from_afar_and_confirms_nothing() -> None:
    far = PartSpec("key_id", rules=("acme.key-id",), within=3, confirms=True)
    found = find(key_id(1) + b"\n" * 50 + token(1), token_rule(far), ID_RULE)
    [of_token] = [item for item in found if item.rule.id == "acme.token"]
    assert ({"key_id": key_id(1)}, Confidence.MEDIUM) == (values(of_token), of_token.confidence)


def test_of_two_far_ones_nobody_can_tell_whose_they_are() -> None:
    found = find(key_id(1) + b"\n" + key_id(2) + b"\n" * 50 + token(1), token_rule(KEY_ID), ID_RULE)
    assert {} == values(found[-1])


def test_family_names_the_rules_that_share_it() -> None:
    spec = PartSpec("key_id", rules=("acme.ids",))
    ids = make_rule(id=RuleId("acme.old-id"), family="acme.ids", pattern=ID_RULE.pattern)
    found = find(key_id(1) + b" " + token(1), token_rule(spec), ids)
    assert {"key_id": key_id(1)} == values(found[-1])


@pytest.mark.parametrize("between", [b"\n", b"\n\n", b", ", b"\n    secret: "])
def test_pairs_in_a_row_are_told_apart(between: bytes) -> None:
    text = b"\n".join(key_id(n) + between + token(n) for n in range(5))
    found = find(text, token_rule(KEY_ID), ID_RULE)
    expected = {token(n)[4:]: key_id(n) for n in range(5)}
    assert expected == {item.secret.reveal(): values(item)["key_id"] for item in found if item.parts}


def test_each_takes_the_nearest_where_there_are_more_of_one() -> None:
    text = b"\n\n\n\n\n\n".join([account(1) + b"\n" + token("a") + b"\n" + token("b"), account(2) + b"\n" + token("c")])
    found = find(text, token_rule(ACCOUNT))
    assert [account(1), account(1), account(2)] == [values(item)["account_id"] for item in found]


def test_credential_is_no_part_of_itself() -> None:
    spec = PartSpec("other", rules=("acme.token",))
    found = find(token(1) + b"\n" + token(1), token_rule(spec))
    assert [{}, {}] == [values(item) for item in found]


def test_order_of_the_parts_is_that_of_the_rule() -> None:
    text = key_id(1) + b" " + account(1) + b" " + token(1)
    for specs in ((ACCOUNT, KEY_ID), (KEY_ID, ACCOUNT)):
        found = find(text, token_rule(*specs), ID_RULE)
        assert [spec.name for spec in specs] == [part.name for part in found[-1].parts]


def test_second_way_to_know_a_part_counts_where_the_first_finds_none() -> None:
    first = PartSpec("account_id", pattern=r"\bZZ[0-9a-f]{16}\b")
    assert {"account_id": account(1)} == values(only(find(account(1) + b" " + token(1), token_rule(first, ACCOUNT))))


def test_value_of_a_part_does_not_print() -> None:
    [part] = only(find(account(1) + b" " + token(1), token_rule(ACCOUNT))).parts
    assert isinstance(part, Part)
    assert account(1).decode() not in repr(part)


def test_one_line_of_many_credentials_is_joined_in_time_that_grows_with_it() -> None:
    line = b" ".join(token(n) for n in range(4000)) * 4
    started = time.process_time()
    found = find(line, token_rule(ACCOUNT, PartSpec("host", pattern=r"\b[\w.-]{1,60}\.acme\.example")))
    assert len(found) == 5000
    assert time.process_time() - started < 5


@pytest.mark.parametrize(("spec", "expected"), [(ACCOUNT, True), (KEY_ID, False)])
def test_only_what_a_part_may_confirm_may_reach_beyond_its_own_confidence(spec: PartSpec, expected: bool) -> None:
    judged = Judged(token_rule(spec), 0, 1, Confidence.LOW, (), ())
    assert expected == may_reach([judged], Confidence.MEDIUM)
    assert may_reach([judged], Confidence.LOW)
    assert not may_reach([judged], Confidence.HIGH)


def test_parts_are_found_as_if_their_pattern_was_tried_everywhere(ruleset: Ruleset) -> None:
    source = random.Random(3)
    specs = sorted(
        {part for rule in ruleset.rules for part in rule.parts if part.pattern}, key=lambda spec: spec.pattern
    )
    for spec in specs:
        pattern = re.compile(spec.pattern.encode())
        made = [_generate(parser.parse(spec.pattern.encode()), source) for _ in range(8)]
        data = b"".join(text + source.choice([b"", b" ", b"\n", text[:3]]) for text in made)
        group = "value" if "value" in pattern.groupindex else 0
        tried = [match.span(group) for match in pattern.finditer(data) if match[group]]
        kept = [span for span in tried if not placeholder_reason(data[slice(*span)][:200])]
        assert kept == [(place.start, place.end) for place in Pairs().values(data, replace(spec, hints=()))]
