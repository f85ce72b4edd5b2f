# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from secrethunt.online.templates import MissingValue, TemplateError, UnfitValue, parse_template, quoted


def test_places_are_filled_in_and_encoded() -> None:
    template = parse_template("/v1/{{account}}/keys?of={{secret}}")
    assert template.fill({"account": b"a b", "secret": b"x/y&z"}, quoted) == "/v1/a%20b/keys?of=x%2Fy%26z"


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("{{secret|base64}}", b"user:word", "dXNlcjp3b3Jk"),
        ("{{secret|base64url}}", b"\xff\xfe", "__4"),
        ("{{secret|hex}}", b"az", "617a"),
        ("{{ secret | upper }}", b"abc", "ABC"),
        ("{{secret|before::}}", b"user:word", "user"),
        ("{{secret|after::}}", b"user:wo:rd", "wo:rd"),
        ("{{secret|strip:key-}}", b"key-abc", "abc"),
        ("{{secret|path}}", b"https://hooks.acme.com/a/b?c=d", "/a/b?c=d"),
        ("{{secret|path}}", b"hooks.acme.com/a/b", "/a/b"),
        ("{{secret|host}}", b"https://u:p@hooks.acme.com:1/a", "hooks.acme.com"),
        # FIPS 180-4, the message of one block.
        ("{{secret|sha256}}", b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)
def test_filters(source: str, value: bytes, expected: str) -> None:
    assert parse_template(source).fill({"secret": value}) == expected


@pytest.mark.parametrize("source", ["{{Secret}}", "{{secret|rot13}}", "{{secret|before}}", "{{secret|hex:2}}", "{{}}"])
def test_what_is_no_template_is_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(source)


def test_a_name_without_a_value_is_named() -> None:
    with pytest.raises(MissingValue) as caught:
        parse_template("{{account}}").fill({"account": b""})
    assert caught.value.name == "account"


@pytest.mark.parametrize(
    ("source", "value"), [("{{secret}}", b"\xff\xfe"), ("{{secret|path}}", b"no url"), ("{{secret|before:/}}", b"x")]
)
def test_an_unfit_value_is_not_shown(source: str, value: bytes) -> None:
    with pytest.raises(UnfitValue) as caught:
        parse_template(source).fill({"secret": value})
    assert caught.value.name == "secret"
    assert value.decode("latin-1") not in str(caught.value) or len(value) < 2
