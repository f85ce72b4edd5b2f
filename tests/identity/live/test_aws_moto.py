# SPDX-License-Identifier: Apache-2.0
"""AWS keys against moto's server, which evaluates policies, and against the export of the same account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.aws.authorization_details import AuthorizationDetails
from secrethunt.identity.contract import Access, Edge, EdgeKind, Known, Node
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.registry import load_identifier
from tests.services.credentials import credential
from tests.services.processes import free_port, running
from tests.services.session import PlainSession

pytest.importorskip("moto", reason="pip install 'moto[server,iam,sts]'")
boto3: Any = pytest.importorskip("boto3", reason="pip install 'moto[server,iam,sts]'")

AT = "2026-01-01T00:00:00Z"
_READS_ITSELF = [
    "iam:GetUser",
    "iam:ListAttachedUserPolicies",
    "iam:ListUserPolicies",
    "iam:GetUserPolicy",
    "iam:ListGroupsForUser",
    "iam:ListAttachedGroupPolicies",
    "iam:ListGroupPolicies",
    "iam:GetGroupPolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
]


def _document(*actions: str) -> str:
    statement = {"Sid": "S", "Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Account:
    """An account on moto, its keys by user, and its export."""

    def __init__(self, port: int) -> None:
        self.session = PlainSession(endpoints={"aws": f"http://127.0.0.1:{port}"})
        self.keys: dict[str, tuple[str, str]] = {}
        self._port = port

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self._port}",
            region_name="us-east-1",
            aws_access_key_id="AKIA" + "A" * 16,
            aws_secret_access_key="s" * 40,
        )

    def build(self) -> dict[str, Any]:
        """Users `auditor` (reads all of IAM), `reader` (reads itself), `blind` (reads nothing of IAM); the export."""
        iam = self.client("iam")
        iam.create_group(GroupName="developers")
        iam.put_group_policy(GroupName="developers", PolicyName="logs", PolicyDocument=_document("logs:Get*"))
        managed = iam.create_policy(PolicyName="buckets", PolicyDocument=_document("s3:*"))["Policy"]["Arn"]
        inline = {
            "auditor": _document("iam:GetAccountAuthorizationDetails"),
            "reader": _document(*_READS_ITSELF),
            "blind": _document("s3:ListAllMyBuckets", "kms:ListKeys"),
        }
        for user, document in inline.items():
            iam.create_user(UserName=user)
            iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=document)
            key = iam.create_access_key(UserName=user)["AccessKey"]
            self.keys[user] = key["AccessKeyId"], key["SecretAccessKey"]
        iam.add_user_to_group(GroupName="developers", UserName="reader")
        iam.attach_user_policy(UserName="reader", PolicyArn=managed)
        details: dict[str, Any] = iam.get_account_authorization_details()
        return details

    def identify(self, user: str) -> Identification:
        key_id, secret = self.keys[user]
        found = credential("aws.secret-access-key", secret, {"access_key_id": key_id}, family="aws.secret-access-key")
        return load_identifier("aws")(Asked(found, "f" * 32, AT), self.session)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Account, Path]]:
    import os
    import sys

    folder, port = tmp_path_factory.mktemp("moto"), free_port()
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "15"}
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, folder, environment=environment):
        made = Account(port)
        details = made.build()
        export = folder / "details.json"
        export.write_text(json.dumps(details, default=str))
        yield made, export


def nodes(items: Any) -> dict[str, Node]:
    return {item.key: item for item in items if isinstance(item, Node)}


def edges(items: Any) -> set[tuple[str, str, EdgeKind]]:
    return {(item.source, item.target, item.kind) for item in items if isinstance(item, Edge)}


def test_a_key_that_reads_the_account_says_what_the_export_says(account: tuple[Account, Path]) -> None:
    made, export = account
    live = made.identify("auditor")
    offline = list(AuthorizationDetails().read(str(export)))
    live_nodes, known = nodes(live.graph), nodes(offline)
    assert set(known) <= set(live_nodes)
    for key, node in known.items():
        for name in ("type", "document", "trust", "permissions_known", "attachments"):
            assert node.properties.get(name) == live_nodes[key].properties.get(name), (key, name)
    assert edges(offline) <= edges(live.graph)


def test_a_key_that_reads_itself_says_of_itself_what_the_export_says(account: tuple[Account, Path]) -> None:
    made, export = account
    live = made.identify("reader")
    key = "aws:arn:aws:iam::123456789012:user/reader"
    offline = list(AuthorizationDetails().read(str(export)))
    assert nodes(live.graph)[key].properties["permissions_known"] is True
    grants = {item for item in edges(offline) if item[0] == key}
    assert grants <= edges(live.graph)
    for _, target, kind in grants:
        if kind is EdgeKind.HAS_GRANT:
            assert nodes(offline)[target].properties["document"] == nodes(live.graph)[target].properties["document"]
    group = "aws:arn:aws:iam::123456789012:group/developers"
    assert nodes(live.graph)[group].properties["permissions_known"] is True
    assert ("permissions", "all policies of the identity were read") in live.facts


def test_a_key_that_reads_nothing_is_probed_and_each_call_is_named(account: tuple[Account, Path]) -> None:
    made, _ = account
    live = made.identify("blind")
    key = "aws:arn:aws:iam::123456789012:user/blind"
    assert nodes(live.graph)[key].properties["permissions_known"] is False
    facts = dict(live.facts)
    assert "iam:ListUserPolicies" in facts["permissions"]
    assert "s3:ListAllMyBuckets allowed" in facts["probed"]
    assert "secretsmanager:ListSecrets denied" in facts["probed"]
    probed = [item for item in live.graph if isinstance(item, Edge) and item.kind is EdgeKind.CAN_ACCESS]
    assert {"aws:any:s3@123456789012", "aws:any:kms@123456789012"} == {edge.target for edge in probed}
    assert {Access.LIST} == {edge.access for edge in probed}


@pytest.mark.parametrize("user", ["auditor", "reader", "blind"])
def test_who_it_is_is_known_live_and_no_secret_is_in_it(account: tuple[Account, Path], user: str) -> None:
    made, _ = account
    live = made.identify(user)
    found = (f"secret:{'f' * 32}", f"aws:arn:aws:iam::123456789012:user/{user}", EdgeKind.AUTHENTICATES_AS)
    assert found in edges(live.graph)
    own = [item for item in live.graph if isinstance(item, Edge)]
    assert {(Known.LIVE, AT)} == {(edge.known, edge.seen_at) for edge in own}
    assert made.keys[user][1] not in repr(live)
