# SPDX-License-Identifier: Apache-2.0
"""
What Amazon has beside access keys: tokens of Login with Amazon, and client secrets of Cognito user pools.

References: https://developer.amazon.com/docs/login-with-amazon/obtain-customer-profile.html,
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html,
https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from urllib.parse import urlencode

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.flows import aws, s3
from secrethunt.validate.flows.exchange import Exchange, Place, ask, needed, optional, place_of, text_at

_POOL = re.compile(r"(?P<region>[a-z]{2}(?:-[a-z]{2,9}){1,3}-[0-9])_[0-9A-Za-z]{1,55}")
_WRONG_HASH = re.compile(r"(?i)unable to verify secret hash|secrethash does not match")


def key_of_any_vendor(credential: Credential, session: Session) -> Outcome:
    """A secret key in Amazon's form: Amazon's own, unless an endpoint of another vendor stands beside it."""
    endpoint = optional(credential, "endpoint")
    if endpoint and not re.search(r"\.amazonaws\.com(?:\.cn)?(?::443)?$", endpoint):
        return s3.list_buckets(credential, session)
    return aws.caller_identity(credential, session)


def login_token(credential: Credential, session: Session) -> Outcome:
    """For whom an access token was given; a refresh token needs its application."""
    token = credential.secret.reveal().decode("ascii", "replace")
    if not token.startswith("Atza|"):
        raise NoAnswer("a refresh token can only be used by its application")
    place = place_of(session, "amazon", "https://api.amazon.com")
    path = "/auth/o2/tokeninfo?" + urlencode({"access_token": token})
    label = "/auth/o2/tokeninfo?access_token={{secret}}"
    exchange = ask(session, place, path, label=label, headers={"Accept": "application/json"})
    body = exchange.json()
    if exchange.status == 200 and text_at(body, "aud") and text_at(body, "user_id"):
        return exchange.active("json user_id", (("account", text_at(body, "user_id")), ("client_id", body["aud"])))
    if exchange.status in (400, 401) and text_at(body, "error") == "invalid_token":
        return exchange.inactive("json error invalid_token")
    return exchange.unclear()


def cognito_client(credential: Credential, session: Session) -> Outcome:
    """
    Sign in nobody: a user that does not exist, with a hash that only the secret makes. What Cognito then says differs
    from what it says to another hash, if the secret is right.
    """
    client_id = needed(credential, "client_id")
    match = _POOL.fullmatch(needed(credential, "user_pool"))
    if match is None:
        raise NoAnswer("the part user_pool is no pool's id")
    url = f"https://cognito-idp.{match['region']}.amazonaws.com"
    place = place_of(session, "aws-cognito", url, label="https://cognito-idp.{{region}}.amazonaws.com")
    secret = credential.secret.reveal()
    first = _sign_in(session, place, client_id, secret)
    kind, message = _error(first)
    if first.status != 400 or not kind:
        return first.unclear()
    if kind == "ResourceNotFoundException":
        return first.inactive(f"json __type {kind}", "the client does not exist")
    if kind == "NotAuthorizedException" and _WRONG_HASH.search(message):
        return first.inactive(f"json message of {kind}", "Cognito knows the client, but this is not its secret")
    second = _sign_in(session, place, client_id, secret[::-1] + b"0")
    other, said = _error(second)
    if other == "NotAuthorizedException" and _WRONG_HASH.search(said):
        return first.active(f"json __type {kind}, where another secret gets a wrong hash", (("client_id", client_id),))
    return first.unclear()


def _sign_in(session: Session, place: Place, client_id: str, secret: bytes) -> Exchange:
    user = "secrethunt-" + secrets.token_hex(8)
    signature = hmac.new(secret, (user + client_id).encode(), hashlib.sha256).digest()
    parameters = {
        "USERNAME": user,
        "PASSWORD": secrets.token_urlsafe(16),
        "SECRET_HASH": base64.b64encode(signature).decode(),
    }
    body = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client_id, "AuthParameters": parameters}
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    }
    return ask(session, place, "/", method="POST", headers=headers, body=json.dumps(body).encode())


def _error(exchange: Exchange) -> tuple[str, str]:
    body = exchange.json(loose=exchange.answer.headers.get("content-type", "").startswith("application/x-amz-json"))
    return text_at(body, "__type").rpartition("#")[2], text_at(body, "message")
