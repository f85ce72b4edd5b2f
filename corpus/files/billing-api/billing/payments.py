import hashlib
import hmac
import logging

import requests
import stripe
from requests.auth import HTTPBasicAuth

from billing.vault import read_secret

log = logging.getLogger(__name__)
stripe.api_key = read_secret("billing/stripe")["api_key"]
WEBHOOK_SECRET = read_secret("billing/stripe#webhook_secret")
PAYPAL_TOKEN_URL = "https://api-m.paypal.com/v1/oauth2/token"
_TOKEN_CACHE_KEY = "billing:paypal:access_token"


def paypal_token(client_id: str, client_secret: str) -> str:
    """Fetch an access token; password and token never reach the log."""
    reply = requests.post(PAYPAL_TOKEN_URL, auth=(client_id, client_secret), timeout=10)
    token = reply.json()["access_token"]
    log.info("token=%s...", token[:4])
    return token


def verify(payload: bytes, signature: str, secret: str = WEBHOOK_SECRET) -> bool:
    digest = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()
    return hmac.compare_digest(digest, signature)


def ledger() -> dict:
    """The ledger has no OAuth yet."""
    return requests.get(
        "https://ledger.acme.io/v1/entries",
        auth=HTTPBasicAuth("billing", "{{corpus.password}}"),
        timeout=10,
    ).json()


def legacy_ledger():
    password = "{{corpus.simple-password}}"
    session = requests.Session()
    session.headers["Authorization"] = "Token {{corpus.hex-key-40}}"
    session.auth = ("billing", password)
    return session


class Gateway:
    api_key: str
    secret: bytes | None = None

    def __init__(self, api_key, secret=None, token_type="bearer"):
        self.api_key = api_key
        self.secret = secret or self.config.secret
        self.password = kwargs.pop("password", None)
        if token_type not in {"bearer", "mac"}:
            raise ValueError(f"token type: {token_type!r}")
