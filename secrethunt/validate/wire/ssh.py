# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of SSH logins, with a password or a private key (through paramiko). No channel is opened, nothing is run:
a key may be tied to a command. The server's own "success" (RFC 4252) and that it rejects a random one are the proof.

The server's host key is not known beforehand, so nothing is known of who answers beyond the checked address.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Any

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.extras import library
from secrethunt.validate.wire.link import EXCHANGE_S, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, compare, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = {"ssh": 22, "sftp": 22, "scp": 22, "git": 22}
_LOG = "secrethunt.ssh"
_Authenticate = Callable[[Any], list[str]]
"""Offers one credential on a paramiko transport; the methods that the server wants beside it."""


def check(credential: Credential, session: Session) -> Outcome:
    """Authenticate, and leave."""
    library("paramiko", extra="ssh")
    target = read_target(credential, kind="ssh", ports=_PORTS)
    if not target.user:
        raise NoAnswer("no user stands with it")
    if b"PRIVATE KEY" in credential.secret.reveal()[:64]:
        return _check_key(credential.secret.reveal(), target, session)
    return judge(_login, target, session)


def _login(target: Target, session: Session) -> Attempt:
    return _attempt(target, session, lambda transport: transport.auth_password(target.user, target.password))


def _check_key(pem: bytes, target: Target, session: Session) -> Outcome:
    key = _key(pem)

    def login(offered: Any) -> Attempt:
        return _attempt(target, session, lambda transport: transport.auth_publickey(target.user, offered))

    return compare(lambda: login(key), lambda: login(_random_key()), label=target.label)


def _attempt(target: Target, session: Session, authenticate: _Authenticate) -> Attempt:
    paramiko = library("paramiko", extra="ssh")
    _silence()
    with opened(session, target) as link:
        transport = paramiko.Transport(link.sock)
        transport.set_log_channel(_LOG)
        transport.banner_timeout = transport.auth_timeout = transport.handshake_timeout = EXCHANGE_S
        try:
            transport.start_client(timeout=EXCHANGE_S)
            wanted = authenticate(transport)
            if wanted:
                raise NoAnswer(f"the server takes it and wants more beside it: {', '.join(wanted)}")
            server = transport.remote_version.removeprefix("SSH-2.0-")
            return Accepted("userauth success", shown({"account": target.user, "user": target.user, "server": server}))
        except paramiko.BadAuthenticationType as err:
            raise NoAnswer(f"the server lets nobody in this way, only by {', '.join(err.allowed_types)}") from None
        except paramiko.AuthenticationException as err:
            return _rejection(err, transport)
        except (paramiko.SSHException, EOFError) as err:
            raise NoAnswer("the server does not speak SSH, or broke off") from err
        finally:
            transport.close()


def _rejection(err: Exception, transport: Any) -> Rejected:
    """A login that failed, unless it was the connection: paramiko says either with the same error."""
    if not transport.is_active() or "timeout" in str(err).lower():
        raise NoAnswer("the server broke off during the login") from None
    return Rejected("userauth failure")


def _key(pem: bytes) -> Any:
    """paramiko's key of the private key in *pem*, in whatever format."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_ssh_private_key if b"OPENSSH" in pem[:64] else serialization.load_pem_private_key
    try:
        key = load(pem.strip() + b"\n", password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as err:
        raise NoAnswer("the key is encrypted, or cannot be read") from err
    return _paramiko_key(key)


def _random_key() -> Any:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return _paramiko_key(ed25519.Ed25519PrivateKey.generate())


def _paramiko_key(key: Any) -> Any:
    from cryptography.hazmat.primitives import serialization

    paramiko = library("paramiko", extra="ssh")
    openssh, none = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, openssh, none).decode()
    for kind in (paramiko.Ed25519Key, paramiko.RSAKey, paramiko.ECDSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except paramiko.SSHException:
            continue
    raise NoAnswer("the key is of no kind that SSH servers take")


def _silence() -> None:
    """paramiko tells its logger what it does; ours ends nowhere."""
    logger = logging.getLogger(_LOG)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
