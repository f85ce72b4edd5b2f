# SPDX-License-Identifier: Apache-2.0
"""
Derives from a parsed pattern the bytes with which its matches may begin; knows nothing of anchors or rules.

A class of bytes is what `re` finds fastest, so that the pattern itself is tried at few places. The tree is that of
CPython's own `re._parser`, as in `anchors.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as sre  # type: ignore[attr-defined]  # private module, see above
from typing import Any

_MOST = 192
"""Where more bytes than this may begin a match, nothing is gained by looking for them."""
_ALL = frozenset(range(256))
_MEMBERS = {
    category: frozenset(byte for byte in _ALL if re.match(written, bytes([byte])))
    for category, written in (
        (sre.CATEGORY_DIGIT, rb"\d"),
        (sre.CATEGORY_NOT_DIGIT, rb"\D"),
        (sre.CATEGORY_WORD, rb"\w"),
        (sre.CATEGORY_NOT_WORD, rb"\W"),
        (sre.CATEGORY_SPACE, rb"\s"),
        (sre.CATEGORY_NOT_SPACE, rb"\S"),
    )
}
_Firsts = tuple[frozenset[int], bool]
"""Bytes that may come first, and whether there may be none."""


def first_bytes(tree: Any) -> str:
    """
    A class (`[…]`, as `re` reads it on bytes) that holds the first byte of every match; empty where none helps.

    Args:
        tree: A pattern on bytes as `re._parser` reads it.
    """
    firsts, may_be_none = _firsts(tree, tree.state.flags)
    return "" if may_be_none or not 0 < len(firsts) <= _MOST else _written(firsts)


def _firsts(nodes: Iterable[Any], flags: int) -> _Firsts:
    """Of a concatenation."""
    found: frozenset[int] = frozenset()
    for op, argument in nodes:
        firsts, may_be_none = _node_firsts(op, argument, flags)
        found |= firsts
        if not may_be_none:
            return found, False
    return found, True


def _node_firsts(op: Any, argument: Any, flags: int) -> _Firsts:
    if op in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
        return _members(op, argument, flags), False
    if op in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return frozenset(), True
    if op in (sre.BRANCH, sre.GROUPREF_EXISTS):
        branches = argument[1] if op is sre.BRANCH else [branch or () for branch in argument[1:]]
        each = [_firsts(branch, flags) for branch in branches]
        return frozenset().union(*(firsts for firsts, _ in each)), any(may_be_none for _, may_be_none in each)
    if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
        _, add, delete, inner = argument if op is sre.SUBPATTERN else (None, 0, 0, argument)
        return _firsts(inner, (flags | add) & ~delete)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        firsts, may_be_none = _firsts(argument[2], flags)
        return firsts, may_be_none or argument[0] == 0
    # A back reference, or what a later interpreter brings.
    return _ALL, True


def _members(op: Any, argument: Any, flags: int) -> frozenset[int]:
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
            taken |= _MEMBERS[value]
    if flags & re.IGNORECASE:
        taken.update(bytes(taken).swapcase())
    return _ALL - taken if is_negated else frozenset(taken)


def _written(firsts: Iterable[int]) -> str:
    return "[" + "".join(f"\\x{byte:02x}" for byte in sorted(firsts)) + "]"
