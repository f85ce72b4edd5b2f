# SPDX-License-Identifier: Apache-2.0
"""Reads DER (X.690) as far as the facts of keys and certificates need it; never fails, whatever the bytes are."""

from __future__ import annotations

_MOST = 64
"""Elements read of one level."""


def members(data: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element in *data*, up to the first that is cut (X.690, section 8)."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + 2 <= len(data) and len(found) < _MOST:
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            width = size & 0x7F
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        if at + size > len(data):
            break
        found.append((tag, data[at : at + size]))
        at += size
    return found


def content(data: bytes) -> bytes:
    """What the first element of *data* holds."""
    first = members(data)
    return first[0][1] if first else b""
