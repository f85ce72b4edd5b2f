# SPDX-License-Identifier: Apache-2.0
"""Against Verdaccio."""

from __future__ import annotations

import base64
import secrets

from secrethunt.validate.contract import Credential
from tests.services.daemon import free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import checked, credential_in, facts, state

Verdaccio = tuple[Service, str]


def token_in(port: int, token: str) -> Credential:
    return credential_in(f"//localhost:{port}/:_authToken={token}\n", "npm.registry-token")


def basic_in(port: int, user: str, word: str) -> Credential:
    auth = base64.b64encode(f"{user}:{word}".encode()).decode()
    return credential_in(f"registry=https://localhost:{port}/\n_auth={auth}\n", "npm.registry-basic-auth")


def password_in(port: int, user: str, word: str) -> Credential:
    line = f"//localhost:{port}/:"
    encoded = base64.b64encode(word.encode()).decode()
    return credential_in(f"{line}username={user}\n{line}_password={encoded}\n", "npm.registry-password")


def test_token_is_active_and_says_whose(verdaccio: Verdaccio) -> None:
    service, token = verdaccio
    credential = token_in(service.port, token)
    assert "active" == state(credential, authority=service.certificates.authority)
    assert "app" == facts(credential, authority=service.certificates.authority)["account"]


def test_token_that_the_registry_never_gave_is_inactive(verdaccio: Verdaccio) -> None:
    service, _ = verdaccio
    credential = token_in(service.port, secrets.token_hex(24))
    assert "inactive" == state(credential, authority=service.certificates.authority)


def test_user_and_password(verdaccio: Verdaccio) -> None:
    service, _ = verdaccio
    word = service.passwords["app"]
    for make in (basic_in, password_in):
        found = [
            state(make(service.port, user, text), authority=service.certificates.authority)
            for user, text in (("app", word), ("app", password()), ("nobody", password()))
        ]
        assert ["active", "inactive", "inactive"] == found


def test_host_from_the_text_is_asked_only_when_allowed(verdaccio: Verdaccio) -> None:
    service, token = verdaccio
    expected = ("unknown", "only the scanned text names the host (--allow-found-hosts)")
    assert expected == checked(token_in(service.port, token), allow_found_hosts=False)[:2]


def test_registry_that_is_down_is_unknown() -> None:
    assert "unknown" == state(token_in(free_port(), secrets.token_hex(24)))
