# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.checksums import CHECKSUMS, decode_base64url
from tests.rule_samples import digits

STORAGE = "+A" + "St"
"""The mark of storage keys, written in two pieces so that no scanner takes these samples for one."""
ANNOTATED = "JQ" + "QJ"
"""The mark of common annotated security keys."""

SHAPES = {
    "crc32-base62": f"acme_{digits('a', 36)}",
    "crc32-hex": f"acme_{digits('b', 32)}_{digits('c', 8)}",
    "gitlab-routable": f"acme-{digits('d', 27)}.{digits('e', 9)}",
    "jwt": f"{digits('f', 20)}.{digits('g', 40)}.{digits('h', 43)}",
    "basic-auth": digits("i", 24),
    "pypi-macaroon": f"pypi-{digits('j', 120)}",
    "crc32-hex-of-body": f"acme_{digits('k', 32)}_{digits('l', 8)}",
    "crc32-base64": f"acme{digits('m', 60)}",
    "crc32-hex-after-equals": f"ACME{digits('n', 64)}=0A1B2C3D",
    "azure-identifiable": f"{digits('o', 33)}{STORAGE}Abcdef=",
    "azure-annotated": f"{digits('p', 52)}{ANNOTATED}99AL{digits('q', 16)}AZDO{digits('r', 4)}",
    "azure-entra": f"abc8Q~{digits('s', 34)}",
}
"""A value of the right shape for each algorithm, without a valid checksum."""


def b64(text: bytes) -> bytes:
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def test_every_algorithm_is_covered_here() -> None:
    assert set(CHECKSUMS) == set(SHAPES)


@pytest.mark.parametrize("name", CHECKSUMS)
def test_completed_value_verifies_and_the_raw_one_does_not(name: str) -> None:
    checksum, raw = CHECKSUMS[name], SHAPES[name].encode()
    assert not checksum.verify(raw)
    assert checksum.verify(checksum.complete(raw))


PUBLISHED = {
    "crc32-base64": ("cflt", "T8d8RzkNseTMEDKcjNM1BZTFPHqRn/dQm9q7w6SjzZ12wZfwjaJdip", "HZtDjw"),
    "crc32-hex-of-body": ("zpka_", "3e6c4f7d39954ca29353b7ab88589b64", "_de26cd55"),
    "crc32-base62": ("vcp_", "35UYJwYZDigYATKhxJUAhPqRhit2Xe3dtiG60LsUTHeklEXDQ9", "4Jafpu"),
}
"""Examples that the providers' documentation, or a rule of another scanner, publishes: prefix, body, checksum."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_example_verifies(name: str) -> None:
    assert CHECKSUMS[name].verify("".join(PUBLISHED[name]).encode())


@pytest.mark.parametrize("name", ["crc32-base62", "crc32-hex", "gitlab-routable", "crc32-hex-of-body"])
def test_any_changed_character_breaks_a_checksum(name: str) -> None:
    value = CHECKSUMS[name].complete(SHAPES[name].encode())
    for index in range(5, len(value)):
        other = b"0" if value[index : index + 1] != b"0" else b"1"
        assert not CHECKSUMS[name].verify(value[:index] + other + value[index + 1 :])


@pytest.mark.parametrize("name", CHECKSUMS)
@given(value=st.one_of(st.binary(max_size=80), st.text(alphabet="aB0_-.=+/ey", max_size=80).map(str.encode)))
def test_no_value_makes_an_algorithm_fail(name: str, value: bytes) -> None:
    assert CHECKSUMS[name].verify(value) in (True, False, None)
    assert isinstance(CHECKSUMS[name].complete(value), bytes)


def test_base62_checksum_covers_what_stands_behind_the_prefix() -> None:
    body = digits("github", 30)
    number, encoded = zlib.crc32(body.encode()), ""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    while number:
        number, digit = divmod(number, 62)
        encoded = alphabet[digit] + encoded
    assert CHECKSUMS["crc32-base62"].verify(f"acme_{body}{encoded:0>6}".encode())


def test_hex_checksum_may_be_in_capitals() -> None:
    value = CHECKSUMS["crc32-hex"].complete(SHAPES["crc32-hex"].encode())
    body, _, check = value.rpartition(b"_")
    assert CHECKSUMS["crc32-hex"].verify(body + b"_" + check.upper())


@pytest.mark.parametrize(
    ("header", "claims", "is_token"),
    [
        (b'{"alg":"HS256"}', b"{}", True),
        (b'{"typ":"JWT"}', b"{}", False),
        (b'["alg"]', b"{}", False),
        (b'{"alg":"none"}', b"[]", False),
        (b'{"alg":', b"{}", False),
        (b'{"alg":"\xff"}', b"{}", False),
    ],
)
def test_token_is_two_json_objects_the_first_with_an_algorithm(header: bytes, claims: bytes, is_token: bool) -> None:
    assert is_token == CHECKSUMS["jwt"].verify(b".".join([b64(header), b64(claims), b"x" * 43]))


@pytest.mark.parametrize(
    ("header", "signature", "is_whole"),
    [
        (b'{"alg":"HS256"}', b"x" * 43, True),
        (b'{"alg":"HS256"}', b"signature", False),
        (b'{"alg":"HS256"}', b"", False),
        (b'{"alg":"HS512"}', b"x" * 43, False),
        (b'{"alg":"HS512"}', b"x" * 86, True),
        (b'{"alg":"none"}', b"", True),
        (b'{"alg":"acme"}', b"x", True),
        (b'{"alg":["HS256"]}', b"", True),
    ],
)
def test_token_whose_signature_is_cut_off_is_none(header: bytes, signature: bytes, is_whole: bool) -> None:
    assert is_whole == CHECKSUMS["jwt"].verify(b".".join([b64(header), b64(b"{}"), signature]))


def test_token_of_nested_brackets_is_refused_not_followed() -> None:
    nested = b64(b'{"alg":' + b"[" * 100_000)
    assert not CHECKSUMS["jwt"].verify(nested + b"." + nested + b".x")


@pytest.mark.parametrize(
    ("pair", "is_pair"),
    [(b"user:secret", True), (b":secret", True), (b"user:pw", False), (b"user", False), (b"us\x00er:secret", False)],
)
def test_basic_authentication_is_a_printable_pair(pair: bytes, is_pair: bool) -> None:
    encoded = base64.b64encode(pair)
    assert is_pair == CHECKSUMS["basic-auth"].verify(encoded)
    assert is_pair == CHECKSUMS["basic-auth"].verify(encoded.rstrip(b"="))


@pytest.mark.parametrize(
    ("password", "verdict"), [(b'{\n "private_key": "x"\n}', None), (b"{\n}", False), (b"secret", True)]
)
def test_key_file_as_the_password_of_a_registry_is_left_to_its_contents(password: bytes, verdict: bool | None) -> None:
    assert verdict is CHECKSUMS["basic-auth"].verify(base64.b64encode(b"_json_key:" + password))


def test_macaroon_names_the_index_or_its_test_instance() -> None:
    for location, is_ours in ((b"pypi.org", True), (b"test.pypi.org", True), (b"evil.example", False)):
        raw = b"\x02\x01" + bytes([len(location)]) + location + b"\x02" + b"k" * 90
        assert is_ours == CHECKSUMS["pypi-macaroon"].verify(b"pypi-" + b64(raw))


@given(st.binary(max_size=40))
def test_unpadded_base64url_decodes(data: bytes) -> None:
    assert data == decode_base64url(b64(data))


@pytest.mark.parametrize("text", [b"a", b"ab!d", b"\xff\xff", b"a b c d "])
def test_what_is_no_base64url_is_none(text: bytes) -> None:
    assert decode_base64url(text) is None
