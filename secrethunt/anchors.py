# SPDX-License-Identifier: Apache-2.0
"""
Derives a rule's anchor from its confirming pattern; knows nothing of rules, databases or bytes to scan.

The anchor is a contiguous, bounded part of the pattern that every match must hold, written in Hyperscan's dialect. It
is cut out of the pattern itself, so the two cannot drift apart and the distance between them is known: a match of the
pattern begins `lead` bytes before the anchor does. What Hyperscan cannot express (look-around, back references, atomic
and possessive groups) is widened, never narrowed, so an anchor may fire too often but never too seldom.

The tree comes from CPython's own `re._parser`: private, but stable from 3.11 on and covered by tests; a second parser
for the same dialect would be a second opinion on what a rule means.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]  # private module, see above
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from secrethunt.openings import opening

ANCHOR_WIDTH = 64
"""Widest anchor accepted, in bytes, its one-byte assertions included."""
ENOUGH_WIDTH = 24
"""A derived anchor stops growing here once it holds a literal: narrow anchors keep dirty ranges narrow."""
_MARK = "(?P<anchor>"
_NUMBERED_REFERENCE = re.compile(r"\\[1-9]|\(\?\(\d")
_GLOBAL_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")
_HEAD_WIDTH = 3
_LOOSE = 8
"""A part whose width varies by more adds many ends to report, and little to tell matches apart."""
MAX_LEAD = 128
"""Furthest an anchor may begin after its match, in bytes."""
LOOKAHEAD = 64
"""Bytes shown to a pattern behind its longest match, for the assertions at its end."""
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
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
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
    """Longest match of the whole pattern with what it looks at behind its end, cut at `MAX_REACH`."""
    literal: int
    """Longest run of literal bytes that each occurrence holds; what makes the anchor cheap."""
    tail: str = ""
    """What must follow a marked anchor, at its very end (`re`, on bytes): tested before the whole pattern runs over
    every place where it might begin. Empty where the pattern cannot be parted there."""
    behind: int = 1
    """What assertions see before the beginning of a match at most."""
    head: str = ""
    """How a marked anchor begins (`re`, on bytes), where each match of the pattern begins there too: finds the places
    worth trying. Empty where nothing of three bytes stands there."""
    opening: str = ""
    """What is found wherever a match of the pattern may begin (`openings.py`); empty where that is nearly anywhere."""

    @property
    def window(self) -> tuple[int, int]:
        """Bytes before and behind the anchor's end on which its confirmation depends."""
        return self.max_width + self.max_lead + self.behind, self.reach + LOOKAHEAD + 1


@dataclass(frozen=True, slots=True)
class _Piece:
    """One element of a concatenation: a node of the parse tree with the flags in force there."""

    op: Any
    argument: Any
    flags: int
    width: tuple[int, int]
    """Least and most bytes that it takes."""


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
    reach = min(int(tree.getwidth()[1]) + _look(tree, 1), MAX_REACH)
    anchor = _best_anchor(pieces, reach) if marked is None else _marked_anchor(pattern, pieces, marked, reach)
    return dataclasses.replace(anchor, behind=max(_look(tree, -1), 1), opening=opening(tree))


def _look(tree: Any, direction: int) -> int:
    """Most bytes that any look-ahead (*direction* 1) or look-behind (-1) in *tree* sees, wherever it stands."""
    longest = 0
    for op, argument in tree:
        inner = _inner_trees(op, argument)
        deepest = max((_look(child, direction) for child in inner), default=0)
        if op in (sre.ASSERT, sre.ASSERT_NOT) and argument[0] == direction:
            deepest += int(argument[1].getwidth()[1])
        longest = max(longest, deepest)
    return longest


def _inner_trees(op: Any, argument: Any) -> Sequence[Any]:
    if op is sre.BRANCH:
        return list(argument[1])
    if op is sre.GROUPREF_EXISTS:
        return [branch for branch in argument[1:] if branch]
    if op in (sre.SUBPATTERN, sre.ASSERT, sre.ASSERT_NOT, *_REPEATS):
        return [argument[-1]]
    return [argument] if op is sre.ATOMIC_GROUP else []


def _flatten(tree: Any, flags: int, *, keep: int | None) -> Iterable[_Piece]:
    """The pattern as one concatenation: plain groups are opened, the group numbered *keep* is left whole."""
    for op, argument in tree:
        if op is sre.SUBPATTERN and (keep is None or argument[0] != keep):
            _, add, delete, inner = argument
            yield from _flatten(inner, (flags | add) & ~delete, keep=keep)
        elif op is sre.ATOMIC_GROUP:
            yield from _flatten(argument, flags, keep=keep)
        else:
            # The tree's own state is needed: it alone knows how wide the group of a back reference is.
            low, high = parser.SubPattern(tree.state, [(op, argument)]).getwidth()
            yield _Piece(op, argument, flags, (int(low), int(high)))


def _marked_anchor(pattern: str, pieces: Sequence[_Piece], group: int, reach: int) -> Anchor:
    for index, piece in enumerate(pieces):
        if piece.op is sre.SUBPATTERN and piece.argument[0] == group:
            anchor = _assemble(pieces[:index], [piece], reach)
            if anchor is None:
                raise AnchorError(f"the marked anchor is wider than {ANCHOR_WIDTH} bytes or begins too late")
            if anchor.min_width == 0:
                raise AnchorError("the marked anchor may be empty")
            head = _head(piece) if anchor.max_lead == 0 else ""
            return dataclasses.replace(anchor, tail=_tail(pattern), head=head)
    raise AnchorError("(?P<anchor>…) must stand outside of repeats and alternatives")


def _head(piece: _Piece) -> str:
    """The beginning of a marked anchor, up to the first part that may be longer or shorter."""
    taken: list[_Piece] = []
    for part in _flatten([(piece.op, piece.argument)], piece.flags, keep=None):
        if not _is_expressible(part):
            break
        taken.append(part)
        if part.width[0] != part.width[1]:
            break
    if _total_width(taken)[0] < _HEAD_WIDTH:
        return ""
    return "".join(_render(part.op, part.argument, part.flags) for part in taken)


def _tail(pattern: str) -> str:
    """What stands behind the marked anchor, where it stands in no other group and refers to none before it."""
    start = pattern.index(_MARK)
    if _group_end(pattern, 0, start) != start:
        return ""
    end = _group_end(pattern, start + len(_MARK), len(pattern))
    flags = _GLOBAL_FLAGS.match(pattern)
    rest = (flags.group() if flags else "") + pattern[end + 1 :]
    if _NUMBERED_REFERENCE.search(rest):
        # Groups are counted anew in what is left, so the number would name another.
        return ""
    try:
        compiled = re.compile(rest.encode("utf-8"))
    except re.error:
        return ""
    return "" if compiled.match(b"") else rest


def _group_end(pattern: str, start: int, stop: int) -> int:
    """Where the group that is open at *start* is closed, or *stop* where nothing closes below depth 0 before it."""
    depth = 0
    inside_class = False
    index = start
    while index < stop:
        char = pattern[index]
        if char == "\\":
            index += 1
        elif inside_class:
            # A bracket right behind the opening one, or behind its caret, is a member.
            inside_class = char != "]"
        elif char == "[":
            inside_class = True
            index += pattern.startswith("^", index + 1)
            index += pattern.startswith("]", index + 1)
        elif char == "(":
            depth += 1
        elif char == ")":
            if depth == 0:
                return index
            depth -= 1
        index += 1
    return stop if depth == 0 else -1


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
        if not _is_expressible(piece):
            break
        has_literal = _literal_run(taken) >= 3
        low, high = piece.width
        is_loose = has_literal and high - low > _LOOSE
        if is_loose or width + high > (ENOUGH_WIDTH if has_literal else ANCHOR_WIDTH):
            shortened = _shorten(piece, (ENOUGH_WIDTH if has_literal else ANCHOR_WIDTH) - width)
            if shortened is not None:
                taken.append(shortened)
            break
        taken.append(piece)
        width += high
    while taken and taken[-1].width[1] == 0:
        taken.pop()
    return taken


def _shorten(piece: _Piece, room: int) -> _Piece | None:
    """The first repeats of a repeated part, as many as must be there and fit."""
    if piece.op not in _REPEATS or room <= 0:
        return None
    least, _, body = piece.argument
    low, high = body.getwidth()
    if low != high or high == 0:
        return None
    count = min(int(least), room // int(high))
    width = count * int(high)
    return _Piece(sre.MAX_REPEAT, (count, count, body), piece.flags, (width, width)) if count else None


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
    if piece.op in _REPEATS and piece.argument[0] >= 1:
        return _literal_run(list(_flatten(piece.argument[2], piece.flags, keep=None)))
    return 0


def _is_expressible(piece: _Piece) -> bool:
    try:
        _render(piece.op, piece.argument, piece.flags)
    except AnchorError:
        return False
    return True


def _render(op: Any, argument: Any, flags: int) -> str:
    """One node in Hyperscan's syntax; what it has no words for becomes something wider."""
    if op in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
        return _render_class(op, argument, flags)
    if op in (sre.BRANCH, sre.GROUPREF_EXISTS):
        branches = argument[1] if op is sre.BRANCH else [branch or () for branch in argument[1:]]
        return "(?:" + "|".join(_render_all(branch, flags) for branch in branches) + ")"
    if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
        _, add, delete, inner = argument if op is sre.SUBPATTERN else (None, 0, 0, argument)
        return "(?:" + _render_all(inner, (flags | add) & ~delete) + ")"
    if op in _REPEATS:
        low, high, inner = argument
        body = _render_all(inner, flags)
        return f"(?:{body}){{{low},{'' if high is sre.MAXREPEAT else high}}}" if body and high else ""
    if op is sre.AT:
        return _WIDE_POSITIONS.get(argument, "")
    if op in (sre.ASSERT, sre.ASSERT_NOT, sre.FAILURE):
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
