# SPDX-License-Identifier: Apache-2.0
"""
Identifies MySQL and MariaDB users: `SHOW GRANTS` of the user itself, read as far as its grammar goes.

References: MySQL, "SHOW GRANTS Statement", "Privileges Provided by MySQL"; MariaDB, "GRANT".
"""

from __future__ import annotations

import re
from typing import Any

from secrethunt.identity.contract import Access
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.databases import Server, draw_role, identified, level_of, whole_server
from secrethunt.identity.live.drawing import Drawing, Right
from secrethunt.online.contract import Session
from secrethunt.validate.wire.login import Accepted, Attempt
from secrethunt.validate.wire.mysql import login, target_of, without_hash

_MOST_GRANTS = 500
_ON = re.compile(r"(?P<rights>.+?) ON (?:(?P<type>TABLE|FUNCTION|PROCEDURE) )?(?P<what>\S+) TO (?P<rest>.+)", re.DOTALL)
_ROLES = re.compile(r"(?P<roles>[`'].+?) TO .+", re.DOTALL)
_COLUMNS = re.compile(r"\([^)]*\)")
_PASSWORD = re.compile(r" IDENTIFIED .*", re.DOTALL)
_ADMIN = frozenset(
    {"ALL PRIVILEGES", "ALL", "SUPER", "CREATE USER", "GRANT OPTION", "FILE", "SYSTEM_USER", "ROLE_ADMIN"}
)
"""On `*.*` these lead to everything."""


def identify(asked: Asked, session: Session) -> Identification:
    """
    The user's own grants, over one connection.

    Raises:
        NoAnswer: The server does not let it in.
    """
    target = target_of(asked.credential)

    def ask(drawing: Drawing, server: Server) -> Attempt:
        return login(target, session, lambda connection, pymysql: _read(connection, pymysql, drawing, server))

    return identified(asked, target, "mysql", ask)


def _read(connection: Any, pymysql: Any, drawing: Drawing, server: Server) -> Attempt:
    with connection.cursor() as cursor:
        cursor.execute("select current_user()")
        (user,) = cursor.fetchone()
        key = server.key("role", user)
        drawing.identity(key, user, "database-user", evidence="CURRENT_USER()", is_human=False)
        try:
            cursor.execute("show grants")
            grants = [without_hash(str(row[0])) for row in cursor.fetchmany(_MOST_GRANTS)]
        except pymysql.err.MySQLError:
            grants = []
            drawing.unknown("", "the server does not show the user's grants")
    connection.close()
    for grant in grants:
        draw_grant(drawing, server, key, grant)
    return Accepted("SHOW GRANTS")


def draw_grant(drawing: Drawing, server: Server, user: str, grant: str) -> None:
    """One line of SHOW GRANTS without its first word; one that cannot be read stays as UNKNOWN."""
    on = _ON.fullmatch(grant)
    if on is None:
        roles = _ROLES.fullmatch(grant)
        for name in roles["roles"].split(",") if roles else ():
            role = name.strip().replace("`", "").replace("'", "")
            draw_role(drawing, user, server.key("role", role), role, evidence="SHOW GRANTS")
        if roles is None:
            drawing.unknown("", "a line of SHOW GRANTS cannot be read")
        return
    rights = [word.strip() for word in _COLUMNS.sub("", on["rights"]).split(",")]
    if "WITH GRANT OPTION" in _PASSWORD.sub("", on["rest"]):
        rights.append("GRANT OPTION")
    database, _, table = on["what"].replace("`", "").replace("\\", "").partition(".")
    if database == "*":
        _draw_global(drawing, rights)
        return
    access = Access.ADMIN if "ALL PRIVILEGES" in rights else level_of(rights)
    permission = ", ".join(rights[:4])
    kind, name = ("database", database) if table == "*" else ("table", f"{database}/{table}")
    right = Right(access, kind, 0.7)
    drawing.reaches(server.key(kind, name), name, right, evidence="SHOW GRANTS", permission=permission)


def _draw_global(drawing: Drawing, rights: list[str]) -> None:
    """Rights on `*.*`. USAGE is the word for none."""
    named = [right for right in rights if right != "USAGE"]
    if not named:
        return
    if any(right in _ADMIN for right in named):
        drawing.may(whole_server(), ", ".join(named[:4]), evidence="SHOW GRANTS")
        return
    drawing.may(Right(level_of(named), "database", 0.9), ", ".join(named[:4]), evidence="SHOW GRANTS")
