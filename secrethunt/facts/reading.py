# SPDX-License-Identifier: Apache-2.0
"""
Owns how decoders read: base64, JSON, times, and text that may be shown. Nothing here raises on hostile input; what does
not decode is None or empty, and no text grows beyond a line.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes

Fact = tuple[str, str]
"""(name, value); no part of the secret is in it."""

_LONGEST = 200
_LARGEST = 64 * 1024
"""Bytes decoded at most: tokens are shorter, bombs are not."""
_LAST_YEAR = 253402300799
"""Seconds to the end of the year 9999, the last that `datetime` knows."""


def base64_bytes(part: bytes) -> bytes:
    """*part* decoded, in either alphabet, padded or not; empty where it is no base64."""
    plain = part[:_LARGEST].rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def json_object(data: bytes) -> Mapping[str, Any]:
    """The JSON object in *data*; empty where there is none."""
    try:
        loaded = json.loads(data[:_LARGEST])
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def shown(value: object) -> str:
    """*value* as a short line; lists of plain values joined, anything else that has parts is left out."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = " ".join(text for item in value[:20] if (text := shown(item)))
    if not isinstance(value, str | int | float):
        return ""
    return str(value)[:_LONGEST]


def picked(source: Mapping[str, Any], names: Iterable[tuple[str, str]]) -> Iterator[Fact]:
    """Facts from the keys of *source*: (key, name of the fact), those that are there."""
    for key, name in names:
        if text := shown(source.get(key)):
            yield name, text


def moment(seconds: object) -> str:
    """RFC 3339 in UTC of *seconds* since 1970; empty where that is no time."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _LAST_YEAR:
        return ""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def query(text: bytes) -> dict[str, str]:
    """The parameters `name=value` in *text*, decoded, the first of each name."""
    found: dict[str, str] = {}
    start = text.find(b"?") + 1
    for pair in text[start : start + _LARGEST].replace(b"&amp;", b"&").split(b"&")[:64]:
        name, equals, value = pair.partition(b"=")
        if equals:
            found.setdefault(shown(unquote_to_bytes(name)), shown(unquote_to_bytes(value)))
    return found
