# SPDX-License-Identifier: Apache-2.0
"""
Reads YAML and JSON of strangers into plain mappings that know their lines, whatever tags are in them.

The tree is built from parser events and never by a loader: no tag constructs anything, nesting is bounded (libyaml's
own composer recurses without end), and what aliases stand for is counted, so that nothing multiplies. All scalars are
text.

Format: YAML 1.1 as libyaml reads it; AWS CloudFormation User Guide, "Intrinsic function reference", for short tags;
GitLab, "CI/CD YAML syntax", for `!reference`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_DEEPEST = 64
_MOST_EVENTS = 400_000
LARGEST = 4 << 20
"""Bytes of one file that are read; declarations are smaller."""
_TEMPLATE_LINE = re.compile(rb"(?m)^[ \t]*(?:-[ \t]+)?\{\{-?[^\n]*-?\}\}[ \t]*\r?$")
_BLOCK_OPENING = re.compile(rb"\{\{-?\s*(?:if|else|end|range|with|define|template|block|/\*)")
_INLINE = re.compile(rb"\{\{-?\s*([^{}\n]{0,300}?)\s*-?\}\}")
_TEMPLATE_COMMENT = re.compile(rb"\{\{-?\s*/\*.{0,20000}?\*/\s*-?\}\}", re.DOTALL)


class Malformed(ValueError):
    """The text is no YAML, nests too deep or is too large; the message says which."""


class Block(dict[str, Any]):
    """A mapping with the line of each key, 1-based, and its own."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """Where *key* stands; the mapping's own line where it has none."""
        return self.lines.get(key, self.line)

    def block(self, key: str) -> Block:
        """The mapping under *key*; an empty one where there is none."""
        value = self.get(key)
        return value if isinstance(value, Block) else Block(self.line_of(key))

    def text(self, key: str) -> str:
        """The scalar under *key*; empty where there is none."""
        value = self.get(key)
        return value if isinstance(value, str) else ""

    def items_of(self, key: str) -> list[Any]:
        """The list under *key*; of one value a list of it."""
        value = self.get(key)
        if isinstance(value, list):
            return value
        return [] if value in (None, "") else [value]


def documents(data: bytes) -> Iterator[Any]:
    """
    Every document in *data*, as Block, list or text.

    Raises:
        Malformed: In the middle too; documents before it were given.
    """
    import yaml

    if len(data) > LARGEST:
        raise Malformed(f"larger than {LARGEST >> 20} MiB")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from _Builder(yaml.parse(data, Loader=loader)).documents()
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        mark = getattr(err, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise Malformed(f"is no YAML{where}: {getattr(err, 'problem', None) or type(err).__name__}") from err


def without_templates(data: bytes) -> bytes:
    """
    *data* with the actions of a Helm template taken out, line by line, so that what remains is YAML: an action that
    stands alone goes, one within a value becomes its own text in parentheses.
    """
    data = _TEMPLATE_COMMENT.sub(lambda match: b"\n" * match.group().count(b"\n"), data)
    lines = []
    for line in data.split(b"\n"):
        if b"{{" not in line:
            lines.append(line)
        elif _TEMPLATE_LINE.match(line) or (_BLOCK_OPENING.search(line) and not line.split(b"{{")[0].strip()):
            lines.append(b"")
        else:
            lines.append(_INLINE.sub(_stand_in, line))
    return b"\n".join(lines)


def _stand_in(match: re.Match[bytes]) -> bytes:
    return b"(" + re.sub(rb"[^\w./ -]", b"", match.group(1)).strip() + b")"


class _Builder:
    """From events to values; keeps an explicit stack so that no nesting recurses."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        """Events read, and all that aliases stand for: what somebody who writes the tree out would write."""

    def documents(self) -> Iterator[Any]:
        for event in self._iter():
            if type(event).__name__ == "DocumentStartEvent":
                self._anchors = {}
                yield self._value(self._next(), 0)

    def _iter(self) -> Iterator[Any]:
        for event in self._events:
            self._spend(1)
            yield event

    def _next(self) -> Any:
        for event in self._iter():
            return event
        raise Malformed("ends in the middle")

    def _value(self, event: Any, depth: int) -> Any:
        if depth > _DEEPEST:
            raise Malformed(f"nested deeper than {_DEEPEST}")
        if type(event).__name__ == "AliasEvent":
            return self._alias(event.anchor)
        before = self._count
        value = _tagged(event, self._plain_value(event, depth))
        if event.anchor:
            self._anchors[event.anchor] = (value, self._count - before + 1)
        return value

    def _plain_value(self, event: Any, depth: int) -> Any:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            return event.value
        if kind == "SequenceStartEvent":
            value = []
            while type(item := self._next()).__name__ != "SequenceEndEvent":
                value.append(self._value(item, depth + 1))
            return value
        if kind == "MappingStartEvent":
            return self._mapping(event, depth)
        raise Malformed(f"unexpected {kind}")

    def _alias(self, anchor: str) -> Any:
        """What was anchored; of what is not complete yet, nothing, so that no tree holds itself."""
        value, size = self._anchors.get(anchor, ("", 1))
        self._spend(size)
        return value

    def _spend(self, count: int) -> None:
        self._count += count
        if self._count > _MOST_EVENTS:
            raise Malformed(f"more than {_MOST_EVENTS} values")

    def _mapping(self, event: Any, depth: int) -> Block:
        block = Block(event.start_mark.line + 1)
        merged: list[Any] = []
        while type(item := self._next()).__name__ != "MappingEndEvent":
            key, line = self._value(item, depth + 1), item.start_mark.line + 1
            value = self._value(self._next(), depth + 1)
            if key == "<<":
                merged.extend(value if isinstance(value, list) else [value])
            elif isinstance(key, str):
                block[key] = value
                block.lines[key] = line
        for other in merged:
            if isinstance(other, Block):
                self._merge(block, other)
        return block

    def _merge(self, block: Block, other: Block) -> None:
        self._spend(len(other))
        for key, value in other.items():
            if key not in block:
                block[key] = value
                block.lines[key] = other.line_of(key)


_PLAIN = frozenset({"Ref", "Condition"})


def _tagged(event: Any, value: Any) -> Any:
    """A short tag as its long form: `!Ref x` is `{Ref: x}`, `!GetAtt a.b` is `{Fn::GetAtt: [a, b]}`."""
    tag = event.tag or ""
    if not tag.startswith("!") or tag == "!" or tag.startswith("!!"):
        return value
    name = tag[1:]
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    block = Block(event.start_mark.line + 1)
    block[name if name in _PLAIN else f"!{name}" if name == "reference" else f"Fn::{name}"] = value
    return block
