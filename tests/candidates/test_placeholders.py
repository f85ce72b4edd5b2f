# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from secrethunt.candidates.placeholders import filler_reason, placeholder_reason
from tests.rule_samples import acme_key, digits


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("acme_live_xxxxxxxxxxxx", "one character repeated"),
        ("acme_live_XXXXXX", "placeholder word"),
        ("your-api-key", "placeholder word"),
        ("YOUR_SECRET_GOES_HERE", "placeholder word"),
        ("changeme", "placeholder word"),
        ("change_this_now", "placeholder word"),
        ("acme-example-key", "placeholder word"),
        ("<token>", "placeholder word"),
        ("********", "one character repeated"),
        ("***", "placeholder word"),
        ("sk_...", "placeholder word"),
        ("REDACTED", "placeholder word"),
        ("${API_KEY}", "template"),
        ("$(cat key)", "template"),
        ("{{ secret }}", "template"),
        ("%(password)s", "template"),
        ("%PASSWORD%", "template"),
        ("%%ACME_DEFAULT_TOKEN%%", "template"),
        ("@@FILE:/u01/adminpass.properties@@", "template"),
        ("base64EncodedKey", "placeholder word"),
        ("aaaa-bbbb-cccc-dddd", "one character repeated"),
        ("$PASSWORD", "template"),
        ("#{token}", "template"),
        ("<%= token %>", "template"),
        ("__TOKEN__", "template"),
        ("acme_00000000000000000", "one character repeated"),
        ("abababababab", "too few different characters"),
    ],
)
def test_filler_is_named_for_what_it_is(value: str, reason: str) -> None:
    assert reason == placeholder_reason(value.encode())


@pytest.mark.parametrize("value", [b"abcdefgijklmnopqrstuv", b"zyxwvutsrqponm", b"k-1234567890-k", b"a1b2c3d4e5f6"])
def test_what_people_type_is_a_filler(value: bytes) -> None:
    assert "it holds a sequence that people type" == filler_reason(value)
    assert "" == placeholder_reason(value)


@pytest.mark.parametrize(("value", "shortest", "is_filler"), [(b"abcdef1234", 8, True), (b"abcdef1234", 12, False)])
def test_short_sequence_is_a_filler_where_nobody_chooses_values(value: bytes, shortest: int, is_filler: bool) -> None:
    assert is_filler == bool(filler_reason(value, shortest=shortest))


@pytest.mark.parametrize("seed", range(50))
def test_random_value_is_no_placeholder(seed: int) -> None:
    assert "" == placeholder_reason(acme_key(seed))


@pytest.mark.parametrize(
    "value", [b"", b"a", b"Tr0ub4dor&3", b"p$ssw0rd", b"100%", b"a{b", b"x$y", b"caf\xc3\xa9-2019!", b"\xff\xfe\x00"]
)
def test_unusual_value_is_no_placeholder(value: bytes) -> None:
    assert "" == placeholder_reason(value)


def test_structure_may_hold_a_run_of_one_character_that_is_short_beside_it() -> None:
    value = digits(1, 60).encode() + b"A" * 8 + digits(2, 60).encode()
    assert "" == placeholder_reason(value)
    assert "one character repeated" == placeholder_reason(value[55:75])
