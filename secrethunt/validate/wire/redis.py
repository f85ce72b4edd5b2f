# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of Redis and Valkey logins (RESP 2, spoken directly: it is three lines).

`WRONGPASS` is the answer to a wrong password since version 6, `ERR invalid password` before it.
"""

from __future__ import annotations

from collections.abc import Callable

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.target import Target, read_target

_PORTS = dict.fromkeys(("redis", "rediss", "valkey", "valkeys"), 6379)
_TLS = ("rediss", "valkeys")
_WRONG = (b"WRONGPASS", b"ERR invalid password", b"ERR invalid username-password pair")
_OPEN = b"ERR AUTH <password> called without any password configured", b"ERR Client sent AUTH, but no password is set"
_DEEPEST = 4
_MOST_ITEMS = 256


Read = Callable[[Link, Target], tuple[str, tuple[tuple[str, str], ...]]]
"""Asks over an open connection; gives what answered, and facts."""


class ErrorReply(Exception):
    """An error reply of the server."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.text = text


def check(credential: Credential, session: Session) -> Outcome:
    """AUTH, then ACL WHOAMI and the user's own rules."""
    return judge(login, target_of(credential), session)


def target_of(credential: Credential) -> Target:
    """The login that *credential* is for."""
    return read_target(credential, kind="redis", ports=_PORTS)


def login(target: Target, session: Session, read: Read | None = None) -> Attempt:
    """Log in once, and let *read* ask over the connection what is wanted; by default who one is."""
    with opened(session, target, is_tls=target.kind in _TLS or target.demands_tls) as link:
        try:
            _authenticate(link, target)
        except ErrorReply as err:
            return _rejection(err.text)
        return Accepted(*(read or _read)(link, target))


def _authenticate(link: Link, target: Target) -> None:
    if target.user:
        try:
            ask(link, "AUTH", target.user, target.password)
            return
        except ErrorReply as err:
            # Before version 6 there are no users; clients then leave the URL's out.
            if not err.text.startswith(b"ERR wrong number of arguments"):
                raise
    ask(link, "AUTH", target.password)


def _read(link: Link, target: Target) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What was asked of the server that lets nobody ask who is not in, and what it said."""
    facts: dict[str, object] = {}
    marker = "ACL WHOAMI"
    try:
        user = ask(link, "ACL", "WHOAMI")
        facts |= {"account": user, "user": user}
        facts["scopes"] = rules_of(ask(link, "ACL", "LIST"), user)
    except ErrorReply as err:
        if "user" not in facts:
            # Older than 6, or a user who may not ask: PING is answered to those alone who are in.
            marker = "PING"
            _ping(link, err)
            facts["user"] = target.user or "default"
    _quit(link)
    return marker, shown(facts)


def _ping(link: Link, before: ErrorReply) -> None:
    if before.text.startswith(b"NOAUTH"):
        raise NoAnswer("the server says that nobody is logged in")
    try:
        ask(link, "PING")
    except ErrorReply as err:
        if not err.text.startswith(b"NOPERM"):
            raise NoAnswer("the server let it in and answered nothing") from None


def rules_of(users: object, user: object) -> str:
    """The rules of *user* from ACL LIST, without hashes of passwords."""
    for line in users if isinstance(users, list) else []:
        words = line.decode("utf-8", "replace").split() if isinstance(line, bytes) else []
        if isinstance(user, bytes) and words[1:2] == [user.decode("utf-8", "replace")]:
            return " ".join(word for word in words[2:] if word[:1] not in "#<>!")
    return ""


def _quit(link: Link) -> None:
    link.send(_command("QUIT"))


def _rejection(text: bytes) -> Attempt:
    if text.startswith(_WRONG):
        return Rejected(text.split(b" ")[0].decode("ascii", "replace"))
    if text.startswith(_OPEN):
        raise NoAnswer("the server asks for no password")
    word = text.split(b" ")[0][:20].decode("ascii", "replace")
    raise NoAnswer(f"the server refused ({word})")


def _command(*words: str) -> bytes:
    texts = [word.encode("utf-8", "surrogateescape") for word in words]
    return b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts)


def ask(link: Link, *words: str) -> object:
    """
    The reply to a command.

    Raises:
        ErrorReply: The server refuses it.
    """
    link.send(_command(*words))
    return _reply(link, 0)


def _reply(link: Link, depth: int) -> object:
    line = link.read_line()
    kind, rest = line[:1], line[1:]
    if kind == b"+":
        return rest
    if kind == b"-":
        raise ErrorReply(rest)
    if kind not in (b":", b"$", b"*") or not rest.removeprefix(b"-").isdigit() or len(rest) > 10 or depth > _DEEPEST:
        raise NoAnswer("the server does not speak Redis' protocol")
    size = int(rest)
    if kind == b":" or size < 0:
        return size if kind == b":" else None
    if kind == b"$":
        return link.read(size + 2)[:-2]
    return [_reply(link, depth + 1) for _ in range(min(size, _MOST_ITEMS))]
