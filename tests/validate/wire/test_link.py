# SPDX-License-Identifier: Apache-2.0
"""Every protocol against servers that mean no good: whatever they do, the answer is UNKNOWN, and it comes in time."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from secrethunt.online.client import Client
from secrethunt.online.contract import NoAnswer
from secrethunt.online.options import OnlineOptions
from secrethunt.validate.contract import Credential
from secrethunt.validate.wire import link
from secrethunt.validate.wire.target import Target
from tests.services.databases import password
from tests.validate.wire.session import LOOPBACK, checked, credential_in

RULES = {
    "postgresql": "postgres.connection-uri",
    "mysql": "mysql.connection-uri",
    "mongodb": "mongodb.connection-uri",
    "redis": "redis.connection-uri",
    "amqp": "rabbitmq.connection-uri",
    "mqtt": "rabbitmq.connection-uri",
    "ldap": "ldap.connection-uri",
    "smtp": "smtp.connection-uri",
    "imap": "smtp.connection-uri",
    "pop3": "smtp.connection-uri",
    "ftp": "uri.userinfo-password",
    "ssh": "uri.userinfo-password",
}
Behave = Callable[[socket.socket], None]


def hang(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def close(_connection: socket.socket) -> None:
    pass


def drip(connection: socket.socket) -> None:
    """A byte now and then, so that no single wait is long."""
    while True:
        connection.sendall(b"2")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"\x00" * 65536)


def flood_a_line(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"+" * 65536)


def random_bytes(connection: socket.socket) -> None:
    connection.sendall(bytes(range(256)) * 8)
    connection.recv(4096)


def web_page(connection: socket.socket) -> None:
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>welcome, you are logged in: 230 OK +OK</html>\r\n"
    )
    connection.recv(4096)


def polite_nonsense(connection: socket.socket) -> None:
    """Says yes to everything in the way of protocols that are made of lines."""
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"+OK\r\n")
            if not connection.recv(4096):
                return


BEHAVIOURS = (hang, close, drip, flood, flood_a_line, random_bytes, web_page)


@contextlib.contextmanager
def serving(behave: Behave) -> Iterator[int]:
    """A server on a free port that behaves like that to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        is_over = threading.Event()

        def serve(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                behave(connection)

        def accept() -> None:
            while not is_over.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = server.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        server.settimeout(0.1)
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            is_over.set()
            thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits of a second, so that tests need not wait for the real ones."""
    monkeypatch.setattr(link, "EXCHANGE_S", 0.5)


def in_url(scheme: str, port: int) -> Credential:
    return credential_in(f"x={scheme}://cn=app:{password()}@localhost:{port}/x", RULES[scheme])


@pytest.mark.parametrize("behave", BEHAVIOURS, ids=lambda behave: behave.__name__)
@pytest.mark.parametrize("scheme", RULES)
def test_hostile_server_is_unknown_in_time(scheme: str, behave: Behave) -> None:
    with serving(behave) as port:
        credential = in_url(scheme, port)
        started = time.monotonic()
        state, reason, _ = checked(credential)
        assert 5 > time.monotonic() - started
    assert "unknown" == state
    assert credential.secret.reveal().decode() not in reason


@pytest.mark.parametrize("scheme", ["redis", "pop3"])
def test_server_that_says_yes_to_everything_proves_nothing(scheme: str) -> None:
    with serving(polite_nonsense) as port:
        assert "unknown" == checked(in_url(scheme, port))[0]


def test_library_never_resolves_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client resolves once; what connects has an address."""
    asked: list[object] = []
    resolve = socket.getaddrinfo

    def noted(host: Any, *arguments: Any, **more: Any) -> Any:
        asked.append(host)
        return resolve(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    with serving(close) as port:
        for scheme in RULES:
            asked.clear()
            checked(in_url(scheme, port))
            assert {"localhost"} >= {host for host in asked if isinstance(host, str) and not host[:1].isdigit()}, scheme
            assert 1 >= len(asked), scheme


def test_private_address_is_refused_unless_allowed() -> None:
    target = Target("redis", "127.0.0.1", 1, "app", password())
    with (
        Client(OnlineOptions(allow_found_hosts=True)) as session,
        pytest.raises(NoAnswer, match="the host is at"),
        link.opened(session, target),
    ):
        pass


def test_time_limit_holds_for_the_callers_own_work() -> None:
    with serving(drip) as port, Client(OnlineOptions(allow_found_hosts=True, allow_private=LOOPBACK)) as session:
        target = Target("redis", "127.0.0.1", port, "app", password())
        with pytest.raises(NoAnswer), link.opened(session, target) as opened:
            while True:
                opened.read(1)


def test_what_the_server_says_before_tls_is_not_taken_for_what_it_says_within() -> None:
    def eager(connection: socket.socket) -> None:
        connection.sendall(b"220 ready\r\n")
        connection.recv(4096)
        connection.sendall(b"250-here\r\n250 STARTTLS\r\n")
        connection.recv(4096)
        connection.sendall(b"220 go\r\n235 you are in\r\n")
        connection.recv(4096)

    with serving(eager) as port:
        assert ("unknown", "the server spoke before TLS began") == checked(in_url("smtp", port))[:2]
