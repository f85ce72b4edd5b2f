# SPDX-License-Identifier: Apache-2.0
"""Generates patterns of the rule format, and texts in which they match often."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from hypothesis import strategies as st

from secrethunt.anchors import AnchorError, derive_anchor

ALPHABET = "abKEY01_-='\" \n"
_LITERALS = ["KEY", "ab", "a", "K", "_", "-", "=", "EY0", "KEYab"]
_CLASSES = [
    "[ab]",
    "[^ab]",
    r"\w",
    r"\d",
    r"\W",
    r"\s",
    r"\S",
    r"[\w-]",
    r"[^\W\d]",
    ".",
    "[a-bK-Y]",
    r"[\]^-]",
    "[-=]",
]
_POSITIONS = [
    r"\b",
    r"\B",
    "(?<![ab])",
    "(?<!K)",
    r"(?<=[\w=])",
    "(?!a)",
    "(?=[^b])",
    r"(?![\w-])",
    "(?=.{0,9}K)",
    "(?!.*E)",
]
_EDGES = ["", "", "", "^", r"\A", "(?m:^)", "(?m:$)", "$", r"\Z"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a pattern, and texts that stand a chance to match it."""

    pattern: str
    texts: tuple[str, ...]


def _join(pieces: list[Piece]) -> Piece:
    source = random.Random("".join(piece.pattern for piece in pieces))
    texts = {"".join(source.choice(piece.texts) for piece in pieces) for _ in range(4)}
    return Piece("".join(piece.pattern for piece in pieces), tuple(sorted(texts)))


_literals = st.sampled_from(_LITERALS).map(lambda text: Piece(re.escape(text), (text,)))
_classes = st.sampled_from(_CLASSES).map(
    lambda text: Piece(text, tuple(char for char in ALPHABET if re.fullmatch(text, char)))
)
_positions = st.sampled_from(_POSITIONS).map(lambda text: Piece(text, ("",)))


@st.composite
def _repeats(draw: st.DrawFn, inner: st.SearchStrategy[Piece]) -> Piece:
    body = draw(inner)
    low = draw(st.integers(0, 3))
    high = low + draw(st.integers(0, 3))
    suffix = draw(st.sampled_from([f"{{{low},{high}}}", f"{{{low},{high}}}", "?", "*", "+"])) + draw(
        st.sampled_from(["", "", "?", "+"])
    )
    texts = {text * count for text in body.texts for count in (low, min(high, 2), 1)}
    return Piece(f"(?:{body.pattern}){suffix}", tuple(sorted(texts)))


def _groups(inner: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    opening = st.sampled_from(["(?:", "(", "(?>", "(?i:", "(?s:", "(?-i:"])
    return st.builds(
        lambda start, piece: Piece(start + piece.pattern + ")", (*piece.texts, *map(str.swapcase, piece.texts))),
        opening,
        inner,
    )


def _branches(inner: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    def build(pieces: list[Piece]) -> Piece:
        texts = tuple(text for piece in pieces for text in piece.texts)
        return Piece("(?:" + "|".join(piece.pattern for piece in pieces) + ")", texts)

    return st.lists(inner, min_size=2, max_size=3).map(build)


def _sequences(inner: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    return st.lists(inner, min_size=1, max_size=3).map(_join)


_leaves = st.one_of(_literals, _literals, _classes, _positions)
_parts = st.recursive(
    _leaves,
    lambda inner: st.one_of(_repeats(_sequences(inner)), _groups(_sequences(inner)), _branches(_sequences(inner))),
    max_leaves=6,
)


@st.composite
def _sources(draw: st.DrawFn) -> Piece:
    """One whole pattern: parts around a secret, perhaps with a marked anchor, flags, references and conditions."""
    before, after = draw(_sequences(_parts)), draw(_sequences(_parts))
    secret = draw(_sequences(_parts))
    literal = draw(_literals)
    marked = draw(st.sampled_from(["", "", "(?P<anchor>"]))
    if marked:
        literal = Piece(f"{marked}{literal.pattern}{draw(_parts).pattern})", literal.texts)
    middle = [literal, Piece(f"(?P<secret>{secret.pattern})", secret.texts)]
    quote = draw(st.sampled_from(["", "", "(?P<q>['\"])", "(?P<q>a|KE)", "(?P<q>['\"])?"]))
    texts = ("'", '"', "a", "KE", "")
    if quote:
        back = draw(st.sampled_from(["(?P=q)", "(?(q)a|b)", "(?(q)(?P=q))"])) if quote[-1] == "?" else "(?P=q)"
        middle = [Piece(quote, texts), *middle, Piece(back, texts)]
    order = [before, *middle, after] if draw(st.booleans()) else [*middle, after]
    whole = _join(order)
    flags = draw(st.sampled_from(["", "", "", "(?i)", "(?s)", "(?m)", "(?is)"]))
    start, end = draw(st.sampled_from(_EDGES)), draw(st.sampled_from(_EDGES))
    return Piece(flags + start + whole.pattern + end, whole.texts)


def _is_usable(piece: Piece) -> bool:
    try:
        re.compile(piece.pattern.encode())
        derive_anchor(piece.pattern)
    except (re.error, AnchorError):
        return False
    return True


@st.composite
def patterns_with_text(draw: st.DrawFn) -> tuple[str, bytes]:
    """A pattern that has an anchor, and a text made of what it may match and of noise."""
    piece = draw(_sources().filter(_is_usable))
    noise = st.text(alphabet=ALPHABET, max_size=8)
    chunks = draw(
        st.lists(st.one_of(st.sampled_from(piece.texts), st.sampled_from(piece.texts), noise), min_size=1, max_size=6)
    )
    return piece.pattern, "".join(chunks).encode()
