# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of MongoDB logins: OP_MSG and SCRAM, spoken directly with PyMongo's `bson`.

PyMongo itself resolves names, follows the members that a server names, and takes no socket; here the one address that
was checked is asked. Code 18 is the server's word for a login that failed (MongoDB, `error_codes.yml`).
"""

from __future__ import annotations

import hashlib
import itertools
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from secrethunt.online.contract import HostOrigin, NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.extras import library
from secrethunt.validate.wire.link import Link, opened
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, judge, shown
from secrethunt.validate.wire.scram import Scram, prepared
from secrethunt.validate.wire.target import Target, read_target

_PORTS = {"mongodb": 27017, "mongodb+srv": 27017}
_OP_MSG = 2013
_LARGEST = 1 << 18
_MECHANISMS = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
_MOST_STEPS = 4


def check(credential: Credential, session: Session) -> Outcome:
    """Log in at one server, ask for `connectionStatus`."""
    return judge(login, target_of(credential, session), session)


def target_of(credential: Credential, session: Session) -> Target:
    """The login that *credential* is for; the servers of a cluster are looked up."""
    library("bson", extra="mongodb")
    target = read_target(credential, kind="mongodb", ports=_PORTS)
    if credential.variables().get("kind", b"").lower().startswith(b"mongodb+srv"):
        target = _located(target, session)
    return target


def _located(target: Target, session: Session) -> Target:
    """The first server that DNS names for the cluster; one of another domain is none of its own (SRV seed list)."""
    services: Callable[[str, str, HostOrigin], list[tuple[str, int]]] | None = getattr(session, "services", None)
    if services is None:
        raise NoAnswer("this session does not look up the servers of a cluster")
    domain = "." + target.host.partition(".")[2]
    for host, port in services("_mongodb._tcp", target.host, target.origin):
        if host.endswith(domain):
            return replace(target, host=host, port=port, tls=target.tls or "true")
    raise NoAnswer("DNS names no server of this cluster")


Read = Callable[["Wire", Target], Attempt]
"""Asks over an open connection."""


class CommandFailure(Exception):
    """The server's answer to a command it did not carry out."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def login(target: Target, session: Session, read: Read | None = None) -> Attempt:
    """Log in once, and let *read* ask over the connection what is wanted; by default who one is."""
    with opened(session, target, is_tls=target.demands_tls) as link:
        wire = Wire(link)
        source = target.option("auth_source") or target.database or "admin"
        try:
            greeting = wire.command("admin", isMaster=1, saslSupportedMechs=f"{source}.{target.user}")
            mechanism = _mechanism(target, greeting)
            _authenticate(wire, target, source, mechanism)
        except CommandFailure as err:
            if err.code == _AUTHENTICATION_FAILED:
                return Rejected(str(err.code))
            raise NoAnswer(f"the server refused the login (code {err.code})") from err
        try:
            return (read or _read)(wire, target)
        except CommandFailure as err:
            raise NoAnswer(f"the server let it in and refused to say as whom (code {err.code})") from err


_AUTHENTICATION_FAILED = 18


def _mechanism(target: Target, greeting: Mapping[str, Any]) -> str:
    named = target.option("auth_mechanism").upper()
    offered = greeting.get("saslSupportedMechs") or ["SCRAM-SHA-1"]
    chosen = named or next((name for name in _MECHANISMS if name in offered), "")
    if chosen not in _MECHANISMS:
        raise NoAnswer("the login mechanism is none that is checked")
    return chosen


def _authenticate(wire: Wire, target: Target, source: str, mechanism: str) -> None:
    scram = Scram(_MECHANISMS[mechanism], target.user, _password(target, mechanism))
    answer = wire.command(source, saslStart=1, mechanism=mechanism, payload=scram.first(), options=_SHORT)
    conversation = answer.get("conversationId", 1)
    answer = wire.command(source, saslContinue=1, conversationId=conversation, payload=scram.final(_payload(answer)))
    scram.confirm(_payload(answer))
    for _ in range(_MOST_STEPS):
        if answer.get("done"):
            return
        answer = wire.command(source, saslContinue=1, conversationId=conversation, payload=b"")
    raise NoAnswer("the login does not come to an end")


_SHORT = {"skipEmptyExchange": True}


def _payload(answer: Mapping[str, Any]) -> bytes:
    payload = answer.get("payload")
    if not isinstance(payload, bytes):
        raise NoAnswer("the SCRAM exchange failed")
    return payload


def _password(target: Target, mechanism: str) -> bytes:
    if mechanism == "SCRAM-SHA-256":
        return prepared(target.password)
    text = f"{target.user}:mongo:{target.password}".encode("utf-8", "surrogateescape")
    return hashlib.md5(text, usedforsecurity=False).hexdigest().encode()


def _read(wire: Wire, target: Target) -> Attempt:
    info = wire.command("admin", connectionStatus=1).get("authInfo")
    users = info.get("authenticatedUsers") if isinstance(info, Mapping) else None
    if not isinstance(info, Mapping) or not isinstance(users, list) or not users:
        raise NoAnswer("the server let it in and names nobody")
    user = users[0] if isinstance(users[0], Mapping) else {}
    roles = [f"{role.get('role')}@{role.get('db')}" for role in info.get("authenticatedUserRoles", []) if role]
    facts = {"account": f"{user.get('user')}@{user.get('db')}", "user": user.get("user"), "database": target.database}
    return Accepted("connectionStatus", shown(facts | {"role": roles}))


class Wire:
    """Commands and their answers (MongoDB, "MongoDB Wire Protocol", OP_MSG)."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._bson = library("bson", extra="mongodb")
        self._ids = itertools.count(1)

    def command(self, database: str, **fields: object) -> Mapping[str, Any]:
        """
        The answer to a command on *database*; its first field is its name.

        Raises:
            CommandFailure: The server did not carry it out.
            NoAnswer: This is no MongoDB.
        """
        body = b"\0\0\0\0\0" + self._bson.encode({**fields, "$db": database})
        self._link.send(struct.pack("<iiii", 16 + len(body), next(self._ids), 0, _OP_MSG) + body)
        size, _, _, code = struct.unpack("<iiii", self._link.read(16))
        if code != _OP_MSG or not 26 <= size <= _LARGEST:
            raise NoAnswer("the server does not speak MongoDB's protocol")
        data = self._link.read(size - 16)
        try:
            answer: dict[str, Any] = self._bson.decode(data[5:])
        except (self._bson.errors.BSONError, ValueError) as err:
            raise NoAnswer("the server does not speak MongoDB's protocol") from err
        if answer.get("ok") != 1:
            number = answer.get("code")
            raise CommandFailure(number if isinstance(number, int) else 0)
        return answer
