# SPDX-License-Identifier: Apache-2.0
"""
Private keys against the git hosts that many deploy keys are for: GitHub, GitLab, Bitbucket.

Host keys are pinned to what the providers publish. A key that is accepted asks for a shell, is greeted by name and
leaves. A key that all of them reject may still open a server somewhere, and so is never called INACTIVE.
References: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints,
https://docs.gitlab.com/user/gitlab_com/#ssh-host-keys-fingerprints,
https://support.atlassian.com/bitbucket-cloud/docs/configure-ssh-and-two-step-verification/.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import logging
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from secrethunt.online.contract import Address, HostOrigin, NoAnswer, Session
from secrethunt.validate.contract import Credential, Evidence, Outcome, State
from secrethunt.validate.flows import github_app
from secrethunt.validate.flows.exchange import NeedsExtra, optional, shown
from secrethunt.validate.flows.jws import private_key

_TIMEOUT_S = 15.0
_LONGEST_GREETING = 4096


@dataclass(frozen=True, slots=True)
class GitHost:
    """One host, who it must prove to be, and how it names whom it greets."""

    name: str
    fingerprints: tuple[str, ...]
    greeting: str
    port: int = 22


GIT_HOSTS = (
    GitHost(
        "github.com",
        (
            "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
            "p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
            "uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s",
        ),
        r"Hi ([^\s!]{1,140})!",
    ),
    GitHost(
        "gitlab.com",
        (
            "eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
            "HbW3g8zUjNSksFbqTiUWPWg2Bq1x8xdGUrliXFzSnUw",
            "ROQFvPThGrW4RuWLoL9tq9I9zJ42fK4XywyRtbOz/EQ",
        ),
        r"Welcome to GitLab, @?([^\s!]{1,140})!",
    ),
    GitHost(
        "bitbucket.org",
        (
            "ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM",
            "FC73VB6C4OQLSCrjEayhMp9UMxS97caD/Yyi2bhW/J0",
            "46OSHA1Rmj8E8ERTC6xkNcmGOw9oFxYr0WF6zWW8l1E",
        ),
        r"logged in as ([^\s.]{1,140})",
    ),
)


def deploy_key(credential: Credential, session: Session) -> Outcome:
    """As an app's key where an app's id stands beside it; else who greets it."""
    if optional(credential, "app_id"):
        outcome = github_app.app_key(credential, session)
        if outcome.state == State.ACTIVE:
            return outcome
    return greeted(credential, session, GIT_HOSTS)


def greeted(credential: Credential, session: Session, hosts: Sequence[GitHost]) -> Outcome:
    """
    Which of *hosts* lets the key in, and as whom.

    Raises:
        NeedsExtra: paramiko is not installed.
        NoAnswer: The key cannot be used, or no host could be asked.
    """
    key = _ssh_key(credential.secret.reveal())
    evidence: list[Evidence] = []
    facts: list[tuple[str, str]] = []
    trouble: list[str] = []
    for host in hosts:
        label = f"SSH {host.name}:{host.port}"
        try:
            greeting = _greeting(host, key, session.reach(host.name, host.port, HostOrigin.RULE))
        except NoAnswer as err:
            trouble.append(f"{host.name}: {err.reason}")
            continue
        if greeting is None:
            evidence.append(Evidence(label, None, "publickey rejected"))
            continue
        match = re.search(host.greeting, greeting)
        facts += [("account", match.group(1) if match else ""), ("url", f"ssh://git@{host.name}")]
        accepted = (Evidence(label, None, "publickey accepted"),)
        return Outcome(State.ACTIVE, f"{host.name} lets it in", accepted, shown(facts))
    if not evidence:
        raise NoAnswer("; ".join(trouble) or "no host to ask")
    reason = "none of the git hosts that were asked knows it; where else it is trusted is not known"
    return Outcome(State.UNKNOWN, "; ".join([reason, *trouble]), tuple(evidence))


def _paramiko() -> Any:
    try:
        import paramiko
    except ImportError as err:
        raise NeedsExtra("ssh") from err
    # What goes wrong is said by exceptions; the library's own log would print it a second time.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    return paramiko


def _ssh_key(value: bytes) -> Any:
    paramiko = _paramiko()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    key = private_key(value)
    kinds = (
        (rsa.RSAPrivateKey, paramiko.RSAKey),
        (ec.EllipticCurvePrivateKey, paramiko.ECDSAKey),
        (ed25519.Ed25519PrivateKey, paramiko.Ed25519Key),
    )
    for kind, reader in kinds:
        if isinstance(key, kind):
            try:
                text = key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
                )
                return reader.from_private_key(io.StringIO(text.decode()))
            except (ValueError, paramiko.SSHException) as err:
                raise NoAnswer("a kind of key that SSH does not know") from err
    raise NoAnswer("a kind of key that SSH does not know")


def _greeting(host: GitHost, key: Any, address: Address) -> str | None:
    """What the host says to whom it let in; None where it did not."""
    paramiko = _paramiko()
    try:
        link = socket.create_connection((address.ip, address.port), timeout=_TIMEOUT_S)
    except OSError as err:
        raise NoAnswer("no connection") from err
    with contextlib.closing(link):
        transport = paramiko.Transport(link)
        transport.banner_timeout = transport.auth_timeout = _TIMEOUT_S
        try:
            transport.start_client(timeout=_TIMEOUT_S)
            fingerprint = base64.b64encode(hashlib.sha256(transport.get_remote_server_key().asbytes()).digest())
            if fingerprint.rstrip(b"=").decode() not in host.fingerprints:
                raise NoAnswer("its host key is none that the provider publishes")
            transport.auth_publickey("git", key)
            return _listen(transport)
        except paramiko.AuthenticationException:
            return None
        except (paramiko.SSHException, OSError, EOFError) as err:
            raise NoAnswer(f"SSH failed ({type(err).__name__})") from err
        finally:
            transport.close()


def _listen(transport: Any) -> str:
    """What is said to a shell before it is refused; being let in is proof enough, so that silence is no failure."""
    heard = b""
    with contextlib.suppress(Exception):
        channel = transport.open_session(timeout=_TIMEOUT_S)
        channel.settimeout(_TIMEOUT_S)
        channel.set_combine_stderr(True)
        channel.invoke_shell()
        while len(heard) < _LONGEST_GREETING and (more := channel.recv(_LONGEST_GREETING)):
            heard += more
    return heard.decode("utf-8", "replace")
