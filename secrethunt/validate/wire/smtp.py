# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of mail submission: EHLO, STARTTLS, AUTH PLAIN or LOGIN (RFC 4954), QUIT. No mail is begun.

535 is the server's word for a wrong password, except where its enhanced code or text says that it is something else.
"""

from __future__ import annotations

import base64
import re

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = {"smtp": 587, "smtps": 465}
_MOST_LINES = 100
_OTHER_CAUSE = re.compile(
    rb"(?i)5\.7\.139|5\.7\.9|too many|disabled|blocked|limit|application-specific|temporar|web log"
)
"""Microsoft: "SMTP AUTH is disabled for the tenant" (5.7.139); Google: "application-specific password" (5.7.9)."""


def check(credential: Credential, session: Session) -> Outcome:
    """Authenticate as for sending, and leave."""
    target = read_target(credential, kind="smtp", ports=_PORTS)
    if not target.user:
        raise NoAnswer("no user stands with the password")
    return judge(_login, target, session)


def _login(target: Target, session: Session) -> Attempt:
    with opened(session, target, is_tls=target.kind == "smtps" or target.port == 465) as link:
        _reply(link, 220)
        offers = _greet(link)
        if not link.is_tls and b"STARTTLS" in offers:
            link.send(b"STARTTLS\r\n")
            _reply(link, 220)
            link.start_tls()
            offers = _greet(link)
        if not (link.is_tls or link.is_near):
            raise NoAnswer("the server has no TLS: the password would go in clear")
        code, text = _authenticate(link, target, offers.get(b"AUTH", b"").upper().split())
        if code == 235:
            link.send(b"QUIT\r\n")
            return Accepted("235 after AUTH", shown({"account": target.user, "user": target.user}))
        if code == 535 and not _OTHER_CAUSE.search(text):
            return Rejected("535")
        raise NoAnswer(f"the server refused the login ({code})")


def _authenticate(link: Link, target: Target, mechanisms: list[bytes]) -> tuple[int, bytes]:
    user, password = (text.encode("utf-8", "surrogateescape") for text in (target.user, target.password))
    if b"PLAIN" in mechanisms:
        link.send(b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password) + b"\r\n")
        return _any_reply(link)
    if b"LOGIN" not in mechanisms:
        raise NoAnswer("the server offers no login with a password")
    link.send(b"AUTH LOGIN\r\n")
    for answer in (user, password):
        code, text = _any_reply(link)
        if code != 334:
            return code, text
        link.send(base64.b64encode(answer) + b"\r\n")
    return _any_reply(link)


def _greet(link: Link) -> dict[bytes, bytes]:
    """What the server offers: keyword to parameters."""
    link.send(b"EHLO [127.0.0.1]\r\n")
    lines = _reply(link, 250).split(b"\n")[1:]
    return {word.upper(): rest for word, _, rest in (line.replace(b"=", b" ", 1).partition(b" ") for line in lines)}


def _reply(link: Link, wanted: int) -> bytes:
    code, text = _any_reply(link)
    if code != wanted:
        raise NoAnswer(f"the server refused ({code})")
    return text


def _any_reply(link: Link) -> tuple[int, bytes]:
    lines: list[bytes] = []
    while len(lines) < _MOST_LINES:
        line = link.read_line()
        if not line[:3].isdigit() or line[3:4] not in (b"", b" ", b"-"):
            break
        lines.append(line[4:])
        if line[3:4] != b"-":
            return int(line[:3]), b"\n".join(lines)
    raise NoAnswer("the server does not speak SMTP")
