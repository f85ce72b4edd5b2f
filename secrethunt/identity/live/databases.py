# SPDX-License-Identifier: Apache-2.0
"""What the identifications of database users share: keys by host and port, and drawing what was granted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.drawing import Drawing, Right
from secrethunt.validate.wire.login import Attempt, Rejected
from secrethunt.validate.wire.target import Target
from secrethunt.verdict import Evidence

_LEVELS = {
    "SELECT": Access.READ,
    "USAGE": Access.LIST,
    "CONNECT": Access.LIST,
    "EXECUTE": Access.WRITE,
    "REFERENCES": Access.LIST,
    "SHOW DATABASES": Access.LIST,
    "SHOW VIEW": Access.READ,
}
"""Rights on tables and databases; all others write."""


@dataclass(frozen=True, slots=True)
class Server:
    """One database server in the graph."""

    provider: str
    host: str
    port: int

    @property
    def prefix(self) -> str:
        """Of all keys on it."""
        return f"{self.provider}:{self.host}:{self.port}"

    def key(self, kind: str, name: str) -> str:
        """Key of a role, database, table, … on it."""
        return f"{self.prefix}:{kind}:{name}"


def identified(
    asked: Asked, target: Target, provider: str, ask: Callable[[Drawing, Server], Attempt]
) -> Identification:
    """What *ask*, which logs in once, drew of the user."""
    drawing = Drawing(asked, provider)
    server = Server(provider, target.host, target.port)
    drawing.account(server.key("server", "server"), f"{target.host}:{target.port}", f"{provider}-server")
    attempt = ask(drawing, server)
    if isinstance(attempt, Rejected):
        return Drawing(asked, provider).finished(attempt.reason)
    drawing.requests.append(Evidence(target.label, None, attempt.marker))
    return drawing.finished("the server does not say who it is")


def level_of(privileges: Iterable[str]) -> Access:
    """The strongest of *privileges*, as SQL names them."""
    return max((_LEVELS.get(name.upper(), Access.WRITE) for name in privileges), default=Access.LIST)


def draw_role(drawing: Drawing, user: str, key: str, name: str, *, evidence: str) -> None:
    """*user* is a member of a role."""
    drawing.node(Node(key, NodeKind.ROLE, drawing.provider, name, drawing.account_key, {"type": "role"}))
    drawing.edge(Edge(user, key, EdgeKind.MEMBER_OF, evidence=evidence))


def whole_server(access: Access = Access.ADMIN) -> Right:
    """All of it."""
    return Right(access, "server", 1.0, tier0=access is Access.ADMIN)
