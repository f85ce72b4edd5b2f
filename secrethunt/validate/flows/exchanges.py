# SPDX-License-Identifier: Apache-2.0
"""
Exchanges for digital money: each signs with HMAC in its own way. Only balances' existence is asked, nothing is traded.

References: https://docs.kraken.com/api/docs/guides/spot-rest-auth,
https://www.kucoin.com/docs-new/authentication, https://docs.cdp.coinbase.com/api-reference/v2/authentication.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from urllib.parse import urlencode, urlsplit

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows.exchange import NeedsExtra, ask, needed, place_of, text_at


def _key_and_secret(credential: Credential) -> tuple[str, str]:
    own = credential.secret.reveal().decode("ascii", "replace")
    if credential.rule.id.endswith("api-key"):
        return own, needed(credential, "api_secret")
    return needed(credential, "api_key"), own


def kraken(credential: Credential, session: Session) -> Outcome:
    """The account's balance: of the private calls the one that most keys may make."""
    key, secret = _key_and_secret(credential)
    place, path = place_of(session, "kraken", "https://api.kraken.com"), "/0/private/Balance"
    nonce = str(time.time_ns() // 1000)
    body = urlencode({"nonce": nonce}).encode()
    headers = {
        "API-Key": key,
        "API-Sign": kraken_signature(secret, path, nonce, body),
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    exchange = ask(session, place, path, method="POST", headers=headers, body=body)
    answer = exchange.json()
    errors = answer.get("error")
    if exchange.status != 200 or not isinstance(errors, list):
        return exchange.unclear()
    if not errors and isinstance(answer.get("result"), dict):
        return exchange.active("json result")
    first = str(errors[0]) if errors else ""
    if first.startswith("EGeneral:Permission denied"):
        return exchange.active("json error EGeneral:Permission denied", reason="Kraken knows it; it may not read")
    if first.startswith(("EAPI:Invalid key", "EAPI:Invalid signature")):
        return exchange.inactive(f"json error {' '.join(first.split()[:2])}")
    # A nonce below one that was used before says nothing of the key that a trading program uses at the same time.
    return exchange.unclear()


def kraken_signature(secret: str, path: str, nonce: str, body: bytes) -> str:
    """
    What signs a POST of *body* to *path*.

    Raises:
        NoAnswer: The secret is no base64.
    """
    try:
        raw = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError) as err:
        raise NoAnswer("the secret is no base64") from err
    message = path.encode() + hashlib.sha256(nonce.encode() + body).digest()
    return base64.b64encode(hmac.new(raw, message, hashlib.sha512).digest()).decode()


_KUCOIN_REJECTED = {"400003": "KuCoin knows no such key", "400005": "this is not the key's secret"}


def kucoin(credential: Credential, session: Session) -> Outcome:
    """The key's own description; KuCoin wants a passphrase too, and says of a right signature that it was wrong."""
    key, secret = _key_and_secret(credential)
    place, path = place_of(session, "kucoin", "https://api.kucoin.com"), "/api/v1/user/api-key"
    now = str(int(time.time() * 1000))
    passphrase = credential.parts["passphrase"].reveal().decode() if "passphrase" in credential.parts else ""

    def signed(text: str) -> str:
        return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()

    headers = {
        "KC-API-KEY": key,
        "KC-API-SIGN": signed(f"{now}GET{path}"),
        "KC-API-TIMESTAMP": now,
        "KC-API-PASSPHRASE": signed(passphrase or secrets.token_hex(8)),
        "KC-API-KEY-VERSION": "2",
        "Accept": "application/json",
    }
    exchange = ask(session, place, path, headers=headers)
    body = exchange.json()
    code = text_at(body, "code")
    if exchange.status == 200 and code == "200000" and text_at(body, "data.apiKey"):
        facts = (("account", text_at(body, "data.uid")), ("scopes", text_at(body, "data.permission")))
        return exchange.active("json data.apiKey", facts)
    if code in _KUCOIN_REJECTED and exchange.status in (200, 400, 401):
        return exchange.inactive(f"json code {code}", _KUCOIN_REJECTED[code])
    if code == "400004":
        return exchange.unclear("KuCoin knows the key; the passphrase is not known", "json code 400004")
    return exchange.unclear()


def coinbase(credential: Credential, session: Session) -> Outcome:
    """A key of the Developer Platform, which signs a token for one request: what the key may do."""
    name = needed(credential, "key_name")
    place, path = place_of(session, "coinbase", "https://api.coinbase.com"), "/api/v3/brokerage/key_permissions"
    now = int(time.time())
    claims = {
        "iss": "cdp",
        "sub": name,
        "nbf": now,
        "exp": now + 60,
        "uri": f"GET {urlsplit(place.url).netloc}{path}",
    }
    token = _ed25519_token(claims, credential.secret.reveal(), {"kid": name, "nonce": secrets.token_hex(8)})
    exchange = ask(session, place, path, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})
    body = exchange.json()
    if exchange.status == 200 and "can_view" in body and text_at(body, "portfolio_uuid"):
        rights = " ".join(right for right in ("can_view", "can_trade", "can_transfer") if body.get(right) is True)
        return exchange.active("json can_view", (("account", text_at(body, "portfolio_uuid")), ("scopes", rights)))
    return exchange.unclear()


def _ed25519_token(claims: dict[str, object], key: bytes, headers: dict[str, object]) -> str:
    """Coinbase gives the seed and the public key, in base64."""
    try:
        import jwt
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as err:
        raise NeedsExtra("jwt") from err
    try:
        raw = base64.b64decode(key, validate=True)
        private = Ed25519PrivateKey.from_private_bytes(raw[:32])
    except (binascii.Error, ValueError) as err:
        raise NoAnswer("the key is no Ed25519 key in base64") from err
    return jwt.encode(claims, private, algorithm="EdDSA", headers=headers)
