# SPDX-License-Identifier: Apache-2.0
"""
Identifies Redis and Valkey users by their own rules, which `ACL LIST` shows to those who may ask.

Reference: Redis, "ACL".
"""

from __future__ import annotations

from secrethunt.identity.contract import Access
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.databases import Server, identified, whole_server
from secrethunt.identity.live.drawing import Drawing, Right
from secrethunt.online.contract import Session
from secrethunt.validate.wire.link import Link
from secrethunt.validate.wire.login import Attempt
from secrethunt.validate.wire.redis import ErrorReply, ask, login, rules_of, target_of

_ADMIN = frozenset({"admin", "dangerous", "config", "debug", "module", "slaveof", "replicaof"})
"""Commands and categories that lead to the whole server; `CONFIG GET requirepass` shows a password."""
_READING = frozenset(
    {"read", "get", "mget", "hget", "hgetall", "scan", "keys", "exists", "ttl", "type", "lrange", "smembers"}
    | {"connection", "fast", "slow", "ping", "info", "pubsub", "auth", "hello", "all"}
)


def identify(asked: Asked, session: Session) -> Identification:
    """
    The user's own rules, over one connection.

    Raises:
        NoAnswer: The server does not let it in.
    """
    target = target_of(asked.credential)

    def ask_server(drawing: Drawing, server: Server) -> Attempt:
        def read(link: Link, _: object) -> tuple[str, tuple[tuple[str, str], ...]]:
            return _read(link, drawing, server, target.user or "default"), ()

        return login(target, session, read)

    return identified(asked, target, "redis", ask_server)


def _read(link: Link, drawing: Drawing, server: Server, user: str) -> str:
    try:
        said = ask(link, "ACL", "WHOAMI")
    except ErrorReply:
        drawing.identity(server.key("role", user), user, "database-user", evidence="AUTH", is_human=False)
        drawing.unknown("", "the server is older than version 6 or forbids to ask who one is")
        return "AUTH"
    name = said.decode("utf-8", "replace") if isinstance(said, bytes) else user
    drawing.identity(server.key("role", name), name, "database-user", evidence="ACL WHOAMI", is_human=False)
    try:
        draw_rules(drawing, server, rules_of(ask(link, "ACL", "LIST"), said))
    except ErrorReply:
        drawing.unknown("", "the user may not read its own rules (ACL LIST)")
    return "ACL WHOAMI"


def draw_rules(drawing: Drawing, server: Server, rules: str) -> None:
    """The rules of one user in ACL's language: commands (`+@read`), keys (`~app:*`, `%R~…`), channels."""
    words = rules.split()
    commands = [word for word in words if word[:1] in "+-"]
    access = access_of(commands)
    patterns = [word for word in words if word.startswith(("~", "%")) or word == "allkeys"]
    permission = " ".join(commands)
    if access is None:
        return
    everything = any(word in ("~*", "allkeys", "%RW~*") for word in patterns)
    if access is Access.ADMIN:
        drawing.may(whole_server(), permission, evidence="ACL LIST")
    level = min(access, Access.WRITE)
    if everything:
        drawing.may(Right(level, "keyspace", 0.8), permission, evidence="ACL LIST")
        return
    for pattern in patterns:
        name = pattern.partition("~")[2]
        reach = Access.READ if pattern.startswith("%R~") else level
        drawing.reaches(
            server.key("keys", name),
            f"keys {name}",
            Right(reach, "key", 0.7),
            evidence="ACL LIST",
            permission=permission,
        )


def access_of(commands: list[str]) -> Access | None:
    """What a user with these command rules may do at most, read in their order; None where it may do nothing."""
    allowed: set[str] = set()
    for word in commands:
        name = word[1:].lower().removeprefix("@")
        if word.startswith("+"):
            allowed.add(name)
        elif name == "all":
            allowed.clear()
        else:
            allowed.discard(name)
            allowed.add(f"-{name}")
    if not {word for word in allowed if not word.startswith("-")}:
        return None
    is_all = "all" in allowed
    named = {word.partition("|")[0] for word in allowed if not word.startswith("-")} - {"acl"}
    is_admin = bool(named & _ADMIN or {"acl", "acl|setuser"} & allowed)
    if is_admin or (is_all and not {"-admin", "-dangerous"} & allowed):
        return Access.ADMIN
    if is_all and "-write" not in allowed:
        return Access.WRITE
    return Access.READ if named <= _READING else Access.WRITE
