# SPDX-License-Identifier: Apache-2.0
"""
Streams the rows of a listing, whatever it is wrapped in: one array, arrays one after the other (`gh api --paginate`),
an object around a list (`value`, `secrets`, …), a line a row, or lines `{"path": …, "body": …}` that say which request
was answered. It knows no provider, and nothing of what a row means.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from secrethunt.identity.contract import Unread

BODY = "body"
"""Name of the answer in a line that says which request it answers."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a listing."""

    value: Mapping[str, Any]
    around: Mapping[str, Any] = field(default_factory=dict)
    """Plain values that stand before the list in the object around it: `path`, `@odata.context`."""
    list_name: str = ""
    """Name of the list that it stood in; empty for one that stands alone or in an array."""

    @property
    def path(self) -> str:
        """The request that was answered, `/orgs/acme/installations`; empty where the export does not say."""
        return str(self.around.get("path", "") or self.value.get("@path", ""))


def head_text(head: bytes) -> str:
    """The beginning of a file as text: UTF-8, or UTF-16 as PowerShell writes what it redirects."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    return head.decode("utf-8-sig", "replace")


def open_json(path: str) -> BinaryIO:
    """The file at *path* as UTF-8 without byte order mark."""
    file = open(path, "rb")  # noqa: SIM115 - handed over to the caller
    mark = file.read(3)
    file.seek(0)
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return cast("BinaryIO", _Recoded(file))
    file.seek(3 if mark == codecs.BOM_UTF8 else 0)
    return file


def iter_rows(path: str, lists: Collection[str]) -> Iterator[Row | Unread]:
    """
    Rows of the file at *path*; where it breaks off, those before and an `Unread`.

    Args:
        lists: Names under which an object holds a list of rows. An object without any of them is itself a row.
    """
    import ijson

    read = 0
    with open_json(path) as file:
        events = _Events(ijson.parse(file, multiple_values=True, use_float=True))
        try:
            for row in _documents(events, frozenset(lists)):
                read += 1
                yield row
        except (ijson.JSONError, UnicodeError) as err:
            reason = str(err).splitlines()[0] if str(err) else "it ends early"
            yield Unread(f"what follows row {read}", f"the file breaks off or is not JSON: {reason}")


class _Recoded:
    """A file in UTF-16, read as UTF-8; no more of a file than a parser uses."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-16")()

    def __enter__(self) -> _Recoded:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        """About *size* bytes; none at the end."""
        if size == 0:
            return b""
        while data := self._file.read(size):
            text = self._decoder.decode(data)
            if text:
                return text.encode()
        return self._decoder.decode(b"", final=True).encode()


class _Events:
    """The events of a parser, without the paths that it gives with each."""

    def __init__(self, events: Iterator[tuple[str, str, Any]]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for _, event, value in self._events:
            yield event, value

    def next(self) -> tuple[str, Any]:
        """The next one; the parser itself complains of an end that comes too early."""
        _, event, value = next(self._events)
        return event, value


def _documents(events: _Events, lists: frozenset[str]) -> Iterator[Row | Unread]:
    for event, _ in events:
        if event == "start_map":
            yield from _object(events, lists)
        elif event == "start_array":
            yield from _array(events, lists, {}, "")
        else:
            yield Unread("a value that stands alone", "a listing is made of objects and lists")


def _object(events: _Events, lists: frozenset[str]) -> Iterator[Row | Unread]:
    """One object at the top: what it is around, else itself."""
    around: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    is_wrapper = False
    while (entry := events.next())[0] != "end_map":
        name = str(entry[1])
        event, value = events.next()
        if event == "start_array" and (name in lists or name == BODY):
            is_wrapper = True
            yield from _array(events, lists, {**rest, **around}, name)
        elif event == "start_map" and name == BODY:
            is_wrapper = True
            yield from _unwrapped(_built(events, event, value), lists, dict(around), name)
        elif event in ("start_map", "start_array"):
            rest[name] = _built(events, event, value)
        else:
            around[name] = value
    if not is_wrapper:
        yield Row({**around, **rest})


def _array(events: _Events, lists: frozenset[str], around: Mapping[str, Any], name: str) -> Iterator[Row | Unread]:
    while (entry := events.next())[0] != "end_array":
        yield from _unwrapped(_built(events, *entry), lists, around, name)


def _unwrapped(value: Any, lists: frozenset[str], around: Mapping[str, Any], name: str) -> Iterator[Row | Unread]:
    """Rows of a page inside a list of pages, else the row itself."""
    if isinstance(value, list):
        for item in value:
            yield from _unwrapped(item, lists, around, name)
    elif isinstance(value, str):
        yield Row({"name": value}, around, name)
    elif not isinstance(value, dict):
        yield Unread(f"an entry of {name or 'the list'}", "it is no object")
    elif BODY in value and "path" in value:
        yield from _unwrapped(value[BODY], lists, {"path": value["path"]}, name)
    elif around.get("path") or not name:
        inner = next((key for key in value if key in lists and isinstance(value[key], list)), "")
        if inner and not _is_row(value):
            yield from _unwrapped(value[inner], lists, around, inner)
        else:
            yield Row(value, around, name)
    else:
        yield Row(value, around, name)


def _is_row(value: Mapping[str, Any]) -> bool:
    """Whether it has a name of its own: a row may have a list by the same name as a page has."""
    return "id" in value


def _built(events: _Events, event: str, value: Any) -> Any:
    """The whole value that begins with this event."""
    from ijson.common import ObjectBuilder

    if event not in ("start_map", "start_array"):
        return value
    builder = ObjectBuilder()
    builder.event(event, value)
    depth = 1
    while depth:
        event, value = events.next()
        builder.event(event, value)
        depth += {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}.get(event, 0)
    return builder.value
