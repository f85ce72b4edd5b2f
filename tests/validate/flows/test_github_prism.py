# SPDX-License-Identifier: Apache-2.0
"""Tokens and app keys against GitHub's own description of its API, through the rules as shipped and the real client."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from secrethunt.diskcache import DiskCache
from secrethunt.online.client import Client
from secrethunt.online.options import OnlineOptions, Pace
from secrethunt.records import RuleId
from secrethunt.ruleset import RuleSelection
from secrethunt.validate.contract import Credential, Outcome, State
from secrethunt.validate.flows.registry import load_flow
from secrethunt.validate.spec import load_checks
from tests.services.credentials import credential, made
from tests.services.github import serve_github
from tests.validate.flows.cases import rsa_pem

jwt: Any = pytest.importorskip("jwt", reason="pip install 'secrethunt[jwt]'")


class AppTokens(dict[str, str]):
    """The tokens that one app's key signed, besides those that are listed."""

    def __init__(self, listed: dict[str, str], key: Any) -> None:
        super().__init__(listed)
        self._public = key.public_key()

    def __contains__(self, token: object) -> bool:
        if super().__contains__(token):
            return True
        try:
            claims = jwt.decode(token, self._public, algorithms=["RS256"], options={"require": ["iss", "exp", "iat"]})
        except jwt.PyJWTError:
            return False
        return bool(claims["iss"] == "12345")

    def __getitem__(self, token: str) -> str:
        return super().get(token, "")


@dataclass(frozen=True, slots=True)
class GitHub:
    """GitHub, a token it knows, and the client that asks it."""

    client: Client
    token: str


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    token = "ghp_" + made(36)
    tokens = AppTokens({token: "repo, read:org"}, load_pem_private_key(rsa_pem().encode(), None))
    with serve_github(tmp_path_factory.mktemp("github"), tokens) as door:
        options = OnlineOptions(endpoints={"github": door.url}, pace=Pace(rate_per_s=math.inf))
        with Client(options) as client:
            yield GitHub(client, token)


def _by_rule(github: GitHub, rule_id: str, secret: str) -> Outcome:
    checks = load_checks(RuleSelection(), DiskCache(None))
    return checks[RuleId(rule_id)](credential(rule_id, secret), github.client)


def _app(github: GitHub, pem: str, app_id: str) -> Outcome:
    found: Credential = credential("privatekey.pem", pem, {"app_id": app_id})
    return load_flow("github-app")(found, github.client)


def test_a_known_token_is_active_and_says_whose_it_is(github: GitHub) -> None:
    outcome = _by_rule(github, "github.personal-access-token", github.token)
    assert (State.ACTIVE, "octocat") == (outcome.state, dict(outcome.facts)["account"])
    assert "repo, read:org" == dict(outcome.facts)["scopes"]


def test_an_unknown_token_is_inactive(github: GitHub) -> None:
    assert State.INACTIVE == _by_rule(github, "github.personal-access-token", "ghp_" + made(36, seed=2)).state


def test_an_app_key_beside_its_app_is_active(github: GitHub) -> None:
    outcome = _app(github, rsa_pem().replace("\n", "\\n"), "12345")
    assert (State.ACTIVE, "octoapp") == (outcome.state, dict(outcome.facts)["account"])


def test_an_app_key_beside_another_app_is_not_active(github: GitHub) -> None:
    assert State.UNKNOWN == _app(github, rsa_pem(), "54321").state
