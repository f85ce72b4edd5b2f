# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of POP3 logins: STLS, USER and PASS, STAT, QUIT. Nothing is retrieved or deleted.

`[AUTH]` is the server's word for a wrong password (RFC 3206); of an error without a code nobody can tell the cause.
"""

from __future__ import annotations

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = {"pop3": 110, "pop": 110, "pop3s": 995}
_MOST_LINES = 100


def check(credential: Credential, session: Session) -> Outcome:
    """Log in, ask how many messages there are, leave."""
    target = read_target(credential, kind="pop3", ports=_PORTS)
    if not target.user:
        raise NoAnswer("no user stands with the password")
    return judge(_login, target, session)


def _login(target: Target, session: Session) -> Attempt:
    with opened(session, target, is_tls=target.kind == "pop3s") as link:
        if not link.read_line().startswith(b"+OK"):
            raise NoAnswer("the server does not speak POP3")
        if not link.is_tls and b"STLS" in _capabilities(link):
            _ask(link, b"STLS")
            link.start_tls()
        if not (link.is_tls or link.is_near):
            raise NoAnswer("the server has no TLS: the password would go in clear")
        for word, text in ((b"USER ", target.user), (b"PASS ", target.password)):
            line = _line(text)
            link.send(word + line + b"\r\n")
            answer = link.read_line()
            if not answer.startswith(b"+OK"):
                return _rejection(answer)
        _ask(link, b"STAT")
        link.send(b"QUIT\r\n")
        return Accepted("STAT", shown({"account": target.user, "user": target.user}))


def _rejection(answer: bytes) -> Rejected:
    if answer.startswith(b"-ERR [AUTH]"):
        return Rejected("AUTH")
    raise NoAnswer("the server refused the login without a code")


def _line(text: str) -> bytes:
    line = text.encode("utf-8", "surrogateescape")
    if b"\r" in line or b"\n" in line:
        raise NoAnswer("the password holds a line break")
    return line


def _ask(link: Link, command: bytes) -> bytes:
    link.send(command + b"\r\n")
    answer = link.read_line()
    if not answer.startswith(b"+OK"):
        raise NoAnswer("the server refused a command")
    return answer


def _capabilities(link: Link) -> set[bytes]:
    link.send(b"CAPA\r\n")
    if not link.read_line().startswith(b"+OK"):
        return set()
    found: set[bytes] = set()
    for _ in range(_MOST_LINES):
        line = link.read_line()
        if line == b".":
            return found
        found.add(line.upper())
    raise NoAnswer("the server does not speak POP3")
