# SPDX-License-Identifier: Apache-2.0
"""
Owns the syntax of URLs and hosts that may be asked: one strict spelling, everything else is refused.

Parsers of URLs disagree on user info, backslashes, dots at the end, numbers as addresses and letters beyond ASCII;
whoever writes the text that fills a template can use that. So nothing here is repaired or decoded. Of a rule's request
the URL must also fit the rule's own text, which it carries as its label: no value moves it to another host or port.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final

from secrethunt.errors import UsageError
from secrethunt.online.addresses import IP
from secrethunt.online.contract import HostOrigin, NoAnswer

_PORTS: Final = {"http": 80, "https": 443}
_URL: Final = re.compile(r"(https?)://([^/?]+)((?:/[^?]*)?)((?:\?.*)?)")
_URL_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
_DOT_SEGMENT: Final = re.compile(r"(?i)(?:^|/)(?:\.|%2e){1,2}(?:/|$)")
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@\[\]%]+)(?::([1-9][0-9]{0,4}))?")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_VARIABLE: Final = re.compile(r"\{\{.*?\}\}|\{[^{}]*\}")
_LABEL_URL: Final = re.compile(r"[A-Z]+ (https?)://([^/?#:\s]+)(?::([0-9]+|\x00))?(?:[/?#\s].*)?", re.DOTALL)
_FILLED: Final = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+){0,2}"
"""One label, or up to three, in place of a variable before the domain."""
_CHOSEN: Final = r"[a-z0-9._-]+"
"""A domain that the rule lists itself: what a rule reader allows at the end of a host."""


@dataclass(frozen=True, slots=True)
class Target:
    """An absolute URL, taken apart."""

    scheme: str
    host: str
    """Lower case, without brackets; a name in ASCII or an address."""
    port: int
    path: str = field(default="/", repr=False)
    """Begins with a slash."""
    query: str = field(default="", repr=False)
    """With its question mark, or empty."""

    @property
    def authority(self) -> str:
        """Host, and port where it is not the scheme's own, as a URL writes them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """All of it."""
        return f"{self.scheme}://{self.authority}{self.path}{self.query}"

    @property
    def base(self) -> str:
        """Scheme, authority and path, no slash at the end."""
        return f"{self.scheme}://{self.authority}{self.path}".rstrip("/")


def parse_target(url: str, origin: HostOrigin) -> Target:
    """
    Take *url* apart.

    Raises:
        NoAnswer: It is not written in the one accepted way. The reason holds nothing of the URL.
    """
    if not _URL_CHARACTERS.fullmatch(url):
        raise NoAnswer("the URL holds a character that URLs do not have")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise NoAnswer("the URL is not an absolute http or https URL")
    scheme, authority, path, query = parts.groups()
    if "@" in authority:
        raise NoAnswer("the URL holds user information")
    place = _AUTHORITY.fullmatch(authority)
    if place is None:
        raise NoAnswer("the URL's host or port is malformed")
    if _DOT_SEGMENT.search(path):
        raise NoAnswer("the URL's path holds a dot segment")
    port = int(place[2]) if place[2] else _PORTS[scheme]
    check_port(port)
    return Target(scheme, check_host(place[1], origin), port, path or "/", query)


def check_port(port: int) -> None:
    """
    Raises:
        NoAnswer: There is no such port.
    """
    if not 1 <= port <= 65535:
        raise NoAnswer("there is no such port")


def check_host(host: str, origin: HostOrigin) -> str:
    """
    *host* in lower case, without brackets.

    Raises:
        NoAnswer: It is no plain name or address, or one that *origin* may not name.
    """
    host = host.lower()
    literal = parse_literal(host)
    if literal is not None:
        if origin is HostOrigin.RULE:
            raise NoAnswer("a rule's host is a name, not an address")
        return str(literal)
    if len(host) > 253:
        raise NoAnswer("the host's name is too long")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]) or (labels[-1] == "" and len(labels) > 1 and _NUMBER.fullmatch(labels[-2])):
        raise NoAnswer("the host is an address in an unusual spelling")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise NoAnswer("the host's name is malformed")
    if origin is not HostOrigin.USER and any(label.startswith("xn--") for label in labels):
        raise NoAnswer("the host's name is internationalised, and may look like another")
    if origin is HostOrigin.RULE and len(labels) < 2:
        raise NoAnswer("a rule's host has a domain")
    return host


def parse_literal(host: str) -> IP | None:
    """The address that *host* is, in its usual spelling (IPv6 with or without brackets, never a zone), or None."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if "%" in bare:
        return None
    try:
        literal = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return None if bare is not host and literal.version == 4 else literal


def check_label(target: Target, label: str, origin: HostOrigin) -> None:
    """
    Hold *target* to what the rule wrote.

    Raises:
        NoAnswer: Scheme, host or port differ from the label's, other than where the label has a variable.
    """
    if origin is HostOrigin.USER:
        return
    parts = _LABEL_URL.fullmatch(_VARIABLE.sub("\x00", label))
    if parts is None:
        raise NoAnswer("the request's label does not say which URL the rule names")
    scheme, template, port = parts.groups()
    literal_port = _PORTS[scheme] if port is None else None if port == "\x00" else int(port)
    if target.scheme != scheme or literal_port not in (None, target.port):
        raise NoAnswer("the URL left the port or scheme that its rule names")
    if origin is HostOrigin.FOUND and template == "\x00":
        return
    *before, end = (re.escape(piece) for piece in template.lower().split("\x00"))
    pattern = _FILLED.join(before) + (_CHOSEN if not end else _FILLED if before else "") + end
    if not re.fullmatch(pattern, target.host):
        raise NoAnswer("the URL left the host that its rule names")


def parse_endpoint(text: str) -> tuple[str, str]:
    """
    `provider=URL` as the user wrote it: the provider and the base URL without a slash at its end.

    Raises:
        UsageError: It is something else.
    """
    provider, equals, url = text.partition("=")
    if not equals or not provider.strip():
        raise UsageError(
            "an endpoint is written PROVIDER=URL", hint="For example: --endpoint github=https://ghe.example/api/v3"
        )
    return provider.strip(), endpoint_target(provider.strip(), url.strip()).base


def endpoint_target(provider: str, url: str) -> Target:
    """
    The base URL that the user gave for *provider*, taken apart; a name beyond ASCII is encoded.

    Raises:
        UsageError: It is no base URL.
    """
    try:
        target = parse_target(_encode_host(url), HostOrigin.USER)
    except (NoAnswer, UnicodeError) as error:
        reason = error.reason if isinstance(error, NoAnswer) else "the host's name cannot be encoded"
        raise UsageError(f"endpoint of {provider!r}: {reason}") from None
    if target.query:
        raise UsageError(f"endpoint of {provider!r}: a base URL has no query")
    return target


def _encode_host(url: str) -> str:
    if url.isascii():
        return url
    import idna

    scheme, slashes, rest = url.partition("://")
    host, colon, tail = re.match(r"([^:/?#@]*)([:/]?)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]  # matches any text
    return scheme + slashes + idna.encode(host, uts46=True).decode() + colon + tail
