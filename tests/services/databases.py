# SPDX-License-Identifier: Apache-2.0
"""Database servers with users of every kind: PostgreSQL, MariaDB, Redis."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services.certificates import Certificates, make_certificates
from tests.services.daemon import as_user, folder, free_port, own, program, running


def password() -> str:
    """One that no rule takes for a placeholder; characters that a URL escapes are added where a test is about them."""
    return secrets.token_hex(9)


@dataclass(frozen=True, slots=True)
class Service:
    """A running server."""

    port: int
    passwords: dict[str, str]
    """By user."""
    certificates: Certificates
    plain_port: int = 0
    """Another port, without TLS, where it has both."""


@contextlib.contextmanager
def postgresql() -> Iterator[Service]:
    """
    PostgreSQL with SCRAM. Users: `app`, `admin` (superuser), `md5`, `clear` (the server asks for the password itself),
    `expired`, `disabled` (NOLOGIN), `tls` (only with TLS), `walled` (no entry in pg_hba.conf), `full` (no connection
    allowed), `open` (any password).
    """
    binary = Path(program("initdb", "/usr/lib/postgresql/*/bin/initdb")).resolve().parent
    users = ("app", "md5", "clear", "expired", "disabled", "tls", "walled", "full", "open")
    chosen = {name: password() for name in (*users, "admin")}
    with folder("postgresql", user="postgres") as home:
        data, port = home / "data", free_port()
        certificates = _owned(make_certificates(home), "postgres")
        (home / "pw").write_text(chosen["admin"])
        own(home / "pw", "postgres")
        options = ("-U", "admin", "--auth=scram-sha-256", "--no-sync", "--pwfile", home / "pw", "--no-locale")
        _run([binary / "initdb", "-D", data, *options, "--encoding=UTF8"], "postgres", home)
        (data / "pg_hba.conf").write_text(_PG_HBA)
        (home / "users.sql").write_text(_postgresql_users(chosen))
        own(home / "users.sql", "postgres")
        single = [binary / "postgres", "--single", "-j", "-D", data, "postgres"]
        with (home / "users.sql").open("rb") as script:
            _run(single, "postgres", home, stdin=script)
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": home,
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": certificates.certificate,
            "ssl_key_file": certificates.key,
        }
        flags = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        with running([str(binary / "postgres"), "-D", str(data), *flags], port=port, home=home, user="postgres"):
            yield Service(port, chosen, certificates)


_PG_HBA = """\
hostssl all tls all scram-sha-256
host all tls all reject
host all open all trust
host all md5 all md5
host all clear all password
host all app,admin,expired,disabled,full,nobody all scram-sha-256
"""


def _postgresql_users(chosen: dict[str, str]) -> str:
    options = {
        "app": "LOGIN CREATEDB",
        "expired": "LOGIN VALID UNTIL '2020-01-01'",
        "disabled": "NOLOGIN",
        "full": "LOGIN CONNECTION LIMIT 0",
    }
    lines = [
        "SET password_encryption = '{}';\n\nCREATE ROLE {} PASSWORD '{}' {};\n".format(
            "md5" if name == "md5" else "scram-sha-256", name, word, options.get(name, "LOGIN")
        )
        for name, word in chosen.items()
        if name != "admin"
    ]
    return "\n".join([*lines, "CREATE ROLE readers;\n", "GRANT readers TO app;\n"])


@contextlib.contextmanager
def mariadb() -> Iterator[Service]:
    """
    MariaDB with TLS. Users: `app`, `super`, `locked`, `expired`, `tls` (only with TLS), `poor` (no connection allowed),
    `open` (no password: any is refused, so that it is no login of ours).
    """
    server = program("mariadbd", "/usr/sbin/mariadbd")
    install = program("mariadb-install-db")
    chosen = {name: password() for name in ("app", "super", "locked", "expired", "tls", "poor")}
    with folder("mariadb", user="mysql") as home:
        port, certificates = free_port(), _owned(make_certificates(home), "mysql")
        data = home / "data"
        quick = ("--no-defaults", f"--datadir={data}", "--innodb-log-file-size=4M", "--innodb-flush-method=nosync")
        _run([install, *quick, "--skip-test-db", "--auth-root-authentication-method=normal"], "mysql", home)
        (home / "users.sql").write_text(_mariadb_users(chosen))
        own(home / "users.sql", "mysql")
        command = [
            server,
            *quick,
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={home}/socket",
            f"--init-file={home}/users.sql",
            f"--ssl-cert={certificates.certificate}",
            f"--ssl-key={certificates.key}",
            "--innodb-buffer-pool-size=8M",
        ]
        with running(command, port=port, home=home, user="mysql"):
            yield Service(port, chosen, certificates)


def _mariadb_users(chosen: dict[str, str]) -> str:
    options = {
        "locked": "ACCOUNT LOCK",
        "expired": "PASSWORD EXPIRE",
        "tls": "REQUIRE SSL",
        "poor": "WITH MAX_USER_CONNECTIONS 1",
    }
    lines = [
        f"CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY '{word}' {options.get(name, '')};"
        for name, word in chosen.items()
    ]
    grants = ["GRANT SELECT ON mysql.db TO 'app'@'127.0.0.1';", "GRANT ALL PRIVILEGES ON *.* TO 'super'@'127.0.0.1';"]
    return "\n".join([*lines, *grants, ""])


@contextlib.contextmanager
def redis() -> Iterator[Service]:
    """
    Redis with users. `default` has a password; `app` may only read; `admin` all; `disabled` is off; `open` takes any
    password. TLS on the first port, none on the plain one.
    """
    server = program("redis-server")
    chosen = {name: password() for name in ("default", "app", "admin", "disabled")}
    with folder("redis") as home:
        port, plain, certificates = free_port(), free_port(), make_certificates(home)
        rules = {"app": "on ~app:* +@read +acl|whoami", "admin": "on ~* +@all", "disabled": "off ~* +@all"}
        users = [f"user {name} {rules.get(name, 'on ~* +@all')} >{word}" for name, word in chosen.items()]
        (home / "users.acl").write_text("\n".join([*users, "user open on nopass ~* +@all", ""]))
        command = [server, "--port", str(plain), "--tls-port", str(port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--tls-cert-file", str(certificates.certificate), "--tls-key-file", str(certificates.key)]
        command += ["--tls-auth-clients", "no", "--aclfile", str(home / "users.acl"), "--dir", str(home)]
        with running(command, port=plain, home=home):
            yield Service(port, chosen, certificates, plain)


def _owned(certificates: Certificates, user: str) -> Certificates:
    certificates.key.chmod(0o600)
    for path in (certificates.authority, certificates.certificate, certificates.key):
        own(path, user)
    return certificates


def _run(command: list[object], user: str, home: Path, stdin: object = subprocess.DEVNULL) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(  # type: ignore[call-overload]  # `as_user` is a mapping of its keyword arguments
        words,
        stdin=stdin,
        capture_output=True,
        check=False,
        cwd=home,
        timeout=60,
        env={"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(home), "LC_ALL": "C.UTF-8"},
        **as_user(user),
    )
    if done.returncode:
        raise RuntimeError(f"{words!r}: {done.stdout!r} {done.stderr!r}")
