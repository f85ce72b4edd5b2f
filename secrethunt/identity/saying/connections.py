# SPDX-License-Identifier: Apache-2.0
"""Logins: who on which server, of connection strings, Basic credentials, registries, mail and directories."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secrethunt.identity.contract import Access, EdgeKind, NodeKind
from secrethunt.identity.saying.said import Item, Said, Word, link, thing

_ENGINES: tuple[tuple[str, str, str], ...] = (
    ("postg", "postgresql", "5432"),
    ("cockroach", "postgresql", "26257"),
    ("redshift", "postgresql", "5439"),
    ("mysql", "mysql", "3306"),
    ("mariadb", "mysql", "3306"),
    ("mongo", "mongodb", "27017"),
    ("redis", "redis", "6379"),
    ("valkey", "redis", "6379"),
    ("amqp", "rabbitmq", "5672"),
    ("pyamqp", "rabbitmq", "5672"),
    ("rabbit", "rabbitmq", "5672"),
    ("sqlserver", "mssql", "1433"),
    ("mssql", "mssql", "1433"),
    ("jtds", "mssql", "1433"),
    ("oracle", "oracle", "1521"),
    ("db2", "db2", "50000"),
    ("snowflake", "snowflake", "443"),
    ("clickhouse", "clickhouse", "8123"),
    ("neo4j", "neo4j", "7687"),
    ("bolt", "neo4j", "7687"),
    ("ldap", "ldap", "389"),
    ("smtp", "smtp", "587"),
    ("ftp", "ftp", "21"),
    ("sftp", "ssh", "22"),
    ("ssh", "ssh", "22"),
    ("nats", "nats", "4222"),
    ("couchbase", "couchbase", "11210"),
    ("cassandra", "cassandra", "9042"),
)
"""How a scheme or a rule's provider begins, whose server that is, and its usual port."""
_DATABASES = frozenset(
    {"postgresql", "mysql", "mongodb", "mssql", "oracle", "db2", "clickhouse", "rabbitmq", "cassandra"}
)
_HOST = re.compile(r"(?:\w+://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]{1,253})(?::(?P<port>\d{1,5}))?")
_LOCAL = re.compile(r"localhost$|127\.|0\.0\.0\.0$|\[::1\]$|::1$")


def engine_of(name: str) -> tuple[str, str]:
    """Key prefix and usual port of the servers that a scheme or provider speaks to; empty where it is none of these."""
    for begin, engine, port in _ENGINES:
        if name.startswith(begin):
            return engine, port
    return "", ""


def connection(said: Said) -> Iterator[Item]:
    """The role on its server, the server, and the database that is opened."""
    kind = said.word("kind", "driver")
    engine, port = engine_of(kind.text.partition("+")[0])
    if not engine:
        engine, port = engine_of(said.rule.provider)
    if not engine and said.word("host").text.endswith(".database.windows.net"):
        engine, port = "mssql", "1433"
    host = said.word("host", "server", "address")
    match = _HOST.match(host.text)
    if match is None:
        return
    if not engine:
        yield from login(said)
        return
    number = match["port"] or said.word("port").text or port
    name = match["host"].lower()
    server = f"{engine}:{name}:{number}"
    account = f"{server}:server"
    yield from said.account(account, engine, host, name=f"{name}:{number}", type_name="server")
    user = said.word("user", "username")
    is_local = bool(_LOCAL.match(name)) or None
    shown = user.text or "default"
    node = thing(
        f"{server}:role:{shown}", NodeKind.IDENTITY, engine, shown, "database-role", account=account, is_local=is_local
    )
    yield from said.identity(node, user or host)
    database = said.word("database")
    if database and engine in _DATABASES:
        resource = thing(
            f"{server}:database:{database.text}", NodeKind.RESOURCE, engine, database.text, "database", account=account
        )
        yield resource
        yield link(node.key, resource.key, EdgeKind.CAN_ACCESS, database, Access.READ)


def login(said: Said) -> Iterator[Item]:
    """A user at a host, whatever is spoken there: Basic credentials, netrc, registries, repositories' addresses."""
    user = said.word("user", "username", "email")
    host = said.word("registry", "host", "server", "url")
    name = _host_of(host.text)
    if not name:
        return
    account = f"host:account:{name}"
    yield from said.account(account, "host", host, name=name, type_name="server")
    if user:
        node = thing(f"host:user:{name}/{user.text}", NodeKind.IDENTITY, "host", user.text, "user", account=account)
        yield from said.identity(node, Word(user.text, user.source, user.is_near or host.is_near))


def registry(said: Said) -> Iterator[Item]:
    """Logins of container and package registries: those of known hosts belong to their provider."""
    host = said.word("registry", "host")
    name = _host_of(host.text)
    user = said.word("user")
    match = re.match(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com", name)
    if match:
        word = Word(match.group(1), host.source, host.is_near)
        yield from said.account(f"aws:account:{word.text}", "aws", word, type_name="aws-account")
    provider = next((provider for ending, provider in _REGISTRIES if name.endswith(ending)), "")
    is_person = user.text.lower() not in _ROBOTS
    if provider and user and is_person:
        node = thing(f"{provider}:user:{user.text}", NodeKind.IDENTITY, provider, user.text, "user")
        yield from said.identity(node, user)
    yield from login(said)


_REGISTRIES = (
    ("docker.io", "docker"),
    ("ghcr.io", "github"),
    ("quay.io", "quay"),
    ("registry.npmjs.org", "npm"),
    ("npm.pkg.github.com", "github"),
)
_ROBOTS = frozenset(
    {"aws", "oauth2accesstoken", "_json_key", "_json_key_base64", "00000000-0000-0000-0000-000000000000", "token"}
)
"""Users that only say which kind of password follows (Amazon ECR, Google Artifact Registry, Azure ACR)."""


def _host_of(text: str) -> str:
    name = (
        re.sub(r"^\w+://", "", text).partition("/")[0].partition("@")[-1]
        or re.sub(r"^\w+://", "", text).partition("/")[0]
    )
    return name.lower() if re.fullmatch(r"[\w.-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?", name) else ""
