# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from secrethunt.candidates.canonical import canonical_value
from tests.rule_samples import digits

BODY = [digits(number, 64) for number in range(3)]
BLOCK = ["-----BEGIN KEY-----", *BODY, "-----END KEY-----"]


@pytest.mark.parametrize("fold", ["\n", "\r\n", "\\n", "\\r\\n", "\n    ", "\n\t", '\\n" +\n  "', "',\n'", "\\\n"])
def test_layout_of_a_key_block_is_no_part_of_it(fold: str) -> None:
    assert canonical_value("\n".join(BLOCK).encode()) == canonical_value(fold.join(BLOCK).encode())


def test_other_key_material_makes_another_value() -> None:
    other = "\n".join(BLOCK).replace(BODY[1], digits("other", 64))
    assert canonical_value("\n".join(BLOCK).encode()) != canonical_value(other.encode())


@pytest.mark.parametrize("value", [b"", b"pass word", b"a\\nb", b"x\n-----BEGIN KEY-----", b"\xff\x00"])
def test_other_values_stand_for_themselves(value: bytes) -> None:
    assert value == canonical_value(value)
