# SPDX-License-Identifier: Apache-2.0
"""Against pyftpdlib, with TLS and without."""

from __future__ import annotations

import pytest

from tests.services import logins
from tests.services.daemon import free_port
from tests.services.databases import password
from tests.validate.wire.session import checked, credential_in, facts, state

RULE = "uri.userinfo-password"


@pytest.mark.parametrize("tls", [True, False])
def test_logins(tls: bool) -> None:
    with logins.script("ftp", starttls=tls) as service:
        word = service.passwords["app"]
        found = [
            state(credential_in(f"f=ftp://{user}:{text}@localhost:{service.port}/", RULE))
            for user, text in (("app", word), ("app", password()), ("nobody", password()))
        ]
        right = credential_in(f"f=ftp://app:{word}@localhost:{service.port}/", RULE)
        assert "/" == facts(right)["folder"]
    assert ["active", "inactive", "inactive"] == found


def test_url_that_demands_tls_gets_it_with_a_trusted_certificate() -> None:
    with logins.script("ftp") as service:
        credential = credential_in(f"f=ftpes://app:{service.passwords['app']}@localhost:{service.port}/", RULE)
        assert "unknown" == state(credential)
        assert "active" == state(credential, authority=service.certificates.authority)
    with logins.script("ftp", starttls=False) as service:
        credential = credential_in(f"f=ftpes://app:{service.passwords['app']}@localhost:{service.port}/", RULE)
        assert ("unknown", "the URL demands TLS and the server has none") == checked(credential)[:2]


def test_server_that_is_down_is_unknown() -> None:
    text = f"f=ftp://app:{password()}@localhost:{free_port()}/"
    assert ("unknown", "connection refused") == checked(credential_in(text, RULE))[:2]
