# SPDX-License-Identifier: Apache-2.0
"""
Owns the check of logins of container registries: `/v2/` with Basic, or by way of the registry's token server
(distribution, "Token Authentication Specification").

Where a registry sends its clients to another host for tokens, the password follows only within its own domain.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.wire.login import Accepted, Attempt, Rejected, compare, random_text, shown
from secrethunt.validate.wire.web import Place, basic, basic_pair, bearer, challenges, json_of, read_place

_V2 = "/v2/"
_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com")


def check(credential: Credential, session: Session) -> Outcome:
    """Log in as `docker login` does."""
    user, password = basic_pair(credential.secret.reveal())
    return check_login(credential, session, user, password)


def check_login(credential: Credential, session: Session, user: str, password: str) -> Outcome:
    """The same for a user and a password that are known."""
    said = credential.variables().get("registry", b"").decode("utf-8", "replace")
    place = _api(read_place(credential, said, session))
    return compare(
        lambda: _login(place, session, user, password),
        lambda: _login(place, session, user, random_text(len(password))),
        label=place.label(_V2),
    )


def _api(place: Place) -> Place:
    """Where the registry's API is; the text names what `docker login` was called with."""
    host = "registry-1.docker.io" if place.host in _HUB else place.host
    return Place(host, place.port, "", place.provider)


def _login(place: Place, session: Session, user: str, password: str) -> Attempt:
    nobody = place.get(session, _V2)
    demanded = challenges(nobody)
    if nobody.status == 200:
        raise NoAnswer("the registry lets anybody in")
    if nobody.status != 401 or not demanded:
        raise NoAnswer(f"{nobody.status} where a registry asks for a login")
    facts = shown({"account": user, "user": user})
    if "basic" in demanded:
        return _knock(place, session, basic(user, password), facts)
    token = _token(place, session, demanded["bearer"], (user, password))
    return token if isinstance(token, Rejected) else _knock(place, session, bearer(token), facts)


def _knock(place: Place, session: Session, authorization: str, facts: tuple[tuple[str, str], ...]) -> Attempt:
    answer = place.get(session, _V2, authorization)
    if answer.status == 200:
        return Accepted("/v2/, where nobody gets in without a login", facts, answer.status)
    if answer.status == 401 and _is_own(json_of(answer)):
        return Rejected("the registry's error UNAUTHORIZED", status=answer.status)
    raise NoAnswer(f"{answer.status} without the registry's own error")


def _token(place: Place, session: Session, demanded: dict[str, str], login: tuple[str, str]) -> str | Rejected:
    """A token for nothing in particular; only who may log in gets one with a name in it."""
    realm = urlsplit(demanded.get("realm", ""))
    users = urlsplit(session.endpoint(place.provider) or "")
    is_users = bool(users.netloc) and (realm.scheme, realm.netloc) == (users.scheme, users.netloc)
    if realm.scheme != "https" and not is_users:
        raise NoAnswer("the registry's token server has no TLS")
    if not realm.hostname or not _is_kin(realm.hostname, users.hostname or place.host):
        raise NoAnswer("the registry sends logins to a host of another domain")
    server = Place(realm.hostname, realm.port or 443, "", place.provider if is_users or not users.netloc else "")
    query = f"service={quote(demanded.get('service', ''), safe='')}&account={quote(login[0], safe='')}"
    answer = server.get(session, f"{realm.path or '/'}?{query}", basic(*login))
    said = json_of(answer)
    token = said.get("token") or said.get("access_token")
    if answer.status == 200 and isinstance(token, str):
        return token
    if answer.status in (401, 403) and (_is_own(said) or said.get("details")):
        return Rejected("the token server's error", status=answer.status)
    raise NoAnswer(f"{answer.status} of the token server without its own error")


def _is_own(said: object) -> bool:
    """The registry's error format (OCI distribution specification, "Error Codes")."""
    errors = said.get("errors") if isinstance(said, dict) else None
    if not isinstance(errors, list):
        return False
    return any(isinstance(error, dict) and error.get("code") in ("UNAUTHORIZED", "DENIED") for error in errors)


def _is_kin(host: str, registry: str) -> bool:
    """*host* is the registry's own, or of the same domain (two labels: enough for who serves registries)."""
    host, registry = host.lower(), registry.lower()
    return host == registry or (host.count(".") > 0 and host.split(".")[-2:] == registry.split(".")[-2:])
