# SPDX-License-Identifier: Apache-2.0
"""The AWS flow against moto's server, which checks signatures as AWS does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from secrethunt.validate.contract import Outcome, State
from secrethunt.validate.flows.aws import Keys
from secrethunt.validate.flows.registry import load_flow
from tests.services.credentials import credential, made
from tests.services.moto import Moto, serve_moto

pytest.importorskip("moto", reason="pip install 'moto[server,iam,sts]'")
pytest.importorskip("botocore", reason="pip install 'secrethunt[aws]'")


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    with serve_moto(tmp_path_factory.mktemp("moto")) as started:
        yield started


def _check(moto: Moto, keys: Keys) -> Outcome:
    parts = {"access_key_id": keys.key_id} | ({"session_token": keys.token} if keys.token else {})
    found = credential("aws.secret-access-key", keys.secret, parts, family="aws.secret-access-key")
    return load_flow("aws")(found, moto.session_to_it)


def test_a_good_key_is_active_and_says_whose_it_is(moto: Moto) -> None:
    outcome = _check(moto, moto.good)
    assert outcome.state == State.ACTIVE
    assert dict(outcome.facts)["user"] == "deployer"
    assert dict(outcome.facts)["account_id"] == "123456789012"
    assert outcome.evidence[0].marker == "GetCallerIdentityResult Arn"


def test_a_good_key_found_by_its_id_is_active(moto: Moto) -> None:
    found = credential("aws.access-key-id", moto.good.key_id, {"secret_access_key": moto.good.secret})
    assert load_flow("aws")(found, moto.session_to_it).state == State.ACTIVE


def test_a_wrong_secret_is_inactive(moto: Moto) -> None:
    outcome = _check(moto, Keys(moto.good.key_id, made(40, seed=7)))
    assert (State.INACTIVE, "error SignatureDoesNotMatch") == (outcome.state, outcome.evidence[-1].marker)


def test_an_id_whose_neighbour_is_wrong_stays_unknown(moto: Moto) -> None:
    found = credential("aws.access-key-id", moto.good.key_id, {"secret_access_key": made(40, seed=7)})
    assert load_flow("aws")(found, moto.session_to_it).state == State.UNKNOWN


def test_a_deleted_key_is_inactive(moto: Moto) -> None:
    outcome = _check(moto, moto.deleted)
    assert (State.INACTIVE, "error InvalidClientTokenId") == (outcome.state, outcome.evidence[-1].marker)


def test_a_session_is_active_with_its_token(moto: Moto) -> None:
    outcome = _check(moto, moto.session)
    assert State.ACTIVE == outcome.state
    assert dict(outcome.facts)["role"] == "r"


def test_a_session_with_another_token_is_inactive(moto: Moto) -> None:
    outcome = _check(moto, Keys(moto.session.key_id, moto.session.secret, made(300)))
    assert State.INACTIVE == outcome.state


def test_no_secret_leaves(moto: Moto) -> None:
    session = moto.session_to_it
    found = credential("aws.secret-access-key", moto.good.secret, {"access_key_id": moto.good.key_id})
    load_flow("aws")(found, session)
    sent = b"".join(repr((r.url, dict(r.headers), r.body)).encode() for r in session.sent)
    assert moto.good.secret.encode() not in sent
