# SPDX-License-Identifier: Apache-2.0
"""Against a stand-in that PyMongo takes for a MongoDB; a real server cannot be installed from where tests may."""

from __future__ import annotations

from typing import Any

import pymongo
import pytest
from pymongo.server_api import ServerApi

from secrethunt.validate.contract import Credential
from tests.services.daemon import free_port
from tests.services.databases import password
from tests.services.mongodb import mongodb
from tests.validate.wire.session import checked, credential_in, facts, state

MECHANISMS = ["SCRAM-SHA-256", "SCRAM-SHA-1"]


def in_url(port: int, word: str, user: str = "app", tail: str = "/shop?authSource=admin") -> Credential:
    return credential_in(f"m=mongodb://{user}:{word}@localhost:{port}{tail}", "mongodb.connection-uri")


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_driver_logs_in_at_the_stand_in(mechanism: str) -> None:
    with mongodb(mechanism) as (port, word):
        for text, passes in ((word, True), (password(), False)):
            url = f"mongodb://app:{text}@127.0.0.1:{port}/?authMechanism={mechanism}&serverSelectionTimeoutMS=5000"
            client: pymongo.MongoClient[dict[str, Any]]
            with pymongo.MongoClient(url, directConnection=True, server_api=ServerApi("1")) as client:
                try:
                    client.admin.command("ping")
                    assert passes
                except pymongo.errors.OperationFailure as err:
                    assert (18, False) == (err.code, passes)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_right_password_is_active_and_wrong_ones_are_not(mechanism: str) -> None:
    with mongodb(mechanism) as (port, word):
        found = [
            state(in_url(port, text, user))
            for user, text in (("app", word), ("app", password()), ("nobody", password()))
        ]
    assert ["active", "inactive", "inactive"] == found


def test_facts_name_user_and_roles() -> None:
    with mongodb(*MECHANISMS) as (port, word):
        found = facts(in_url(port, word))
    assert ("app@admin", "readWrite@shop", "shop") == (found["account"], found["role"], found["database"])


def test_mechanism_without_a_password_is_not_checked() -> None:
    with mongodb(*MECHANISMS) as (port, word):
        found = checked(in_url(port, word, tail="/?authMechanism=MONGODB-X509"))
    assert ("unknown", "the login mechanism is none that is checked") == found[:2]


def test_server_that_is_down_is_unknown() -> None:
    assert ("unknown", "connection refused") == checked(in_url(free_port(), password()))[:2]


def resolve(_name: str) -> list[str]:
    return ["127.0.0.1"]


def test_servers_of_a_cluster_are_looked_up_and_the_first_of_its_domain_is_asked() -> None:
    asked = []
    with mongodb(*MECHANISMS) as (port, word):

        def services(name: str) -> list[tuple[str, int]]:
            asked.append(name)
            return [("db.evil.internal", 1), ("shard0.acme.internal", port)]

        url = f"m=mongodb+srv://app:{word}@cluster0.acme.internal/shop?authSource=admin&tls=false"
        credential = credential_in(url, "mongodb.connection-uri")
        assert "active" == state(credential, services=services, resolver=resolve)
    assert ["_mongodb._tcp.cluster0.acme.internal"] == asked


def test_cluster_whose_servers_are_all_of_other_domains_is_unknown() -> None:
    credential = credential_in(f"m=mongodb+srv://app:{password()}@cluster0.acme.internal/", "mongodb.connection-uri")
    found = checked(credential, services=lambda _: [("acme.internal.evil.test", 1)], resolver=resolve)
    assert ("unknown", "DNS names no server of this cluster") == found[:2]


def test_cluster_from_the_text_is_looked_up_only_when_allowed() -> None:
    credential = credential_in(f"m=mongodb+srv://app:{password()}@cluster0.acme.internal/", "mongodb.connection-uri")

    def services(_name: str) -> list[tuple[str, int]]:
        raise AssertionError("asked")

    expected = ("unknown", "only the scanned text names the host (--allow-found-hosts)")
    assert expected == checked(credential, allow_found_hosts=False, services=services)[:2]
