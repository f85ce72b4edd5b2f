# SPDX-License-Identifier: Apache-2.0
"""
Derives a rule's anchor from its confirming pattern; knows nothing of rules, databases or bytes to scan.

The anchor is a contiguous, bounded part of the pattern that every match must hold, written in Hyperscan's dialect. Since
it is cut out of the pattern itself the two cannot drift apart, and the distance between them is known: a match of the
pattern begins `lead` bytes before the anchor does. What Hyperscan cannot express (look-around, back references, atomic
and possessive groups) is widened, never narrowed, so an anchor may fire too often but never too seldom.

The tree comes from CPython's own `re._parser`: private, but stable from 3.11 on and covered by tests; a second parser
for the same dialect would be a second opinion on what a rule means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]  # private module, see above
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

ANCHOR_WIDTH = 64
"""Widest anchor accepted, in bytes, its one-byte assertions included."""
ENOUGH_WIDTH = 24
"""A derived anchor stops growing here once it holds a literal: narrow anchors keep dirty ranges narrow."""
MAX_LEAD = 128
"""Furthest an anchor may begin after its match, in bytes."""
MAX_REACH = 65536
"""Longest match considered, in bytes; unbounded patterns are cut here."""

_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
}
_WIDE_POSITIONS = {sre.AT_BOUNDARY: r"\b", sre.AT_NON_BOUNDARY: r"\B"}


class AnchorError(ValueError):
    """The pattern has no usable anchor; the message says why."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What Hyperscan looks for on behalf of one pattern. All widths in bytes."""

    expression: str
    """Hyperscan syntax, no flags needed."""
    min_width: int
    max_width: int
    """Without assertions; at most `ANCHOR_WIDTH`."""
    min_lead: int
    """A match of the pattern begins at least this long before the anchor."""
    max_lead: int
    reach: int
    """Longest match of the whole pattern, cut at `MAX_REACH`."""
    literal: int
    """Longest run of literal bytes that each occurrence holds; what makes the anchor cheap."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One element of a concatenation: a node of the parse tree with the flags in force there."""

    op: Any
    argument: Any
    flags: int

    @property
    def width(self) -> tuple[int, int]:
        if self.op in (sre.ASSERT, sre.ASSERT_NOT, sre.AT):
            return 0, 0
        low, high = _subpattern([(self.op, self.argument)]).getwidth()
        return int(low), int(high)


def _subpattern(nodes: Sequence[Any]) -> Any:
    state = parser.State()
    state.groupdict = {}
    return parser.SubPattern(state, list(nodes))


def derive_anchor(pattern: str) -> Anchor:
    """
    Cut the cheapest anchor out of *pattern*, or take the part marked `(?P<anchor>…)`.

    Raises:
        AnchorError: No part of bounded width begins within `MAX_LEAD` bytes, or the marked part is too wide.
        re.error: The pattern is malformed.
    """
    tree = parser.parse(pattern.encode("utf-8"))
    flags = tree.state.flags & (re.IGNORECASE | re.DOTALL | re.MULTILINE)
    marked = tree.state.groupdict.get("anchor")
    pieces = list(_flatten(tree, flags, keep=marked))
    reach = min(int(tree.getwidth()[1]), MAX_REACH)
    if marked is not None:
        return _marked_anchor(pieces, marked, reach)
    return _best_anchor(pieces, reach)


def _flatten(tree: Iterable[Any], flags: int, *, keep: int | None) -> Iterable[_Piece]:
    """The pattern as one concatenation: plain groups are opened, the group numbered *keep* is left whole."""
    for op, argument in tree:
        if op is sre.SUBPATTERN and (keep is None or argument[0] != keep):
            _, add, delete, inner = argument
            yield from _flatten(inner, (flags | add) & ~delete, keep=keep)
        elif op is sre.ATOMIC_GROUP:
            yield from _flatten(argument, flags, keep=keep)
        else:
            yield _Piece(op, argument, flags)


def _marked_anchor(pieces: Sequence[_Piece], group: int, reach: int) -> Anchor:
    for index, piece in enumerate(pieces):
        if piece.op is sre.SUBPATTERN and piece.argument[0] == group:
            anchor = _assemble(pieces[:index], [piece], reach)
            if anchor is None:
                raise AnchorError(f"the marked anchor is wider than {ANCHOR_WIDTH} bytes or begins too late")
            return anchor
    raise AnchorError("(?P<anchor>…) must stand outside of repeats and alternatives")


def _best_anchor(pieces: Sequence[_Piece], reach: int) -> Anchor:
    best: Anchor | None = None
    for start in range(len(pieces)):
        if sum(piece.width[1] for piece in pieces[:start]) > MAX_LEAD:
            break
        anchor = _assemble(pieces[:start], _grow(pieces[start:]), reach)
        if anchor is not None and (best is None or _worth(anchor) > _worth(best)):
            best = anchor
    if best is None or best.min_width == 0:
        raise AnchorError("no part of bounded width near its beginning; mark one with (?P<anchor>…)")
    return best


def _worth(anchor: Anchor) -> tuple[int, int, int]:
    """A long literal first, then sheer length, then an exact distance to the match."""
    return min(anchor.literal, 8), min(anchor.min_width, ENOUGH_WIDTH), -(anchor.max_lead + anchor.max_width)


def _grow(pieces: Sequence[_Piece]) -> list[_Piece]:
    """The longest bounded beginning of *pieces*: up to `ENOUGH_WIDTH`, or `ANCHOR_WIDTH` while it holds no literal."""
    taken: list[_Piece] = []
    width = 0
    for piece in pieces:
        limit = ENOUGH_WIDTH if _literal_run(taken) >= 3 else ANCHOR_WIDTH
        low, high = piece.width
        if width + high > limit:
            shortened = _shorten(piece, limit - width)
            if shortened is not None:
                taken.append(shortened)
            break
        taken.append(piece)
        width += high
        if low != high and _literal_run(taken) >= 3:
            # Whatever follows a part of variable width adds ends to report, and little to tell matches apart.
            taken.pop()
            shortened = _shorten(piece, low)
            if shortened is not None:
                taken.append(shortened)
            break
    while taken and taken[-1].width[1] == 0:
        taken.pop()
    return taken


def _shorten(piece: _Piece, room: int) -> _Piece | None:
    """The first repeats of a repeated part, as many as must be there and fit."""
    if piece.op not in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT) or room <= 0:
        return None
    least, _, body = piece.argument
    low, high = body.getwidth()
    if low != high or high == 0:
        return None
    count = min(int(least), room // int(high))
    return _Piece(sre.MAX_REPEAT, (count, count, body), piece.flags) if count else None


def _assemble(before: Sequence[_Piece], pieces: Sequence[_Piece], reach: int) -> Anchor | None:
    min_lead, max_lead = _total_width(before)
    min_width, max_width = _total_width(pieces)
    if not pieces or max_width > ANCHOR_WIDTH or max_lead > MAX_LEAD:
        return None
    expression = "".join(_render(piece.op, piece.argument, piece.flags) for piece in pieces)
    return Anchor(expression, min_width, max_width, min_lead, max_lead, reach, _literal_run(pieces))


def _total_width(pieces: Sequence[_Piece]) -> tuple[int, int]:
    widths = [piece.width for piece in pieces]
    return sum(low for low, _ in widths), sum(high for _, high in widths)


def _literal_run(pieces: Sequence[_Piece]) -> int:
    """Longest run of adjacent literal bytes that every occurrence holds."""
    longest = current = 0
    for piece in pieces:
        if piece.op is sre.LITERAL:
            current += 1
        elif piece.op is sre.AT:
            continue
        else:
            longest, current = max(longest, current, _inner_run(piece)), 0
    return max(longest, current)


def _inner_run(piece: _Piece) -> int:
    if piece.op is sre.BRANCH:
        return min(_literal_run(list(_flatten(branch, piece.flags, keep=None))) for branch in piece.argument[1])
    if piece.op is sre.SUBPATTERN:
        return _literal_run(list(_flatten(piece.argument[3], piece.flags, keep=None)))
    if piece.op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT) and piece.argument[0] >= 1:
        return _literal_run(list(_flatten(piece.argument[2], piece.flags, keep=None)))
    return 0


def _render(op: Any, argument: Any, flags: int) -> str:
    """One node in Hyperscan's syntax; what it has no words for becomes something wider."""
    if op in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
        return _render_class(op, argument, flags)
    if op is sre.BRANCH:
        return "(?:" + "|".join(_render_all(branch, flags) for branch in argument[1]) + ")"
    if op is sre.SUBPATTERN:
        _, add, delete, inner = argument
        return "(?:" + _render_all(inner, (flags | add) & ~delete) + ")"
    if op is sre.ATOMIC_GROUP:
        return "(?:" + _render_all(argument, flags) + ")"
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        low, high, inner = argument
        body = _render_all(inner, flags)
        return f"(?:{body}){{{low},{'' if high is sre.MAXREPEAT else high}}}" if body else ""
    if op is sre.AT:
        return _WIDE_POSITIONS.get(argument, "")
    if op in (sre.ASSERT, sre.ASSERT_NOT):
        return ""
    raise AnchorError(f"{op} cannot stand in an anchor")


def _render_all(nodes: Iterable[Any], flags: int) -> str:
    return "".join(_render(op, argument, flags) for op, argument in nodes)


def _render_class(op: Any, argument: Any, flags: int) -> str:
    if op is sre.ANY:
        return r"[\x00-\xff]" if flags & re.DOTALL else r"[^\n]"
    if op is sre.LITERAL:
        text = _render_byte(argument)
    elif op is sre.NOT_LITERAL:
        text = f"[^{_render_byte(argument)}]"
    else:
        text = _render_set(argument)
    return f"(?i:{text})" if flags & re.IGNORECASE else text


def _render_set(items: Iterable[Any]) -> str:
    parts = []
    for op, argument in items:
        if op is sre.NEGATE:
            parts.append("^")
        elif op is sre.LITERAL:
            parts.append(_render_byte(argument))
        elif op is sre.RANGE:
            parts.append(f"{_render_byte(argument[0])}-{_render_byte(argument[1])}")
        else:
            parts.append(_CATEGORIES[argument])
    return "[" + "".join(parts) + "]"


def _render_byte(value: int) -> str:
    character = chr(value)
    return character if character.isascii() and (character.isalnum() or character == "_") else f"\\x{value:02x}"
