# SPDX-License-Identifier: Apache-2.0
"""
JSON Web Tokens against the public keys of whoever issued them.

The issuer stands in the token, so it is asked only if its host belongs to a known identity provider, or with
`--allow-found-hosts`. Nothing of the token is sent: keys are fetched, the signature is checked here. What that cannot
tell is whether the token was revoked, so the reason says what was proved.
References: RFC 7519, RFC 7517, OpenID Connect Discovery 1.0.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

from secrethunt.online.contract import HostOrigin, NoAnswer, Session
from secrethunt.validate.contract import Credential, Evidence, Outcome, State
from secrethunt.validate.flows.exchange import Exchange, NeedsExtra, Place, ask, shown

_KNOWN_ISSUERS = (
    "accounts.google.com",
    "agent.buildkite.com",
    "app.terraform.io",
    "appleid.apple.com",
    "gitlab.com",
    "login.microsoftonline.com",
    "oidc.circleci.com",
    "securetoken.google.com",
    "sts.windows.net",
    "token.actions.githubusercontent.com",
)
_KNOWN_DOMAINS = (
    "auth0.com",
    "b2clogin.com",
    "ciamlogin.com",
    "clerk.accounts.dev",
    "frontegg.com",
    "okta-emea.com",
    "okta.com",
    "oktapreview.com",
    "onelogin.com",
    "pingone.com",
    "pingone.eu",
    "supabase.co",
)
"""Domains below which every host is the identity provider's own, whoever its customer is."""
_AMAZON = re.compile(r"(?:cognito-idp|oidc\.eks)\.[a-z]{2}(?:-[a-z]{2,9}){1,3}-[0-9]\.amazonaws\.com")
_KEYS_ELSEWHERE = {
    "accounts.google.com": "www.googleapis.com",
    "securetoken.google.com": "www.googleapis.com",
    "sts.windows.net": "login.microsoftonline.com",
}
_ASYMMETRIC = re.compile(r"(?:RS|PS|ES)(?:256|384|512)|EdDSA|ES256K")
_MOST_KEYS = 100


def issued_token(credential: Credential, session: Session) -> Outcome:
    """Whether the issuer signed it and it is still good."""
    token = _token(credential.secret.reveal())
    header, claims = _part(token, 0), _part(token, 1)
    over = _over(claims)
    if over:
        return Outcome(State.INACTIVE, over, (Evidence("offline", None, "claim exp"),))
    algorithm = str(header.get("alg", ""))
    if not _ASYMMETRIC.fullmatch(algorithm):
        raise NoAnswer("signed with a shared secret, so that only its issuer can tell")
    if isinstance(claims.get("nbf"), int | float) and claims["nbf"] > time.time() + 60:
        raise NoAnswer("not valid yet")
    issuer = str(claims.get("iss", ""))
    place, path = _issuer(issuer, session)
    found = _keys(session, place, path)
    return _judge(token, header, claims, found)


def _token(value: bytes) -> str:
    text = value.decode("ascii", "replace").strip()
    if text.startswith("ZXlK"):
        with contextlib.suppress(binascii.Error, ValueError):
            text = base64.b64decode(text + "=" * (-len(text) % 4)).decode("ascii", "replace").strip()
    text = text[max(text.find("eyJ"), 0) :]
    if text.count(".") != 2 or not text.rpartition(".")[2]:
        raise NoAnswer("it is not a signed token")
    return text


def _part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _over(claims: dict[str, Any]) -> str:
    ends = claims.get("exp")
    return "the token has expired" if isinstance(ends, int | float) and ends < time.time() else ""


def _issuer(issuer: str, session: Session) -> tuple[Place, str]:
    """Where the issuer is asked, and the path of its description."""
    parts = urlsplit(issuer if "://" in issuer else f"https://{issuer}")
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or parts.username or parts.query or parts.fragment:
        raise NoAnswer("it names no issuer that has an address")
    path = parts.path.rstrip("/") + "/.well-known/openid-configuration"
    if given := session.endpoint("jwt"):
        return Place(given.rstrip("/"), given.rstrip("/"), HostOrigin.USER, "jwt"), path
    try:
        port = f":{parts.port}" if parts.port and parts.port != 443 else ""
    except ValueError as err:
        raise NoAnswer("it names no issuer that has an address") from err
    return _place(host + port), path


def _place(authority: str) -> Place:
    if authority in _KNOWN_ISSUERS or authority in _KEYS_ELSEWHERE.values():
        return Place(f"https://{authority}", f"https://{authority}", HostOrigin.RULE, "jwt")
    if _AMAZON.fullmatch(authority):
        return Place(f"https://{authority}", "https://{{service}}.amazonaws.com", HostOrigin.RULE, "jwt")
    for domain in _KNOWN_DOMAINS:
        if authority.endswith("." + domain) and authority.count(".") - domain.count(".") <= 3:
            return Place(f"https://{authority}", "https://{{tenant}}." + domain, HostOrigin.RULE, "jwt")
    return Place(f"https://{authority}", "https://{{issuer}}", HostOrigin.FOUND, "jwt")


def _keys(session: Session, place: Place, path: str) -> Exchange:
    """The issuer's public keys."""
    label = "/{{issuer}}/.well-known/openid-configuration"
    described = ask(session, place, path, label=label, headers={"Accept": "application/json"})
    address = str(described.json().get("jwks_uri", ""))
    parts = urlsplit(address)
    if described.status != 200 or not parts.path or parts.username or parts.scheme not in ("https", "http"):
        raise NoAnswer("its issuer does not say where its keys are")
    keys_place = place
    if place.origin != HostOrigin.USER:
        own = urlsplit(place.url).netloc
        if parts.scheme != "https" or parts.netloc not in (own, _KEYS_ELSEWHERE.get(own)):
            raise NoAnswer("its issuer keeps its keys on another host")
        keys_place = place if parts.netloc == own else _place(parts.netloc)
    keys_path = parts.path + (f"?{parts.query}" if parts.query else "")
    return ask(session, keys_place, keys_path, label="/{{jwks_uri}}", headers={"Accept": "application/json"})


def _judge(token: str, header: dict[str, Any], claims: dict[str, Any], found: Exchange) -> Outcome:
    try:
        import jwt
    except ImportError as err:
        raise NeedsExtra("jwt") from err
    keys = found.json(loose=True).get("keys")
    if found.status != 200 or not isinstance(keys, list):
        return found.unclear()
    listed = [key for key in keys[:_MOST_KEYS] if isinstance(key, dict)]
    key_id = header.get("kid")
    fitting = [key for key in listed if key.get("kid") == key_id] if key_id else listed
    if not fitting:
        return found.unclear("its issuer no longer publishes the key that signed it", "json keys")
    algorithm = str(header["alg"])
    options: Any = {
        "verify_aud": False,
        "verify_iss": False,
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
    }
    options |= {"verify_sub": False, "verify_jti": False}
    for key in fitting:
        try:
            jwt.decode(token, jwt.PyJWK(key, algorithm=algorithm), algorithms=[algorithm], options=options)
        except jwt.PyJWTError:
            continue
        facts = (("account", claims.get("sub", "")), ("organization", claims.get("iss", "")))
        reason = "its issuer's key signed it, and it has not expired"
        return found.active("signature by a key of json keys", shown(facts), reason)
    if not key_id:
        return found.unclear("no key of its issuer fits it", "json keys")
    return found.inactive("signature by a key of json keys", "its issuer's key did not sign it")
