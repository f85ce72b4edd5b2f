# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from secrethunt.candidates.appraise import Appraiser, name_before
from secrethunt.candidates.points import HIGH_FROM, LOW_BELOW, POINTS, START, SYNTAX_GROUPS
from secrethunt.candidates.signals import Evidence, iter_signals, iter_syntax_signals
from secrethunt.keyed import quoted_pattern
from secrethunt.records import Candidate, Confidence, RuleId, SyntaxContext
from tests.rule_samples import acme_key, digits, find, make_rule

GENERIC = make_rule(
    id=RuleId("generic.quoted"),
    pattern=quoted_pattern("password|token"),
    confidence=Confidence.MEDIUM,
    is_generic=True,
)
HASH = make_rule(id=RuleId("pwhash.acme"), pattern=r"(?P<secret>\$acme\$[0-9a-z]{8})", confidence=Confidence.HIGH)
PROVIDER = make_rule()


def appraised(path: bytes, data: bytes) -> Candidate:
    """The one candidate of *data*, as it looks at *path*."""
    found = find(data, GENERIC, HASH, PROVIDER)
    [candidate] = Appraiser().appraise(data, path, found)
    return candidate


def test_random_value_beside_its_name_is_certain() -> None:
    candidate = appraised(b"app.py", b'password = "' + digits("a", 40).encode() + b'"\n')
    assert Confidence.HIGH == candidate.confidence


def test_value_that_says_it_is_a_test_is_of_low_confidence() -> None:
    candidate = appraised(b"app.py", b'expected_token = "my_test_token2"\n')
    assert Confidence.LOW == candidate.confidence


def test_signals_are_kept_with_their_points() -> None:
    candidate = appraised(b"app.py", b'password = "hunter22"\n')
    clauses = dict(candidate.signals or ())
    assert "named: password" in clauses
    assert POINTS["named: password"] == clauses["named: password"]
    assert clauses.keys() <= {*POINTS, "a string literal, assigned password"}


def test_confidence_is_the_sum_of_the_points_shown() -> None:
    for text in (b'password = "hunter22"', b'token = "' + digits("x", 24).encode() + b'"', b'fake_token = "test1"'):
        candidate = appraised(b"app.py", text + b"\n")
        signals = [(clause.partition(":")[0], points) for clause, points in candidate.signals or ()]
        total = START + sum(points for _, points in signals)
        plain = START + sum(points for group, points in signals if group not in SYNTAX_GROUPS)
        expected = Confidence.LOW if total < LOW_BELOW else Confidence.HIGH if plain >= HIGH_FROM else Confidence.MEDIUM
        assert expected == candidate.confidence


def test_a_label_in_a_file_of_translations_is_of_low_confidence() -> None:
    label, chosen = b'password = "Salasana"\n', b'password = "hunter22"\n'
    translated = appraised(b"i18n/fi_FI.json", label)
    assert Confidence.LOW == translated.confidence
    assert "words in a file of translations" in translated.reasons
    assert Confidence.LOW < appraised(b"app.py", label).confidence
    assert appraised(b"app.py", chosen).confidence == appraised(b"i18n/fi_FI.json", chosen).confidence


def test_provider_tokens_pass_untouched() -> None:
    data = b"test_key = '" + acme_key("a", "test") + b"'\n"
    [before] = find(data, PROVIDER)
    assert (before,) == Appraiser().appraise(data, b"tests/test_a.py", [before])


@pytest.mark.parametrize("path", [b"tests/a.txt", b"docs/a.md", b"src/fixtures/a.yml", b"login_test.go"])
def test_password_hash_in_a_test_or_document_is_of_low_confidence(path: bytes) -> None:
    assert Confidence.LOW == appraised(path, b"x: $acme$0123abcd\n").confidence


@pytest.mark.parametrize("path", [b"etc/shadow", b"src/latest/a.py", b"contest.yml"])
def test_password_hash_elsewhere_is_of_medium_confidence(path: bytes) -> None:
    assert Confidence.MEDIUM == appraised(path, b"x: $acme$0123abcd\n").confidence


def test_value_secret_and_place_stay_as_they_were() -> None:
    data = b'\npassword = "hunter22"\n'
    [before] = find(data, GENERIC)
    [after] = Appraiser().appraise(data, b"a.py", [before])
    assert (before.secret, before.span, before.ordinal, before.rule) == (
        after.secret,
        after.span,
        after.ordinal,
        after.rule,
    )


def test_appraising_twice_changes_nothing() -> None:
    data, appraiser = b'password = "hunter22"\n', Appraiser()
    once = appraiser.appraise(data, b"a.py", find(data, GENERIC))
    assert once == appraiser.appraise(data, b"a.py", once)


def test_file_of_an_unknown_language_is_judged_by_value_and_name() -> None:
    candidate = appraised(b"a.bin", b'password = "hunter22"\n')
    assert candidate.signals
    assert not [clause for clause, _ in candidate.signals if clause.startswith(("use:", "passed to:"))]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b'db.password = "', b"db.password"),
        (b"  'api-key': '", b"api-key"),
        (b'setPassword("', b"setPassword"),
        (b"password: str = b'", b"password"),
        (b'pw = new String("', b"pw"),
        (b"--password=", b"password"),
        (b'x = 1\ntoken := "', b"token"),
        (b"", b""),
    ],
)
def test_name_is_the_last_before_the_value(text: bytes, name: bytes) -> None:
    assert name == name_before(text + b"value", len(text))


def test_every_signal_with_points_can_occur() -> None:
    values = ["a" * n for n in (4, 6, 9, 15, 25, 40)]
    values += [
        "ABC",
        "Abc",
        "aBc",
        "pass12",
        "0a" * 10,
        "a1b2c3d4e5f6",
        "a-b-c",
        "a1-b2",
        "a+b/c" * 5,
        "mytest",
        "12345",
        "a b",
    ]
    names = ["password2", "token", "secret", "key", "x", "new_password", "expected_token", "db_password"]
    seen = {s for v in values for n in names for s in iter_signals(Evidence(v.encode(), n.encode()))}
    callees = ["assertEqual", "log", "get", "post", "login", "frobnicate"]
    uses = ["assigned", "comparison", "argument", "named argument", "dictionary value", "annotation", "returned"]
    uses += [
        "element of markup",
        "element of a list",
        "argument of a command",
        "statement of its own",
        "default argument",
    ]
    seen |= {s for u in uses for c in callees for s in iter_syntax_signals(SyntaxContext("python", use=u, callee=c))}
    assert POINTS.keys() <= seen
    assert all(re.fullmatch(r"[a-z ]+: [\w ,-]+", signal, re.IGNORECASE) for signal in seen)
