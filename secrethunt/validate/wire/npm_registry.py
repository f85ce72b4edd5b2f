# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of credentials for npm registries: tokens, `_auth`, and user with password, at `/-/whoami`.

Registries differ in what they say to nobody: some 401, some 200 without a name. So a name is the only proof, and only
a rejection in JSON counts as the registry's own.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, compare, random_text, shown
from secrethunt.validate.wire.web import Place, basic, basic_pair, bearer, json_of, read_place

_WHOAMI = "/-/whoami"
_ERRORS = ("error", "message", "code", "errors")


def check_token(credential: Credential, session: Session) -> Outcome:
    """`_authToken`: ask who it is."""
    token = credential.secret.reveal().decode("ascii", "replace")
    return _check(credential, session, bearer(token), lambda: bearer(_another(token)))


def check_basic(credential: Credential, session: Session) -> Outcome:
    """`_auth`: user and password in base64."""
    user, password = basic_pair(credential.secret.reveal())
    return _check(credential, session, basic(user, password), lambda: basic(user, random_text(len(password))))


def check_password(credential: Credential, session: Session) -> Outcome:
    """`_password`, which is in base64, with `username` beside it."""
    user = credential.variables().get("user", b"").decode("utf-8", "surrogateescape")
    if not user:
        raise NoAnswer("no user stands with the password")
    try:
        password = base64.b64decode(credential.secret.reveal(), validate=True).decode("utf-8", "surrogateescape")
    except ValueError as err:
        raise NoAnswer("the password is not in base64") from err
    return _check(credential, session, basic(user, password), lambda: basic(user, random_text(len(password))))


def _check(credential: Credential, session: Session, real: str, control: Callable[[], str]) -> Outcome:
    place = read_place(credential, credential.variables().get("registry", b"").decode("utf-8", "replace"), session)
    return compare(
        lambda: _whoami(place, session, real),
        lambda: _whoami(place, session, control()),
        label=place.label(_WHOAMI),
    )


def _whoami(place: Place, session: Session, authorization: str) -> Attempt:
    answer = place.get(session, _WHOAMI, authorization)
    said = json_of(answer)
    user = said.get("username")
    if answer.status == 200 and isinstance(user, str) and user:
        return Accepted("json username", shown({"account": user, "user": user}), answer.status)
    if answer.status == 401 and any(said.get(name) for name in _ERRORS):
        return Rejected("json error", status=answer.status)
    if answer.status == 200 and "username" not in said and said == {}:
        return _unnamed(answer.body)
    raise NoAnswer(f"{answer.status} without a name or the registry's own rejection")


def _unnamed(body: bytes) -> Rejected:
    """Verdaccio answers nobody with an empty object."""
    if body.strip() == b"{}":
        return Rejected("an empty object", "the registry does not know it", 200)
    raise NoAnswer("200 without a name or the registry's own rejection")


def _another(token: str) -> str:
    """A token of the same shape: each run of letters and digits is replaced, the rest stays."""
    return re.sub(r"[0-9A-Za-z]{4,}", lambda match: random_text(len(match[0]))[: len(match[0])], token)
