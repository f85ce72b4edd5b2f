# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of PostgreSQL logins (protocol 3.0, through pg8000).

`28P01` is the server's word for a wrong password; it says the same for a user that does not exist or has expired.
`28000` is INACTIVE only from the routine that knows the role and not from the one that reads pg_hba.conf. Codes:
PostgreSQL, appendix A; fields of an error: "Error and Notice Message Fields".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.extras import library
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = dict.fromkeys(("postgresql", "postgres", "postgis", "pgsql"), 5432) | {"redshift": 5439, "cockroachdb": 26257}
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_WHO = "select current_user, current_database(), version()"
_ROLE = (
    "select r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls, r.rolvaliduntil::text,"
    " array(select m.rolname::text from pg_auth_members a join pg_roles m on m.oid = a.roleid where a.member = r.oid)"
    " from pg_roles r where r.rolname = current_user"
)
_ATTRIBUTES = ("superuser", "create role", "create database", "replication", "bypass row security")
_REASONS = {
    "28000": "the server has no entry for this user, host and database",
    "53300": "the server has too many connections",
    "57P03": "the server is starting or shutting down",
    "3D000": "the database does not exist",
    "42501": "the user may not connect to this database",
}
_NO_LOGIN = "InitializeSessionUserId"
Read = Callable[[Any, Any], Attempt]
"""Asks over an open connection; gets it and the library."""


def check(credential: Credential, session: Session) -> Outcome:
    """Log in, ask who one is and which attributes the role has."""
    return judge(login, target_of(credential), session)


def target_of(credential: Credential) -> Target:
    """The login that *credential* is for."""
    library("pg8000.native", extra="postgresql")
    return read_target(credential, kind="postgresql", ports=_PORTS, user="postgres")


def login(target: Target, session: Session, read: Read | None = None) -> Attempt:
    """Log in once, and let *read* ask over the connection what is wanted; by default who one is."""
    try:
        return _attempt(target, session, read or _read)
    except _NoDatabase:
        if target.database == "postgres":
            raise
        # The password was right: this is said after it. Any database will do to ask who one is.
        return _attempt(replace(target, database="postgres"), session, read or _read)


def _attempt(target: Target, session: Session, read: Read) -> Attempt:
    native = library("pg8000.native", extra="postgresql")
    with opened(session, target) as link:
        _start_tls(link, target)
        try:
            connection = _connection(native, link)(
                target.user,
                host=target.host,
                database=target.database or None,
                password=target.password,
                ssl_context=False,
                application_name="secrethunt",
                sock=link.sock,
            )
            return read(connection, native)
        except native.DatabaseError as err:
            return _rejection(err)
        except native.InterfaceError as err:
            if isinstance(err.__cause__, OSError):
                raise err.__cause__ from None
            raise NoAnswer("the server does not speak PostgreSQL's protocol, or demands another login") from None
        except (ValueError, KeyError, IndexError, struct.error) as err:
            raise NoAnswer("the server does not speak PostgreSQL's protocol") from err
        except library("scramp", extra="postgresql").ScramException:
            raise NoAnswer("the SCRAM exchange failed") from None


def _start_tls(link: Link, target: Target) -> None:
    """TLS wherever the server has it, whatever the URL allows; with a known certificate where it demands one."""
    link.send(_SSL_REQUEST)
    if link.read(1) == b"S":
        link.start_tls(is_trusting=not target.demands_trust)
    elif target.demands_tls:
        raise NoAnswer("the URL demands TLS and the server has none")


def _connection(native: Any, link: Link) -> Any:
    """pg8000's connection, except that it gives the password itself to nobody on an open line."""
    may_tell = link.is_tls or link.is_near

    class Connection(native.Connection):  # type: ignore[misc]  # pg8000 has no types
        def handle_AUTHENTICATION_REQUEST(self, data: bytes, context: object) -> None:
            if data[:4] == b"\x00\x00\x00\x03" and not may_tell:
                raise NoAnswer("the server asks for the password in clear, without TLS")
            super().handle_AUTHENTICATION_REQUEST(data, context)

    return Connection


def _read(connection: Any, native: Any) -> Attempt:
    user, database, version = connection.run(_WHO)[0]
    facts: dict[str, object] = {
        "account": user,
        "user": user,
        "database": database,
        "server": version.partition(" on ")[0],
    }
    try:
        *flags, expires, roles = connection.run(_ROLE)[0]
        facts["role"] = [name for name, has in zip(_ATTRIBUTES, flags, strict=True) if has]
        facts |= {"groups": roles, "expires": expires}
    except (native.DatabaseError, IndexError, ValueError):
        # Other servers that speak the protocol have other catalogues; who one is was answered all the same.
        pass
    connection.close()
    return Accepted("current_user", shown(facts))


class _NoDatabase(NoAnswer):
    """The login went well, the database is the wrong one."""


def _rejection(err: Exception) -> Rejected:
    fields = err.args[0] if err.args and isinstance(err.args[0], dict) else {}
    code = str(fields.get("C", ""))
    if code == "28P01":
        return Rejected(code)
    if code == "28000" and fields.get("R") == _NO_LOGIN:
        return Rejected(code, "the server says that this role may not log in")
    reason = _REASONS.get(code, "the server refused")
    if code in ("3D000", "42501"):
        raise _NoDatabase(f"{reason} ({code})")
    raise NoAnswer(f"{reason} ({code or 'no code'})")
