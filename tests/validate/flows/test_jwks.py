# SPDX-License-Identifier: Apache-2.0
"""Tokens against an issuer on loopback: description, keys, and what neither of them can prove."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from secrethunt.online.contract import NoAnswer
from secrethunt.validate.contract import Outcome, State
from secrethunt.validate.flows.registry import load_flow
from tests.services.credentials import credential, made
from tests.services.provider import DISTURBANCES, Asked, Provider, Reply, json_reply, serve
from tests.services.session import PlainSession

jwt: Any = pytest.importorskip("jwt", reason="pip install 'secrethunt[jwt]'")

ISSUER = "https://acme.eu.auth0.com/"


class Issuer:
    """An identity provider with one key."""

    def __init__(self, provider: Provider) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self.key: Any = ec.generate_private_key(ec.SECP256R1())
        self.other: Any = ec.generate_private_key(ec.SECP256R1())
        self.provider = provider
        self.keys = json_reply(200, {"keys": [self._jwk("k1")]})
        self.description = json_reply(200, {"issuer": ISSUER, "jwks_uri": f"{provider.url}/keys"})
        provider.reply = self._answer

    def _jwk(self, key_id: str) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        return {**fields, "kid": key_id, "use": "sig", "alg": "ES256"}

    def _answer(self, asked: Asked) -> Reply:
        return self.keys if asked.path == "/keys" else self.description

    def token(self, *, key: Any = None, kid: str = "k1", **claims: Any) -> str:
        said = {"iss": ISSUER, "sub": "ci-bot", "aud": "api", "exp": int(time.time()) + 600, **claims}
        return str(jwt.encode(said, key or self.key, algorithm="ES256", headers={"kid": kid}))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serve() as provider:
        yield Issuer(provider)


def _check(issuer: Issuer, token: str) -> Outcome:
    session = PlainSession(endpoints={"jwt": issuer.provider.url})
    return load_flow("jwt")(credential("jwt.token", token), session)


def test_a_token_that_its_issuer_signed_is_active(issuer: Issuer) -> None:
    outcome = _check(issuer, issuer.token())
    assert (State.ACTIVE, "ci-bot") == (outcome.state, dict(outcome.facts)["account"])


def test_a_token_in_base64_is_read(issuer: Issuer) -> None:
    assert State.ACTIVE == _check(issuer, base64.b64encode(issuer.token().encode()).decode()).state


def test_a_token_that_another_signed_is_inactive(issuer: Issuer) -> None:
    assert State.INACTIVE == _check(issuer, issuer.token(key=issuer.other)).state


def test_a_token_whose_key_is_gone_stays_unknown(issuer: Issuer) -> None:
    outcome = _check(issuer, issuer.token(kid="k0"))
    assert (State.UNKNOWN, "its issuer no longer publishes the key that signed it") == (outcome.state, outcome.reason)


def test_an_expired_token_is_inactive_and_nobody_is_asked(issuer: Issuer) -> None:
    outcome = _check(issuer, issuer.token(exp=int(time.time()) - 5))
    assert (State.INACTIVE, "offline") == (outcome.state, outcome.evidence[0].endpoint)
    assert [] == issuer.provider.asked


def test_nothing_of_the_token_is_sent(issuer: Issuer) -> None:
    token = issuer.token()
    _check(issuer, token)
    sent = repr(issuer.provider.asked)
    assert token.rpartition(".")[2] not in sent
    assert "ci-bot" not in sent


def test_a_token_signed_with_a_shared_secret_is_not_asked_about(issuer: Issuer) -> None:
    token = jwt.encode({"iss": ISSUER, "exp": int(time.time()) + 600}, made(40), algorithm="HS256")
    with pytest.raises(NoAnswer, match="shared secret"):
        _check(issuer, token)


def test_a_token_without_signature_is_not_asked_about(issuer: Issuer) -> None:
    with pytest.raises(NoAnswer, match="not a signed token"):
        _check(issuer, jwt.encode({"iss": ISSUER}, None, algorithm="none"))


@pytest.mark.parametrize("name", DISTURBANCES)
def test_an_issuer_that_answers_nonsense_proves_nothing(issuer: Issuer, name: str) -> None:
    issuer.keys = DISTURBANCES[name]
    assert State.UNKNOWN == _check(issuer, issuer.token()).state
    issuer.description = DISTURBANCES[name]
    with pytest.raises(NoAnswer):
        _check(issuer, issuer.token())


@pytest.mark.parametrize(
    "iss",
    [
        "https://evil.example.net",
        "https://auth0.com.evil.example.net",
        "https://evil-auth0.com",
        "https://ec2-1-2-3-4.compute.amazonaws.com",
        "https://bucket.s3.amazonaws.com",
        "https://accounts.google.com.evil.example.net",
        "https://accounts.google.com:8443",
        "https://169.254.169.254",
    ],
)
def test_an_issuer_that_is_no_known_provider_is_asked_only_on_request(issuer: Issuer, iss: str) -> None:
    session = PlainSession()
    with pytest.raises(NoAnswer, match="--allow-found-hosts"):
        load_flow("jwt")(credential("jwt.token", issuer.token(iss=iss)), session)


@pytest.mark.parametrize(
    "iss", ["http://acme.auth0.com", "https://user@acme.auth0.com", "not an address", "https://a:b", "", "https://"]
)
def test_an_issuer_that_is_no_address_is_never_asked(issuer: Issuer, iss: str) -> None:
    session = PlainSession(allow_found=True)
    with pytest.raises(NoAnswer):
        load_flow("jwt")(credential("jwt.token", issuer.token(iss=iss)), session)
    assert all(request.url.startswith("https://") and "@" not in request.url for request in session.sent)


@pytest.mark.parametrize(
    "where", ["https://evil.example.net/keys", "http://acme.eu.auth0.com/keys", "/keys", "file:///x"]
)
def test_keys_on_another_host_are_not_fetched(issuer: Issuer, where: str) -> None:
    issuer.description = json_reply(200, {"jwks_uri": where})
    host, port = issuer.provider.url.removeprefix("http://").split(":")
    session = PlainSession(hosts={"acme.eu.auth0.com": (host, int(port))}, allow_found=True)
    with pytest.raises(NoAnswer):
        load_flow("jwt")(credential("jwt.token", issuer.token()), session)
    assert 1 == len(session.sent)
