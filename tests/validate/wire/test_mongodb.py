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
