# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of LDAP simple binds: bind, "Who am I?" (RFC 4532), unbind, spoken directly in the BER of RFC 4511.

Referrals are never followed. On `ldap://` TLS is started where the server has it (RFC 4511, section 4.14).
"""

from __future__ import annotations

import re

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = {"ldap": 389, "ldaps": 636}
_START_TLS, _WHO_AM_I = b"1.3.6.1.4.1.1466.20037", b"1.3.6.1.4.1.4203.1.11.3"
_SEQUENCE, _INTEGER, _OCTETS, _ENUMERATED = 0x30, 0x02, 0x04, 0x0A
_BIND, _BIND_RESPONSE, _UNBIND, _EXTENDED, _EXTENDED_RESPONSE = 0x60, 0x61, 0x42, 0x77, 0x78
_SUCCESS, _INVALID_CREDENTIALS = 0, 49
_REASONS = {
    8: "the server demands a stronger login",
    10: "the server refers to another",
    13: "the server demands TLS",
    32: "the server knows no such entry",
    34: "the user is no distinguished name",
    48: "the server allows no simple login for this entry",
    50: "the server denies access",
    51: "the server is busy",
    52: "the server is not available",
    53: "the server is unwilling",
}
_DIRECTORY_DATA = re.compile(rb"\bdata ([0-9a-fA-F]{3})\b")
_NOT_THE_PASSWORD = {
    b"530": "this user may not log in at this time",
    b"531": "this user may not log in from here",
    b"773": "the password must be changed first",
    b"775": "the account is locked",
}
_OVER = {b"532": "the password has expired", b"533": "the account is disabled", b"701": "the account has expired"}
"""Win32 error codes in hexadecimal (Microsoft, "System Error Codes", 1326 and following)."""
_PASSWORD_POLICY = b"1.3.6.1.4.1.42.2.27.8.5.1"
_EXPIRED, _LOCKED = 0, 1
"""draft-behera-ldap-password-policy, section 6.2."""
_LARGEST = 1 << 16
_Field = tuple[int, bytes]
"""Tag and content."""


def check(credential: Credential, session: Session) -> Outcome:
    """Bind, ask who one is."""
    target = read_target(credential, kind="ldap", ports=_PORTS)
    if not target.user:
        raise NoAnswer("no user stands with the password")
    if not target.password:
        raise NoAnswer("a bind without a password is anonymous")
    return judge(_login, target, session)


def _login(target: Target, session: Session) -> Attempt:
    with opened(session, target, is_tls=target.kind == "ldaps") as link:
        messages = _Messages(link)
        if target.kind == "ldap" and messages.extended(_START_TLS)[0] == _SUCCESS:
            # Without it the password would go in clear, so any certificate makes it better.
            link.start_tls(is_trusting=not target.demands_trust)
        elif target.demands_tls and not link.is_tls:
            raise NoAnswer("the URL demands TLS and the server has none")
        code, said, policy = messages.bind(target)
        if code == _INVALID_CREDENTIALS:
            return _rejection(said, policy)
        if code != _SUCCESS:
            raise NoAnswer(f"{_REASONS.get(code, 'the server refused')} ({code})")
        code, identity = messages.extended(_WHO_AM_I)
        messages.leave()
        if code != _SUCCESS:
            # Not every server knows the question; that it takes this password and no other has to do.
            return Accepted("bind", shown({"account": target.user, "user": target.user}))
        if not identity:
            raise NoAnswer("the server took the bind as an anonymous one")
        who = identity.decode("utf-8", "replace").removeprefix("dn:").removeprefix("u:")
        return Accepted("Who am I?", shown({"account": who, "user": target.user}))


def _rejection(said: bytes, policy: int | None) -> Rejected:
    """49, unless the server says with it that it was not the password."""
    if policy == _LOCKED:
        raise NoAnswer("the server says that the account is locked (49)")
    if policy == _EXPIRED:
        return Rejected("49", "the server says that the password has expired")
    match = _DIRECTORY_DATA.search(said)
    data = match.group(1).lower() if match else b""
    if data in _NOT_THE_PASSWORD:
        raise NoAnswer(f"the server says that {_NOT_THE_PASSWORD[data]} (49, data {data.decode()})")
    if data in _OVER:
        return Rejected(f"49, data {data.decode()}", f"the server says that {_OVER[data]}")
    return Rejected(str(_INVALID_CREDENTIALS))


def _code(result: list[_Field]) -> int:
    return int.from_bytes(result[0][1], "big")


def _policy_error(controls: bytes) -> int | None:
    """The error in the response control of a password policy, where there is one."""
    for _, control in _fields(controls):
        parts = _fields(control)
        if parts[:1] == [(_OCTETS, _PASSWORD_POLICY)] and len(parts) > 1:
            for _, sequence in _fields(parts[-1][1]):
                return next((int.from_bytes(error, "big") for tag, error in _fields(sequence) if tag == 0x81), None)
    return None


class _Messages:
    """Requests and their responses, one at a time."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._id = 0

    def bind(self, target: Target) -> tuple[int, bytes, int | None]:
        """Result code, diagnostic message and password policy's error of a simple bind."""
        user, password = (text.encode("utf-8", "surrogateescape") for text in (target.user, target.password))
        request = _tlv(_INTEGER, b"\x03") + _tlv(_OCTETS, user) + _tlv(0x80, password)
        controls = _tlv(0xA0, _tlv(_SEQUENCE, _tlv(_OCTETS, _PASSWORD_POLICY)))
        result, controls = self._ask(_tlv(_BIND, request) + controls, _BIND_RESPONSE)
        return _code(result), result[2][1] if len(result) > 2 else b"", _policy_error(controls)

    def extended(self, name: bytes) -> tuple[int, bytes]:
        """Result code and value of an extended operation."""
        result, _ = self._ask(_tlv(_EXTENDED, _tlv(0x80, name)), _EXTENDED_RESPONSE)
        return _code(result), next((content for tag, content in result if tag == 0x8B), b"")

    def leave(self) -> None:
        """Unbind: the server closes the connection."""
        self._send(_tlv(_UNBIND, b""))

    def _send(self, operation: bytes) -> None:
        self._id += 1
        self._link.send(_tlv(_SEQUENCE, _tlv(_INTEGER, bytes([self._id])) + operation))

    def _ask(self, operation: bytes, wanted: int) -> tuple[list[_Field], bytes]:
        self._send(operation)
        tag, size = self._head()
        if tag != _SEQUENCE or size > _LARGEST:
            raise NoAnswer("the server does not speak LDAP")
        fields = _fields(self._link.read(size))
        if len(fields) < 2 or fields[0] != (_INTEGER, bytes([self._id])) or fields[1][0] != wanted:
            raise NoAnswer("the server does not speak LDAP, or hung up")
        result = _fields(fields[1][1])
        if not result or result[0][0] != _ENUMERATED or not result[0][1]:
            raise NoAnswer("the server does not speak LDAP")
        return result, fields[2][1] if len(fields) > 2 and fields[2][0] == 0xA0 else b""

    def _head(self) -> tuple[int, int]:
        tag, first = self._link.read(2)
        if first < 0x80:
            return tag, first
        if not 1 <= first & 0x7F <= 4:
            raise NoAnswer("the server does not speak LDAP")
        return tag, int.from_bytes(self._link.read(first & 0x7F), "big")


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _fields(data: bytes) -> list[_Field]:
    """The elements of *data*, one after another; what is cut short is left out."""
    found = []
    place = 0
    while place + 2 <= len(data):
        tag, size = data[place], data[place + 1]
        place += 2
        if size >= 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[place : place + count], "big")
            place += count
        if place + size > len(data):
            break
        found.append((tag, data[place : place + size]))
        place += size
    return found
