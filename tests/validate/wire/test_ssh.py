# SPDX-License-Identifier: Apache-2.0
"""Keys against a real OpenSSH, passwords against paramiko's server: OpenSSH takes those of system users alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from secrethunt.online.client import Client
from secrethunt.online.contract import NoAnswer
from secrethunt.online.options import OnlineOptions
from secrethunt.records import Secret
from secrethunt.validate.contract import Credential
from secrethunt.validate.wire.registry import load_wire
from tests.rule_samples import make_rule
from tests.services import logins
from tests.services.daemon import free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import LOOPBACK, checked, credential_in, state

RULE = "uri.userinfo-password"
Key = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@pytest.fixture(scope="module")
def passwords() -> Iterator[Service]:
    with logins.script("ssh") as service:
        yield service


def in_url(service: Service, user: str, word: str) -> Credential:
    return credential_in(f"s=sftp://{user}:{word}@localhost:{service.port}/srv", RULE)


def test_right_password_is_active(passwords: Service) -> None:
    assert "active" == state(in_url(passwords, "app", passwords.passwords["app"]))


@pytest.mark.parametrize("user", ["app", "nobody"])
def test_wrong_password_is_inactive(passwords: Service, user: str) -> None:
    assert "inactive" == state(in_url(passwords, user, password()))


def test_password_that_needs_a_second_factor_is_unknown(passwords: Service) -> None:
    found = checked(in_url(passwords, "second", passwords.passwords["app"]))[:2]
    assert ("unknown", "the server takes it and wants more beside it: password") == found


def test_server_without_passwords_says_nothing_of_one(passwords: Service) -> None:
    found = checked(in_url(passwords, "keys", password()))[:2]
    assert ("unknown", "the server lets nobody in this way, only by publickey") == found


def test_server_that_is_down_is_unknown() -> None:
    text = f"s=ssh://app:{password()}@localhost:{free_port()}/"
    assert ("unknown", "connection refused") == checked(credential_in(text, RULE))[:2]


def check_key(key: Key, port: int, user: str, form: serialization.PrivateFormat) -> str:
    """The state of a private key, at a host and for a user that `--part` names."""
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    named = {"host": "localhost", "port": str(port), "user": user}
    parts = {name: Secret(text.encode()) for name, text in named.items()}
    with Client(OnlineOptions(allow_found_hosts=True, allow_private=LOOPBACK)) as session:
        try:
            return load_wire("ssh")(Credential(make_rule(), Secret(pem), parts), session).state.value
        except NoAnswer as err:
            return err.reason


@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256R1()),
    ],
)
@pytest.mark.parametrize("form", [serialization.PrivateFormat.OpenSSH, serialization.PrivateFormat.PKCS8])
def test_key_that_the_server_knows_is_active_and_another_is_not(key: Key, form: serialization.PrivateFormat) -> None:
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    with logins.sshd(public.decode()) as (port, user):
        assert "active" == check_key(key, port, user, form)
        assert "inactive" == check_key(ed25519.Ed25519PrivateKey.generate(), port, user, form)
        assert "inactive" == check_key(key, port, "nobody", form)
