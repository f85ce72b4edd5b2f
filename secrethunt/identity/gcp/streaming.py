# SPDX-License-Identifier: Apache-2.0
"""
Streams the objects of an export: a JSON array, one object, objects one after the other, or one a line (NDJSON), and
answers of the REST API that wrap a list. A line that is no JSON costs that line, a file that breaks off its end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Unread

_WRAPPERS = ("results", "assets", "accounts", "keys", "roles", "projects", "folders", "organizations", "policies",
             "memberships", "groups")  # fmt: skip
"""Names under which answers of the APIs hold their list."""
_LONGEST_LINE = 64 << 20
_MOST_BROKEN = 100
"""Broken lines told one by one; more are counted."""


def iter_objects(path: str) -> Iterator[Mapping[str, Any] | Unread]:
    """Every object of the file at *path*."""
    with open(path, "rb") as file:
        head = file.read(65536).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"[") and not _is_line(head):
        yield from _streamed(path, "item")
    elif _is_line(head):
        yield from _lines(path)
    else:
        yield from _streamed(path, "")


def first_object(head: bytes) -> Mapping[str, Any]:
    """
    The first object in the beginning of a file, as far as it is there: a cut one gives the members that are whole.
    """
    import ijson

    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    prefix = "item" if text.startswith(b"[") else ""
    found: dict[str, Any] = {}
    try:
        for name, value in ijson.kvitems(text, prefix, use_float=True, multiple_values=True):
            if name in found:
                break
            found[name] = value
    except (ijson.JSONError, ValueError):
        pass
    if not found:
        return _first_inside(text)
    for name in _WRAPPERS:
        if isinstance(found.get(name), list) and found[name] and isinstance(found[name][0], dict):
            return dict(found[name][0]) if len(found) <= 2 else found
    return found


def _first_inside(text: bytes) -> Mapping[str, Any]:
    """The first object of the list that an answer wraps, where the list goes on beyond *text*."""
    import ijson

    for name in _WRAPPERS:
        if f'"{name}"'.encode() in text[:4096]:
            try:
                first = next(ijson.items(text, f"{name}.item", use_float=True), None)
            except (ijson.JSONError, ValueError):
                continue
            if isinstance(first, dict):
                return first
    return {}


def _is_line(head: bytes) -> bool:
    """Whether the first line is an object by itself, and another line follows."""
    line, separator, rest = head.partition(b"\n")
    if not separator or not line.rstrip().endswith(b"}") or not line.startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict) and bool(rest.strip())
    except (ValueError, RecursionError):
        return False


def _lines(path: str) -> Iterator[Mapping[str, Any] | Unread]:
    broken = 0
    with open(path, "rb") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            text = line.removeprefix(b"\xef\xbb\xbf").strip()
            if not text:
                continue
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                broken += 1
                if broken <= _MOST_BROKEN:
                    yield Unread(f"line {number}", "it is not JSON")
                continue
            yield from _unwrapped(value, f"line {number}")
    if broken > _MOST_BROKEN:
        yield Unread(f"{broken - _MOST_BROKEN} more lines", "they are not JSON")


def _streamed(path: str, prefix: str) -> Iterator[Mapping[str, Any] | Unread]:
    import ijson

    read = 0
    with open(path, "rb") as file:
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        try:
            for value in ijson.items(file, prefix, use_float=True, multiple_values=True):
                read += 1
                yield from _unwrapped(value, f"entry {read}")
        except (ijson.JSONError, ValueError) as err:
            reason = (str(err).splitlines() or ["it ends early"])[0]
            yield Unread(f"what follows entry {read}", f"the file breaks off or is not JSON: {reason}")


def _unwrapped(value: Any, what: str) -> Iterator[Mapping[str, Any] | Unread]:
    if isinstance(value, list):
        for item in value:
            yield from _unwrapped(item, what)
        return
    if not isinstance(value, dict):
        yield Unread(what, "it is no object")
        return
    for name in _WRAPPERS:
        if isinstance(value.get(name), list) and len(value) <= 3 and "name" not in value:
            for item in value[name]:
                yield from _unwrapped(item, what)
            return
    yield value
