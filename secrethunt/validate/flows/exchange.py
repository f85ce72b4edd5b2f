# SPDX-License-Identifier: Apache-2.0
"""
What all flows share: taking the parts of a credential, asking, and turning what came back into an outcome.

A flow never looks at a status alone. It names the marker it saw (`active`, `inactive`) or gives up (`unclear`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from secrethunt.online.contract import Answer, HostOrigin, NoAnswer, Request, Session
from secrethunt.validate.contract import Credential, Evidence, Outcome, State

Facts = Iterable[tuple[str, str]]
_JSON_TYPE = re.compile(r"(?i)(?:application|text)/(?:[\w.+-]*\+)?json\b")
_LONGEST_FACT = 300


class NeedsPart(NoAnswer):
    """The credential cannot be checked without a companion that was not found beside it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"needs the part {name}, which was not found beside it")


class NeedsExtra(NoAnswer):
    """The check uses a library that is not installed."""

    def __init__(self, extra: str) -> None:
        super().__init__(f"needs an extra: pip install 'secrethunt[{extra}]'")
        self.extra = extra


def optional(credential: Credential, *names: str) -> str:
    """The first of these parts or facts that is there and is one line of visible ASCII, else the empty text."""
    variables = credential.variables()
    for name in names:
        text = variables.get(name, b"").decode("ascii", "replace").strip()
        if text and text.isprintable() and "\ufffd" not in text:
            return text
    return ""


def needed(credential: Credential, *names: str) -> str:
    """
    As `optional`.

    Raises:
        NeedsPart: None of them is there.
    """
    text = optional(credential, *names)
    if not text:
        raise NeedsPart(names[0])
    return text


@dataclass(frozen=True, slots=True)
class Place:
    """Where a provider is asked: base URL without a slash at its end, and who named it."""

    url: str
    label: str
    """The base URL as it may be shown: a label that the scanned text gave stands in braces."""
    origin: HostOrigin = HostOrigin.RULE
    provider: str = ""


def place_of(session: Session, provider: str, url: str, *, label: str = "") -> Place:
    """The base URL that the user gave for *provider*, else *url*."""
    if given := session.endpoint(provider):
        return Place(given.rstrip("/"), given.rstrip("/"), HostOrigin.USER, provider)
    return Place(url, label or url, HostOrigin.RULE, provider)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    label: str
    answer: Answer

    @property
    def status(self) -> int:
        """HTTP status."""
        return self.answer.status

    def json(self, *, loose: bool = False) -> dict[str, Any]:
        """The body if it is a JSON object and says so (*loose*: whatever it says), else nothing."""
        if not loose and not _JSON_TYPE.match(self.answer.headers.get("content-type", "").strip()):
            return {}
        try:
            value = json.loads(self.answer.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def xml(self) -> dict[str, str]:
        """
        Texts of the body's elements by name, namespaces left out, the first of each name; nothing if it is no XML.
        Under the empty name stands the root's own.
        """
        try:
            # No external entity is ever loaded, and expat bounds what internal ones may grow to.
            root = ElementTree.fromstring(self.answer.body.lstrip(b"\xef\xbb\xbf \r\n\t"))
        except (ElementTree.ParseError, ValueError, LookupError):
            return {}
        texts = {"": root.tag.rpartition("}")[2]}
        for element in root.iter():
            texts.setdefault(element.tag.rpartition("}")[2], (element.text or "").strip())
        return texts

    def active(self, marker: str, facts: Facts = (), reason: str = "the provider knows it") -> Outcome:
        """It is live; *marker* says what proves it."""
        return Outcome(State.ACTIVE, reason, (self._evidence(marker),), shown(facts))

    def inactive(self, marker: str, reason: str = "the provider rejects it", facts: Facts = ()) -> Outcome:
        """The provider itself rejected it; *marker* says with what."""
        return Outcome(State.INACTIVE, reason, (self._evidence(marker),), shown(facts))

    def unclear(self, reason: str = "", marker: str = "", facts: Facts = ()) -> Outcome:
        """Neither."""
        why = reason or _reason(self.answer.status)
        return Outcome(State.UNKNOWN, why, (self._evidence(marker),), shown(facts))

    def _evidence(self, marker: str) -> Evidence:
        return Evidence(self.label, self.answer.status, marker)


def _reason(status: int) -> str:
    if 300 <= status < 400:
        return f"redirected ({status}), which is not followed"
    if status == 429:
        return "429: the provider asks to slow down"
    if status >= 500:
        return f"{status}: the provider has trouble"
    return f"{status} without an answer of the provider that is known"


def ask(session: Session, place: Place, path: str, *, label: str = "", **request: Any) -> Exchange:
    """
    The answer of *place* to a request for *path* (with its query).

    Args:
        session: Sends it.
        place: Base URL.
        path: Begins with a slash, or is empty.
        label: The path as it may be shown, where *path* holds what was found.
        request: `method`, `headers`, `body` of the `Request`.

    Raises:
        NoAnswer: There is none.
    """
    method = request.pop("method", "GET")
    shown_as = f"{method} {place.label}{label or path}"
    return Exchange(
        shown_as,
        session.send(
            Request(method, place.url + path, shown_as, origin=place.origin, provider=place.provider, **request)
        ),
    )


def shown(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Facts that say something, none longer than a line."""
    return tuple((name, str(value)[:_LONGEST_FACT]) for name, value in facts if value not in ("", None))


def text_at(fields: Mapping[str, Any], path: str) -> str:
    """The text or number at *path* (names joined by dots; a number picks from a list), else the empty text."""
    value: Any = fields
    for name in path.split("."):
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)
