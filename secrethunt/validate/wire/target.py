# SPDX-License-Identifier: Apache-2.0
"""
Owns what a login needs, read from a credential: host, port, user, password, database, and what its URL demands.

The scan names them as facts (groups of the rule's pattern, parameters of the URL) or parts (what stands beside it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from secrethunt.online.contract import HostOrigin, NoAnswer
from secrethunt.validate.contract import Credential

_HOST = re.compile(
    r"\[(?P<v6>[0-9A-Fa-f:.]{2,45})\](?::(?P<port6>\d{1,5}))?|(?P<name>[\w.-]{1,253})(?::(?P<port>\d{1,5}))?"
)
_OFF = frozenset({"disable", "disabled", "false", "0", "no"})
_VERIFIED = frozenset({"verify-ca", "verify-full", "verify_ca", "verify_identity", "strict"})
_LOOSE = frozenset({"prefer", "preferred", "allow"})


@dataclass(frozen=True, slots=True)
class Target:
    """One login: where, as whom, and the password, all decoded."""

    kind: str
    """The URL's scheme in lower case, without what a driver adds (`mysql+pymysql`)."""
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    """Bytes that are not UTF-8 are kept as surrogates."""
    database: str = ""
    tls: str = ""
    """What the URL says of TLS (`verify-full`, `require`, `true`), in lower case."""
    options: tuple[tuple[str, str], ...] = ()
    """Other parameters of the URL that a login depends on."""
    origin: HostOrigin = HostOrigin.FOUND

    @property
    def label(self) -> str:
        """What evidence calls it; no value from the text is in it."""
        return f"{self.kind}://{{{{user}}}}@{{{{host}}}}"

    @property
    def demands_tls(self) -> bool:
        """The URL forbids to go on without TLS."""
        return bool(self.tls) and self.tls not in _OFF | _LOOSE

    @property
    def demands_trust(self) -> bool:
        """The URL demands a certificate that a known authority signed."""
        return self.tls in _VERIFIED

    def option(self, name: str) -> str:
        """The parameter called *name*, or an empty text."""
        return dict(self.options).get(name, "")


def read_target(credential: Credential, *, kind: str, ports: dict[str, int], user: str = "") -> Target:
    """
    The login that *credential* is for.

    Args:
        credential: With `host` as fact or part, perhaps with its port; `user`, `port`, `database`, `kind`, `tls` too.
        kind: The scheme, where none stands in the text.
        ports: The port of each scheme, for where none is named.
        user: Whom to log in as where nobody is named.

    Raises:
        NoAnswer: No host stands there, or it is none.
    """
    said = {name: value.decode("utf-8", "surrogateescape") for name, value in credential.variables().items()}
    host, port = _host(said.get("host", ""), said.get("port", ""))
    scheme = said.get("kind", "").lower().partition("+")[0]
    scheme = scheme if scheme in ports else kind
    is_url = "kind" in said or "tls" in said
    known = ("auth_source", "auth_mechanism")
    return Target(
        kind=scheme,
        host=host,
        port=port or ports[scheme],
        user=_decoded(said.get("user", ""), is_url=is_url) or user,
        password=_decoded(said["secret"], is_url=is_url),
        database=said.get("database", ""),
        tls=said.get("tls", "").lower(),
        options=tuple((name, said[name]) for name in known if name in said),
    )


def _host(text: str, port: str) -> tuple[str, int]:
    if not text:
        raise NoAnswer("no host stands with the password")
    match = _HOST.fullmatch(text.strip().rstrip(","))
    if match is None:
        raise NoAnswer("what stands as host is no host")
    number = match["port6"] or match["port"] or (port if port.isdigit() else "")
    if number and not 0 < int(number) < 65536:
        raise NoAnswer("what stands as port is no port")
    return match["v6"] or match["name"], int(number or 0)


def _decoded(text: str, *, is_url: bool) -> str:
    if not is_url:
        return text
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
