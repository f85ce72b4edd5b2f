# SPDX-License-Identifier: Apache-2.0
"""The AWS flow against moto's server, which checks signatures as AWS does."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from secrethunt.validate.contract import Outcome, State
from secrethunt.validate.flows.aws import Keys, signed_headers
from secrethunt.validate.flows.registry import load_flow
from tests.services.credentials import credential, made
from tests.services.processes import free_port, running
from tests.services.session import PlainSession

pytest.importorskip("moto", reason="pip install 'moto[server,iam,sts]'")
pytest.importorskip("botocore", reason="pip install 'secrethunt[aws]'")


@dataclass(frozen=True, slots=True)
class Moto:
    """moto's server and what was made on it before it began to check who asks."""

    port: int
    good: Keys
    deleted: Keys
    session: Keys

    @property
    def session_to_it(self) -> PlainSession:
        return PlainSession(endpoints={"aws": f"http://127.0.0.1:{self.port}"})


def _call(port: int, service: str, keys: Keys, **parameters: str) -> dict[str, str]:
    """One action of the query protocol: texts of the answer by element."""
    url = f"http://127.0.0.1:{port}/"
    body = urlencode(parameters).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    signed = signed_headers("POST", url, headers, body, scope=(service, "us-east-1"), keys=keys)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/", body, signed)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    assert reply.status == 200, text
    return {element.tag.rpartition("}")[2]: element.text or "" for element in ElementTree.fromstring(text).iter()}


def _key(port: int, root: Keys, user: str) -> Keys:
    made_key = _call(port, "iam", root, Action="CreateAccessKey", Version="2010-05-08", UserName=user)
    return Keys(made_key["AccessKeyId"], made_key["SecretAccessKey"])


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    port = free_port()
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "9"}
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, tmp_path_factory.mktemp("moto"), environment=environment):
        root = Keys("AKIA" + made(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), made(40))
        iam = "2010-05-08"
        _call(port, "iam", root, Action="CreateUser", Version=iam, UserName="deployer")
        good, deleted = _key(port, root, "deployer"), _key(port, root, "deployer")
        _call(port, "iam", root, Action="DeleteAccessKey", Version=iam, UserName="deployer", AccessKeyId=deleted.key_id)
        policy = '{"Version": "2012-10-17", "Statement": []}'
        role = _call(port, "iam", root, Action="CreateRole", Version=iam, RoleName="r", AssumeRolePolicyDocument=policy)
        assumed = _call(
            port, "sts", root, Action="AssumeRole", Version="2011-06-15", RoleArn=role["Arn"], RoleSessionName="s"
        )
        session = Keys(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
        while _unchecked(port, root):
            pass
        yield Moto(port, good, deleted, session)


def _unchecked(port: int, keys: Keys) -> bool:
    """Whether moto still lets anybody in; asking uses one of the calls up that it lets in."""
    url, body = f"http://127.0.0.1:{port}/", b"Action=ListUsers&Version=2010-05-08"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    signed = signed_headers("POST", url, headers, body, scope=("iam", "us-east-1"), keys=keys)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/", body, signed)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply.status == 200


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
