# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import random

import pytest

from secrethunt.stretch import IS_NATIVE, scrypt_all


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 63, 64, 65, 130])
def test_many_at_once_come_to_what_each_comes_to_alone(count: int) -> None:
    source = random.Random(count)
    values = [source.randbytes(source.randrange(100)) for _ in range(count)]
    alone = [hashlib.scrypt(value, salt=b"of all", n=16, r=8, p=1, dklen=32) for value in values]
    assert alone == list(scrypt_all(values, b"of all", n=16, r=8))


@pytest.mark.parametrize(("n", "r"), [(2, 1), (4, 3), (256, 8), (1024, 8)])
def test_any_cost_gives_what_the_standard_library_gives(n: int, r: int) -> None:
    alone = hashlib.scrypt(b"one", salt=b"", n=n, r=r, p=1, dklen=32)
    assert [alone] * 2 == list(scrypt_all([b"one", b"one"], b"", n=n, r=r))


@pytest.mark.skipif(not IS_NATIVE, reason="built without a compiler, or this CPU has not the vectors")
@pytest.mark.parametrize(
    ("length", "r", "rounds"), [(1023, 8, 256), (1024, 8, 255), (1024, 8, 1), (1024, 0, 256), (128, -1, 2), (0, 65, 2)]
)
def test_odd_sizes_are_refused(length: int, r: int, rounds: int) -> None:
    from secrethunt.stretch._native import mix

    with pytest.raises(ValueError, match="inputs are 128"):
        mix(bytes(length), r, rounds)
