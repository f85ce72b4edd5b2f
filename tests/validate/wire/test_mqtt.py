# SPDX-License-Identifier: Apache-2.0
"""Against a real Mosquitto."""

from __future__ import annotations

import pytest

from secrethunt.validate.contract import Credential
from tests.services import brokers
from tests.services.daemon import free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import checked, credential_in, state


def in_url(service: Service, user: str, word: str = "") -> Credential:
    """The credential of an URL with the user's own password, or with *word*."""
    word = word or service.passwords[user]
    return credential_in(f"q=mqtt://{user}:{word}@localhost:{service.plain_port}", "rabbitmq.connection-uri")


def test_right_password_is_active(mosquitto: Service) -> None:
    assert "active" == state(in_url(mosquitto, "app"))


@pytest.mark.parametrize("user", ["app", "nobody"])
def test_wrong_password_is_inactive(mosquitto: Service, user: str) -> None:
    assert "inactive" == state(in_url(mosquitto, user, password()))


def test_broker_that_takes_anybody_proves_nothing() -> None:
    with brokers.mosquitto(takes_all=True) as service:
        assert ("unknown", "the server accepts any password") == checked(in_url(service, "app"))[:2]


def test_tls_is_spoken_with_a_trusted_certificate_alone(mosquitto: Service) -> None:
    url = f"q=mqtts://app:{mosquitto.passwords['app']}@localhost:{mosquitto.port}"
    credential = credential_in(url, "rabbitmq.connection-uri")
    assert "unknown" == state(credential)
    assert "active" == state(credential, authority=mosquitto.certificates.authority)


def test_server_that_is_down_is_unknown() -> None:
    text = f"q=mqtt://app:{password()}@localhost:{free_port()}"
    assert ("unknown", "connection refused") == checked(credential_in(text, "rabbitmq.connection-uri"))[:2]
