# SPDX-License-Identifier: Apache-2.0
"""
Puts the answers of a provider together as one document, and reads values out of it.

The document has the body of each answer under the name of its request (null where the status is no success), and beside
them `ok`, `status` and `headers` by the same names, `host`, and what is known of the credential under `credential`.
Expressions are JMESPath; texts hold them in double braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secrethunt.online.answers import as_text, compile_expression

RESERVED = frozenset({"ok", "status", "headers", "host", "credential", "item", "self"})
"""Names that no request may have."""
_PLACE = re.compile(r"\{\{(.+?)\}\}")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Expression:
    """A JMESPath expression."""

    source: str
    compiled: Any

    def value(self, document: Any) -> Any:
        """What it finds; None where it finds nothing or a function gets what it does not take."""
        from jmespath.exceptions import JMESPathError

        try:
            return self.compiled.search(document)
        except (JMESPathError, RecursionError):
            return None

    def texts(self, document: Any) -> list[str]:
        """What it finds as a list of texts, without what is empty."""
        found = self.value(document)
        return [text for item in (found if isinstance(found, list) else [found]) if (text := as_text(item))]

    def words(self) -> set[str]:
        """All names in it."""
        return set(_WORD.findall(self.source))


@dataclass(frozen=True, slots=True)
class Text:
    """A text with expressions in double braces."""

    pieces: tuple[str | Expression, ...]

    def value(self, document: Any) -> str:
        """The text filled in; empty where one of its expressions finds nothing."""
        made = []
        for piece in self.pieces:
            text = piece if isinstance(piece, str) else as_text(piece.value(document))
            if not text:
                return ""
            made.append(text)
        return "".join(made)

    def expressions(self) -> list[Expression]:
        """Those in it."""
        return [piece for piece in self.pieces if isinstance(piece, Expression)]


def parse_expression(source: str) -> Expression:
    """
    Raises:
        ExpressionError: It is none.
    """
    return Expression(source, compile_expression(source))


def parse_text(source: str) -> Text:
    """
    Raises:
        ExpressionError: One of the expressions in it is none.
    """
    parts = _PLACE.split(source)
    pieces = [parse_expression(part.strip()) if number % 2 else part for number, part in enumerate(parts)]
    return Text(tuple(piece for piece in pieces if piece != ""))


def first_text(texts: Sequence[Text], document: Mapping[str, Any]) -> str:
    """The first of *texts* that has a value."""
    return next((value for text in texts if (value := text.value(document))), "")
