# SPDX-License-Identifier: Apache-2.0
"""Against a real MariaDB."""

from __future__ import annotations

import pytest

from secrethunt.validate.contract import Credential
from tests.services.daemon import free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import checked, credential_in, facts, state


def in_url(service: Service, user: str, word: str = "", tail: str = "/mysql") -> Credential:
    """The credential of an URL with the user's own password, or with *word*."""
    word = word or service.passwords[user]
    return credential_in(f"db=mysql+pymysql://{user}:{word}@localhost:{service.port}{tail}", "mysql.connection-uri")


@pytest.mark.parametrize("user", ["app", "super", "tls", "poor"])
def test_right_password_is_active(mariadb: Service, user: str) -> None:
    assert "active" == state(in_url(mariadb, user))


@pytest.mark.parametrize("user", ["app", "nobody"])
def test_wrong_password_is_inactive(mariadb: Service, user: str) -> None:
    assert "inactive" == state(in_url(mariadb, user, password()))


def test_locked_account_is_inactive_for_that_reason(mariadb: Service) -> None:
    assert ("inactive", "the server says that the account is locked") == checked(in_url(mariadb, "locked"))[:2]


def test_expired_password_that_can_still_be_changed_is_unknown(mariadb: Service) -> None:
    found, reason, _ = checked(in_url(mariadb, "expired"))
    assert "unknown" == found
    assert reason.startswith("the password is right but over")


def test_facts_name_account_and_grants_without_hashes(mariadb: Service) -> None:
    found = facts(in_url(mariadb, "app"))
    assert "app@127.0.0.1" == found["account"]
    assert "SELECT ON `mysql`.`db`" in found["scopes"]
    assert "IDENTIFIED" not in found["scopes"]
    assert "superuser" == facts(in_url(mariadb, "super"))["role"]


def test_url_that_demands_a_trusted_certificate_gets_one(mariadb: Service) -> None:
    credential = in_url(mariadb, "app", tail="/mysql?ssl-mode=VERIFY_IDENTITY")
    assert "unknown" == state(credential)
    assert "active" == state(credential, authority=mariadb.certificates.authority)


def test_server_that_is_down_is_unknown() -> None:
    text = f"db=mysql://app:{password()}@localhost:{free_port()}/app"
    assert ("unknown", "connection refused") == checked(credential_in(text, "mysql.connection-uri"))[:2]


def test_password_on_a_command_line_finds_its_host_and_user() -> None:
    credential = credential_in(f"mysql -h db.acme.internal -u app -p{password()} shop", "mysql.command-line-password")
    said = credential.variables()
    assert (b"db.acme.internal", b"app") == (said["host"], said["user"])
