# SPDX-License-Identifier: Apache-2.0
"""
Google: keys of service accounts (JWT bearer grant) and API keys.

An assertion is signed here and exchanged at Google's own token endpoint, whatever `token_uri` a key file names.
References: https://developers.google.com/identity/protocols/oauth2/service-account,
https://cloud.google.com/docs/authentication/api-keys, https://github.com/googleapis/googleapis (`ErrorReason`).
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from typing import Any
from urllib.parse import urlencode

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import Exchange, NeedsPart, ask, optional, place_of, text_at
from secrethunt.validate.flows.jws import signed_token

_TOKEN_HOST = "https://oauth2.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/userinfo.email"
_LIVES_S = 300
_GONE = ("Invalid JWT Signature.", "Invalid grant: account not found", "Account not found", "account disabled")
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def service_account(credential: Credential, session: Session) -> Outcome:
    """Exchange an assertion that the key signed; the token that comes back is dropped."""
    key, facts = key_file(credential)
    email = dict(facts).get("email", "")
    if not email:
        raise NeedsPart("email")
    now = int(time.time())
    claims = {"iss": email, "scope": _SCOPE, "aud": f"{_TOKEN_HOST}/token", "iat": now, "exp": now + _LIVES_S}
    key_id = dict(facts).get("key_id", "")
    assertion = signed_token(claims, key, algorithm="RS256", headers={"kid": key_id} if key_id else {})
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    place = place_of(session, "google", _TOKEN_HOST)
    exchange = ask(session, place, "/token", method="POST", headers=_FORM, body=urlencode(grant).encode())
    return _judge_grant(exchange, facts)


def _judge_grant(exchange: Exchange, facts: tuple[tuple[str, str], ...]) -> Outcome:
    body = exchange.json()
    if exchange.status == 200 and (text_at(body, "access_token") or text_at(body, "id_token")):
        return exchange.active("json access_token", (*facts, ("account", dict(facts)["email"])))
    error, description = text_at(body, "error"), text_at(body, "error_description")
    if exchange.status not in (400, 401, 403) or not error:
        return exchange.unclear()
    if error == "invalid_grant" and description.startswith(_GONE):
        return exchange.inactive("json error invalid_grant", "Google knows no such key of this account", facts)
    if error == "disabled_client":
        return exchange.inactive("json error disabled_client", "the account is disabled", facts)
    if error in ("invalid_grant", "unauthorized_client", "invalid_client", "access_denied", "invalid_scope"):
        return exchange.unclear(f"{exchange.status} {error}", f"json error {error}", facts)
    return exchange.unclear()


def key_file(credential: Credential) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """The private key in PEM, and email, project and key id."""
    value = credential.secret.reveal()
    fields = _json(value) or _json(_base64(value))
    if fields:
        pem = text_at(fields, "private_key").encode()
        names = (("email", "client_email"), ("project", "project_id"), ("key_id", "private_key_id"))
        return pem, tuple((name, text_at(fields, field)) for name, field in names)
    names = (("email", "email"), ("project", "project"), ("key_id", "key_id"))
    return value, tuple((name, optional(credential, part)) for name, part in names)


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _base64(data: bytes) -> bytes:
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return b""


_FIRST = ("generativelanguage", "https://generativelanguage.googleapis.com", "/v1beta/models?pageSize=1", "models")
_OTHERS = (
    ("translate", "https://translation.googleapis.com", "/language/translate/v2/languages", "data.languages"),
    ("youtube", "https://youtube.googleapis.com", "/youtube/v3/i18nLanguages?part=id", "items"),
    ("identitytoolkit", "https://identitytoolkit.googleapis.com", "/v1/projects", "projectId"),
)
"""APIs that answer a question with no price: name, host, path, and what only a request that was let in gets."""
_RESTRICTED = {
    "API_KEY_SERVICE_BLOCKED": "it is restricted to other APIs",
    "API_KEY_HTTP_REFERRER_BLOCKED": "it is restricted to referrers",
    "API_KEY_IP_ADDRESS_BLOCKED": "it is restricted to addresses",
    "API_KEY_ANDROID_APP_BLOCKED": "it is restricted to Android apps",
    "API_KEY_IOS_APP_BLOCKED": "it is restricted to iOS apps",
    "SERVICE_DISABLED": "the API that was asked is not switched on in its project",
    "BILLING_DISABLED": "its project has no billing",
}
_REJECTED = ("API_KEY_INVALID", "CONSUMER_INVALID", "CONSUMER_SUSPENDED")


def api_key(credential: Credential, session: Session) -> Outcome:
    """Whether Google knows the key, and which of some APIs it opens."""
    key = credential.secret.reveal().decode("ascii", "replace")
    exchange = _ask_api(_FIRST, key, session)
    outcome = _judge_api(exchange, _FIRST[3])
    if outcome is None:
        return exchange.unclear()
    if outcome.state.value != "active":
        return outcome
    opened = [_FIRST[0]] if exchange.status == 200 else []
    opened += [api[0] for api in _OTHERS if _opens(api, key, session)]
    facts = (*outcome.facts, ("apis", " ".join(opened)))
    return exchange.active(outcome.evidence[0].marker, facts, outcome.reason)


def _opens(api: tuple[str, str, str, str], key: str, session: Session) -> bool:
    try:
        exchange = _ask_api(api, key, session)
    except NoAnswer:
        return False
    return exchange.status == 200 and _holds(exchange, api[3])


def _ask_api(api: tuple[str, str, str, str], key: str, session: Session) -> Exchange:
    # In a header, so that it stands in nobody's log of URLs.
    return ask(session, place_of(session, "google-api", api[1]), api[2], headers={"X-Goog-Api-Key": key})


def _holds(exchange: Exchange, path: str) -> bool:
    value: Any = exchange.json()
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return bool(value)


def _judge_api(exchange: Exchange, path: str) -> Outcome | None:
    body = exchange.json()
    if exchange.status == 200 and _holds(exchange, path):
        return exchange.active(f"json {path}")
    details = body.get("error", {}).get("details", []) if isinstance(body.get("error"), dict) else []
    infos = [info for info in details if isinstance(info, dict) and info.get("domain") == "googleapis.com"]
    for info in infos if exchange.status in (400, 401, 403) else []:
        reason = text_at(info, "reason")
        project = text_at(info, "metadata.consumer").removeprefix("projects/")
        if reason in _REJECTED:
            return exchange.inactive(f"json error.details.reason {reason}")
        if reason in _RESTRICTED and (project or "BLOCKED" in reason):
            facts = (("project", project), ("restriction", _RESTRICTED[reason]))
            return exchange.active(
                f"json error.details.reason {reason}", facts, f"Google knows it; {_RESTRICTED[reason]}"
            )
    return None
