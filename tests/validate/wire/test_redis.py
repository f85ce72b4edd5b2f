# SPDX-License-Identifier: Apache-2.0
"""Against a real Redis."""

from __future__ import annotations

import pytest

from secrethunt.validate.contract import Credential
from tests.services.daemon import free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import checked, credential_in, facts, state


def in_url(service: Service, user: str, word: str = "", *, name: str | None = None) -> Credential:
    """The credential of an URL with the user's own password, or with *word*; *name* is what it calls the user."""
    word = word or service.passwords[user]
    shown = user if name is None else name
    return credential_in(f"r=redis://{shown}:{word}@localhost:{service.plain_port}/0", "redis.connection-uri")


@pytest.mark.parametrize("user", ["default", "app", "admin"])
def test_right_password_is_active(redis: Service, user: str) -> None:
    assert "active" == state(in_url(redis, user))
    assert user == facts(in_url(redis, user))["account"]


def test_password_without_a_user_is_that_of_the_default_one(redis: Service) -> None:
    assert "default" == facts(in_url(redis, "default", name=""))["account"]


@pytest.mark.parametrize("user", ["app", "nobody"])
def test_wrong_password_is_inactive(redis: Service, user: str) -> None:
    assert "inactive" == state(in_url(redis, user, password()))


def test_disabled_user_is_inactive(redis: Service) -> None:
    assert "inactive" == state(in_url(redis, "disabled"))


def test_user_without_a_password_proves_nothing(redis: Service) -> None:
    assert ("unknown", "the server accepts any password") == checked(in_url(redis, "open", password()))[:2]


def test_rights_are_shown_without_hashes(redis: Service) -> None:
    assert "on ~* resetchannels +@all" == facts(in_url(redis, "admin"))["scopes"]


def test_tls_is_spoken_with_a_trusted_certificate_alone(redis: Service) -> None:
    url = f"r=rediss://app:{redis.passwords['app']}@localhost:{redis.port}/0"
    credential = credential_in(url, "redis.connection-uri")
    assert "unknown" == state(credential)
    assert "active" == state(credential, authority=redis.certificates.authority)


def test_server_that_is_down_is_unknown() -> None:
    text = f"r=redis://:{password()}@localhost:{free_port()}/0"
    assert ("unknown", "connection refused") == checked(credential_in(text, "redis.connection-uri"))[:2]
