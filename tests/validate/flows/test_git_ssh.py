# SPDX-License-Identifier: Apache-2.0
"""Private keys against a git host on loopback that speaks SSH: whom it greets, and who it must prove to be."""

from __future__ import annotations

import base64
import hashlib
import io
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from secrethunt.online.contract import NoAnswer
from secrethunt.validate.contract import State
from secrethunt.validate.flows.git_ssh import GIT_HOSTS, GitHost, greeted
from tests.services.credentials import credential
from tests.services.session import PlainSession

paramiko: Any = pytest.importorskip("paramiko", reason="pip install 'secrethunt[ssh]'")


def _pem(make: Callable[[], Any], form: str) -> str:
    from cryptography.hazmat.primitives import serialization

    return str(
        make()
        .private_bytes(
            serialization.Encoding.PEM,
            getattr(serialization.PrivateFormat, form),
            serialization.NoEncryption(),
        )
        .decode()
    )


def _ed25519() -> Any:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return ed25519.Ed25519PrivateKey.generate()


def _rsa() -> Any:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _ecdsa() -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Host:
    """A git host: its port, its fingerprint, and the public keys it lets in."""

    port: int
    fingerprint: str
    known: set[bytes]

    @property
    def as_host(self) -> GitHost:
        return GitHost("git.example.com", (self.fingerprint,), r"Hi ([^\s!]+)!")

    @property
    def session(self) -> PlainSession:
        return PlainSession(hosts={"git.example.com": ("127.0.0.1", self.port)})


def _public(pem: str) -> bytes:
    """What the host knows a key by: its public half in SSH's form."""
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_ssh_private_key if "OPENSSH" in pem else serialization.load_pem_private_key
    line = (
        load(pem.encode(), None)
        .public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    )
    return base64.b64decode(line.split()[1])


class Door(paramiko.ServerInterface):  # type: ignore[misc]  # paramiko has no types
    """Lets in whose key is known, greets, and gives no shell."""

    def __init__(self, known: set[bytes]) -> None:
        self._known = known

    def check_auth_publickey(self, username: str, key: Any) -> int:
        is_known = username == "git" and key.asbytes() in self._known
        return int(paramiko.AUTH_SUCCESSFUL if is_known else paramiko.AUTH_FAILED)

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(paramiko.OPEN_SUCCEEDED)

    def check_channel_shell_request(self, channel: Any) -> bool:
        threading.Timer(0.05, self._greet, [channel]).start()
        return True

    def _greet(self, channel: Any) -> None:
        channel.send_stderr(b"Hi acme/site! You've successfully authenticated, but no shell access.\n")
        channel.send_exit_status(1)
        channel.close()


@pytest.fixture
def host() -> Iterator[Host]:
    text = _pem(_ed25519, "OpenSSH")
    host_key = paramiko.Ed25519Key.from_private_key(io.StringIO(text))
    digest = base64.b64encode(hashlib.sha256(host_key.asbytes()).digest()).rstrip(b"=").decode()
    listener = socket.create_server(("127.0.0.1", 0))
    started = Host(listener.getsockname()[1], digest, set())
    transports: list[Any] = []

    def accept() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(link)
            transport.add_server_key(host_key)
            transports.append(transport)
            try:
                transport.start_server(server=Door(started.known))
            except paramiko.SSHException:
                transport.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield started
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    for transport in transports:
        transport.close()


@pytest.mark.parametrize(
    ("make", "form"),
    [
        (_ed25519, "OpenSSH"),
        (_ed25519, "PKCS8"),
        (_rsa, "TraditionalOpenSSL"),
        (_rsa, "OpenSSH"),
        (_ecdsa, "TraditionalOpenSSL"),
        (_ecdsa, "PKCS8"),
    ],
)
def test_a_key_that_is_let_in_is_active_and_says_whose_it_is(host: Host, make: Callable[[], Any], form: str) -> None:
    pem = _pem(make, form)
    host.known.add(_public(pem))
    outcome = greeted(credential("privatekey.openssh", pem), host.session, [host.as_host])
    assert (State.ACTIVE, "acme/site") == (outcome.state, dict(outcome.facts)["account"])
    assert "publickey accepted" == outcome.evidence[0].marker


def test_a_key_in_source_code_is_read(host: Host) -> None:
    pem = _pem(_ed25519, "OpenSSH")
    host.known.add(_public(pem))
    for text in (pem.replace("\n", "\\n"), base64.b64encode(pem.encode()).decode()):
        outcome = greeted(credential("privatekey.openssh", text), host.session, [host.as_host])
        assert State.ACTIVE == outcome.state


def test_a_key_that_nobody_knows_stays_unknown(host: Host) -> None:
    outcome = greeted(credential("privatekey.openssh", _pem(_ed25519, "OpenSSH")), host.session, [host.as_host])
    assert (State.UNKNOWN, "publickey rejected") == (outcome.state, outcome.evidence[0].marker)


def test_a_host_that_cannot_prove_who_it_is_gets_no_signature(host: Host) -> None:
    pem = _pem(_ed25519, "OpenSSH")
    host.known.add(_public(pem))
    other = GitHost("git.example.com", GIT_HOSTS[0].fingerprints, "x")
    with pytest.raises(NoAnswer, match="host key is none that the provider publishes"):
        greeted(credential("privatekey.openssh", pem), host.session, [other])


def test_a_host_that_is_silent_or_away_proves_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    session = PlainSession(hosts={"git.example.com": ("127.0.0.1", port)})
    with pytest.raises(NoAnswer):
        greeted(
            credential("privatekey.openssh", _pem(_ed25519, "OpenSSH")), session, [GitHost("git.example.com", (), "x")]
        )


def test_a_key_with_a_passphrase_is_not_tried(host: Host) -> None:
    from cryptography.hazmat.primitives import serialization

    form = serialization.BestAvailableEncryption(b"made up")
    pem = _rsa().private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, form)
    with pytest.raises(NoAnswer, match="passphrase"):
        greeted(credential("privatekey.pem", pem), host.session, [host.as_host])


def test_what_is_no_key_is_not_tried(host: Host) -> None:
    with pytest.raises(NoAnswer, match="cannot be read"):
        greeted(credential("privatekey.pem", "-----BEGIN PRIVATE KEY-----\\nAAAA"), host.session, [host.as_host])
