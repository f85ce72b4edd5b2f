# SPDX-License-Identifier: Apache-2.0
"""
Azure SignalR and Web PubSub, Communication Services, and AI services: a key beside the resource's own host.

References: https://learn.microsoft.com/azure/azure-signalr/signalr-reference-data-plane-rest-api,
https://learn.microsoft.com/azure/communication-services/tutorials/hmac-header-tutorial,
https://learn.microsoft.com/azure/ai-services/authentication.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from email.utils import formatdate
from urllib.parse import urlsplit

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import Exchange, Place, ask, needed, place_of, text_at

_SIGNALR = re.compile(r"[A-Za-z0-9-]{3,63}\.(?P<domain>service\.signalr\.net|webpubsub\.azure\.com)")
_COMMUNICATION = re.compile(r"[A-Za-z0-9-]{3,63}(?:\.[a-z]{2,20})?\.communication\.azure\.com")
_AI = re.compile(
    r"(?:https://)?[a-z0-9-]{2,60}\.(?P<domain>openai\.azure\.com|cognitiveservices\.azure\.com|"
    r"api\.cognitive\.microsoft\.com)/?"
)
_NUMBERS = "/phoneNumbers?api-version=2022-12-01&top=1"
_LIVES_S = 300


def signalr(credential: Credential, session: Session) -> Outcome:
    """Whether a user exists that does not: 404 with the key, 401 with another."""
    host = needed(credential, "host").lower()
    match = _SIGNALR.fullmatch(host)
    if match is None:
        raise NoAnswer("the part host is no such service")
    place = place_of(session, "azure-signalr", f"https://{host}", label="https://{{host}}." + match["domain"])
    key = credential.secret.reveal()
    first = _head(session, place, host, match["domain"], key)
    challenge = first.answer.headers.get("www-authenticate", "")
    if first.status == 401 and challenge.startswith("Bearer") and "invalid_token" in challenge:
        return first.inactive("header www-authenticate invalid_token", "the service has no such key")
    if first.status not in (200, 404):
        return first.unclear()
    second = _head(session, place, host, match["domain"], key[::-1] + b"0")
    if second.status == 401 and second.answer.headers.get("www-authenticate", "").startswith("Bearer"):
        return first.active(
            f"status {first.status}, where another key gets 401", (("account", host.partition(".")[0]),)
        )
    return first.unclear()


def _head(session: Session, place: Place, host: str, domain: str, key: bytes) -> Exchange:
    path = (
        "/api/v1/hubs/secrethunt/users/secrethunt" if "signalr" in domain else "/api/hubs/secrethunt/users/secrethunt"
    )
    query = "?api-version=2023-07-01" if "webpubsub" in domain else ""
    claims = {"aud": f"https://{host}{path}", "exp": int(time.time()) + _LIVES_S}
    headers = {"Authorization": "Bearer " + _hs256(claims, key)}
    return ask(session, place, path + query, method="HEAD", headers=headers)


def _hs256(claims: dict[str, object], key: bytes) -> str:
    """RFC 7515, appendix A.1."""
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.new(key, text, hashlib.sha256).digest()).rstrip(b"=")
    return (text + b"." + signature).decode()


def communication(credential: Credential, session: Session) -> Outcome:
    """The numbers that the resource has bought."""
    host = needed(credential, "host").lower()
    if not _COMMUNICATION.fullmatch(host):
        raise NoAnswer("the part host is no such service")
    try:
        key = base64.b64decode(credential.secret.reveal(), validate=True)
    except (binascii.Error, ValueError) as err:
        raise NoAnswer("the key is no base64") from err
    label = "https://{{resource}}.communication.azure.com"
    place = place_of(session, "azure-communication", f"https://{host}", label=label)
    date, digest = formatdate(usegmt=True), base64.b64encode(hashlib.sha256(b"").digest()).decode()
    text = f"GET\n{_NUMBERS}\n{date};{urlsplit(place.url).netloc};{digest}"
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    headers = {
        "x-ms-date": date,
        "x-ms-content-sha256": digest,
        "Authorization": f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}",
    }
    exchange = ask(session, place, _NUMBERS, headers=headers)
    body = exchange.json()
    if exchange.status == 200 and isinstance(body.get("phoneNumbers"), list):
        return exchange.active("json phoneNumbers", (("account", host.partition(".")[0]),))
    if exchange.status == 401 and text_at(body, "error.code") in ("Denied", "Unauthorized"):
        return exchange.inactive("json error.code", "the resource has no such key")
    return exchange.unclear()


def ai_services(credential: Credential, session: Session) -> Outcome:
    """The models that the resource offers."""
    endpoint = needed(credential, "endpoint").lower()
    match = _AI.fullmatch(endpoint)
    if match is None:
        raise NoAnswer("the part endpoint is no such service")
    host = endpoint.removeprefix("https://").strip("/")
    is_openai = match["domain"] == "openai.azure.com"
    path = "/openai/models?api-version=2024-10-21" if is_openai else "/formrecognizer/info?api-version=2023-07-31"
    place = place_of(session, "azure-ai", f"https://{host}", label="https://{{resource}}." + match["domain"])
    key = credential.secret.reveal().decode("ascii", "replace")
    headers = {"Ocp-Apim-Subscription-Key": key, "api-key": key, "Accept": "application/json"}
    exchange = ask(session, place, path, headers=headers)
    body = exchange.json()
    facts = (("account", host.partition(".")[0]),)
    if exchange.status == 200 and (text_at(body, "data.0.id") or "customDocumentModels" in body):
        return exchange.active("json data" if is_openai else "json customDocumentModels", facts)
    message = text_at(body, "error.message").lower()
    if exchange.status == 401 and "invalid subscription key" in message:
        return exchange.inactive("json error.message", "the resource has no such key")
    return exchange.unclear()
