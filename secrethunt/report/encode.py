# SPDX-License-Identifier: Apache-2.0
"""
Owns the encoding of JSON: ASCII only, so that no control or bidirectional character reaches a terminal raw.

Format: RFC 8259.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False)


def encode(value: object) -> bytes:
    """*value* on one line, without a line feed."""
    # DEL is legal in JSON and ASCII; the terminal that shows the report should not see it all the same.
    return _ENCODER.encode(value).replace("\x7f", "\\u007f").encode("ascii")


def iter_array(items: Iterable[object]) -> Iterator[bytes]:
    """An array, piece by piece: one item a line."""
    yield b"["
    separator = b"\n"
    for item in items:
        yield separator + encode(item)
        separator = b",\n"
    yield b"]"
