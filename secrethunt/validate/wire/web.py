# SPDX-License-Identifier: Apache-2.0
"""
Owns HTTP to hosts that the scanned text names: where a request goes, and credentials in an `Authorization` header.

An address given with `--endpoint` for the rule's provider takes the place of the one in the text.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.online.contract import Answer, HostOrigin, NoAnswer, Request, Session
from secrethunt.validate.contract import Credential

_BASE = re.compile(
    r"(?:https?:)?(?://)?(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[\w.-]{1,253})(?::(?P<port>\d{1,5}))?(?P<path>/[\w.~/-]{0,200})?"
)

_PUBLIC = frozenset(
    {"registry.npmjs.org", "registry-1.docker.io", "auth.docker.io", "ghcr.io", "quay.io", "registry.gitlab.com"}
)
"""Registries that everybody uses; their rules name them so."""


_CHALLENGE = re.compile(r"(?i)\b(basic|bearer)\b(?=\s+\w+=|\s*(?:,|$))")
_PARAMETER = re.compile(r'(\w+)="([^"]{0,500})"')


@dataclass(frozen=True, slots=True)
class Place:
    """A server's base URL."""

    host: str
    port: int
    path: str
    """Without a slash at its end."""
    provider: str

    def get(self, session: Session, path: str, authorization: str = "", *, accept: str = "application/json") -> Answer:
        """
        The answer to a GET of *path* below the base.

        Raises:
            NoAnswer: There is none.
        """
        headers = {"Accept": accept}
        if authorization:
            headers["Authorization"] = authorization
        base = session.endpoint(self.provider)
        port = "" if self.port == 443 else f":{self.port}"
        url = f"https://{self.host}{port}{self.path}{path}" if base is None else base + path
        origin = self._origin if base is None else HostOrigin.USER
        return session.send(Request("GET", url, self.label(path), headers, b"", origin, self.provider))

    def label(self, path: str) -> str:
        """What evidence calls it; no value from the text is in it."""
        path = path.partition("?")[0]
        if self._origin is HostOrigin.RULE:
            return f"GET https://{self.host}{path}"
        return f"GET https://{{{{host}}}}:{{{{port}}}}{path}"

    @property
    def _origin(self) -> HostOrigin:
        """Public services stand here, so that who finds their credentials need not allow any host that he finds."""
        return HostOrigin.RULE if self.host in _PUBLIC and self.port == 443 else HostOrigin.FOUND


def read_place(credential: Credential, text: str, session: Session) -> Place:
    """
    The server that *text* names, or the user for the credential's provider.

    Raises:
        NoAnswer: Neither does.
    """
    provider = credential.rule.provider
    match = _BASE.match(text.strip())
    if match is None:
        if session.endpoint(provider) is None:
            raise NoAnswer("no host stands with it (--endpoint names one)")
        return Place("", 443, "", provider)
    port = int(match["port"] or 443)
    if not 0 < port < 65536:
        raise NoAnswer("what stands as port is no port")
    return Place(match["host"], port, (match["path"] or "").rstrip("/"), provider)


def basic(user: str, password: str) -> str:
    """The value of an `Authorization` header (RFC 7617)."""
    pair = f"{user}:{password}".encode("utf-8", "surrogateescape")
    return "Basic " + base64.b64encode(pair).decode()


def bearer(token: str) -> str:
    """
    The same for a token (RFC 6750).

    Raises:
        NoAnswer: The token holds characters that no header can have.
    """
    if not token.isascii() or not token.isprintable() or not token:
        raise NoAnswer("the token holds characters that no header can have")
    return "Bearer " + token


def basic_pair(value: bytes) -> tuple[str, str]:
    """
    User and password of `user:password` in base64.

    Raises:
        NoAnswer: It is something else.
    """
    try:
        user, colon, password = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True).partition(b":")
    except ValueError as err:
        raise NoAnswer("it is no user and password in base64") from err
    if not colon or not user:
        raise NoAnswer("it is no user and password in base64")
    return user.decode("utf-8", "surrogateescape"), password.decode("utf-8", "surrogateescape")


def json_of(answer: Answer) -> Mapping[str, Any]:
    """The JSON object that *answer* is; empty where it is none or does not say so."""
    if "json" not in answer.headers.get("content-type", ""):
        return {}
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def challenges(answer: Answer) -> dict[str, dict[str, str]]:
    """What the server's `WWW-Authenticate` demands: scheme in lower case, and its parameters (RFC 9110, section 11)."""
    header = answer.headers.get("www-authenticate", "")
    found = list(_CHALLENGE.finditer(header))
    ends = [*(match.start() for match in found[1:]), len(header)] if found else []
    return {
        match[1].lower(): dict(_PARAMETER.findall(header[match.end() : end]))
        for match, end in zip(found, ends, strict=True)
    }
