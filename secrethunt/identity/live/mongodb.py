# SPDX-License-Identifier: Apache-2.0
"""
Identifies MongoDB users: `connectionStatus` with privileges, which every user may ask of itself.

References: MongoDB, "connectionStatus", "Built-In Roles", "Privilege Actions".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from secrethunt.identity.contract import Access
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.databases import Server, draw_role, identified, whole_server
from secrethunt.identity.live.drawing import Drawing, Right
from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.wire.login import Accepted, Attempt
from secrethunt.validate.wire.mongodb import Wire, login, target_of

_READS = frozenset(
    {"find", "changeStream", "collStats", "dbStats", "dbHash", "killCursors", "planCacheRead", "viewRole"}
)
_LISTS = frozenset({"listCollections", "listDatabases", "listIndexes", "serverStatus", "connPoolStats"})
_ADMIN = frozenset(
    {"anyAction", "createUser", "grantRole", "changePassword", "createRole", "internal", "changeCustomData", "dropUser"}
)
_MOST_SHOWN = 6


def identify(asked: Asked, session: Session) -> Identification:
    """
    The user's own roles and privileges, over one connection.

    Raises:
        NoAnswer: The server does not let it in.
    """
    target = target_of(asked.credential, session)

    def ask(drawing: Drawing, server: Server) -> Attempt:
        return login(target, session, lambda wire, _: _read(wire, drawing, server))

    return identified(asked, target, "mongodb", ask)


def _read(wire: Wire, drawing: Drawing, server: Server) -> Attempt:
    info = wire.command("admin", connectionStatus=1, showPrivileges=True).get("authInfo")
    users = info.get("authenticatedUsers") if isinstance(info, Mapping) else None
    if not isinstance(info, Mapping) or not isinstance(users, list) or not users or not isinstance(users[0], Mapping):
        raise NoAnswer("the server let it in and names nobody")
    name = f"{users[0].get('user')}@{users[0].get('db')}"
    key = server.key("role", name)
    drawing.identity(key, name, "database-user", evidence="connectionStatus", is_human=False)
    for role in _mappings(info.get("authenticatedUserRoles")):
        role_name = f"{role.get('role')}@{role.get('db')}"
        draw_role(drawing, key, server.key("role", role_name), role_name, evidence="connectionStatus")
        if role.get("role") in ("root", "__system"):
            drawing.may(whole_server(), role_name, evidence="connectionStatus")
    privileges = list(_mappings(info.get("authenticatedUserPrivileges")))
    for privilege in privileges:
        _draw_privilege(drawing, server, privilege)
    if not privileges:
        drawing.unknown("", "the server does not show the user's privileges")
    return Accepted("connectionStatus")


def _draw_privilege(drawing: Drawing, server: Server, privilege: Mapping[str, Any]) -> None:
    resource, actions = privilege.get("resource"), privilege.get("actions")
    if not isinstance(resource, Mapping) or not isinstance(actions, list):
        return
    names = [str(action) for action in actions]
    access = access_of(names)
    permission = ", ".join(names[:_MOST_SHOWN])
    if resource.get("anyResource") or resource.get("cluster"):
        right = whole_server() if access is Access.ADMIN else Right(access, "cluster", 0.6)
        drawing.may(right, permission, evidence="connectionStatus")
        return
    database, collection = str(resource.get("db", "")), str(resource.get("collection", ""))
    if collection.startswith("system."):
        return
    if not database:
        kind = "collection" if collection else "database"
        drawing.may(Right(access, kind, 0.9), permission, evidence="connectionStatus")
        return
    kind, name = ("collection", f"{database}/{collection}") if collection else ("database", database)
    drawing.reaches(
        server.key(kind, name), name, Right(access, kind, 0.7), evidence="connectionStatus", permission=permission
    )


def access_of(actions: Iterable[str]) -> Access:
    """The strongest of *actions*; what is not known to read writes."""
    return max((_level(action) for action in actions), default=Access.LIST)


def _level(action: str) -> Access:
    if action in _ADMIN:
        return Access.ADMIN
    if action in _LISTS:
        return Access.LIST
    return Access.READ if action in _READS else Access.WRITE


def _mappings(raw: Any) -> Iterable[Mapping[str, Any]]:
    return [item for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else []
