# SPDX-License-Identifier: Apache-2.0
"""
Streams the objects of `kubectl get … -o json` and `-o yaml`: single objects and lists, several documents in one file.

YAML is built from the parser's events, one object at a time: texts stay texts, an alias is refused (it is how small
files become large ones), and what is nested beyond reason ends the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Unread

_DEEPEST = 200


def iter_manifests(path: str) -> Iterator[Mapping[str, Any] | Unread]:
    """Every object of the file at *path*, those of lists one by one."""
    with open(path, "rb") as file:
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    yield from _json(path) if head.startswith((b"{", b"[")) else _yaml(path)


def _json(path: str) -> Iterator[Mapping[str, Any] | Unread]:
    """A list's objects as they come; of an object that is no list the whole."""
    import ijson

    read = 0
    with open(path, "rb") as file:
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        try:
            for item in _documents(ijson.parse(file, multiple_values=True, use_float=True)):
                read += 1
                yield from _checked(item, f"object {read}")
        except (ijson.JSONError, UnicodeError) as err:
            reason = (str(err).splitlines() or ["it ends early"])[0]
            yield Unread(f"what follows object {read}", f"the file breaks off or is not JSON: {reason}")


def _documents(events: Iterator[tuple[str, str, Any]]) -> Iterator[Any]:
    """Objects of `items` where there are such, else the document: an object without them is built as it is read."""
    from ijson.common import ObjectBuilder

    builder: Any = None
    rest = ObjectBuilder()
    is_list = False
    for prefix, event, value in events:
        if prefix in ("items.item", "item") and event == "start_map" and builder is None:
            builder = ObjectBuilder()
            inner = prefix
        if builder is not None:
            builder.event(event, value)
            if prefix == inner and event == "end_map":
                is_list = True
                yield builder.value
                builder = None
            continue
        rest.event(event, value)
        if prefix == "" and event in ("end_map", "end_array"):
            if not is_list and not _is_list(rest.value):
                yield rest.value
            rest, is_list = ObjectBuilder(), False


def _is_list(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and str(value.get("kind", "")).endswith("List"))


def _checked(item: Any, what: str) -> Iterator[Mapping[str, Any] | Unread]:
    if isinstance(item, dict) and isinstance(item.get("kind"), str):
        yield item
    else:
        yield Unread(what, "it has no kind")


class _Refused(ValueError):
    """The document has something that no export of kubectl has."""


def _yaml(path: str) -> Iterator[Mapping[str, Any] | Unread]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read = 0
    with open(path, "rb") as file:
        events = yaml.parse(file, Loader=loader)
        try:
            for item in _yaml_documents(events):
                read += 1
                yield from _checked(item, f"object {read}")
        except (yaml.YAMLError, _Refused, UnicodeError, RecursionError) as err:
            reason = (str(err).splitlines() or ["it ends early"])[0]
            yield Unread(f"what follows object {read}", f"the file breaks off or is not YAML: {reason}")


def _yaml_documents(events: Iterator[Any]) -> Iterator[Any]:
    """Items of lists as they come, other documents whole; empty documents are none."""
    from yaml import events as kinds

    for event in events:
        if not isinstance(event, kinds.DocumentStartEvent):
            continue
        first = next(events)
        if isinstance(first, kinds.MappingStartEvent):
            yield from _yaml_mapping(events)
        elif isinstance(first, kinds.SequenceStartEvent):
            while not isinstance(item := next(events), kinds.SequenceEndEvent):
                yield _built(item, events, 0)
        elif not (isinstance(first, kinds.ScalarEvent) and first.value in ("", "null")):
            yield _built(first, events, 0)


def _yaml_mapping(events: Iterator[Any]) -> Iterator[Any]:
    from yaml import events as kinds

    rest: dict[str, Any] = {}
    is_list = False
    while not isinstance(name := next(events), kinds.MappingEndEvent):
        key = str(_built(name, events, 0))
        value = next(events)
        if key == "items" and isinstance(value, kinds.SequenceStartEvent):
            is_list = True
            while not isinstance(item := next(events), kinds.SequenceEndEvent):
                yield _built(item, events, 0)
        else:
            rest[key] = _built(value, events, 0)
    if not is_list:
        yield rest


_PLAIN = {"true": True, "false": False, "null": None, "~": None, "": None}


def _built(event: Any, events: Iterator[Any], depth: int) -> Any:
    """The whole value that begins with *event*."""
    from yaml import events as kinds

    if depth > _DEEPEST:
        raise _Refused("it is nested too deep")
    if isinstance(event, kinds.ScalarEvent):
        return _PLAIN.get(event.value, event.value) if event.implicit[0] else event.value
    if isinstance(event, kinds.SequenceStartEvent):
        items = []
        while not isinstance(item := next(events), kinds.SequenceEndEvent):
            items.append(_built(item, events, depth + 1))
        return items
    if isinstance(event, kinds.MappingStartEvent):
        found: dict[str, Any] = {}
        while not isinstance(name := next(events), kinds.MappingEndEvent):
            key = str(_built(name, events, depth + 1))
            found[key] = _built(next(events), events, depth + 1)
        return found
    raise _Refused("an alias, which kubectl does not write")
