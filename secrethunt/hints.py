# SPDX-License-Identifier: Apache-2.0
"""
Finds words of which every match of a pattern holds one, so that a text without them need not be searched, nor the
pattern compiled. Reads the standard library's own parse of the pattern, as `anchors.py` does.
"""

from __future__ import annotations

from re import _constants as sre  # type: ignore[attr-defined]  # private, as in `anchors.py`, and for the same reason
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_MOST = 16


def hints(pattern: str) -> tuple[str, ...]:
    """Words in lower case, in order; none where no few words are in every match."""
    words = _needed(parser.parse(pattern.encode("utf-8")))
    return tuple(sorted(words)) if words and len(words) <= _MOST else ()


def _needed(tree: Any) -> frozenset[str]:
    """The most telling set of words of which each match of *tree* holds one; empty where there is none."""
    best: frozenset[str] = frozenset()
    run = ""
    for op, argument in tree:
        if op is sre.LITERAL and argument < 0x80:
            run += chr(argument).lower()
            continue
        best, run = max(best, _set(run), _inside(op, argument), key=_worth), ""
    return max(best, _set(run), key=_worth)


def _inside(op: Any, argument: Any) -> frozenset[str]:
    if op is sre.SUBPATTERN:
        return _needed(argument[3])
    if op is sre.ATOMIC_GROUP:
        return _needed(argument)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT) and argument[0]:
        return _needed(argument[2])
    if op is sre.BRANCH:
        branches = [_needed(branch) for branch in argument[1]]
        return frozenset().union(*branches) if all(branches) else frozenset()
    return frozenset()


def _set(run: str) -> frozenset[str]:
    return frozenset([run]) if run else frozenset()


def _worth(words: frozenset[str]) -> tuple[int, int]:
    """Long words first, then few."""
    return (min(map(len, words)), -len(words)) if words else (0, 0)
