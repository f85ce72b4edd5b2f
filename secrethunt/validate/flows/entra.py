# SPDX-License-Identifier: Apache-2.0
"""
Client secrets of Microsoft Entra: the client credentials grant. What the token says of the application is kept, the
token itself is dropped.

Reference: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import urlencode

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import Exchange, ask, needed, place_of, text_at

_GUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SCOPE = "https://graph.microsoft.com/.default"
_REJECTED = {
    7000215: "Entra knows the application, but this is not one of its secrets",
    7000222: "the secret has expired",
    7000112: "the application is disabled",
}
_AFTER_SECRET = {
    53000: "conditional access keeps it out",
    53003: "conditional access keeps it out",
    53011: "conditional access keeps it out",
    65001: "nobody has consented to what it asks for",
    501051: "it is assigned to no role",
}
"""Errors that come only once the secret was right."""


def client_secret(credential: Credential, session: Session) -> Outcome:
    """Ask for a token as the application."""
    tenant, client = needed(credential, "tenant_id", "tenant"), needed(credential, "client_id")
    if not _GUID.fullmatch(tenant) or not _GUID.fullmatch(client):
        raise NoAnswer("tenant and client are no GUIDs")
    grant = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_secret": credential.secret.reveal(),
        "scope": _SCOPE,
    }
    place = place_of(session, "azure-entra", "https://login.microsoftonline.com")
    exchange = ask(
        session,
        place,
        f"/{tenant}/oauth2/v2.0/token",
        label="/{{tenant_id}}/oauth2/v2.0/token",
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        body=urlencode(grant).encode(),
    )
    return _judge(exchange, tenant, client)


def _judge(exchange: Exchange, tenant: str, client: str) -> Outcome:
    body = exchange.json()
    facts = (("organization", tenant), ("client_id", client))
    if exchange.status == 200 and text_at(body, "access_token") and text_at(body, "token_type") == "Bearer":
        claims = claims_of(text_at(body, "access_token"))
        roles = claims.get("roles", [])
        name = text_at(claims, "app_displayname")
        scopes = " ".join(map(str, roles)) if isinstance(roles, list) else ""
        return exchange.active("json access_token", (("account", name), *facts, ("scopes", scopes)))
    codes = body.get("error_codes", [])
    code = codes[0] if isinstance(codes, list) and codes and isinstance(codes[0], int) else 0
    if exchange.status not in (400, 401, 403) or not code:
        return exchange.unclear()
    marker = f"json error_codes {code}"
    if code in _REJECTED:
        return exchange.inactive(marker, _REJECTED[code], facts)
    if code in _AFTER_SECRET:
        return exchange.active(marker, facts, f"Entra knows it; {_AFTER_SECRET[code]}")
    if code in (700016, 90002, 900023):
        return exchange.unclear("Entra knows no such application in this tenant", marker)
    return exchange.unclear(f"{exchange.status} AADSTS{code}", marker)


def claims_of(token: str) -> dict[str, Any]:
    """What an access token says, unchecked: it comes from its issuer, over TLS."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        value = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
