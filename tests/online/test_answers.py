# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from secrethunt.online.answers import Body, ExpressionError, compile_marker, compile_taking
from secrethunt.online.contract import Answer


def body(
    content: bytes,
    *,
    status: int = 200,
    content_type: str = "application/json",
    loose: bool = False,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Body:
    return Body(Answer(status, {"content-type": content_type, **headers}, content), loose_type=loose)


def json_body(value: Any, status: int = 200) -> Body:
    return body(json.dumps(value).encode(), status=status)


@pytest.mark.parametrize(
    ("raw", "answer", "expected"),
    [
        ({"json": {"user.login": ".+"}}, {"user": {"login": "ann"}}, True),
        ({"json": {"user.login": ".+"}}, {"user": {"login": ""}}, False),
        ({"json": {"user.login": ".+"}}, {"user": {"login": None}}, False),
        ({"json": {"user.login": ".+"}}, {"user": "ann"}, False),
        ({"json": {"ok": "true"}}, {"ok": True}, True),
        ({"json": {"ok": "true"}}, {"ok": False}, False),
        ({"json": {"data[0].id": "\\d+"}}, {"data": [{"id": 17}]}, True),
        ({"json": {"data": ".+"}}, {"data": []}, False),
        ({"json": {"type(data)": "array"}}, {"data": []}, True),
        ({"json": {"code": "12"}}, {"code": 123}, False),
        ({"json": {"length(data)": "1"}}, {"data": 5}, False),
    ],
)
def test_json_markers(raw: dict[str, Any], answer: Any, expected: bool) -> None:
    assert compile_marker({"status": 200.0, **raw}).holds(json_body(answer)) is expected


def test_all_of_a_marker_must_hold() -> None:
    marker = compile_marker({"status": [401.0, 403.0], "json": {"code": "bad_key"}, "header": {"X-Api": "v2"}})
    assert marker.holds(body(b'{"code": "bad_key"}', status=403, headers={"x-api": "v2"}))
    assert not marker.holds(body(b'{"code": "bad_key"}', status=403))
    assert not marker.holds(body(b'{"code": "bad_key"}', status=400, headers={"x-api": "v2"}))
    assert not marker.holds(body(b'{"code": "other"}', status=401, headers={"x-api": "v2"}))


def test_a_page_of_html_is_no_json_whatever_it_holds() -> None:
    marker = compile_marker({"status": 200.0, "json": {"login": ".+"}})
    assert not marker.holds(body(b'{"login": "ann"}', content_type="text/html"))
    assert marker.holds(body(b'{"login": "ann"}', content_type="text/plain", loose=True))
    assert marker.holds(body(b'{"login": "ann"}', content_type="application/vnd.api+json; charset=utf-8"))


def test_xml_markers_ignore_namespaces() -> None:
    marker = compile_marker({"status": 403.0, "xml": {"./Error/Code": "InvalidKey"}})
    answer = b'<R xmlns="urn:x"><Error><Code> InvalidKey </Code></Error></R>'
    assert marker.holds(body(answer, status=403, content_type="text/xml"))
    assert not marker.holds(body(answer, status=403, content_type="text/plain"))


def test_xml_that_declares_entities_is_not_read() -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>'
    assert body(bomb, content_type="application/xml").xml is None


def test_deeply_nested_json_is_no_answer() -> None:
    assert body(b"[" * 200_000).json is None


@pytest.mark.parametrize(
    "raw",
    [
        {"status": 200.0},
        {"json": {"a": ".+"}},
        {"status": 2000.0, "json": {"a": ".+"}},
        {"status": 200.0, "json": {"a[": ".+"}},
        {"status": 200.0, "json": {"a": "("}},
        {"status": 200.0, "json": {"a": True}},
        {"status": 200.0, "xml": {"[[": "x"}},
        {"status": 200.0, "sql": {"a": "x"}},
    ],
)
def test_a_marker_that_proves_nothing_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError):
        compile_marker(raw)


def test_values_are_taken_in_words() -> None:
    answer = body(json.dumps({"scopes": ["a", "b"], "id": 7, "x": {"y": 1}}).encode(), headers={"x-scopes": "repo"})
    assert compile_taking({"json": "scopes"}).value(answer) == "a, b"
    assert compile_taking({"json": "id"}).value(answer) == "7"
    assert compile_taking({"json": "x"}).value(answer) == '{"y":1}'
    assert compile_taking({"json": "missing"}).value(answer) == ""
    assert compile_taking({"header": "X-Scopes"}).value(answer) == "repo"
    assert compile_taking({"text": '"id": (\\d)'}).value(answer) == "7"


@pytest.mark.parametrize("raw", [{}, {"json": "a", "header": "b"}, {"text": "no group"}, {"cookie": "a"}, {"json": ""}])
def test_a_value_that_cannot_be_taken_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError):
        compile_taking(raw)
