# SPDX-License-Identifier: Apache-2.0
"""IMAP and POP3 against a real Dovecot, submission against aiosmtpd."""

from __future__ import annotations

import pytest

from tests.services import logins
from tests.services.daemon import free_port
from tests.services.databases import Service, password
from tests.validate.wire.session import checked, credential_in, state

Services = tuple[Service, Service]


def of_scheme(dovecot: Services, scheme: str) -> tuple[Service, int]:
    """The service that speaks *scheme*, and its port."""
    service = dovecot[0] if scheme.startswith("imap") else dovecot[1]
    return service, service.port if scheme.endswith("s") else service.plain_port


def verdict(service: Service, port: int, scheme: str, user: str, word: str) -> tuple[str, str]:
    """State and reason for an URL, with the server's certificate trusted."""
    credential = credential_in(f"m={scheme}://{user}:{word}@localhost:{port}", "smtp.connection-uri")
    return checked(credential, authority=service.certificates.authority)[:2]


@pytest.mark.parametrize("scheme", ["imap", "imaps", "pop3", "pop3s"])
def test_mailbox_with_the_right_password_is_active(dovecot: Services, scheme: str) -> None:
    service, port = of_scheme(dovecot, scheme)
    assert "active" == verdict(service, port, scheme, "app", service.passwords["app"])[0]


@pytest.mark.parametrize("scheme", ["imap", "imaps", "pop3", "pop3s"])
@pytest.mark.parametrize("user", ["app", "nobody"])
def test_mailbox_with_a_wrong_password_is_inactive(dovecot: Services, scheme: str, user: str) -> None:
    service, port = of_scheme(dovecot, scheme)
    assert "inactive" == verdict(service, port, scheme, user, password())[0]


@pytest.mark.parametrize("scheme", ["imaps", "pop3s"])
def test_mailbox_that_is_disabled_is_not_active(dovecot: Services, scheme: str) -> None:
    service, port = of_scheme(dovecot, scheme)
    assert "active" != verdict(service, port, scheme, "disabled", service.passwords["disabled"])[0]


@pytest.mark.parametrize("scheme", ["imap", "imaps", "pop3", "pop3s"])
def test_certificate_that_is_not_trusted_gets_no_password(dovecot: Services, scheme: str) -> None:
    service, port = of_scheme(dovecot, scheme)
    url = f"m={scheme}://app:{service.passwords['app']}@localhost:{port}"
    found, reason, _ = checked(credential_in(url, "smtp.connection-uri"))
    assert "unknown" == found
    assert "certificate is not trusted" in reason


@pytest.mark.parametrize("tls", [True, False])
def test_submission(tls: bool) -> None:
    with logins.script("smtp", starttls=tls) as service:
        right = verdict(service, service.port, "smtp", "app", service.passwords["app"])
        wrong = verdict(service, service.port, "smtp", "app", password())
        unknown_user = verdict(service, service.port, "smtp", "nobody", password())
    assert ("active", "inactive", "inactive") == (right[0], wrong[0], unknown_user[0])


@pytest.mark.parametrize("scheme", ["smtp", "smtps", "imap", "imaps", "pop3", "pop3s"])
def test_server_that_is_down_is_unknown(scheme: str) -> None:
    text = f"m={scheme}://app:{password()}@localhost:{free_port()}"
    assert ("unknown", "connection refused") == checked(credential_in(text, "smtp.connection-uri"))[:2]


def test_state_needs_a_user() -> None:
    assert "unknown" == state(credential_in(f"m=smtp://:{password()}@localhost:587", "smtp.connection-uri"))
