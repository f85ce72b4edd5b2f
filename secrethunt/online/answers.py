# SPDX-License-Identifier: Apache-2.0
"""
Reads answers: markers that must hold of one, and values taken from it. Format: `docs/validation.md`, Judgement.

A body is read as what its content type says it is, so that a firewall's page never passes for a provider's answer.
Expressions on JSON are JMESPath (https://jmespath.org/specification.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from secrethunt.online.contract import Answer

_TEXT_BYTES = 1 << 16
_LONGEST_VALUE = 300
"""Characters of a value taken from an answer; longer ones are cut, since they go into reports."""
_JSON_TYPE = re.compile(r"(?:application|text)/(?:[\w.+-]*\+)?json\b|text/javascript\b", re.I)
_XML_TYPE = re.compile(r"(?:application|text)/(?:[\w.+-]*\+)?xml\b", re.I)


class ExpressionError(ValueError):
    """A marker or an expression that cannot be read."""


class Body:
    """One answer's body, parsed at most once in each way."""

    def __init__(self, answer: Answer, *, loose_type: bool = False) -> None:
        self.answer = answer
        self._loose_type = loose_type
        self._json: list[Any] = []
        self._xml: list[ElementTree.Element | None] = []

    @property
    def json(self) -> Any:
        """The parsed body; None where it is no JSON or its content type says otherwise."""
        if not self._json:
            self._json.append(self._parse_json())
        return self._json[0]

    @property
    def xml(self) -> ElementTree.Element | None:
        """The root element, namespaces dropped; None where it is no XML, says otherwise or declares entities."""
        if not self._xml:
            self._xml.append(self._parse_xml())
        return self._xml[0]

    @property
    def text(self) -> str:
        """The first 64 KiB, undecodable bytes replaced."""
        return self.answer.body[:_TEXT_BYTES].decode("utf-8", "replace")

    def _parse_json(self) -> Any:
        if not self._loose_type and not _JSON_TYPE.match(self._type()):
            return None
        try:
            return json.loads(self.answer.body)
        except (ValueError, RecursionError):
            return None

    def _parse_xml(self) -> ElementTree.Element | None:
        # A document type could declare entities that grow without bound; no API answers with one.
        if not _XML_TYPE.match(self._type()) or b"<!" in self.answer.body.replace(b"<![CDATA[", b""):
            return None
        try:
            root = ElementTree.fromstring(self.answer.body)
        except (ElementTree.ParseError, ValueError, RecursionError):
            return None
        for element in root.iter():
            if isinstance(element.tag, str):
                element.tag = element.tag.rpartition("}")[2]
        return root

    def _type(self) -> str:
        return self.answer.headers.get("content-type", "").strip()


@dataclass(frozen=True, slots=True)
class Marker:
    """What must hold of an answer: all of it."""

    statuses: frozenset[int]
    json: tuple[tuple[str, Any, re.Pattern[str]], ...] = ()
    """(expression as written, compiled, what its value must match)"""
    headers: tuple[tuple[str, re.Pattern[str]], ...] = ()
    xml: tuple[tuple[str, re.Pattern[str]], ...] = ()
    text: re.Pattern[str] | None = None

    def holds(self, body: Body) -> bool:
        """Whether all of it is so."""
        return (
            body.answer.status in self.statuses
            and all(_fits(pattern, as_text(_search(compiled, body.json))) for _, compiled, pattern in self.json)
            and all(_fits(pattern, body.answer.headers.get(name, "")) for name, pattern in self.headers)
            and all(_fits(pattern, _element_text(body.xml, path)) for path, pattern in self.xml)
            and (self.text is None or self.text.search(body.text) is not None)
        )

    def describe(self) -> str:
        """The marker as its rule writes it, without values: `json login, header x-scopes`."""
        named = [f"json {source}" for source, _, _ in self.json]
        named += [f"header {name}" for name, _ in self.headers]
        named += [f"xml {path}" for path, _ in self.xml]
        named += ["text"] if self.text is not None else []
        return ", ".join(named)


@dataclass(frozen=True, slots=True)
class Taking:
    """Where a value is taken from in an answer: one of the three."""

    expression: Any = None
    header: str = ""
    text: re.Pattern[str] | None = None

    def value(self, body: Body) -> str:
        """The value in words, empty where there is none."""
        if self.header:
            return body.answer.headers.get(self.header, "")[:_LONGEST_VALUE]
        if self.text is not None:
            match = self.text.search(body.text)
            return (match.group(1) or "")[:_LONGEST_VALUE] if match else ""
        return as_text(_search(self.expression, body.json))[:_LONGEST_VALUE]

    def whole_value(self, body: Body) -> str:
        """The same, however long: for the next request, not for a report."""
        if self.expression is not None:
            return as_text(_search(self.expression, body.json))
        return self.value(body)


def compile_marker(raw: Mapping[str, Any]) -> Marker:
    """
    Args:
        raw: `status` and markers as the rule file has them.

    Raises:
        ExpressionError: What is wrong with it; a marker without anything beyond a status is.
    """
    unknown = set(raw) - {"status", "json", "header", "xml", "text"}
    if unknown:
        raise ExpressionError(f"unknown marker {sorted(unknown)[0]!r}")
    marker = Marker(
        statuses=_statuses(raw.get("status")),
        json=tuple(
            (source, compile_expression(source), _pattern(text)) for source, text in _mapping(raw, "json").items()
        ),
        headers=tuple((name.lower(), _pattern(text)) for name, text in _mapping(raw, "header").items()),
        xml=tuple((_checked_path(path), _pattern(text)) for path, text in _mapping(raw, "xml").items()),
        text=_pattern(raw["text"]) if "text" in raw else None,
    )
    if not (marker.json or marker.headers or marker.xml or marker.text):
        raise ExpressionError("a status alone proves nothing: name a marker (json, header, xml or text)")
    return marker


def compile_taking(raw: Mapping[str, Any]) -> Taking:
    """
    Raises:
        ExpressionError: Not one of `{json: …}`, `{header: …}`, `{text: …}` that can be read.
    """
    if not isinstance(raw, Mapping) or len(raw) != 1:
        raise ExpressionError("take a value by one of json, header, text")
    kind, source = next(iter(raw.items()))
    if not isinstance(source, str) or not source:
        raise ExpressionError(f"{kind!r} must be text")
    if kind == "json":
        return Taking(expression=compile_expression(source))
    if kind == "header":
        return Taking(header=source.lower())
    if kind == "text":
        pattern = _pattern(source)
        if pattern.groups != 1:
            raise ExpressionError("the pattern of a text needs exactly one group")
        return Taking(text=pattern)
    raise ExpressionError(f"values are not taken by {kind!r}")


def compile_expression(source: str) -> Any:
    """
    Raises:
        ExpressionError: It is no JMESPath expression.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.compile(source)
    except JMESPathError as err:
        raise ExpressionError(f"{source!r} is no JMESPath expression: {str(err).splitlines()[0]}") from err


def as_text(value: Any) -> str:
    """A JSON value in words: texts as they are, empty for null and what is empty, compact JSON for the rest."""
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, separators=(",", ":"))


def _search(expression: Any, document: Any) -> Any:
    from jmespath.exceptions import JMESPathError

    if document is None:
        return None
    try:
        return expression.search(document)
    except (JMESPathError, RecursionError):
        # A function was given a value of another type than the documented one.
        return None


def _fits(pattern: re.Pattern[str], value: str) -> bool:
    return bool(value) and pattern.fullmatch(value) is not None


def _element_text(root: ElementTree.Element | None, path: str) -> str:
    if root is None:
        return ""
    found = root if path == "." else root.find(path)
    return (found.text or "").strip() if found is not None else ""


def _checked_path(path: str) -> str:
    try:
        ElementTree.Element("a").find(path)
    except (SyntaxError, KeyError, TypeError) as err:
        raise ExpressionError(f"{path!r} is no ElementTree path") from err
    return path


def _statuses(raw: Any) -> frozenset[int]:
    numbers = raw if isinstance(raw, list) else [raw]
    if not numbers or not all(isinstance(item, int | float) and 200 <= item < 600 for item in numbers):
        raise ExpressionError("`status` must be a status of HTTP or a list of them")
    return frozenset(int(item) for item in numbers)


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, str]:
    value = raw.get(key, {})
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise ExpressionError(f"`{key}` must map what is looked at to a pattern in quotes")
    return value


def _pattern(text: Any) -> re.Pattern[str]:
    if not isinstance(text, str) or not text:
        raise ExpressionError("a pattern must be text in quotes")
    try:
        return re.compile(text, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as err:
        raise ExpressionError(f"{text!r} does not compile: {err}") from err
