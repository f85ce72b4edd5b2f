# SPDX-License-Identifier: Apache-2.0
"""What a login needs, read from what a scan found."""

from __future__ import annotations

import pytest

from secrethunt.online.contract import NoAnswer
from secrethunt.records import Secret
from secrethunt.validate.contract import Credential
from secrethunt.validate.wire.target import Target, read_target
from tests.rule_samples import make_rule
from tests.services.databases import password
from tests.validate.wire.session import credential_in

PORTS = {"postgresql": 5432}


def read(secret: str, **facts: str) -> Target:
    credential = Credential(make_rule(), Secret(secret.encode()), facts=facts)
    return read_target(credential, kind="postgresql", ports=PORTS)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("db.acme.internal", ("db.acme.internal", 5432)),
        ("db.acme.internal:6432", ("db.acme.internal", 6432)),
        ("[2001:db8::1]", ("2001:db8::1", 5432)),
        ("[2001:db8::1]:6432", ("2001:db8::1", 6432)),
    ],
)
def test_host_may_bring_its_port(host: str, expected: tuple[str, int]) -> None:
    target = read("x", host=host)
    assert expected == (target.host, target.port)


@pytest.mark.parametrize("host", ["", "a b", "a:b", "a:0", "a:65536", "user@host", "a/b", "[::1", "${HOST}"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(NoAnswer):
        read("x", host=host)


def test_escapes_of_a_url_are_undone_and_those_of_other_texts_are_not() -> None:
    assert ("p@ss", "us:er") == (lambda target: (target.password, target.user))(
        read("p%40ss", host="h", user="us%3Aer", kind="postgresql")
    )
    assert "p%40ss" == read("p%40ss", host="h").password


@pytest.mark.parametrize(
    ("tls", "demands", "trust"),
    [
        ("", False, False),
        ("disable", False, False),
        ("prefer", False, False),
        ("require", True, False),
        ("true", True, False),
        ("verify-full", True, True),
        ("VERIFY_IDENTITY", True, True),
    ],
)
def test_demands_of_the_url(tls: str, demands: bool, trust: bool) -> None:
    target = read("x", host="h", tls=tls)
    assert (demands, trust) == (target.demands_tls, target.demands_trust)


def test_password_is_in_no_representation() -> None:
    word = password()
    assert word not in repr(read(word, host="h"))


def test_label_holds_no_value() -> None:
    assert "postgresql://{{user}}@{{host}}" == read("x", host="h", user="app").label


@pytest.mark.parametrize(
    ("rule", "url", "expected"),
    [
        ("postgres.connection-uri", "postgres://app:{}@h:1/shop?sslmode=require", ("postgres", "shop", "require")),
        ("mysql.connection-uri", "mysql+pymysql://app:{}@h/shop?ssl-mode=VERIFY_CA", ("mysql", "shop", "verify_ca")),
        ("mongodb.connection-uri", "mongodb://app:{}@h,i,j/shop?tls=true&x=1", ("mongodb", "shop", "true")),
        ("rabbitmq.connection-uri", "amqps://app:{}@h/%2F", ("amqps", "/", "")),
        ("uri.userinfo-password", "https://app:{}@h/token-in-a-path", ("https", "", "")),
    ],
)
def test_scheme_database_and_demands_are_facts_of_urls(rule: str, url: str, expected: tuple[str, str, str]) -> None:
    credential = credential_in("x=" + url.format(password()), rule)
    kinds = {"postgres": 1, "mysql": 1, "mongodb": 1, "amqps": 1, "https": 1}
    target = read_target(credential, kind="https", ports=kinds)
    assert expected == (target.kind, target.database, target.tls)
    assert ("h", "app") == (target.host, target.user)
