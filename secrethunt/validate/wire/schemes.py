# SPDX-License-Identifier: Apache-2.0
"""Owns which protocol a URL's scheme, or a JDBC driver's name, stands for."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome

_Function = Callable[[Credential, Session], Outcome]

_SCHEMES = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "redshift": "postgresql",
    "cockroachdb": "postgresql",
    "mysql": "mysql",
    "mysql2": "mysql",
    "mariadb": "mysql",
    "mongodb": "mongodb",
    "redis": "redis",
    "rediss": "redis",
    "valkey": "redis",
    "valkeys": "redis",
    "amqp": "amqp",
    "amqps": "amqp",
    "pyamqp": "amqp",
    "mqtt": "mqtt",
    "mqtts": "mqtt",
    "ldap": "ldap",
    "ldaps": "ldap",
    "smtp": "smtp",
    "smtps": "smtp",
    "imap": "imap",
    "imaps": "imap",
    "pop": "pop3",
    "pop3": "pop3",
    "pop3s": "pop3",
    "ftp": "ftp",
    "ftps": "ftp",
    "ftpes": "ftp",
    "ssh": "ssh",
    "sftp": "ssh",
    "scp": "ssh",
    "https": "http_basic",
    "http": "http_basic",
}


def check(credential: Credential, session: Session) -> Outcome:
    """
    The check of the scheme that stands in the text as `kind`: `postgresql`, `mysql+pymysql`, `git+ssh`.

    Raises:
        NoAnswer: No scheme stands there, or it is one that nothing here speaks.
    """
    kind = credential.variables().get("kind", b"").decode("ascii", "replace").lower()
    first, _, last = kind.partition("+")
    module = _SCHEMES.get(first) or _SCHEMES.get(last)
    if module is None:
        raise NoAnswer(f"there is no check for {kind}" if kind.isalnum() else "no scheme stands with the password")
    found: _Function = importlib.import_module(f"secrethunt.validate.wire.{module}").check
    return found(credential, session)


_PORTS = {"5432": "postgresql", "3306": "mysql"}


def check_driver(credential: Credential, session: Session) -> Outcome:
    """
    The check of the server that a connection string's driver or port is for.

    Raises:
        NoAnswer: Neither says so.
    """
    said = credential.variables()
    driver, port = (said.get(name, b"").decode("ascii", "replace").lower() for name in ("driver", "port"))
    named = {"postgresql": "postgres" in driver, "mysql": "mysql" in driver or "mariadb" in driver}
    module = next((name for name, fits in named.items() if fits), "" if driver else _PORTS.get(port, ""))
    if not module:
        raise NoAnswer("the connection string is for no server that is known here")
    found: _Function = importlib.import_module(f"secrethunt.validate.wire.{module}").check
    return found(credential, session)
