# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of MySQL and MariaDB logins (through PyMySQL).

No database is named at login, so that its rights play no part in the answer. Error codes: MySQL, "Server Error Message
Reference"; MariaDB, "MariaDB Error Code Reference".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.extras import library
from secrethunt.validate.wire.link import EXCHANGE_S, Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = dict.fromkeys(("mysql", "mariadb", "mysql2", "mysqlx"), 3306)
_WHO = "select current_user(), version()"
_MOST_GRANTS = 8
_REJECTED = {
    1045: "the server rejects this user and password",
    1698: "the server rejects this user and password",
    3118: "the server says that the account is locked",
    4151: "the server says that the account is locked",
}
_REASONS = {
    1040: "the server has too many connections",
    1129: "the server blocks this host after too many errors",
    1130: "the server lets no one in from this host",
    1203: "the user has too many connections",
    1226: "the user has used up what it may",
    1820: "the password is right but over: the server lets nobody go on before it is changed",
    1862: "the password is right but over: the server lets nobody in before it is changed",
    3159: "the server demands TLS",
    2006: "the server broke the connection off",
    2013: "the server broke the connection off",
}
_NO_TLS = 2026
Read = Callable[[Any, Any], Attempt]
"""Asks over an open connection; gets it and the library."""


def check(credential: Credential, session: Session) -> Outcome:
    """Log in, ask who one is and what was granted."""
    return judge(login, target_of(credential), session)


def target_of(credential: Credential) -> Target:
    """The login that *credential* is for."""
    library("pymysql", extra="mysql")
    return read_target(credential, kind="mysql", ports=_PORTS, user="root")


def login(target: Target, session: Session, read: Read | None = None) -> Attempt:
    """
    Log in once, and let *read* ask over the connection what is wanted; by default who one is.

    With TLS wherever the server has it: 1045 is also its answer to a user who must come with TLS and does not.
    """
    try:
        return _attempt(target, session, read or _read, is_tls=True)
    except _NoTls:
        if target.demands_tls:
            raise
    return _attempt(target, session, read or _read, is_tls=False)


class _NoTls(NoAnswer):
    """The server has no TLS."""


def _attempt(target: Target, session: Session, read: Read, *, is_tls: bool) -> Attempt:
    pymysql = library("pymysql", extra="mysql")
    with opened(session, target) as link:
        connection = pymysql.Connection(
            host=link.address.host,
            user=target.user,
            password=target.password.encode("utf-8", "surrogateescape"),
            charset="utf8mb4",
            autocommit=None,
            defer_connect=True,
            read_timeout=EXCHANGE_S,
            write_timeout=EXCHANGE_S,
            ssl=link.tls_context(is_trusting=not target.demands_trust) if is_tls else None,
            ssl_disabled=not is_tls,
            auth_plugin_map=_refusals(link, is_tls=is_tls),
        )
        try:
            connection.connect(link.sock)
            return read(connection, pymysql)
        except pymysql.err.MySQLError as err:
            return _rejection(err)
        except (ValueError, IndexError, AssertionError, struct.error, RuntimeError) as err:
            raise NoAnswer("the server does not speak MySQL's protocol, or demands another login") from err


def _refusals(link: Link, *, is_tls: bool) -> dict[bytes, Any]:
    """Handlers instead of PyMySQL's for logins that give the password away on an open line."""
    if is_tls or link.is_near:
        return {}

    class Refusal:
        def __init__(self, _connection: object) -> None:
            pass

        def authenticate(self, _packet: object) -> None:
            raise NoAnswer("the server asks for the password itself, without TLS")

    return {b"mysql_clear_password": Refusal, b"dialog": Refusal, b"mysql_old_password": Refusal}


def _read(connection: Any, pymysql: Any) -> Attempt:
    with connection.cursor() as cursor:
        cursor.execute(_WHO)
        user, version = cursor.fetchone()
        facts: dict[str, object] = {"account": user, "user": user, "server": version}
        try:
            cursor.execute("show grants")
            grants = [without_hash(str(row[0])) for row in cursor.fetchmany(_MOST_GRANTS)]
            facts["role"] = _role(grants)
            facts["scopes"] = "; ".join(grants)
        except pymysql.err.MySQLError:
            # Who one is was answered all the same.
            pass
    connection.close()
    return Accepted("CURRENT_USER()", shown(facts))


def without_hash(grant: str) -> str:
    """A grant without the password's hash, which some versions show."""
    return grant.partition(" IDENTIFIED ")[0].removeprefix("GRANT ")


def _role(grants: list[str]) -> str:
    all_rights = any(grant.startswith("ALL PRIVILEGES ON *.*") or grant.startswith("SUPER") for grant in grants)
    return "superuser" if all_rights else ""


def _rejection(err: Exception) -> Rejected:
    original = getattr(err, "original_exception", None)
    if isinstance(original, OSError):
        raise original from None
    code = err.args[0] if err.args and isinstance(err.args[0], int) else 0
    if code in _REJECTED:
        return Rejected(str(code), _REJECTED[code])
    if code == _NO_TLS:
        raise _NoTls("the server has no TLS")
    raise NoAnswer(f"{_REASONS.get(code, 'the server refused')} ({code or 'no code'})")
