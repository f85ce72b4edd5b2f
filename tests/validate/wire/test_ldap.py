# SPDX-License-Identifier: Apache-2.0
"""Against a real slapd."""

from __future__ import annotations

import pytest

from secrethunt.validate.contract import Credential
from tests.services import directory
from tests.services.daemon import free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import checked, credential_in, facts, state


def in_url(service: Service, user: str, word: str = "") -> Credential:
    """The credential of an URL with the user's own password, or with *word*."""
    word = word or service.passwords[user]
    name = f"uid={user},{directory.BASE}"
    return credential_in(f"d=ldap://{name}:{word}@localhost:{service.plain_port}", "ldap.connection-uri")


def test_right_password_is_active_and_says_who(slapd: Service) -> None:
    assert "active" == state(in_url(slapd, "app"))
    assert f"uid=app,{directory.BASE}" == facts(in_url(slapd, "app"))["account"]


@pytest.mark.parametrize("user", ["app", "nobody"])
def test_wrong_password_is_inactive(slapd: Service, user: str) -> None:
    assert "inactive" == state(in_url(slapd, user, password()))


def test_locked_account_is_unknown(slapd: Service) -> None:
    assert ("unknown", "the server says that the account is locked (49)") == checked(in_url(slapd, "locked"))[:2]


def test_server_that_demands_tls_gets_it() -> None:
    with directory.slapd(requires_tls=True) as service:
        assert "active" == state(in_url(service, "app"))


def test_ldaps_is_spoken_with_a_trusted_certificate_alone(slapd: Service) -> None:
    url = f"d=ldaps://uid=app,{directory.BASE}:{slapd.passwords['app']}@localhost:{slapd.port}"
    credential = credential_in(url, "ldap.connection-uri")
    assert "unknown" == state(credential)
    assert "active" == state(credential, authority=slapd.certificates.authority)


def test_bind_password_of_a_configuration_finds_server_and_user(slapd: Service) -> None:
    lines = (
        f"uri ldap://localhost:{slapd.plain_port}\nbinddn uid=app,{directory.BASE}\nbindpw {slapd.passwords['app']}\n"
    )
    assert "active" == state(credential_in(lines, "ldap.bind-password"))


def test_user_is_needed() -> None:
    credential = credential_in(f"d=ldap://:{password()}@localhost:389", "ldap.connection-uri")
    assert ("unknown", "no user stands with the password") == checked(credential)[:2]


def test_server_that_is_down_is_unknown() -> None:
    text = f"d=ldap://cn=app:{password()}@localhost:{free_port()}"
    assert ("unknown", "connection refused") == checked(credential_in(text, "ldap.connection-uri"))[:2]
