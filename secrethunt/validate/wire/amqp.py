# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of AMQP logins: the opening of a connection in AMQP 0-9-1 and SASL PLAIN, spoken directly.

A broker that closes a connection after a wrong password says 403 ACCESS_REFUSED where the client announced that it
understands so (RabbitMQ, "Authentication failure notification"); without that, it just hangs up.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = {"amqp": 5672, "pyamqp": 5672, "amqps": 5671}
_HEADER = b"AMQP\x00\x00\x09\x01"
_CONNECTION = 10
_START, _START_OK, _TUNE, _TUNE_OK, _OPEN, _OPEN_OK, _CLOSE, _CLOSE_OK = 10, 11, 30, 31, 40, 41, 50, 51
_ACCESS_REFUSED, _NOT_ALLOWED = 403, 530
_LARGEST = 1 << 17
_FRAME_END = 0xCE


def check(credential: Credential, session: Session) -> Outcome:
    """Log in and open the virtual host."""
    return judge(_login, read_target(credential, kind="amqp", ports=_PORTS, user="guest"), session)


class _Closed(Exception):
    """The broker closed the connection and said why."""

    def __init__(self, code: int, text: bytes) -> None:
        super().__init__(code)
        self.code = code
        self.text = text


def _login(target: Target, session: Session) -> Attempt:
    with opened(session, target, is_tls=target.kind == "amqps") as link:
        link.send(_HEADER)
        start = _expect(link, _START)
        link.send(_method(_START_OK, _start_ok(target)))
        try:
            tune = _expect(link, _TUNE)
        except _Closed as err:
            return _rejection(err)
        link.send(_method(_TUNE_OK, tune[:8].ljust(8, b"\0")))
        # The driver's default: an URL without a path means `/`, `amqp://host/` the host without a name in theory only.
        link.send(_method(_OPEN, _short((target.database or "/").encode()) + b"\0\0"))
        facts: dict[str, object] = {"account": target.user, "user": target.user, "server": _server(start)}
        try:
            _expect(link, _OPEN_OK)
            facts["database"] = target.database or "/"
        except _Closed as err:
            # The login is over: what the broker says here is of this virtual host alone.
            if err.code != _NOT_ALLOWED:
                raise NoAnswer(f"the broker closed the connection ({err.code})") from err
            return Accepted("connection.tune", shown(facts))
        link.send(_method(_CLOSE, struct.pack("!H", 200) + _short(b"") + b"\0\0\0\0"))
        _expect(link, _CLOSE_OK)
        return Accepted("connection.open-ok", shown(facts))


def _rejection(err: _Closed) -> Rejected:
    if err.code == _ACCESS_REFUSED and b"loopback" in err.text:
        raise NoAnswer("the broker lets this user in from its own host only")
    if err.code == _ACCESS_REFUSED:
        return Rejected(str(err.code))
    raise NoAnswer(f"the broker closed the connection ({err.code})")


def _start_ok(target: Target) -> bytes:
    capability = _short(b"authentication_failure_close") + b"t\x01"
    properties = _short(b"product") + b"S" + _long(b"secrethunt")
    properties += _short(b"capabilities") + b"F" + _long(capability)
    response = b"\0".join((b"", *(text.encode("utf-8", "surrogateescape") for text in (target.user, target.password))))
    return _long(properties) + _short(b"PLAIN") + _long(response) + _short(b"en_US")


def _server(start: bytes) -> str:
    """Product and version from the broker's properties, where they are texts at the top of the table."""
    found: dict[bytes, bytes] = {}
    for name in (b"product", b"version"):
        place = start.find(_short(name) + b"S")
        if place >= 0:
            place += len(name) + 2
            (size,) = struct.unpack_from("!I", start.ljust(place + 4, b"\0"), place)
            found[name] = start[place + 4 : place + 4 + min(size, 64)]
    return _joined(found)


def _joined(found: Mapping[bytes, bytes]) -> str:
    return " ".join(text.decode("utf-8", "replace") for text in found.values())


def _short(text: bytes) -> bytes:
    return bytes([min(len(text), 255)]) + text[:255]


def _long(text: bytes) -> bytes:
    return struct.pack("!I", len(text)) + text


def _method(number: int, arguments: bytes) -> bytes:
    payload = struct.pack("!HH", _CONNECTION, number) + arguments
    return struct.pack("!BHI", 1, 0, len(payload)) + payload + bytes([_FRAME_END])


def _expect(link: Link, wanted: int) -> bytes:
    """The arguments of the next method, which must be *wanted*."""
    while True:
        kind, channel, size = struct.unpack("!BHI", link.read(7))
        if kind not in (1, 8) or channel or size > _LARGEST:
            raise NoAnswer("the server does not speak AMQP 0-9-1")
        payload = link.read(size + 1)
        if payload[-1] != _FRAME_END:
            raise NoAnswer("the server does not speak AMQP 0-9-1")
        if kind == 1:
            break
    if size < 4:
        raise NoAnswer("the server does not speak AMQP 0-9-1")
    group, number = struct.unpack("!HH", payload[:4])
    if group == _CONNECTION and number == _CLOSE and size >= 7:
        (code,) = struct.unpack("!H", payload[4:6])
        link.send(_method(_CLOSE_OK, b""))
        raise _Closed(code, payload[7 : 7 + payload[6]])
    if group != _CONNECTION or number != wanted:
        raise NoAnswer("the server does not speak AMQP 0-9-1")
    return payload[4:-1]
