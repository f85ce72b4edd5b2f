# SPDX-License-Identifier: Apache-2.0
"""
OAuth 1.0a (RFC 5849): an access token, its secret, and those of the application, which sign a request together.

Reference: https://docs.x.com/resources/fundamentals/authentication/oauth-1-0a/api-key-and-secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from urllib.parse import quote

from secrethunt.online.contract import Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import ask, needed, place_of, text_at


def twitter(credential: Credential, session: Session) -> Outcome:
    """Whose token it is."""
    kind = credential.rule.id.partition(".")[2].replace("-", "_")
    own = credential.secret.reveal().decode("ascii", "replace")
    values = {
        name: own if name == kind else needed(credential, name)
        for name in ("access_token", "access_secret", "api_key", "api_secret")
    }
    place, path = place_of(session, "twitter", "https://api.twitter.com"), "/1.1/account/verify_credentials.json"
    header = authorization(place.url + path, values, nonce=secrets.token_hex(16), now=int(time.time()))
    exchange = ask(session, place, path, headers={"Authorization": header, "Accept": "application/json"})
    body = exchange.json()
    if exchange.status == 200 and text_at(body, "id_str") and text_at(body, "screen_name"):
        facts = (("account", text_at(body, "screen_name")), ("account_id", text_at(body, "id_str")))
        scopes = exchange.answer.headers.get("x-access-level", "")
        return exchange.active("json id_str", (*facts, ("scopes", scopes)))
    code = text_at(body, "errors.0.code")
    if exchange.status == 403 and code in ("64", "326"):
        return exchange.active(f"json errors.code {code}", reason="X knows it; the account is suspended or locked")
    if exchange.status == 403 and code == "453":
        # The application's plan may not call this, which is said of tokens that were looked at.
        return exchange.unclear("the application's plan may not ask", "json errors.code 453")
    if exchange.status == 401 and code in ("89", "32"):
        return exchange.inactive(f"json errors.code {code}")
    return exchange.unclear()


def authorization(url: str, values: dict[str, str], *, nonce: str, now: int) -> str:
    """What signs a GET for *url* with HMAC-SHA1 (RFC 5849, section 3.4.2)."""
    fields = {
        "oauth_consumer_key": values["api_key"],
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(now),
        "oauth_token": values["access_token"],
        "oauth_version": "1.0",
    }
    pairs = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(fields.items()))
    base = "&".join(_quoted(part) for part in ("GET", url, pairs))
    key = f"{_quoted(values['api_secret'])}&{_quoted(values['access_secret'])}"
    fields["oauth_signature"] = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()
    return "OAuth " + ", ".join(f'{name}="{_quoted(value)}"' for name, value in sorted(fields.items()))


def _quoted(text: str) -> str:
    return quote(text, safe="~")
