# SPDX-License-Identifier: Apache-2.0
"""Kubernetes Secret manifests: each value of `data`, decoded, beside its key as it would stand in `stringData`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from secrethunt.decode.contract import Budget, Piece
from secrethunt.decode.text import Data, _text_head

MANIFEST_REACH = 65536
_DOCUMENT_END = re.compile(rb"(?m)^---[ \t]*\r?$")
_DATA = re.compile(rb"(?m)^([ \t]*)[\"']?data[\"']?:[ \t]*(?:\{|\r?$)")
_ENTRY = re.compile(
    rb"(?m)[\"']?([A-Za-z0-9._-]{1,253})[\"']?[ \t]*:[ \t]*[\"']?([A-Za-z0-9+/]{4,}={0,2})[\"']?[ \t]*(?=[,}\r\n]|\Z)"
)
_NEXT_KEY = re.compile(rb"(?m)^([ \t]*)[^ \t\r\n#-]")


def open_secret_manifest(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    """The values of the manifest whose `kind` ends at *end*; what is not printable is left to others."""
    low = max(end - MANIFEST_REACH, 0)
    near = bytes(data[low : end + MANIFEST_REACH])
    start, stop = 0, len(near)
    for mark in _DOCUMENT_END.finditer(near):
        if mark.end() <= end - low:
            start = mark.end()
        else:
            stop = mark.start()
            break
    for block in _DATA.finditer(near, start, stop):
        yield from _entries(near, block, _block_end(near, block, stop), low, budget)


def _block_end(near: bytes, block: re.Match[bytes], stop: int) -> int:
    """Where the mapping under `data:` ends: at its brace, or at the next key that is not indented further."""
    if block.group().endswith(b"{"):
        closing = near.find(b"}", block.end(), stop)
        return closing if closing >= 0 else stop
    for key in _NEXT_KEY.finditer(near, block.end(), stop):
        if len(key.group(1)) <= len(block.group(1)):
            return key.start()
    return stop


def _entries(near: bytes, block: re.Match[bytes], stop: int, offset: int, budget: Budget) -> Iterator[Piece]:
    for entry in _ENTRY.finditer(near, block.end(), stop):
        key, value = entry.groups()
        try:
            decoded = base64.b64decode(value, validate=True)
        except binascii.Error:
            continue
        if not decoded or len(_text_head(decoded)) != len(decoded) or not budget.take(len(decoded)):
            continue
        lines = b": ".join([key, decoded if b"\n" in decoded else b'"' + decoded.replace(b'"', b'\\"') + b'"'])
        yield Piece("base64", lines, offset + entry.start(2), offset + entry.end(2))
