# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
from typing import Any

import pytest

from secrethunt.online.asking import RequestError, compile_asking
from secrethunt.online.contract import HostOrigin
from secrethunt.online.templates import MissingValue, UnfitValue


def test_a_request_is_filled_in() -> None:
    asking = compile_asking(
        {
            "url": "https://api.acme.com/v1/{{account}}?limit=1",
            "bearer": "{{secret}}",
            "query": {"key id": "{{key_id}}", "n": 2.0},
            "headers": {"X-Version": "3"},
        }
    )
    request = asking.fill({"account": b"a/b", "secret": b"s3", "key_id": b"k&1"})
    assert request.method == "GET"
    assert request.url == "https://api.acme.com/v1/a%2Fb?limit=1&key%20id=k%261&n=2"
    assert request.headers == {"Accept": "application/json", "X-Version": "3", "Authorization": "Bearer s3"}
    assert request.label == "GET https://api.acme.com/v1/{{account}}"
    assert asking.names() == {"account", "secret", "key_id"}


def test_basic_authentication_may_leave_one_side_empty() -> None:
    request = compile_asking({"url": "https://a.com/", "basic": ["{{secret}}", ""]}).fill({"secret": b"abc"})
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"abc:").decode()


@pytest.mark.parametrize(
    ("raw", "body", "content_type"),
    [
        ({"form": {"a": "{{secret}}", "b": "c d"}}, b"a=x%261&b=c+d", "application/x-www-form-urlencoded"),
        ({"json": {"a": ["{{secret}}", 3.0, True]}}, b'{"a": ["x&1", 3, true]}', "application/json"),
        ({"graphql": "{ viewer {id}}"}, b'{"query": "{ viewer {id} }"}', "application/json"),
        ({"body": "<a>{{secret}}</a>", "content_type": "text/xml"}, b"<a>x&1</a>", "text/xml"),
    ],
)
def test_bodies(raw: dict[str, Any], body: bytes, content_type: str) -> None:
    request = compile_asking({"url": "https://a.com/q", **raw}).fill({"secret": b"x&1"})
    assert (request.method, request.body, request.headers["Content-Type"]) == ("POST", body, content_type)


def test_a_webhook_keeps_its_own_path_at_the_host_of_the_rule() -> None:
    asking = compile_asking({"url": "https://hooks.acme.com{{secret|path}}"})
    request = asking.fill({"secret": b"https://evil.example/services/T0/B0?x=1"})
    assert request.url == "https://hooks.acme.com/services/T0/B0?x=1"
    assert request.label == "GET https://hooks.acme.com{{secret|path}}"


def test_only_labels_before_a_literal_domain_come_from_the_text() -> None:
    asking = compile_asking({"url": "https://{{tenant}}.acme.com/api"})
    assert asking.fill({"tenant": b"shop.eu"}).url == "https://shop.eu.acme.com/api"
    assert asking.fill({"tenant": b"shop"}).origin is HostOrigin.RULE


@pytest.mark.parametrize(
    "tenant",
    [b"evil.com/", b"evil.com#", b"evil.com?", b"a@evil.com:443/", b"a:b", b"-a", b"a..b", b"a.b.c.d", b"a b", b"\xff"],
)
def test_what_is_no_label_stays_out_of_the_host(tenant: bytes) -> None:
    with pytest.raises(UnfitValue):
        compile_asking({"url": "https://{{tenant}}.acme.com/api"}).fill({"tenant": tenant})


def test_a_found_host_must_be_under_a_domain_of_the_rule() -> None:
    asking = compile_asking({"url": "https://{{site}}/api", "domains": ["acme.com", "acme.eu"]})
    assert asking.fill({"site": b"shop.acme.eu"}).url == "https://shop.acme.eu/api"
    assert asking.labels() == ("GET https://*.acme.com/api", "GET https://*.acme.eu/api")
    for site in (b"acme.com", b"evil-acme.com", b"evil.com/.acme.com", b"a@.acme.com", b"acme.com.evil.com"):
        with pytest.raises(UnfitValue):
            asking.fill({"site": site})


def test_what_a_filter_leaves_must_be_a_label() -> None:
    asking = compile_asking({"url": "https://{{site|before:.acme}}.acme.com/api"})
    assert asking.fill({"site": b"shop.acme.com"}).url == "https://shop.acme.com/api"
    with pytest.raises(UnfitValue):
        asking.fill({"site": b"evil.com/x.acme.com"})


def test_a_header_takes_no_line_break() -> None:
    with pytest.raises(UnfitValue):
        compile_asking({"url": "https://a.com/", "bearer": "{{secret}}"}).fill({"secret": b"a\r\nX-Evil: 1"})


def test_with_an_endpoint_of_the_user_the_host_needs_no_value() -> None:
    asking = compile_asking({"url": "https://{{tenant}}.acme.com/api/{{account}}"})
    assert asking.fill({"account": b"1"}, endpoint="http://127.0.0.1:1").url.endswith("/api/1")
    with pytest.raises(MissingValue):
        asking.fill({"account": b"1"})


@pytest.mark.parametrize(
    "raw",
    [
        "https://a.com",
        {},
        {"url": "http://a.com/"},
        {"url": "https://{{host}}/"},
        {"url": "https://{{host}}.acme.com/", "domains": ["acme.com"]},
        {"url": "https://{{host}}/", "domains": ["com/"]},
        {"url": "https://a.{{domain}}/"},
        {"url": "https://user@a.com/"},
        {"url": "https://a.com/#x"},
        {"url": "https://10.0.0.1/"},
        {"url": "https://a.com/", "method": "DELETE"},
        {"url": "https://a.com/", "cookies": {}},
        {"url": "https://a.com/", "form": {"a": "b"}, "json": {}},
        {"url": "https://a.com/", "headers": {"Host": "b.com"}},
        {"url": "https://a.com/", "headers": {"Authorization": "x"}, "bearer": "y"},
        {"url": "https://a.com/", "basic": ["only one"]},
        {"url": "https://a.com/{{Bad}}"},
    ],
)
def test_a_request_that_must_not_be_sent_is_refused(raw: Any) -> None:
    with pytest.raises(RequestError):
        compile_asking(raw)
