# SPDX-License-Identifier: Apache-2.0
"""SMTP passwords of SES against a mail server on loopback that speaks TLS."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from secrethunt.online.contract import NoAnswer
from secrethunt.validate.contract import Outcome, State
from secrethunt.validate.flows.ses import log_in
from tests.services.certificates import make_certificates
from tests.services.credentials import credential, made
from tests.services.session import PlainSession

HOST = "email-smtp.eu-west-1.amazonaws.com"
USER = "AKIA" + "B" * 16
PASSWORD = made(44)


class MailServer:
    """Knows one user, and answers each login with what the test says."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.rejection = b"535 Authentication Credentials Invalid"
        self.commands: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(plain, server_side=True) as link, link.makefile("rwb") as lines:
                    self._talk(lines)
            except OSError:
                continue

    def _talk(self, lines: object) -> None:
        def say(text: bytes) -> None:
            lines.write(text + b"\r\n")  # type: ignore[attr-defined]  # a file of a socket
            lines.flush()  # type: ignore[attr-defined]

        say(b"220 email-smtp.amazonaws.com ESMTP")
        for line in lines:  # type: ignore[attr-defined]
            words = line.strip().split()
            self.commands.append(words[0].upper())
            if words[0].upper() == b"EHLO":
                say(b"250-email-smtp.amazonaws.com\r\n250 AUTH PLAIN LOGIN")
            elif words[0].upper() == b"AUTH":
                is_right = base64.b64decode(words[2]) == b"\0" + USER.encode() + b"\0" + PASSWORD.encode()
                say(b"235 Authentication successful." if is_right else self.rejection)
            else:
                say(b"221 Bye")
                return


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[MailServer, ssl.SSLContext]]:
    files = make_certificates(tmp_path, HOST)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(files.certificate, files.key)
    started = MailServer(theirs)
    yield started, ssl.create_default_context(cafile=str(files.authority))
    started.close()


def _check(server: MailServer, context: ssl.SSLContext, password: str = PASSWORD, host: str = HOST) -> Outcome:
    session = PlainSession(hosts={HOST: ("127.0.0.1", server.port)})
    return log_in(credential("aws.ses-smtp-password", password, {"user": USER, "host": host}), session, context)


def test_a_password_that_is_let_in_is_active_and_sends_nothing(server: tuple[MailServer, ssl.SSLContext]) -> None:
    outcome = _check(*server)
    assert (State.ACTIVE, "AUTH 235") == (outcome.state, outcome.evidence[0].marker)
    assert {b"EHLO", b"AUTH", b"QUIT"} == set(server[0].commands)


def test_a_password_that_is_rejected_is_inactive(server: tuple[MailServer, ssl.SSLContext]) -> None:
    assert State.INACTIVE == _check(*server, password=made(44, seed=2)).state


@pytest.mark.parametrize("words", [b"454 Temporary authentication failure", b"535 no", b"550 policy", b"garbage"])
def test_other_rejections_prove_nothing(server: tuple[MailServer, ssl.SSLContext], words: bytes) -> None:
    server[0].rejection = words
    try:
        outcome = _check(*server, password=made(44, seed=2))
    except NoAnswer:
        return
    assert State.UNKNOWN == outcome.state


def test_a_server_that_cannot_prove_who_it_is_gets_no_password(server: tuple[MailServer, ssl.SSLContext]) -> None:
    with pytest.raises(NoAnswer):
        _check(server[0], ssl.create_default_context())
    assert [] == server[0].commands


@pytest.mark.parametrize("host", ["email-smtp.evil.example.net", "email-smtp.x.amazonaws.com.evil.net", "localhost"])
def test_a_host_that_is_none_of_ses_is_not_asked(server: tuple[MailServer, ssl.SSLContext], host: str) -> None:
    with pytest.raises(NoAnswer, match="none of SES"):
        _check(*server, host=host)
