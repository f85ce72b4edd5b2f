# SPDX-License-Identifier: Apache-2.0
"""Against a real RabbitMQ."""

from __future__ import annotations

import pytest

from secrethunt.validate.contract import Credential
from tests.services.daemon import free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import checked, credential_in, facts, state


def in_url(service: Service, user: str, word: str = "", tail: str = "") -> Credential:
    """The credential of an URL with the user's own password, or with *word*."""
    word = word or service.passwords[user]
    return credential_in(f"q=amqp://{user}:{word}@localhost:{service.plain_port}{tail}", "rabbitmq.connection-uri")


@pytest.mark.parametrize("tail", ["", "/", "/shop", "/%2f"])
def test_right_password_is_active(rabbitmq: Service, tail: str) -> None:
    assert "active" == state(in_url(rabbitmq, "app", tail=tail))


def test_user_without_rights_on_the_virtual_host_is_active(rabbitmq: Service) -> None:
    assert "active" == state(in_url(rabbitmq, "poor", tail="/shop"))
    assert "active" == state(in_url(rabbitmq, "app", tail="/gone"))


@pytest.mark.parametrize("user", ["app", "nobody", "empty"])
def test_wrong_password_is_inactive(rabbitmq: Service, user: str) -> None:
    assert "inactive" == state(in_url(rabbitmq, user, password()))


def test_facts_name_broker_and_virtual_host(rabbitmq: Service) -> None:
    found = facts(in_url(rabbitmq, "app", tail="/shop"))
    assert ("app", "shop") == (found["account"], found["database"])
    assert found["server"].startswith("RabbitMQ ")


def test_tls_is_spoken_with_a_trusted_certificate_alone(rabbitmq: Service) -> None:
    url = f"q=amqps://app:{rabbitmq.passwords['app']}@localhost:{rabbitmq.port}/"
    credential = credential_in(url, "rabbitmq.connection-uri")
    assert "unknown" == state(credential)
    assert "active" == state(credential, authority=rabbitmq.certificates.authority)


def test_server_that_is_down_is_unknown() -> None:
    text = f"q=amqp://app:{password()}@localhost:{free_port()}/"
    assert ("unknown", "connection refused") == checked(credential_in(text, "rabbitmq.connection-uri"))[:2]
