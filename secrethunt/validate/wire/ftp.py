# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of FTP logins: AUTH TLS where the server has it (RFC 4217), USER and PASS, PWD, QUIT; one connection.

530 after PASS is the server's word for a wrong password (RFC 959), except where its text says that it is something
else.
"""

from __future__ import annotations

import re

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = {"ftp": 21, "ftpes": 21, "ftps": 990}
_MOST_LINES = 200
_OTHER_CAUSE = re.compile(rb"(?i)\btls\b|\bssl\b|encrypt|home dir|too many|maximum|anonymous|denied")


def check(credential: Credential, session: Session) -> Outcome:
    """Log in, ask for the folder, leave."""
    target = read_target(credential, kind="ftp", ports=_PORTS)
    if not target.user:
        raise NoAnswer("no user stands with the password")
    return judge(_login, target, session)


def _login(target: Target, session: Session) -> Attempt:
    with opened(session, target, is_tls=target.kind == "ftps" and target.port == 990) as link:
        if _reply(link)[0] != 220:
            raise NoAnswer("the server does not speak FTP, or is busy")
        if not link.is_tls:
            _start_tls(link, target)
        code, text = _ask(link, "USER", target.user)
        if code == 331:
            code, text = _ask(link, "PASS", target.password)
            if code == 530 and not _OTHER_CAUSE.search(text):
                return Rejected("530")
        if code != 230:
            raise NoAnswer(f"the server refused the login ({code})")
        code, text = _ask(link, "PWD")
        if code != 257:
            raise NoAnswer(f"the server let it in and answered nothing ({code})")
        link.send(b"QUIT\r\n")
        return Accepted("PWD", shown({"account": target.user, "user": target.user, "folder": _folder(text)}))


def _start_tls(link: Link, target: Target) -> None:
    """`ftp` says that the password may go in clear: TLS with any certificate is better than that."""
    if _ask(link, "AUTH", "TLS")[0] == 234:
        link.start_tls(is_trusting=target.kind == "ftp")
    elif target.kind != "ftp":
        raise NoAnswer("the URL demands TLS and the server has none")


def _folder(text: bytes) -> str:
    quoted = text.split(b'"')
    return quoted[1].decode("utf-8", "replace") if len(quoted) > 2 else ""


def _ask(link: Link, *words: str) -> tuple[int, bytes]:
    line = " ".join(words).encode("utf-8", "surrogateescape")
    if b"\r" in line or b"\n" in line:
        raise NoAnswer("the password holds a line break")
    link.send(line + b"\r\n")
    return _reply(link)


def _reply(link: Link) -> tuple[int, bytes]:
    line = link.read_line()
    if not line[:3].isdigit():
        raise NoAnswer("the server does not speak FTP")
    code, text = line[:3], line[4:]
    if line[3:4] == b"-":
        for _ in range(_MOST_LINES):
            line = link.read_line()
            if line.startswith(code + b" "):
                return int(code), text + b"\n" + line[4:]
        raise NoAnswer("the server does not speak FTP")
    return int(code), text
