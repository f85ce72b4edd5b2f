# SPDX-License-Identifier: Apache-2.0
"""Against Debian's docker-registry: with an htpasswd file, and with a token server."""

from __future__ import annotations

import base64
import json

import pytest

from secrethunt.validate.contract import Credential
from tests.services import registries
from tests.services.certificates import make_certificates
from tests.services.daemon import folder, free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import checked, credential_in, facts, state


def in_configuration(port: int, user: str, word: str, *, indent: int | None = None) -> Credential:
    """The credential of a `config.json` for a registry on the loopback."""
    auth = base64.b64encode(f"{user}:{word}".encode()).decode()
    text = json.dumps({"auths": {f"localhost:{port}": {"auth": auth}}}, indent=indent)
    return credential_in(text, "docker.registry-auth")


@pytest.mark.parametrize("indent", [None, 2, 8])
def test_right_password_is_active(docker_registry: Service, indent: int | None) -> None:
    credential = in_configuration(docker_registry.port, "app", docker_registry.passwords["app"], indent=indent)
    assert "active" == state(credential, authority=docker_registry.certificates.authority)
    assert "app" == facts(credential, authority=docker_registry.certificates.authority)["account"]


@pytest.mark.parametrize("user", ["app", "nobody"])
def test_wrong_password_is_inactive(docker_registry: Service, user: str) -> None:
    credential = in_configuration(docker_registry.port, user, password())
    assert "inactive" == state(credential, authority=docker_registry.certificates.authority)


def test_certificate_that_is_not_trusted_gets_no_password(docker_registry: Service) -> None:
    assert "unknown" == state(in_configuration(docker_registry.port, "app", docker_registry.passwords["app"]))


def test_host_from_the_text_is_asked_only_when_allowed(docker_registry: Service) -> None:
    credential = in_configuration(docker_registry.port, "app", docker_registry.passwords["app"])
    expected = ("unknown", "only the scanned text names the host (--allow-found-hosts)")
    assert expected == checked(credential, allow_found_hosts=False)[:2]


def test_users_own_registry_is_asked_without_that(docker_registry: Service) -> None:
    credential = in_configuration(1, "app", docker_registry.passwords["app"])
    endpoint = f"https://localhost:{docker_registry.port}"
    authority = docker_registry.certificates.authority
    assert "active" == state(credential, endpoint=endpoint, authority=authority, allow_found_hosts=False)


def test_token_server_is_asked_for_a_token() -> None:
    with folder("tokens") as home:
        certificates, word = make_certificates(home), password()
        with registries.token_server(certificates, word) as port:
            url = f"https://localhost:{port}/token#{certificates.authority}"
            with registries.docker_registry(token_server=url) as registry:
                both = home / "both.pem"
                both.write_bytes(certificates.authority.read_bytes() + registry.certificates.authority.read_bytes())
                right = state(in_configuration(registry.port, "app", word), authority=both)
                wrong = state(in_configuration(registry.port, "app", password()), authority=both)
    assert ("active", "inactive") == (right, wrong)


def test_token_server_of_another_domain_gets_no_password() -> None:
    with folder("tokens") as home:
        certificates, word = make_certificates(home), password()
        url = f"https://tokens.acme.example/token#{certificates.authority}"
        with registries.docker_registry(token_server=url) as registry:
            found = checked(in_configuration(registry.port, "app", word), authority=registry.certificates.authority)
    assert ("unknown", "the registry sends logins to a host of another domain") == found[:2]


def test_registry_that_is_down_is_unknown() -> None:
    assert "unknown" == state(in_configuration(free_port(), "app", password()))
