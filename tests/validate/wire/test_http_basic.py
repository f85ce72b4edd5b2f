# SPDX-License-Identifier: Apache-2.0
"""Users and passwords of web servers of which nothing more is known, against servers with TLS on the loopback."""

from __future__ import annotations

import base64
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.services.certificates import Certificates, make_certificates
from tests.services.daemon import folder
from tests.services.databases import password
from tests.validate.wire.session import checked, credential_in

Answer = tuple[int, dict[str, str]]
Page = Callable[[str, str], Answer]
"""From path and `Authorization` to status and headers."""
CHALLENGE = {"WWW-Authenticate": 'Basic realm="tests"'}
WORD = password()
RIGHT = "Basic " + base64.b64encode(f"app:{WORD}".encode()).decode()


def guarded(_path: str, given: str) -> Answer:
    return (200, {}) if given == RIGHT else (401, CHALLENGE)


def repository_only(path: str, given: str) -> Answer:
    return guarded(path, given) if path == "/a/b.git/info/refs?service=git-upload-pack" else (404, {})


def open_to_all(_path: str, _given: str) -> Answer:
    return 200, {}


def firewall(_path: str, _given: str) -> Answer:
    return 401, {}


def forbidden(_path: str, _given: str) -> Answer:
    return 403, CHALLENGE


def elsewhere(_path: str, _given: str) -> Answer:
    return 302, {"Location": "/login"}


@contextlib.contextmanager
def serving(page: Page) -> Iterator[tuple[int, Certificates]]:
    """A web server with TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers = page(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with folder("web") as home:
        certificates = make_certificates(home)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.certificate, certificates.key)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_port, certificates
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def verdict(page: Page, word: str = WORD, path: str = "/") -> tuple[str, str]:
    with serving(page) as (port, certificates):
        credential = credential_in(f"u=https://app:{word}@localhost:{port}{path}", "uri.userinfo-password")
        return checked(credential, authority=certificates.authority)[:2]


def test_password_that_the_page_takes_where_it_rejects_another_is_active() -> None:
    assert "active" == verdict(guarded)[0]


def test_password_that_the_page_rejects_is_inactive() -> None:
    assert "inactive" == verdict(guarded, password())[0]


def test_repository_is_asked_for_its_references() -> None:
    assert ("active", "inactive") == tuple(verdict(repository_only, word, "/a/b.git")[0] for word in (WORD, password()))


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (open_to_all, "the server accepts any password"),
        (firewall, "401 says nothing of the password"),
        (forbidden, "403 says nothing of the password"),
        (elsewhere, "302 says nothing of the password"),
        (repository_only, "404 says nothing of the password"),
    ],
)
def test_page_that_does_not_judge_the_password_is_unknown(page: Page, reason: str) -> None:
    assert ("unknown", reason) == verdict(page)


def test_url_without_tls_is_not_asked() -> None:
    credential = credential_in(f"u=http://app:{WORD}@localhost:1/", "uri.userinfo-password")
    assert ("unknown", "the URL is one without TLS: the password would go in clear") == checked(credential)[:2]


def test_login_of_a_netrc_entry_is_asked_at_its_machine() -> None:
    credential = credential_in(f"machine git.acme.internal login app password {WORD}\n", "netrc.password")
    expected = ("unknown", "only the scanned text names the host (--allow-found-hosts)")
    assert expected == checked(credential, allow_found_hosts=False)[:2]
