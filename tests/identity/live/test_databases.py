# SPDX-License-Identifier: Apache-2.0
"""Users of real servers (PostgreSQL, MariaDB, Redis), and grants that no server here gives."""

from __future__ import annotations

import math

import pytest

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.databases import Server
from secrethunt.identity.live.drawing import Drawing
from secrethunt.identity.live.mongodb import access_of as mongodb_access
from secrethunt.identity.live.mysql import draw_grant
from secrethunt.identity.live.redis import access_of
from secrethunt.identity.live.registry import load_identifier
from secrethunt.online.client import Client
from secrethunt.online.options import OnlineOptions, Pace
from tests.services.credentials import credential
from tests.services.databases import Service
from tests.validate.wire.session import LOOPBACK, credential_in

AT = "2026-01-01T00:00:00Z"


def identify(name: str, rule_id: str, url: str) -> Identification:
    options = OnlineOptions(allow_found_hosts=True, allow_private=LOOPBACK, pace=Pace(rate_per_s=math.inf, retries=0))
    with Client(options) as session:
        return load_identifier(name)(Asked(credential_in(url, rule_id), "d" * 32, AT), session)


def rights(found: Identification) -> set[str]:
    return {
        f"{'unknown' if item.status is EdgeStatus.UNKNOWN else item.access.label} {item.target.split(':', 3)[-1]}"
        for item in found.graph
        if isinstance(item, Edge) and item.access is not None
    }


def roles(found: Identification) -> set[str]:
    return {
        item.target.rpartition(":")[2]
        for item in found.graph
        if isinstance(item, Edge) and item.kind is EdgeKind.MEMBER_OF
    }


@pytest.mark.parametrize(
    ("user", "right", "member"),
    [("app", "write any:database", {"readers"}), ("admin", "admin any:server", set())],
)
def test_a_postgresql_user_has_its_attributes_roles_and_databases(
    postgresql: Service, user: str, right: str, member: set[str]
) -> None:
    word = postgresql.passwords[user]
    url = f"db=postgresql://{user}:{word}@localhost:{postgresql.port}/postgres"
    found = identify("postgresql", "postgres.connection-uri", url)
    assert f"postgresql:localhost:{postgresql.port}:role:{user}" == dict(found.facts)["identity"]
    texts = rights(found)
    access, _, kind = right.partition(" any:")
    assert any(text.startswith(f"{access} ") and kind in text for text in texts)
    assert any(text.endswith("database:postgres") for text in texts)
    assert member <= roles(found)
    assert word not in repr(found)


@pytest.mark.parametrize(("user", "right"), [("admin", "admin"), ("default", "admin"), ("app", "unknown")])
def test_a_redis_user_has_what_its_rules_say_where_it_may_read_them(redis: Service, user: str, right: str) -> None:
    word = redis.passwords[user]
    found = identify("redis", "redis.connection-uri", f"cache=redis://{user}:{word}@localhost:{redis.plain_port}/0")
    assert f"redis:localhost:{redis.plain_port}:role:{user}" == dict(found.facts)["identity"]
    assert right in {text.split(" ")[0] for text in rights(found)}
    assert word not in repr(found)


def test_a_mariadb_user_with_all_privileges_is_admin_of_the_server(mariadb: Service) -> None:
    word = mariadb.passwords["super"]
    found = identify("mysql", "mysql.connection-uri", f"db=mysql://super:{word}@127.0.0.1:{mariadb.port}/mysql")
    assert "admin" == dict(found.facts)["highest_access"]
    assert word not in repr(found)


@pytest.mark.parametrize(
    ("grant", "access", "target"),
    [
        ("ALL PRIVILEGES ON `shop`.* TO `a`@`%`", Access.ADMIN, "mysql:h:3306:database:shop"),
        ("SELECT, INSERT (`a`, `b`) ON `shop`.`orders` TO `a`@`%`", Access.WRITE, "mysql:h:3306:table:shop/orders"),
        ("SELECT ON `shop`.* TO `a`@`%`", Access.READ, "mysql:h:3306:database:shop"),
        ("SELECT ON *.* TO `a`@`%`", Access.READ, "mysql:any:database@server"),
        ("CREATE USER ON *.* TO `a`@`%`", Access.ADMIN, "mysql:any:server@server"),
    ],
)
def test_a_grant_of_mysql_is_read_as_its_manual_says(grant: str, access: Access, target: str) -> None:
    drawing = Drawing(Asked(credential("mysql.connection-uri", "p" * 12), "d" * 32, AT), "mysql")
    server = Server("mysql", "h", 3306)
    drawing.account(server.key("server", "server"), "h", "mysql-server")
    draw_grant(drawing, server, server.key("role", "a@%"), grant)
    found = [item for item in drawing.finished().graph if isinstance(item, Edge) and item.access is not None]
    assert [(access, target)] == [(edge.access, edge.target) for edge in found]


def test_usage_in_mysql_is_no_right() -> None:
    drawing = Drawing(Asked(credential("mysql.connection-uri", "p" * 12), "d" * 32, AT), "mysql")
    draw_grant(drawing, Server("mysql", "h", 1), "mysql:h:1:role:a", "USAGE ON *.* TO `a`@`%`")
    assert not drawing.has_rights()


@pytest.mark.parametrize(
    ("rules", "access"),
    [
        ("+@all", Access.ADMIN),
        ("+@all -@admin -@dangerous", Access.WRITE),
        ("-@all +@read", Access.READ),
        ("-@all +get +set", Access.WRITE),
        ("+@all -@all", None),
        ("-@all +config|get", Access.ADMIN),
        ("~app:* +@read +acl|whoami", Access.READ),
    ],
)
def test_rules_of_redis_come_to_an_access(rules: str, access: Access | None) -> None:
    assert access is access_of(rules.split())


def test_actions_of_mongodb_come_to_an_access() -> None:
    assert Access.READ is mongodb_access(["find", "listCollections"])
    assert Access.WRITE is mongodb_access(["find", "insert"])
    assert Access.ADMIN is mongodb_access(["grantRole"])
