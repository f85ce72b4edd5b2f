# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from secrethunt.anchors import MAX_LEAD, derive_anchor
from secrethunt.keyed import (
    FORMS,
    argument_pattern,
    assigned_pattern,
    bare_pattern,
    beside_pattern,
    element_pattern,
    flag_pattern,
    member_pattern,
    quoted_pattern,
    setter_pattern,
)
from tests.rule_samples import digits

VALUE = digits("keyed", 32)
ASSIGNED = assigned_pattern("acme|zeta", "[0-9a-f]{32}")
WORD = "passw(?:or)?d|token"


def captured(pattern: str, text: str) -> list[str]:
    """The secrets that *pattern* captures in *text*."""
    return [match["secret"].decode() for match in re.finditer(pattern.encode(), text.encode())]


@pytest.mark.parametrize(
    "text",
    [
        "acme={}",
        "ACME_API_KEY={}",
        "zeta: {}",
        'acme_key = "{}"',
        "acmeKey := '{}'",
        "acme.api[key] = `{}`",
        '"acme-token" => "{}"',
        "'acme' : '{}'",
        "acme_key ?= {}",
        'setAcme("{}")',
        'acme = new String("{}")',
        'acme = String("{}")',
        "acme = &quot;{}&quot;",
        r"{{\"acme\": \"{}\"}}",
        "ACME={}\n",
        "acme=[{}]",
        'acmeToken := "Bearer {}"',
        "acme_auth: OAuth {}",
        'func acmeToken() string { return "{}" }',
        "getAcmeKey(): string {{\n    return '{}'",
        'fn acme_key() -> String {{ return "{}" }}',
    ],
)
def test_assignment_to_a_name_with_the_word_is_captured_whole(text: str) -> None:
    assert [VALUE] == captured(ASSIGNED, text.replace("{}", VALUE).replace("{{", "{").replace("}}", "}"))


@pytest.mark.parametrize(
    "text",
    [
        "pharmacme={}",
        "acme {}",
        "acme={}0",
        "acme=0{}",
        "acme={}-x",
        "acme={}/x",
        "acme\n={}",
        "acme is a company; see {}",
        "acmeKey() {{ use(); return '{}' }}",
        "acme: Bearer of {}",
    ],
)
def test_other_word_no_assignment_or_longer_value_is_not_captured(text: str) -> None:
    assert [] == captured(ASSIGNED, text.replace("{}", VALUE))


@pytest.mark.parametrize(
    "text",
    ['password = "{}"', "db_password: '{}'", "passwd=`{}`", 'token: str = "{}"', 'if token == "{}"', '"token": "{}"'],
)
def test_quoted_literal_is_captured_without_its_quotes(text: str) -> None:
    assert [VALUE] == captured(quoted_pattern(WORD), text.replace("{}", VALUE))


def test_quoted_literal_may_hold_the_other_quotes() -> None:
    assert ['pa"ss`word'] == captured(quoted_pattern(WORD), "password = 'pa\"ss`word'")


@pytest.mark.parametrize("text", ["password = {}", "password = \"{}'", 'password = "two {}"', 'pass = "{}"'])
def test_what_is_not_quoted_on_both_sides_is_no_quoted_literal(text: str) -> None:
    assert [] == captured(quoted_pattern(WORD), text.replace("{}", VALUE))


@pytest.mark.parametrize("text", ["PASSWORD={}", "token: {}", "db.password = {} # note", "token={};", "token={}\r\n"])
def test_bare_value_ends_with_the_line_or_white_space(text: str) -> None:
    assert [VALUE] == captured(bare_pattern(WORD), text.replace("{}", VALUE))


@pytest.mark.parametrize("text", ["--password {}", "--db-password={}", "-token {}", '--token "{}"'])
def test_option_and_its_value_are_captured(text: str) -> None:
    assert [VALUE] == captured(flag_pattern(WORD), text.replace("{}", VALUE))


@pytest.mark.parametrize(
    "text",
    [
        'const TOKEN: &\'static str = "{}";',
        'char token[] = "{}";',
        "token = Some('{}')",
        'token := []byte("{}")',
        'var token = new Secret("{}");',
        'let token = hex::decode("{}")',
        '$password = ConvertTo-SecureString "{}"',
    ],
)
def test_declaration_or_conversion_is_looked_past(text: str) -> None:
    assert [VALUE] == captured(quoted_pattern(WORD), text.replace("{}", VALUE))


@pytest.mark.parametrize(
    "text",
    [
        'token = os.Getenv("{}")',
        'PublicKeyToken = "{}"',
        'hashed_password = "{}"',
        'check_token("{}")',
        '"token", "{}"',
    ],
)
def test_look_up_public_key_call_and_list_are_no_assignment(text: str) -> None:
    assert [] == captured(quoted_pattern(WORD), text.replace("{}", VALUE))


@pytest.mark.parametrize("text", ['db.setPassword("{}")', ".token('{}')", 'with_token("{}")'])
def test_value_given_to_a_setter_is_captured(text: str) -> None:
    assert [VALUE] == captured(setter_pattern(WORD), text.replace("{}", VALUE))


@pytest.mark.parametrize("text", ['check_password("{}")', "createToken('{}')"])
def test_other_call_is_no_setter(text: str) -> None:
    assert [] == captured(setter_pattern(WORD), text.replace("{}", VALUE))


@pytest.mark.parametrize(
    "text",
    [
        'define("DB_PASSWORD", "{}")',
        "p.setProperty('db.password', '{}')",
        'os.environ.get("TOKEN", "{}")',
        r'field "String", "API_TOKEN", "\"{}\""',
        "VALUES (12,'smtp_password','{}')",
    ],
)
def test_name_and_value_in_one_call_are_captured(text: str) -> None:
    assert [VALUE] == captured(argument_pattern(WORD), text.replace("{}", VALUE))


def test_names_in_a_list_are_no_call() -> None:
    assert [] == captured(argument_pattern(WORD), f"for name in ['password', '{VALUE}']:")


def test_bare_value_may_hold_one_equals_sign_but_no_second_parameter() -> None:
    assert ["Abc12=defgh"] == captured(bare_pattern(WORD), "password=Abc12=defgh\n")
    assert ["Abc12"] == captured(bare_pattern(WORD), "password=Abc12&user=ann\n")


@pytest.mark.parametrize(
    "text",
    [
        "- name: DB_PASSWORD\n  value: {}\n",
        '- name: DB_PASSWORD\r\n  value: "{}"\r\n',
        '{"key": "token", "value": "{}"}',
        '{"name": "token", "type": "string", "value": "{}"}',
    ],
)
def test_value_of_a_named_member_is_captured(text: str) -> None:
    assert [VALUE] == captured(member_pattern(WORD), text.replace("{}", VALUE))


@pytest.mark.parametrize(
    "text",
    [
        "<key>API_TOKEN</key>\n\t<string>{}</string>",
        '<string name="token">{}</string>',
        "<td>token</td><td>{}</td>",
        "<name>password</name> <value>{}</value>",
    ],
)
def test_value_in_the_element_beside_its_name_is_captured(text: str) -> None:
    assert [VALUE] == captured(element_pattern(WORD), text.replace("{}", VALUE))


@pytest.mark.parametrize("text", ['#define WIFI_PASSWORD "{}"', '    storePassword "{}"', "password '{}';"])
def test_value_beside_its_name_is_captured(text: str) -> None:
    assert [VALUE] == captured(beside_pattern(WORD), text.replace("{}", VALUE))


def test_word_within_a_sentence_announces_nothing_beside_it() -> None:
    assert [] == captured(beside_pattern(WORD), f'enter the password "{VALUE}"')


TEXT_OF_FORMS = "\n".join(
    [
        "acme --token={}",
        'acme={} token="{}"',
        "db.setToken('{}')",
        'define("token", "{}")',
        "token={}",
        "- name: token",
        "  value: {}",
        "<td>token</td><td>{}</td>",
        '#define TOKEN "{}"',
        "token secret: {}",
        "token-secret-{}",
        "token {}",
    ]
)


@pytest.mark.parametrize("pattern", [ASSIGNED, *(form(WORD) for form in FORMS.values())])
def test_word_and_assignment_are_the_anchor_the_value_is_not(pattern: str) -> None:
    anchor = derive_anchor(pattern)
    found = re.search(pattern.encode(), TEXT_OF_FORMS.replace("{}", VALUE).encode())
    assert found is not None
    assert found.end("anchor") <= found.start("secret")
    assert anchor.max_lead <= MAX_LEAD
