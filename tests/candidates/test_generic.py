# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.candidates.generic import (
    about_secret_reason,
    generic_confidence,
    is_name_of_type,
    is_stock_word,
    not_secret_reason,
    strength,
)
from secrethunt.records import Confidence
from tests.rule_samples import digits

PASSWORDS = [
    "Tr0ub4dor&3",
    "S3cur3!pass",
    "k9#mQ2vL",
    digits("a", 32),
    "correct-horse9",
    "p@ss,word7",
    "9aF_3kd8LmZ",
    "(x]9Kq2",
    "Abc12.defgh7",
    "copper-otter-climbs-ladders",
    "123e4567-e89b-12d3-a456-426614174000",
]


@pytest.mark.parametrize("value", ["AcmeOAuth2Provider", "SecretManagerServiceClient"])
def test_capitalised_words_without_a_gap_are_the_name_of_a_type(value: str) -> None:
    assert is_name_of_type(value.encode())


@pytest.mark.parametrize("value", ["aB3dE6gH9jK2mN5pQ8sT", "Acme", "ACMEPROVIDERCLIENTS", "acmeProviderClient"])
def test_random_letters_and_plain_words_are_not(value: str) -> None:
    assert not is_name_of_type(value.encode())


@pytest.mark.parametrize("value", PASSWORDS)
@pytest.mark.parametrize("is_quoted", [True, False])
def test_chosen_value_may_be_a_secret(value: str, is_quoted: bool) -> None:
    assert "" == not_secret_reason(value.encode(), is_quoted=is_quoted)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("abc", "too short"),
        ("None", "a keyword or type"),
        ("undefined", "a keyword or type"),
        ("password", "names the thing instead of being it"),
        ("access_token", "names the thing instead of being it"),
        ("user.password", "names the thing instead of being it"),
        ("some_other_thing", "the name of a slot"),
        ("form.fields.errors", "the name of a slot"),
        ("billing:paypal:access", "the name of a slot"),
        ("Accounts.Forms.Reset", "an identifier"),
        ("cloudClientSecretKey", "an identifier"),
        ("SMTP_HOST_MAIN", "the name of a variable"),
        ("!Ref", "a YAML tag"),
        ("?missing", "a default of a shell expansion"),
        ("$6$rounds=5000$salt$value", "a hash"),
        ("sha1$$", "a hash"),
        ("#EAE6FF", "a colour"),
        ("#add-password", "a selector"),
        ("Username:", "a label"),
        ("sha2crypt:", "a label"),
        ("loginId-find-role:", "a label"),
        ("acme.install.cas.hostname=", "an identifier"),
        ("Token鉴权失败", "text in a script that no password has"),
        ("@/dev/stdin", "a file to read it from"),
        ("@rsa.jwk.pub", "a file to read it from"),
        ("zzzz", "one character repeated"),
        ("[FILTERED]", "a mask"),
        (":ControllerMethods", "a selector"),
        ("root", "a keyword or type"),
        (r"\u2022", "a few characters in escapes"),
        (").append(Other).append(", "code"),
        ("utf-8", "a keyword or type"),
        ("someOtherName", "an identifier"),
        ("https://acme.example/login", "a path or URL"),
        ("./conf/server", "a path or URL"),
        ("etc/ssl/private", "the name of a slot"),
        ("git:https://acme.example/login", "a path or URL"),
        ("v1.22.333", "a number or version"),
        ("0xdead", "a number or version"),
        ("server1.pem", "a file name"),
        ("Enter the password here:", "prose"),
        ("One, two, three", "prose"),
        ("getPassword()", "a call"),
        ('os.environ["X"].get()', "a call"),
    ],
)
def test_quoted_value_that_is_something_else_is_named(value: str, reason: str) -> None:
    assert reason == not_secret_reason(value.encode(), is_quoted=True)


@pytest.mark.parametrize(
    "value", ["config.server.port", "self->field", "Foo::BAR", "args[0]", "makeThing(1,", "read(x)"]
)
def test_bare_code_is_no_secret(value: str) -> None:
    assert "code" == not_secret_reason(value.encode(), is_quoted=False)


@given(st.binary(max_size=60))
def test_any_bytes_are_judged(value: bytes) -> None:
    assert isinstance(not_secret_reason(value, is_quoted=True) + not_secret_reason(value, is_quoted=False), str)
    assert 0 <= strength(value) <= 3


@pytest.mark.parametrize(
    "unit", ["a ", "a, ", "aA", "a_", "a.", "a(", ")", "a-", "/a", ". ", "key_", "pass.", "[a", "'", "1."]
)
def test_value_made_to_backtrack_ends(unit: str) -> None:
    started = time.process_time()
    for tail in ("", "1", "!", "\x00"):
        value = (unit * 250)[:250] + tail
        not_secret_reason(value.encode(), is_quoted=False)
        about_secret_reason(value.encode())
        is_stock_word(value.encode())
    # Either some milliseconds or longer than anybody waits.
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "rest",
    ["Url", "_url", "File", "_expires_in", "Id", "_hint", "Hash.length", "_policy", "_hash", "_startswith", "Response"],
)
def test_name_that_is_about_a_secret_is_told_from_one_that_names_it(rest: str) -> None:
    assert about_secret_reason(rest.encode())


@pytest.mark.parametrize("rest", ["", "_prod", "2", "_for_db", ".main", "_confirmation"])
def test_name_that_goes_on_otherwise_may_name_a_secret(rest: str) -> None:
    assert "" == about_secret_reason(rest.encode())


@pytest.mark.parametrize("value", ["password", "Secret", "mypassword1", "my-token", "user", "test", "pw"])
def test_word_that_stands_for_any_password_is_known(value: str) -> None:
    assert is_stock_word(value.encode())


@pytest.mark.parametrize("value", ["Tr0ub4dor&3", "passwords", "password12", "hunter2", ""])
def test_other_password_is_no_stock_word(value: str) -> None:
    assert not is_stock_word(value.encode())


@pytest.mark.parametrize(
    ("value", "level"),
    [("sunshine", 0), ("sunshine1", 1), ("Sunshine1", 2), ("sunshine-12", 2), (digits("a", 20) + "XyZw-Q", 3)],
)
def test_strength_grows_with_classes_and_length(value: str, level: int) -> None:
    assert level == strength(value.encode())


@pytest.mark.parametrize(
    ("word", "value", "level"),
    [
        ("token", digits("a", 32), Confidence.MEDIUM),
        ("password", "sunshine", Confidence.MEDIUM),
        ("passwd", "abcd", Confidence.MEDIUM),
        ("secret", "abcd", Confidence.LOW),
        ("password", "apple", Confidence.MEDIUM),
        ("secret", "sunshinesunshine", Confidence.MEDIUM),
        ("token", "sunshinesunshine", Confidence.LOW),
        ("token", "copper-otter-climbs-ladders", Confidence.LOW),
        ("token", "acme_v2_short", Confidence.LOW),
        ("api_key", "acme:short", Confidence.LOW),
        ("password", "acme_v2_short", Confidence.MEDIUM),
        ("token", "sunshine", Confidence.LOW),
        ("credentials", "ann@acme.example", Confidence.LOW),
        ("password", "P4ss@acme.example", Confidence.MEDIUM),
        ("token", "sunshine1", Confidence.LOW),
        ("token", "sunshine12", Confidence.MEDIUM),
        ("secret", "abc1", Confidence.LOW),
    ],
)
def test_plain_word_is_believed_of_a_password_only(word: str, value: str, level: Confidence) -> None:
    confidence, reason = generic_confidence(word.encode(), value.encode(), Confidence.MEDIUM)
    assert level == confidence
    assert value not in reason
