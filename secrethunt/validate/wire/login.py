# SPDX-License-Identifier: Apache-2.0
"""
Owns the judgement of a login: what the server said to the password, and what it says to one that is certainly wrong.

A server may let anybody in (no password set, `trust`, anonymous bind). So a login that went well is followed by one
with a random password: only if that is rejected did the password prove anything.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Evidence, Outcome, State
from secrethunt.validate.wire.target import Target

_SHORTEST = 12
_LONGEST_FACT = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server let us in, and answered something that only those who are in get."""

    marker: str
    """What it answered to: `current_user`, `Who am I?`."""
    facts: tuple[tuple[str, str], ...] = ()
    status: int | None = None
    """HTTP's, where it is HTTP."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server's own word that it will not have this user with this password."""

    code: str
    """Its code: `28P01`, `1045`, `535`."""
    reason: str = "the server rejects this user and password"
    status: int | None = None
    """HTTP's, where it is HTTP."""


Attempt = Accepted | Rejected
Login = Callable[[Target, Session], Attempt]
"""One connection, one password, nothing changed. Raises `NoAnswer` for all that is neither."""


def judge(login: Login, target: Target, session: Session) -> Outcome:
    """The outcome of *login* with the target's password, checked against a random one."""
    return compare(lambda: login(target, session), lambda: login(_control(target), session), label=target.label)


def compare(real: Callable[[], Attempt], control: Callable[[], Attempt], *, label: str) -> Outcome:
    """
    The outcome of *real*, believed only if *control*, the same with a credential that is certainly wrong, is rejected.

    Raises:
        NoAnswer: *real* raised it.
    """
    first = real()
    if isinstance(first, Rejected):
        return Outcome(State.INACTIVE, first.reason, (Evidence(label, first.status, first.code),))
    evidence = Evidence(label, first.status, first.marker)
    try:
        second = control()
    except NoAnswer as err:
        reason = f"it was let in, but whether a wrong one is rejected could not be seen: {err.reason}"
        return Outcome(State.UNKNOWN, reason, (evidence,))
    if isinstance(second, Accepted):
        return Outcome(State.UNKNOWN, "the server accepts any password", (evidence,))
    rejected = Evidence(label, second.status, f"{second.code} for a random one")
    return Outcome(State.ACTIVE, "the server lets it in, and rejects a random one", (evidence, rejected), first.facts)


def shown(facts: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """*facts* as short texts; what has no value is left out, a list is joined."""
    texts = ((name, _text(value)) for name, value in facts.items())
    return tuple((name, text) for name, text in texts if text)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, list | tuple):
        value = ", ".join(_text(item) for item in value[:20])
    return "" if value is None else str(value)[:_LONGEST_FACT]


def _control(target: Target) -> Target:
    return replace(target, password=random_text(len(target.password)))


def random_text(length: int) -> str:
    """Letters and digits that nobody uses as a password; never so short that chance could hit."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(max(length, _SHORTEST)))
