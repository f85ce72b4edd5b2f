# SPDX-License-Identifier: Apache-2.0
"""Owns how much of an answer's body gets in: a bound on what is sent, and on what that inflates to."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from secrethunt.online.repeat import Lost

ACCEPTED: Final = "gzip, deflate"
"""Content codings that are asked for and undone; of others a body cannot be bounded while it is undone."""
_CHUNK: Final = 16 << 10


def read_body(read: Callable[[int], bytes], coding: str, limit: int) -> bytes:
    """
    All that *read* gives, with the content coding undone.

    Args:
        read: Up to so many bytes; empty at the end. What it raises passes through.
        coding: The `Content-Encoding` field.
        limit: Most bytes, both as sent and as decoded.

    Raises:
        Lost: More than that, or not in that coding.
    """
    sent = _read(read, limit)
    coding = coding.strip().lower()
    if coding in ("", "identity") or not sent:
        return sent
    if coding in ("gzip", "x-gzip"):
        return _inflate(sent, 16 + zlib.MAX_WBITS, limit)
    if coding == "deflate":
        # The name means zlib's format, but some servers send the bare stream (RFC 9110, 8.4.1.2).
        is_zlib = sent[0] & 0x0F == 8 and (sent[0] << 8 | sent[1] if len(sent) > 1 else 1) % 31 == 0
        return _inflate(sent, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS, limit)
    raise Lost("the answer's content coding was not asked for", is_hosts=False)


def _read(read: Callable[[int], bytes], limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := read(_CHUNK):
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        pieces.append(piece)
    return b"".join(pieces)


def _inflate(sent: bytes, window: int, limit: int) -> bytes:
    inflater = zlib.decompressobj(window)
    try:
        body = inflater.decompress(sent, limit + 1)
    except zlib.error:
        raise Lost("the answer's body is damaged", is_hosts=False) from None
    if len(body) > limit:
        raise _too_large(limit)
    if not inflater.eof:
        raise Lost("the answer's body is cut off", is_hosts=False)
    return body


def _too_large(limit: int) -> Lost:
    return Lost(f"the answer is larger than {limit} bytes", is_hosts=False)
