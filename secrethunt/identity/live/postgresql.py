# SPDX-License-Identifier: Apache-2.0
"""
Identifies PostgreSQL users: attributes, roles they are members of, databases they may connect to, and their rights on
the tables of the one they are in.

References: PostgreSQL, "pg_roles", "Privileges", "Predefined Roles", "System Information Functions".
"""

from __future__ import annotations

from typing import Any

from secrethunt.identity.contract import Access
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.databases import Server, draw_role, identified, level_of, whole_server
from secrethunt.identity.live.drawing import Drawing, Right
from secrethunt.online.contract import Session
from secrethunt.validate.wire.login import Accepted, Attempt
from secrethunt.validate.wire.postgresql import login, target_of

_ROLE = (
    "select rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolvaliduntil::text"
    " from pg_roles where rolname = current_user"
)
_MEMBER = (
    "with recursive held(oid) as (select oid from pg_roles where rolname = current_user"
    " union select m.roleid from pg_auth_members m join held h on m.member = h.oid)"
    " select r.rolname from held h join pg_roles r using (oid) where r.rolname <> current_user order by 1"
)
_DATABASES = (
    "select datname, has_database_privilege(datname, 'CREATE'), pg_get_userbyid(datdba) = current_user"
    " from pg_database where not datistemplate and has_database_privilege(datname, 'CONNECT') order by 1 limit 200"
)
_TABLES = (
    "select n.nspname || '.' || c.relname,"
    " array_remove(array["
    "case when has_table_privilege(c.oid, 'SELECT') then 'SELECT' end,"
    "case when has_table_privilege(c.oid, 'INSERT') then 'INSERT' end,"
    "case when has_table_privilege(c.oid, 'UPDATE') then 'UPDATE' end,"
    "case when has_table_privilege(c.oid, 'DELETE') then 'DELETE' end], null),"
    " pg_get_userbyid(c.relowner) = current_user"
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where c.relkind in ('r', 'v', 'm', 'p', 'f') and n.nspname not in ('pg_catalog', 'information_schema')"
    " and n.nspname !~ '^pg_' and has_schema_privilege(n.oid, 'USAGE')"
    " and has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE') order by 1 limit 500"
)
_ATTRIBUTES = {
    "create role": Right(Access.ADMIN, "role", 0.9, tier0=True),
    "create database": Right(Access.WRITE, "database", 0.4),
    "replication": Right(Access.READ, "replication-stream", 0.9),
    "bypass row security": Right(Access.READ, "row", 0.8),
}
_PREDEFINED = {
    "pg_read_all_data": Right(Access.READ, "table", 0.9),
    "pg_write_all_data": Right(Access.WRITE, "table", 0.9),
    "pg_execute_server_program": Right(Access.ADMIN, "server", 1.0, tier0=True),
    "pg_write_server_files": Right(Access.ADMIN, "server", 1.0, tier0=True),
    "pg_read_server_files": Right(Access.SECRET_READ, "server-file", 0.9),
    "pg_monitor": Right(Access.READ, "statistics", 0.3),
}


def identify(asked: Asked, session: Session) -> Identification:
    """
    The user's own rights, over one connection.

    Raises:
        NoAnswer: The server does not let it in.
    """
    target = target_of(asked.credential)

    def ask(drawing: Drawing, server: Server) -> Attempt:
        return login(target, session, lambda connection, native: _read(connection, native, drawing, server))

    return identified(asked, target, "postgresql", ask)


def _read(connection: Any, native: Any, drawing: Drawing, server: Server) -> Attempt:
    try:
        name, is_super, *flags, expires = connection.run(_ROLE)[0]
        attributes = [word for word, has in zip(_ATTRIBUTES, flags, strict=True) if has]
        shown = ["superuser", *attributes] if is_super else attributes
        key = server.key("role", name)
        drawing.identity(key, name, "database-role", evidence="pg_roles", is_human=False, attributes=shown)
        drawing.describe(expires=expires)
        if is_super:
            drawing.may(whole_server(), "superuser", evidence="pg_roles.rolsuper")
        for word in attributes:
            drawing.may(_ATTRIBUTES[word], word, evidence="pg_roles")
        _read_roles(connection, drawing, server, key)
        _read_databases(connection, drawing, server)
        _read_tables(connection, drawing, server)
    except (native.DatabaseError, IndexError, ValueError):
        # Other servers that speak the protocol have other catalogues.
        drawing.unknown("", "the server has other catalogues than PostgreSQL")
    connection.close()
    return Accepted("pg_roles")


def _read_roles(connection: Any, drawing: Drawing, server: Server, user: str) -> None:
    for (role,) in connection.run(_MEMBER):
        draw_role(drawing, user, server.key("role", role), role, evidence="pg_auth_members")
        if role in _PREDEFINED:
            drawing.may(_PREDEFINED[role], role, evidence="pg_auth_members")


def _read_databases(connection: Any, drawing: Drawing, server: Server) -> None:
    for name, may_create, is_owner in connection.run(_DATABASES):
        access = Access.ADMIN if is_owner else Access.WRITE if may_create else Access.LIST
        permission = "OWNER" if is_owner else "CREATE" if may_create else "CONNECT"
        right = Right(access, "database", 0.6)
        drawing.reaches(
            server.key("database", name), name, right, evidence="has_database_privilege", permission=permission
        )


def _read_tables(connection: Any, drawing: Drawing, server: Server) -> None:
    database = connection.run("select current_database()")[0][0]
    for name, privileges, is_owner in connection.run(_TABLES):
        right = Right(Access.ADMIN if is_owner else level_of(privileges), "table", 0.7)
        key = server.key("table", f"{database}/{name}")
        permission = "OWNER" if is_owner else ", ".join(privileges)
        drawing.reaches(key, f"{database}.{name}", right, evidence="has_table_privilege", permission=permission)
