# SPDX-License-Identifier: Apache-2.0
"""
Owns requests as rules write them, and filling them in. Format: `docs/validation.md`, Request.

A host comes from the rule. Only labels before a literal domain may come from scanned text, and they must be labels.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secrethunt.online.contract import HostOrigin, Request
from secrethunt.online.templates import Template, TemplateError, UnfitValue, parse_template, quoted

UNSET_HOST = ".endpoint.invalid"
"""Ends the host of what everybody runs for themselves: `--endpoint` says where. It never resolves (RFC 6761)."""
_KEYS = frozenset(
    {
        "method",
        "url",
        "bearer",
        "basic",
        "headers",
        "query",
        "form",
        "json",
        "graphql",
        "body",
        "content_type",
        "found_host",
        "domains",
    }
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "PROPFIND")
_URL = re.compile(r"https://(?P<host>[^/?#\1]+)(?P<path>[/\1][^?#]*)?(?:\?(?P<query>[^#]*))?", re.DOTALL)
"""On a URL whose places are masked: `\1` for a path, `\2` for anything else."""
_PLACE = re.compile(r"\{\{[^{}]*\}\}")
_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-)){0,2}", re.I)
_DOMAIN = re.compile(r"\.(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}(?::\d{1,5})?")
_LITERAL_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z]{2,63}(?::\d{1,5})?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BODY_KEYS = ("form", "json", "graphql", "body")


class RequestError(ValueError):
    """A request of a rule that cannot be read."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One request with its places still to fill in."""

    method: str
    host: Template
    path: Template
    label: str
    """Method and URL as written: may be shown."""
    query: tuple[tuple[str, Template], ...] = ()
    headers: tuple[tuple[str, Template], ...] = ()
    basic: tuple[Template, Template] | None = None
    form: tuple[tuple[str, Template], ...] = ()
    json: Any = None
    """Structure whose texts are templates."""
    body: Template | None = None
    content_type: str = ""
    host_names: tuple[str, ...] = field(default=())
    """Names that the host is made with."""
    is_found_host: bool = False
    domains: tuple[str, ...] = ()
    """Where the host as a whole is found: it must be a name under one of these."""

    def labels(self) -> tuple[str, ...]:
        """`label`, once for each domain that a found host may be under."""
        return tuple(self.label.replace(self.host.source, f"*.{domain}") for domain in self.domains) or (self.label,)

    def fill(
        self,
        variables: Mapping[str, bytes],
        *,
        provider: str = "",
        endpoint: str | None = None,
        trusted: frozenset[str] = frozenset(),
    ) -> Request:
        """
        The request, ready to send.

        Args:
            endpoint: The base URL that the user gave for the provider; then the host needs no value.
            trusted: Names whose values come from the rule, so that they may be whole domains.

        Raises:
            MissingValue: A name without a value.
            UnfitValue: A value that cannot stand where it is wanted.
        """
        host = self.host.source if not self.host_names else self._host(variables, endpoint, trusted)
        url = f"https://{host}{self.path.fill(variables, quoted) or '/'}"
        if self.query:
            pairs = "&".join(f"{quoted(name)}={value.fill(variables, quoted)}" for name, value in self.query)
            url += ("&" if "?" in url else "?") + pairs
        headers = {"Accept": "application/json"} | {
            name: _field(name, value.fill(variables)) for name, value in self.headers
        }
        if self.basic is not None:
            user, password = (item.fill(variables) if item.source else "" for item in self.basic)
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        body, content_type = self._body(variables)
        if content_type:
            headers["Content-Type"] = content_type
        origin = HostOrigin.FOUND if self.is_found_host else HostOrigin.RULE
        return Request(self.method, url, self.label, headers, body, origin, provider)

    def names(self) -> set[str]:
        """Everything that must be known to send it."""
        templates = [self.path, self.host, *(self.basic or ()), *([self.body] if self.body else [])]
        templates += [template for _, template in (*self.query, *self.headers, *self.form)]
        return {name for template in (*templates, *_templates(self.json)) for name in template.names()}

    def _host(self, variables: Mapping[str, bytes], endpoint: str | None, trusted: frozenset[str]) -> str:
        if endpoint is not None:
            return "host" + UNSET_HOST
        if self.is_found_host or trusted.issuperset(self.host_names):
            return self.host.fill(variables)
        if self.domains:
            return self.host.fill(variables, self._name_under_domain)
        return self.host.fill(variables, self._label)

    def _name_under_domain(self, value: str) -> str:
        for domain in self.domains:
            if value.lower().endswith(f".{domain}"):
                self._label(value[: -len(domain) - 1])
                return value
        raise UnfitValue(" and ".join(self.host_names), f"is not under {' or '.join(self.domains)}")

    def _label(self, value: str) -> str:
        if not _LABELS.fullmatch(value):
            raise UnfitValue(" and ".join(self.host_names), "is no part of a host name")
        return value

    def _body(self, variables: Mapping[str, bytes]) -> tuple[bytes, str]:
        if self.form:
            pairs = [(name, value.fill(variables)) for name, value in self.form]
            return urllib.parse.urlencode(pairs).encode(), self.content_type or "application/x-www-form-urlencoded"
        if self.json is not None:
            return json.dumps(_filled(self.json, variables)).encode(), self.content_type or "application/json"
        if self.body is not None:
            return self.body.fill(variables).encode(), self.content_type
        return b"", self.content_type


def compile_asking(raw: Any, trusted: Collection[str] = ()) -> Asking:
    """
    Args:
        raw: A request as the rule file has it.
        trusted: Names whose values come from the rule, so that a host may end in them.

    Raises:
        RequestError: What is wrong with it.
    """
    if not isinstance(raw, Mapping):
        raise RequestError("a request is a mapping with `url`")
    unknown = set(raw) - _KEYS
    if unknown:
        raise RequestError(f"unknown key {sorted(unknown)[0]!r} of a request")
    bodies = [key for key in _BODY_KEYS if key in raw]
    if len(bodies) > 1:
        raise RequestError(f"a request has one body, not {' and '.join(bodies)}")
    method = str(raw.get("method", "POST" if bodies else "GET"))
    if method not in _METHODS:
        raise RequestError(f"`method` must be one of {', '.join(_METHODS)}")
    url = raw.get("url")
    trusted = frozenset(trusted)
    match = _URL.fullmatch(_PLACE.sub(_masked, url)) if isinstance(url, str) else None
    if match is None:
        raise RequestError("`url` must be an absolute https:// URL without fragment")
    try:
        return _compile(
            raw, method, {name: raw["url"][slice(*match.span(name))] for name in match.groupdict()}, trusted
        )
    except TemplateError as err:
        raise RequestError(str(err)) from err


def _masked(place: re.Match[str]) -> str:
    return ("\1" if place[0].rstrip("} ").endswith("|path") else "\2") * len(place[0])


def _compile(raw: Mapping[str, Any], method: str, url: Mapping[str, str], trusted: frozenset[str]) -> Asking:
    found_host = raw.get("found_host", False)
    host = parse_template(url["host"])
    names = tuple(host.names())
    domains = _domains(raw, host)
    if not found_host and not domains and not (names and trusted.issuperset(names)):
        _check_host(host)
    path = url["path"] or "/"
    if url["query"]:
        path += "?" + url["query"]
    return Asking(
        method=method,
        host=host,
        path=parse_template(path),
        label=f"{method} https://{url['host']}{url['path']}",
        query=_fields(raw, "query"),
        headers=_headers(raw),
        basic=_basic(raw),
        form=_fields(raw, "form"),
        json=_json_body(raw),
        body=parse_template(_text(raw, "body")) if "body" in raw else None,
        content_type=_text(raw, "content_type") if "content_type" in raw else "",
        host_names=names,
        is_found_host=bool(found_host),
        domains=domains,
    )


def _domains(raw: Mapping[str, Any], host: Template) -> tuple[str, ...]:
    domains = raw.get("domains", [])
    if not isinstance(domains, list) or not all(_DOMAIN.fullmatch(f".{item}") for item in domains):
        raise RequestError("`domains` must be a list of domains")
    if domains and (len(host.pieces) != 1 or host.source == host.pieces[0]):
        raise RequestError("`domains` says what a host that is all one variable may be under")
    return tuple(domains)


def _check_host(host: Template) -> None:
    last = host.pieces[-1]
    if host.source == last:
        if not _LITERAL_HOST.fullmatch(last):
            raise RequestError(f"{last!r} is no host name")
    elif not isinstance(last, str) or not _DOMAIN.fullmatch(last[max(last.find("."), 0) :]):
        raise RequestError("a host must end in the provider's literal domain, or name the `domains` it may be under")


def _headers(raw: Mapping[str, Any]) -> tuple[tuple[str, Template], ...]:
    headers = list(_fields(raw, "headers"))
    for name, _ in headers:
        if not _HEADER_NAME.fullmatch(name) or name.lower() in ("host", "content-length", "connection"):
            raise RequestError(f"{name!r} is no header that a rule may set")
    if "bearer" in raw:
        headers.append(("Authorization", parse_template("Bearer " + _text(raw, "bearer"))))
    if sum(name.lower() == "authorization" for name, _ in headers) + ("basic" in raw) > 1:
        raise RequestError("Authorization is set twice")
    return tuple(headers)


def _basic(raw: Mapping[str, Any]) -> tuple[Template, Template] | None:
    pair = raw.get("basic")
    if pair is None:
        return None
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(item, str) for item in pair):
        raise RequestError("`basic` must be [user, password]")
    user, password = pair
    return parse_template(user), parse_template(password)


def _json_body(raw: Mapping[str, Any]) -> Any:
    if "graphql" in raw:
        return {"query": parse_template(_text(raw, "graphql").replace("{{", "{ {").replace("}}", "} }"))}
    return _structure(raw["json"]) if "json" in raw else None


def _structure(value: Any) -> Any:
    if isinstance(value, str):
        return parse_template(value)
    if isinstance(value, Mapping):
        return {key: _structure(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_structure(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _filled(value: Any, variables: Mapping[str, bytes]) -> Any:
    if isinstance(value, Template):
        return value.fill(variables)
    if isinstance(value, dict):
        return {key: _filled(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, variables) for item in value]
    return value


def _templates(value: Any) -> Iterator[Template]:
    if isinstance(value, Template):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _templates(item)


def _fields(raw: Mapping[str, Any], key: str) -> tuple[tuple[str, Template], ...]:
    fields = raw.get(key, {})
    if not isinstance(fields, Mapping):
        raise RequestError(f"`{key}` must be a mapping")
    return tuple((name, parse_template(_scalar(value, key))) for name, value in fields.items())


def _scalar(value: Any, key: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if value == int(value) else str(value)
    if not isinstance(value, str):
        raise RequestError(f"the values of `{key}` must be texts")
    return value


def _text(raw: Mapping[str, Any], key: str) -> str:
    if not isinstance(raw[key], str):
        raise RequestError(f"`{key}` must be text")
    return str(raw[key])


def _field(name: str, value: str) -> str:
    """A header's value as HTTP allows it (RFC 9110, 5.5)."""
    if not value.isascii() or not value.isprintable():
        raise UnfitValue(name, "cannot stand in a header")
    return value
