# SPDX-License-Identifier: Apache-2.0
"""Hot: owns scrypt of many values under one salt: the memory-hard part is native, the rest is hashlib's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

try:
    from secrethunt.stretch._native import mix

    IS_NATIVE = True
except ImportError:  # built without a compiler, or this CPU has not the vectors
    IS_NATIVE = False

_AT_ONCE = 64
_LENGTH = 32


def scrypt_all(values: Sequence[bytes], salt: bytes, *, n: int, r: int) -> Iterator[bytes]:
    """
    What `hashlib.scrypt` makes of each of *values*, 32 bytes each, in order; a fourth of its time where there are many.

    Args:
        n: Cost, a power of two.
        r: Block size; each value takes 128 * r * n bytes.
    """
    if not IS_NATIVE:
        for value in values:
            yield hashlib.scrypt(value, salt=salt, n=n, r=r, p=1, dklen=_LENGTH)
        return
    size = 128 * r
    for start in range(0, len(values), _AT_ONCE):
        group = values[start : start + _AT_ONCE]
        mixed = mix(b"".join([_derived(value, salt, size) for value in group]), r, n)
        for at, value in enumerate(group):
            yield _derived(value, mixed[at * size : (at + 1) * size], _LENGTH)


def _derived(value: bytes, salt: bytes, length: int) -> bytes:
    """The two ends of scrypt (RFC 7914, section 6): PBKDF2-HMAC-SHA256, one round."""
    return hashlib.pbkdf2_hmac("sha256", value, salt, 1, length)
