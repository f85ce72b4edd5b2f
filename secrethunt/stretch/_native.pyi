# SPDX-License-Identifier: Apache-2.0
"""scryptROMix (RFC 7914, section 5), of several inputs side by side."""

from typing_extensions import Buffer

def mix(inputs: Buffer, r: int, rounds: int, /) -> bytes:
    """
    The *inputs*, of `128 * r` bytes each and joined, mixed; the GIL is free meanwhile.

    Raises:
        ValueError: *inputs* is no multiple of that, or *rounds* no power of two.
        MemoryError: There is no room for `512 * r * (rounds + 2)` bytes.
    """
