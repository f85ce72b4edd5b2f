# SPDX-License-Identifier: Apache-2.0
"""
Owns templates: texts with `{{name|filter}}` that become parts of a request. Format: `docs/validation.md`.

A template is checked when it is read, so that only a value can be missing when it is filled in. How a value is encoded
depends on where it stands, so the caller gives the encoding.
"""

from __future__ import annotations

import base64
import hashlib
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_PLACE = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ALLOWED_IN_PATHS = "/?&=%:;,+@~!$'()*-._"


class TemplateError(ValueError):
    """A template that cannot be read."""


class MissingValue(Exception):
    """A template names something that is not known; `name` says what."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class UnfitValue(Exception):
    """A value cannot stand where a template wants it; `name` says whose, the message why. Never holds the value."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name


@dataclass(frozen=True, slots=True)
class _Place:
    """One `{{name|filter|…}}`."""

    name: str
    filters: tuple[tuple[str, str], ...]

    @property
    def is_url_part(self) -> bool:
        return bool(self.filters) and self.filters[-1][0] == "path"

    def value(self, variables: Mapping[str, bytes]) -> str:
        value = variables.get(self.name)
        if not value:
            raise MissingValue(self.name)
        try:
            for name, argument in self.filters:
                value = _FILTERS[name](value, argument.encode())
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise UnfitValue(self.name, "is not text") from None
        except ValueError as err:
            raise UnfitValue(self.name, str(err)) from None


@dataclass(frozen=True, slots=True)
class Template:
    """A text with places to fill in."""

    source: str
    pieces: tuple[str | _Place, ...]

    def names(self) -> Iterator[str]:
        """What must be known to fill it in."""
        return (piece.name for piece in self.pieces if isinstance(piece, _Place))

    def fill(self, variables: Mapping[str, bytes], encode: Callable[[str], str] = str) -> str:
        """
        The text with every place filled in by the *encode*d value.

        Raises:
            MissingValue: A name without a value, or with an empty one.
            UnfitValue: A value that is not UTF-8, or that a filter cannot work on.
        """
        return "".join(
            piece if isinstance(piece, str) else (in_path if piece.is_url_part else encode)(piece.value(variables))
            for piece in self.pieces
        )


def parse_template(source: str) -> Template:
    """
    Raises:
        TemplateError: A name or filter that is not one.
    """
    pieces: list[str | _Place] = []
    end = 0
    for match in _PLACE.finditer(source):
        pieces.append(source[end : match.start()])
        pieces.append(_parse_place(match.group(1)))
        end = match.end()
    pieces.append(source[end:])
    return Template(source, tuple(piece for piece in pieces if piece))


def quoted(value: str) -> str:
    """Percent-encoded for one segment of a path or one value of a query (RFC 3986)."""
    return urllib.parse.quote(value, safe="")


def in_path(value: str) -> str:
    """Percent-encoded where needed, the path's own delimiters left as they are."""
    return urllib.parse.quote(value, safe=_ALLOWED_IN_PATHS)


def _parse_place(text: str) -> _Place:
    name, *filters = (part.strip() for part in text.split("|"))
    if not _NAME.fullmatch(name):
        raise TemplateError(f"{{{{{text}}}}}: a name is lower case with _")
    parsed = []
    for item in filters:
        kind, colon, argument = item.partition(":")
        if kind not in _FILTERS or bool(colon) != (kind in _WITH_ARGUMENT):
            raise TemplateError(f"{{{{{text}}}}}: no filter {item!r}")
        parsed.append((kind, argument))
    return _Place(name, tuple(parsed))


def _path(value: bytes, _: bytes) -> bytes:
    split = _split(value)
    return (split.path + (f"?{split.query}" if split.query else "")).encode()


def _host(value: bytes, _: bytes) -> bytes:
    return (_split(value).hostname or "").encode()


def _split(value: bytes) -> urllib.parse.SplitResult:
    text = value.decode("ascii")
    split = urllib.parse.urlsplit(text if "://" in text else f"//{text}")
    if not split.hostname or not split.path.startswith("/"):
        raise ValueError("is no URL with a path")
    return split


def _before(value: bytes, mark: bytes) -> bytes:
    head, found, _ = value.partition(mark)
    if not found:
        raise ValueError(f"has no {mark.decode()!r} in it")
    return head


def _after(value: bytes, mark: bytes) -> bytes:
    _, found, tail = value.partition(mark)
    if not found:
        raise ValueError(f"has no {mark.decode()!r} in it")
    return tail


_FILTERS: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "base64": lambda value, _: base64.b64encode(value),
    "base64url": lambda value, _: base64.urlsafe_b64encode(value).rstrip(b"="),
    "hex": lambda value, _: value.hex().encode(),
    "sha256": lambda value, _: hashlib.sha256(value).hexdigest().encode(),
    "md5": lambda value, _: hashlib.md5(value, usedforsecurity=False).hexdigest().encode(),
    "lower": lambda value, _: value.lower(),
    "upper": lambda value, _: value.upper(),
    "path": _path,
    "host": _host,
    "before": _before,
    "after": _after,
    "strip": lambda value, mark: value.removeprefix(mark),
}
_WITH_ARGUMENT = frozenset({"before", "after", "strip"})
