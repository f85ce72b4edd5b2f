# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of users and passwords for web servers that nothing more is known of (RFC 7617).

The server must reject a random password with its own `Basic` challenge at the place where it takes this one.
"""

from __future__ import annotations

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, compare, random_text, shown
from secrethunt.validate.wire.target import Target, read_target
from secrethunt.validate.wire.web import Place, basic, challenges, read_place

_PORTS = {"https": 443}
_GIT = "/info/refs?service=git-upload-pack"


def check(credential: Credential, session: Session) -> Outcome:
    """Get the page, or of a git repository its references, with this password and with another."""
    if credential.variables().get("kind", b"").lower().endswith(b"http"):
        raise NoAnswer("the URL is one without TLS: the password would go in clear")
    target = read_target(credential, kind="https", ports=_PORTS)
    said = credential.variables().get("path", b"").decode("ascii", "replace")
    host = f"[{target.host}]" if ":" in target.host else target.host
    place = read_place(credential, f"{host}:{target.port}{said}", session)
    path = _GIT if said.endswith(".git") else "/"
    return compare(
        lambda: _login(place, session, path, target),
        lambda: _login(place, session, path, Target("", "", 0, target.user, random_text(len(target.password)))),
        label=place.label(path),
    )


def _login(place: Place, session: Session, path: str, target: Target) -> Attempt:
    answer = place.get(session, path, basic(target.user, target.password), accept="*/*")
    if answer.status == 401 and "basic" in challenges(answer):
        return Rejected("header www-authenticate", status=answer.status)
    if answer.status == 200:
        return Accepted("a page", shown({"account": target.user, "user": target.user}), answer.status)
    raise NoAnswer(f"{answer.status} says nothing of the password")
