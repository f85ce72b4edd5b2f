# SPDX-License-Identifier: Apache-2.0
"""
Private keys of GitHub Apps: a token that the key signs says which app it is. Asked only where the app's id stands
beside the key.

Reference: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app.
"""

from __future__ import annotations

import time

from secrethunt.online.contract import Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import ask, needed, place_of, text_at
from secrethunt.validate.flows.jws import signed_token

_LIVES_S = 300
_SKEW_S = 30
_GONE = ("A JSON web token could not be decoded", "Integration not found", "Integration must generate a public key")


def app_key(credential: Credential, session: Session) -> Outcome:
    """Which app the key belongs to."""
    app_id = needed(credential, "app_id", "client_id")
    now = int(time.time())
    claims = {"iat": now - _SKEW_S, "exp": now + _LIVES_S, "iss": app_id}
    token = signed_token(claims, credential.secret.reveal(), algorithm="RS256", headers={})
    place = place_of(session, "github", "https://api.github.com")
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    exchange = ask(session, place, "/app", headers=headers)
    body = exchange.json()
    if exchange.status == 200 and text_at(body, "id") and text_at(body, "slug") and "permissions" in body:
        permissions = body["permissions"] if isinstance(body["permissions"], dict) else {}
        scopes = " ".join(f"{name}:{level}" for name, level in sorted(permissions.items()))
        facts = (
            ("account", text_at(body, "slug")),
            ("account_id", text_at(body, "id")),
            ("organization", text_at(body, "owner.login")),
            ("url", text_at(body, "html_url")),
            ("scopes", scopes),
        )
        return exchange.active("json slug", facts)
    message = text_at(body, "message")
    is_github = text_at(body, "documentation_url").startswith("https://docs.github.com/")
    if exchange.status in (401, 404) and is_github and message.startswith(_GONE):
        return exchange.inactive("json message", "GitHub knows no such key of this app")
    return exchange.unclear()
