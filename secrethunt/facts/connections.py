# SPDX-License-Identifier: Apache-2.0
"""What stands around a password: users, hosts and databases of connection strings, Basic credentials, logins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from secrethunt.facts.reading import Fact, base64_bytes, query, shown

_JDBC = re.compile(
    rb"jdbc:(?P<kind>[a-z0-9]{2,16})[a-z0-9:]{0,12}:(?://|@)(?P<host>[\w.-]{1,120})(?::(?P<port>\d{2,5}))?"
    rb"(?:/(?P<database>[\w.$-]{1,80}))?"
)
_USER = re.compile(rb"(?i)(?:^|[?&;])(?:user(?:name)?|user ?id|uid)[ ]?=[ ]?(?P<user>[^&;\s\"']{1,80})")
_SERVER = re.compile(
    rb"(?i)(?:(?:server|data source|host|addr(?:ess)?)[ ]?=[ ]?(?:tcp:)?)?(?P<host>[\w-]*\.database\.windows\.net)"
)
_DATABASE = re.compile(rb"(?i);[ ]?(?:initial catalog|database)[ ]?=[ ]?(?P<database>[^;\"'\s]{1,80})")


def basic_credentials(value: bytes, _text: bytes) -> Iterator[Fact]:
    """The user of `user:password` in base64 (RFC 7617); Docker and npm keep their logins in the same form."""
    user, colon, _ = base64_bytes(value).partition(b":")
    if colon and user and user.isascii() and user.decode("ascii").isprintable():
        yield "user", shown(user)


def jdbc(_value: bytes, text: bytes) -> Iterator[Fact]:
    """Driver, host, port, database and user of a JDBC URL (JDBC 4.3, section 9.4, and the drivers' manuals)."""
    yield from _named(_JDBC.search(text))
    yield from _named(_USER.search(text))
    yield from _options(text.replace(b";", b"&"))


def ado(_value: bytes, text: bytes) -> Iterator[Fact]:
    """Keywords of an ADO.NET connection string (`SqlConnection.ConnectionString`)."""
    for pattern in (_SERVER, _DATABASE, _USER):
        yield from _named(pattern.search(text))


def _named(match: re.Match[bytes] | None) -> Iterator[Fact]:
    if match is not None:
        for name, text in match.groupdict().items():
            if text:
                yield name, shown(unquote_to_bytes(text))


_SCHEME = re.compile(rb"(?P<kind>[a-z][a-z0-9+.-]{1,19})://")
_BEHIND = re.compile(rb"@[^/?\s]{1,200}(?:/(?P<database>[^/?#\s;,]{1,80}))?")
"""All that follows user and password: hosts, then what a client of this scheme opens there."""
_REPOSITORY = re.compile(rb"@[^/?\s]{1,200}(?P<path>/[\w.~/-]{1,200}\.git)(?![\w/-])")
"""Of other paths nothing is told: they may hold tokens."""
_DATABASES = (b"postg", b"cockroachdb", b"redshift", b"mysql", b"mariadb", b"mongodb", b"amqp", b"pyamqp")
"""Schemes whose path is the name of a database, or of a virtual host."""
_OPTIONS = {
    "sslmode": "tls",
    "ssl-mode": "tls",
    "ssl_mode": "tls",
    "ssl": "tls",
    "tls": "tls",
    "usessl": "tls",
    "requiressl": "tls",
    "encrypt": "tls",
    "authsource": "auth_source",
    "authmechanism": "auth_mechanism",
}
"""Parameters on which a login depends, by their names in lower case."""


def uri(value: bytes, text: bytes) -> Iterator[Fact]:
    """Scheme, database and what a login depends on of a URL with a password; user and host are groups of the rules."""
    scheme = _SCHEME.search(text)
    yield from _named(scheme)
    behind = text.find(value + b"@") + len(value)
    if scheme and scheme["kind"].startswith(_DATABASES):
        yield from _named(_BEHIND.match(text, behind))
    elif scheme and scheme["kind"].endswith((b"https", b"http")):
        yield from _named(_REPOSITORY.match(text, behind))
    yield from _options(text[behind:])


def _options(text: bytes) -> Iterator[Fact]:
    seen = set()
    for name, chosen in query(text).items():
        fact = _OPTIONS.get(name.lower())
        if fact and chosen and fact not in seen:
            seen.add(fact)
            yield fact, chosen
