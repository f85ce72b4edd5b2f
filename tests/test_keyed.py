# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from secrethunt.anchors import derive_anchor
from secrethunt.keyed import FORMS, assigned_pattern, bare_pattern, flag_pattern, quoted_pattern
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


@pytest.mark.parametrize("pattern", [ASSIGNED, *(form(WORD) for form in FORMS.values())])
def test_word_and_assignment_are_the_anchor_the_value_is_not(pattern: str) -> None:
    anchor = derive_anchor(pattern)
    found = re.search(pattern.encode(), f'acme --token={VALUE} token="{VALUE}"\nacme={VALUE}'.encode())
    assert found is not None
    assert found.end("anchor") <= found.start("secret")
    assert anchor.min_lead == anchor.max_lead == 0
