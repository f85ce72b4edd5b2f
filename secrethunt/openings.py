# SPDX-License-Identifier: Apache-2.0
"""
Derives from a parsed pattern how its matches begin, in their first few bytes; knows nothing of anchors or rules.

Where a match might begin is mostly a range of places, and trying the pattern at each costs far more than looking for
the few bytes that it begins with: a class of first bytes is what `re` finds fastest, and of alternatives that begin
with classes it tries only those that fit. The tree is that of CPython's own `re._parser`, as in `anchors.py`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]  # private module, see above
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

OPENING_WIDTH = 3
"""Bytes that are looked at; more tell hardly more places apart."""
_MOST_BYTES = 192
"""Where more bytes than this may come first, nothing is gained by looking for them."""
_MOST_BEGINNINGS = 256
_ALL = frozenset(range(256))

_Bytes = frozenset[int]
_Beginning = tuple[tuple[_Bytes, ...], bool]
"""The bytes that may come first, second, …, and whether what follows in the pattern comes next (else nobody knows)."""


def opening_of(pattern: str) -> str:
    """
    As `opening`.

    Raises:
        re.error: The pattern is malformed.
    """
    return opening(parser.parse(pattern.encode("utf-8")))


def opening(tree: Any) -> str:
    """
    What is found wherever a match may begin, one byte of it taken (`re`, on bytes); empty where that is anywhere.

    Args:
        tree: A pattern on bytes as `re._parser` reads it.
    """
    for width in range(OPENING_WIDTH, 0, -1):
        found = {members for members, _ in _concatenated(tree, tree.state.flags, width)}
        if len(found) <= _MOST_BEGINNINGS:
            return _written(found)
    return ""


def _written(beginnings: set[tuple[_Bytes, ...]]) -> str:
    firsts = frozenset().union(*(members[0] for members in beginnings if members))
    if () in beginnings or not 0 < len(firsts) <= _MOST_BYTES:
        return ""
    first = _class(firsts)
    whole = _alternatives(beginnings)
    # A class at the beginning is what `re` looks for without trying anything else.
    return first if whole == first else f"{first}(?<=(?={whole}){first})"


def _alternatives(beginnings: set[tuple[_Bytes, ...]]) -> str:
    """All of *beginnings*, those that share their first bytes together."""
    behind: dict[_Bytes, set[tuple[_Bytes, ...]]] = {}
    for members in beginnings:
        behind.setdefault(members[0], set()).add(members[1:])
    # In a fixed order: what is written is part of a cache's key.
    ordered = sorted(behind.items(), key=lambda item: sorted(item[0]))
    parts = [_class(first) + ("" if () in rest else _alternatives(rest)) for first, rest in ordered]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def _class(members: _Bytes) -> str:
    firsts = sorted(byte for byte in members if byte - 1 not in members)
    lasts = sorted(byte for byte in members if byte + 1 not in members)
    runs = zip(firsts, lasts, strict=True)
    return "[" + "".join(f"\\x{low:02x}" + (f"-\\x{high:02x}" if high > low else "") for low, high in runs) + "]"


def _concatenated(nodes: Iterable[Any], flags: int, width: int) -> set[_Beginning]:
    """How a concatenation begins, in at most *width* bytes."""
    found: set[_Beginning] = {((), True)}
    for op, argument in nodes:
        if all(_is_settled(beginning, width) for beginning in found):
            break
        found = _joined(found, _node_beginnings(op, argument, flags, width), width)
    return found


def _is_settled(beginning: _Beginning, width: int) -> bool:
    members, is_open = beginning
    return not is_open or len(members) == width


def _joined(before: set[_Beginning], behind: set[_Beginning], width: int) -> set[_Beginning]:
    joined: set[_Beginning] = set()
    for beginning in before:
        if _is_settled(beginning, width):
            joined.add(beginning)
        else:
            joined.update(((*beginning[0], *members)[:width], is_open) for members, is_open in behind)
    return joined if len(joined) <= _MOST_BEGINNINGS else {(members[: width - 1], False) for members, _ in joined}


def _node_beginnings(op: Any, argument: Any, flags: int, width: int) -> set[_Beginning]:
    if op in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
        return {((_members(op, argument, flags),), True)}
    if op in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return {((), True)}
    if op in (sre.BRANCH, sre.GROUPREF_EXISTS):
        branches = argument[1] if op is sre.BRANCH else [branch or () for branch in argument[1:]]
        return {beginning for branch in branches for beginning in _concatenated(branch, flags, width)}
    if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
        _, add, delete, inner = argument if op is sre.SUBPATTERN else (None, 0, 0, argument)
        return _concatenated(inner, (flags | add) & ~delete, width)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        low, high, inner = argument
        return set(_repeated(_concatenated(inner, flags, width), low, min(high, low + width), width))
    # A back reference, or what a later interpreter brings.
    return {((), False)}


def _repeated(once: set[_Beginning], low: int, high: int, width: int) -> Iterator[_Beginning]:
    found: set[_Beginning] = {((), True)}
    for count in range(high + 1):
        if count >= low:
            yield from found
        if all(_is_settled(beginning, width) for beginning in found):
            yield from found
            return
        found = _joined(found, once, width)


def _members(op: Any, argument: Any, flags: int) -> _Bytes:
    """The bytes that a node of one byte takes."""
    if op is sre.ANY:
        return _ALL if flags & re.DOTALL else _ALL - {10}
    items = argument if op is sre.IN else [(sre.LITERAL, argument)]
    is_negated = op is sre.NOT_LITERAL
    taken: set[int] = set()
    for kind, value in items:
        if kind is sre.NEGATE:
            is_negated = True
        elif kind is sre.LITERAL:
            taken.add(value)
        elif kind is sre.RANGE:
            taken.update(range(value[0], value[1] + 1))
        else:
            taken |= _category(value)
    if flags & re.IGNORECASE:
        taken.update(bytes(taken).swapcase())
    return _ALL - taken if is_negated else frozenset(taken)


_CATEGORIES = {
    sre.CATEGORY_DIGIT: rb"\d",
    sre.CATEGORY_NOT_DIGIT: rb"\D",
    sre.CATEGORY_WORD: rb"\w",
    sre.CATEGORY_NOT_WORD: rb"\W",
    sre.CATEGORY_SPACE: rb"\s",
    sre.CATEGORY_NOT_SPACE: rb"\S",
}


@functools.cache
def _category(name: Any) -> _Bytes:
    return frozenset(match.start() for match in re.finditer(_CATEGORIES[name], bytes(range(256))))
