# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of MQTT logins: CONNECT and DISCONNECT, spoken directly, in version 5, or 3.1.1 where that is unknown.

MQTT has no question for who one is. What proves the password is that the broker takes it and rejects a random one.
Reason codes: MQTT 5.0, section 3.2.2.2; return codes: MQTT 3.1.1, section 3.2.2.3.
"""

from __future__ import annotations

import secrets

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_REJECTED = {4: {4, 5}, 5: {0x86, 0x87}}
"""Wrong user or password, and not authorised: brokers use either for a wrong password."""
_WRONG_VERSION = {0x01, 0x84}
_LARGEST = 4096


def check(credential: Credential, session: Session) -> Outcome:
    """Connect with a clean session, leave."""
    return judge(_login, read_target(credential, kind="mqtt", ports=_PORTS), session)


def _login(target: Target, session: Session) -> Attempt:
    try:
        return _attempt(target, session, version=5)
    except _OldBroker:
        return _attempt(target, session, version=4)


class _OldBroker(NoAnswer):
    """The broker does not know this version."""


def _attempt(target: Target, session: Session, *, version: int) -> Attempt:
    with opened(session, target, is_tls=target.kind == "mqtts") as link:
        link.send(_connect(target, version))
        try:
            code = _connack(link)
        except (EOFError, ConnectionError) as err:
            if version == 5:
                # 3.1.1 tells brokers to hang up on what they do not know.
                raise _OldBroker("the broker hung up") from err
            raise
        if code == 0:
            link.send(b"\xe0\x00")
            return Accepted("CONNACK 0", shown({"account": target.user, "user": target.user}))
    if code in _REJECTED[version]:
        return Rejected(f"{code:#04x}")
    if version == 5 and code in _WRONG_VERSION:
        raise _OldBroker("the broker does not speak MQTT 5")
    raise NoAnswer(f"the broker refused ({code:#04x})")


def _connect(target: Target, version: int) -> bytes:
    user, password = (text.encode("utf-8", "surrogateescape") for text in (target.user, target.password))
    flags = 0x02 | 0x40 | 0x80
    # Version 3.1.1 allows no password without a user; an empty user is one.
    body = _text(b"MQTT") + bytes([version, flags]) + b"\x00\x0a"
    if version == 5:
        body += b"\x00"
    body += _text(b"secrethunt" + secrets.token_hex(6).encode()) + _text(user) + _text(password)
    return b"\x10" + _length(len(body)) + body


def _connack(link: Link) -> int:
    head = link.read(2)
    if head[0] != 0x20 or not 2 <= head[1] <= 0x7F:
        raise NoAnswer("the server does not speak MQTT")
    return link.read(head[1])[1]


def _text(text: bytes) -> bytes:
    if len(text) > _LARGEST:
        raise NoAnswer("the password is longer than the protocol allows")
    return len(text).to_bytes(2, "big") + text


def _length(size: int) -> bytes:
    encoded = b""
    while size > 0x7F:
        encoded += bytes([size & 0x7F | 0x80])
        size >>= 7
    return encoded + bytes([size])
