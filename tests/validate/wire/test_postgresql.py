# SPDX-License-Identifier: Apache-2.0
"""Against a real PostgreSQL."""

from __future__ import annotations

import pytest

from secrethunt.validate.contract import Credential
from tests.services.daemon import free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import checked, credential_in, facts, state, with_parts


def in_url(service: Service, user: str, word: str = "", tail: str = "/postgres") -> Credential:
    """The credential of an URL with the user's own password, or with *word*."""
    word = word or service.passwords[user]
    return credential_in(f"db=postgresql://{user}:{word}@localhost:{service.port}{tail}", "postgres.connection-uri")


@pytest.mark.parametrize("user", ["app", "md5", "clear", "tls", "admin"])
def test_right_password_is_active(postgresql: Service, user: str) -> None:
    assert "active" == state(in_url(postgresql, user))


@pytest.mark.parametrize("user", ["app", "md5", "clear", "tls", "nobody"])
def test_wrong_password_is_inactive(postgresql: Service, user: str) -> None:
    assert "inactive" == state(in_url(postgresql, user, password()))


def test_expired_password_is_inactive(postgresql: Service) -> None:
    assert "inactive" == state(in_url(postgresql, "expired"))


def test_role_that_may_not_log_in_is_inactive_for_that_reason(postgresql: Service) -> None:
    expected = ("inactive", "the server says that this role may not log in")
    assert expected == checked(in_url(postgresql, "disabled"))[:2]


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("walled", "the server has no entry for this user, host and database (28000)"),
        ("full", "the server has too many connections (53300)"),
        ("open", "the server accepts any password"),
    ],
)
def test_what_is_no_answer_to_the_password_is_unknown(postgresql: Service, user: str, reason: str) -> None:
    assert ("unknown", reason) == checked(in_url(postgresql, user))[:2]


def test_facts_name_role_groups_and_server(postgresql: Service) -> None:
    found = facts(in_url(postgresql, "app"))
    assert ("app", "create database", "readers") == (found["account"], found["role"], found["groups"])
    assert found["server"].startswith("PostgreSQL ")
    assert "superuser" in facts(in_url(postgresql, "admin"))["role"]


def test_database_that_is_gone_does_not_hide_a_live_password(postgresql: Service) -> None:
    assert "active" == state(in_url(postgresql, "app", tail="/gone"))


def test_url_that_demands_a_trusted_certificate_gets_one(postgresql: Service) -> None:
    credential = in_url(postgresql, "app", tail="/postgres?sslmode=verify-full")
    assert "unknown" == state(credential)
    assert "certificate is not trusted" in checked(credential)[1]
    assert "active" == state(credential, authority=postgresql.certificates.authority)


def test_escaped_characters_of_a_url_are_those_of_the_password(postgresql: Service) -> None:
    word = postgresql.passwords["app"]
    escaped = f"%{ord(word[0]):02x}{word[1:]}"
    assert "active" == state(in_url(postgresql, "app", escaped))


def test_server_that_is_down_is_unknown() -> None:
    text = f"db=postgresql://app:{password()}@localhost:{free_port()}/app"
    assert ("unknown", "connection refused") == checked(credential_in(text, "postgres.connection-uri"))[:2]


def test_host_from_the_text_is_asked_only_when_allowed(postgresql: Service) -> None:
    expected = ("unknown", "only the scanned text names the host (--allow-found-hosts)")
    assert expected == checked(in_url(postgresql, "app"), allow_found_hosts=False)[:2]


def test_password_of_a_password_file_is_active(postgresql: Service) -> None:
    line = f"localhost:5432:*:app:{postgresql.passwords['app']}\n"
    credential = credential_in(line, "postgres.password-file", ".pgpass")
    assert "active" == state(with_parts(credential, port=str(postgresql.port)))


def test_password_of_a_jdbc_url_is_active(postgresql: Service) -> None:
    url = f"jdbc:postgresql://localhost:{postgresql.port}/postgres?user=app&password={postgresql.passwords['app']}"
    assert "active" == state(credential_in(f"url={url}", "jdbc.connection-password"))


def test_password_of_a_connection_string_is_active(postgresql: Service) -> None:
    word = postgresql.passwords["app"]
    text = (
        f"Driver={{PostgreSQL Unicode}};Server=localhost;Port={postgresql.port};Uid=app;Pwd={word};Database=postgres;"
    )
    assert "active" == state(credential_in(text, "odbc.connection-string"))
