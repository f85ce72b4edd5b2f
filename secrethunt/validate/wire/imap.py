# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of IMAP logins: CAPABILITY, STARTTLS, AUTHENTICATE PLAIN or LOGIN, a LIST of no mailbox, LOGOUT.

`AUTHENTICATIONFAILED` and `EXPIRED` are the server's word for a login that is wrong or over (RFC 5530).
"""

from __future__ import annotations

import base64
import re

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = {"imap": 143, "imaps": 993}
_MOST_LINES = 200
_CODE = re.compile(rb"(?:NO|BAD) \[([A-Z]{2,40})")
_REJECTED = {
    "AUTHENTICATIONFAILED": "the server rejects this user and password",
    "EXPIRED": "the server says that it has expired",
}


def check(credential: Credential, session: Session) -> Outcome:
    """Log in, ask for the hierarchy's root, leave."""
    target = read_target(credential, kind="imap", ports=_PORTS)
    if not target.user:
        raise NoAnswer("no user stands with the password")
    return judge(_login, target, session)


def _login(target: Target, session: Session) -> Attempt:
    with opened(session, target, is_tls=target.kind == "imaps") as link:
        if not link.read_line().startswith(b"* OK"):
            raise NoAnswer("the server does not speak IMAP")
        offers = _capabilities(link)
        if not link.is_tls and b"STARTTLS" in offers:
            _done(_command(link, b"STARTTLS"))
            link.start_tls()
            offers = _capabilities(link)
        if not (link.is_tls or link.is_near):
            raise NoAnswer("the server has no TLS: the password would go in clear")
        answer = _authenticate(link, target, offers)
        if not answer[-1].startswith(b"OK"):
            return _rejection(answer[-1])
        listed = _command(link, b'LIST "" ""')
        if not listed[-1].startswith(b"OK"):
            raise NoAnswer("the server let it in and answered nothing")
        link.send(b"a LOGOUT\r\n")
        return Accepted("LIST", shown({"account": target.user, "user": target.user}))


def _authenticate(link: Link, target: Target, offers: set[bytes]) -> list[bytes]:
    user, password = (text.encode("utf-8", "surrogateescape") for text in (target.user, target.password))
    if b"AUTH=PLAIN" in offers:
        link.send(b"a AUTHENTICATE PLAIN\r\n")
        _continued(link)
        link.send(base64.b64encode(b"\0" + user + b"\0" + password) + b"\r\n")
        return _answer(link)
    if b"LOGINDISABLED" in offers:
        raise NoAnswer("the server offers no login with a password")
    link.send(b"a LOGIN {%d}\r\n" % len(user))
    _continued(link)
    link.send(user + b" {%d}\r\n" % len(password))
    _continued(link)
    link.send(password + b"\r\n")
    return _answer(link)


def _rejection(line: bytes) -> Rejected:
    match = _CODE.match(line)
    code = match.group(1).decode() if match else ""
    if code in _REJECTED:
        return Rejected(code, _REJECTED[code])
    raise NoAnswer(f"the server refused the login ({code or 'no code'})")


def _capabilities(link: Link) -> set[bytes]:
    lines = _done(_command(link, b"CAPABILITY"))
    return {word for line in lines if line.startswith(b"* CAPABILITY") for word in line.upper().split()[2:]}


def _command(link: Link, command: bytes) -> list[bytes]:
    link.send(b"a " + command + b"\r\n")
    return _answer(link)


def _done(lines: list[bytes]) -> list[bytes]:
    if not lines[-1].startswith(b"OK"):
        raise NoAnswer("the server refused a command")
    return lines


def _continued(link: Link) -> None:
    if not link.read_line().startswith(b"+"):
        raise NoAnswer("the server refused the login before it saw the password")


def _answer(link: Link) -> list[bytes]:
    """Untagged lines, and last the tagged one without its tag."""
    lines: list[bytes] = []
    while len(lines) < _MOST_LINES:
        line = link.read_line()
        if line.startswith(b"a "):
            return [*lines, line[2:]]
        lines.append(line)
    raise NoAnswer("the server does not speak IMAP")
