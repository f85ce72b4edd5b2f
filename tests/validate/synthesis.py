# SPDX-License-Identifier: Apache-2.0
"""
Makes answers that a marker holds of: a provider's answer as a rule describes it, without the provider.

Documents are built backwards from JMESPath expressions; one that is too clever for that is a defect of the rule.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from secrethunt.online.answers import Marker, Taking, as_text
from secrethunt.online.contract import Answer
from secrethunt.samples import sample_text

_OF_TYPE: Mapping[str, Any] = {"array": [], "object": {}, "number": 1, "string": "a", "boolean": True}


def answer_for(marker: Marker, *, seed: int = 0) -> Answer:
    """An answer that *marker* holds of, with the least that it names."""
    headers = {name: sample_text(pattern.pattern, seed=seed) for name, pattern in marker.headers}
    status = min(marker.statuses)
    if marker.json:
        document: Any = None
        for _, expression, pattern in sorted(marker.json, key=lambda item: len(item[0])):
            document = _placed(expression.parsed, _typed(sample_text(pattern.pattern, seed=seed)), document)
        if marker.text is not None and marker.text.search(json.dumps(document)) is None:
            document = {**document, "text": sample_text(marker.text.pattern, seed=seed)}
        return Answer(status, {"content-type": "application/json", **headers}, json.dumps(document).encode())
    if marker.xml:
        root = ElementTree.Element("answer")
        for path, pattern in marker.xml:
            _grow(root, path).text = sample_text(pattern.pattern, seed=seed)
        return Answer(status, {"content-type": "application/xml", **headers}, ElementTree.tostring(root))
    text = sample_text(marker.text.pattern, seed=seed) if marker.text is not None else ""
    return Answer(status, {"content-type": "text/plain", **headers}, text.encode())


def answer_with(answer: Answer, takings: Sequence[tuple[str, Taking]]) -> Answer:
    """*answer* with a value in each place that *takings* look at."""
    document = json.loads(answer.body or b"null")
    headers = dict(answer.headers)
    for name, taking in takings:
        if taking.header:
            headers[taking.header] = f"saved-{name}"
        else:
            document = _placed(taking.expression.parsed, f"saved-{name}", document)
    return Answer(answer.status, headers, json.dumps(document).encode())


def _typed(text: str) -> Any:
    """The JSON value that reads as *text*."""
    with contextlib.suppress(ValueError):
        value = json.loads(text)
        if as_text(value) == text:
            return value
    return text


def _placed(node: Mapping[str, Any], value: Any, document: Any) -> Any:
    """*document* changed so that the expression *node* gives *value*."""
    if node["type"] not in _PLACERS:
        raise AssertionError(f"an expression of the kind {node['type']!r} is too clever")
    return _PLACERS[node["type"]](node, value, document)


def _place_field(node: Mapping[str, Any], value: Any, document: Any) -> Any:
    return {**(document if isinstance(document, dict) else {}), node["value"]: value}


def _place_index(node: Mapping[str, Any], value: Any, document: Any) -> Any:
    items = list(document) if isinstance(document, list) else []
    items += [None] * (max(node["value"], 0) + 1 - len(items))
    items[node["value"]] = value
    return items


def _place_inside(node: Mapping[str, Any], value: Any, document: Any) -> Any:
    *outer, last = node["children"]
    return _along(outer, last, value, document)


def _place_in_each(node: Mapping[str, Any], value: Any, document: Any) -> Any:
    listing, last = node["children"]
    if listing["type"] == "flatten":
        listing = listing["children"][0]
    return _along([listing], last, value, document, listed=True)


def _place_where(node: Mapping[str, Any], value: Any, document: Any) -> Any:
    listing, last, condition = node["children"]
    item = _placed(last, value, None)
    if condition["type"] == "comparator" and condition["value"] == "eq":
        item = _placed(condition["children"][0], condition["children"][1]["value"], item)
    return _placed(listing, [item], document)


def _along(outer: list[Any], last: Any, value: Any, document: Any, *, listed: bool = False) -> Any:
    """Place *value* by *last* inside what the *outer* expressions give."""
    held = document
    path = []
    for node in outer:
        path.append((node, held))
        held = _value_at(node, held)
    inner = _placed(last, value, held[0] if listed and isinstance(held, list) and held else held)
    inner = [inner] if listed else inner
    for node, before in reversed(path):
        inner = _placed(node, inner, before)
    return inner


def _value_at(node: Any, document: Any) -> Any:
    from jmespath.visitor import TreeInterpreter

    return TreeInterpreter().visit(node, document)


def _place_argument(node: Mapping[str, Any], value: Any, document: Any) -> Any:
    if node["value"] not in _ARGUMENTS:
        raise AssertionError(f"an expression with {node['value']}() is too clever")
    return _placed(node["children"][0], _ARGUMENTS[node["value"]](value, node), document)


_PLACERS: Mapping[str, Callable[[Mapping[str, Any], Any, Any], Any]] = {
    "current": lambda node, value, document: value,
    "identity": lambda node, value, document: value,
    "field": _place_field,
    "index": _place_index,
    "subexpression": _place_inside,
    "index_expression": _place_inside,
    "pipe": _place_inside,
    "or_expression": lambda node, value, document: _placed(node["children"][0], value, document),
    "function_expression": _place_argument,
    "projection": _place_in_each,
    "filter_projection": _place_where,
}
_ARGUMENTS: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "type": lambda value, node: _OF_TYPE[value],
    "length": lambda value, node: [1] * int(value),
    "keys": lambda value, node: {key: 1 for key in str(value).split(", ")},
    "not_null": lambda value, node: value,
    "to_string": lambda value, node: value,
    "contains": lambda value, node: [node["children"][1]["value"]],
}


def _grow(root: ElementTree.Element, path: str) -> ElementTree.Element:
    element = root
    for step in path.split("/"):
        if step not in ("", "."):
            found = element.find(step)
            element = ElementTree.SubElement(element, step) if found is None else found
    return element
