# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.azure_keys import (
    complete_annotated,
    complete_entra,
    complete_identifiable,
    marvin32,
    verify_annotated,
    verify_entra,
    verify_identifiable,
)
from tests.rule_samples import digits

MARKS = ["+A" + "St", "+A" + "Sb", "+A" + "Eh", "AC" + "Db", "AP" + "IM", "AI" + "oT", "Az" + "Se", "+A" + "CR"]
"""Marks of services, in two pieces so that no scanner takes these samples for keys."""


@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [
        (b"abc", 0xD53CD9CECD0893B7, 0x22C74339492769BF),
        (b"abcdefghijklmnopqrstuvwxyz", 0x0DDDDEEEEFFFF000, 0xA128EB7E7260ACA2),
        (b"", 0x004FB61A001BDBCC, 0x30ED35C100CD3C7D),
        (bytes([175]), 0x004FB61A001BDBCC, 0x48E73FC77D75DDC1),
        (bytes([231, 15]), 0x804FB61A001BDBCC, 0x64B581631F6AB378),
        (bytes([55, 244, 149]), 0x004FB61A001BDBCC, 0xF0B07C789B8CF7E8),
        (bytes([171, 66, 126, 168, 209, 15, 199]), 0x804FB61A001BDBCC, 0xE203987DBA252FB3),
        (bytes([0, 255, 0, 255, 0, 255, 0]), 0x804FB61A801BDBCC, 0x71876F2EFB1B0EE8),
    ],
)
def test_marvin_equals_the_published_vectors(data: bytes, seed: int, expected: int) -> None:
    """Those of SymCrypt and of github.com/skeeto/marvin32, as microsoft/security-utilities quotes them."""
    assert expected == marvin32(data, seed)


def identifiable(mark: str, size: int) -> bytes:
    """*size* bytes in base64, *mark* before the six characters of a checksum that is not right."""
    text = base64.b64encode(digits(mark, 64).encode()[:size]).decode().rstrip("=")
    return f"{text[:-10]}{mark}A{text[-5:]}".encode()


@pytest.mark.parametrize("mark", MARKS)
def test_key_of_a_service_verifies_when_completed_and_no_other_way(mark: str) -> None:
    value = complete_identifiable(identifiable(mark, 39))
    assert mark.encode() == value[-10:-6]
    assert verify_identifiable(value)
    assert verify_identifiable(b"b" + value[1:]) is False


def test_key_with_its_symbols_replaced_is_not_held_against_it() -> None:
    assert verify_identifiable(identifiable("Az" + "Ca", 32)) is None


def test_key_without_a_mark_carries_no_checksum() -> None:
    assert verify_identifiable(base64.b64encode(b"k" * 32)) is None
    assert verify_annotated(b"k" * 84) is None
    assert verify_entra(b"abc7Q~" + b"k" * 34) is None


def test_annotated_key_verifies_in_both_lengths() -> None:
    for tail in ("0000", "000000=="):
        raw = f"{digits('a', 52)}{'JQ' + 'QJ'}99AL{digits('b', 16)}AZDO{tail}".encode()
        value = complete_annotated(raw)
        assert len(raw) == len(value)
        assert verify_annotated(value)
        assert verify_annotated(value[:3] + b"0" + value[4:]) is (value[3:4] == b"0")


def test_client_secret_verifies_by_three_characters() -> None:
    value = complete_entra(b"abc8Q~" + digits("c", 34).encode())
    assert verify_entra(value)
    assert verify_entra(value[:-1] + b"!") is False


@given(st.binary(max_size=100))
def test_no_value_makes_a_check_fail(value: bytes) -> None:
    for verify in (verify_identifiable, verify_annotated, verify_entra):
        assert verify(value) in (True, False, None)
    for complete in (complete_identifiable, complete_annotated, complete_entra):
        assert isinstance(complete(value), bytes)
