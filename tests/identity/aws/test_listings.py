# SPDX-License-Identifier: Apache-2.0
"""Importers of AWS command-line outputs: whole, empty, broken off, and with what only the file's name says."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.aws.access_keys import AccessKeys
from secrethunt.identity.aws.authorization_details import AuthorizationDetails
from secrethunt.identity.aws.credential_report import CredentialReport
from secrethunt.identity.aws.organization import Organization
from secrethunt.identity.aws.permission_sets import PermissionSets
from secrethunt.identity.aws.principals import Principals
from secrethunt.identity.aws.resource_policies import ResourcePolicies
from secrethunt.identity.aws.resources import Resources
from secrethunt.identity.aws.workloads import Workloads
from secrethunt.identity.contract import Edge, EdgeKind, Importer, NodeKind
from tests.identity.memory_graph import MemoryGraph

ACCOUNT = "123456789012"
IMPORTERS: tuple[Importer, ...] = (
    AuthorizationDetails(),
    AccessKeys(),
    CredentialReport(),
    Organization(),
    PermissionSets(),
    ResourcePolicies(),
    Resources(),
    Workloads(),
)


def key_id(account: str = ACCOUNT) -> str:
    """An id that says its account, as AWS makes them."""
    number = (int(account) << 7).to_bytes(6, "big") + b"\x01\x02\x03\x04"
    return "AKIA" + base64.b32encode(number).decode()


def read(folder: Path, name: str, *answers: Any) -> MemoryGraph:
    """The graph of one file, read by the only importer that takes it for its own."""
    path = folder / name
    text = "\n".join(item if isinstance(item, str) else json.dumps(item) for item in answers)
    path.write_text(text, encoding="utf-8")
    head = path.read_bytes()[:65536]
    [importer] = [item for item in IMPORTERS if item.recognises(head, name)]
    return MemoryGraph(importer.read(str(path)))


def edges(graph: MemoryGraph, *kinds: EdgeKind) -> list[Edge]:
    return [edge for node in graph.nodes() for edge in graph.edges_from(node.key, *kinds)]


def statement(**fields: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **fields}]})


def test_keys_belong_to_users_of_the_account_that_their_id_names(tmp_path: Path) -> None:
    entry = {"UserName": "ci", "AccessKeyId": key_id(), "Status": "Active", "CreateDate": "2024-01-02T00:00:00Z"}
    # A loop over users appends one answer behind the other.
    other = {**entry, "UserName": "ann", "AccessKeyId": key_id("210987654321"), "Status": "Inactive"}
    graph = read(tmp_path, "keys.json", {"AccessKeyMetadata": [entry]}, {"AccessKeyMetadata": [other]})
    assert [
        (f"aws:access-key:{key_id()}", f"aws:arn:aws:iam::{ACCOUNT}:user/ci"),
        (f"aws:access-key:{key_id('210987654321')}", "aws:arn:aws:iam::210987654321:user/ann"),
    ] == [(edge.source, edge.target) for edge in edges(graph, EdgeKind.AUTHENTICATES_AS)]
    node = graph.node(f"aws:access-key:{key_id()}")
    assert node is not None
    assert (NodeKind.CREDENTIAL, "active", "2024-01-02T00:00:00Z") == (
        node.kind,
        node.properties["status"],
        node.properties["created"],
    )


def test_the_last_use_of_a_key_needs_the_key_in_the_files_name(tmp_path: Path) -> None:
    used = {"LastUsedDate": "2026-01-01T00:00:00Z", "ServiceName": "s3", "Region": "eu-west-1"}
    answer = {"UserName": "ci", "AccessKeyLastUsed": used}
    node = read(tmp_path, f"used-{key_id()}.json", answer).node(f"aws:access-key:{key_id()}")
    assert node is not None
    assert ("2026-01-01T00:00:00Z", "s3") == (node.properties["last_used"], node.properties["last_used_service"])
    assert ["last use of a key of ci"] == [item.what for item in read(tmp_path, "used.json", answer).unread]


REPORT = (
    "user,arn,user_creation_time,password_enabled,password_last_used,mfa_active,access_key_1_active,"
    "access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,"
    "access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date\n"
    f"<root_account>,arn:aws:iam::{ACCOUNT}:root,2020-01-01T00:00:00+00:00,not_supported,2025-05-05T00:00:00+00:00,"
    "false,true,2020-01-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A\n"
    f"ci,arn:aws:iam::{ACCOUNT}:user/team/ci,2021-01-01T00:00:00+00:00,false,N/A,false,true,"
    "2021-01-01T00:00:00+00:00,2026-02-02T00:00:00+00:00,eu-west-1,s3,false,N/A,N/A\n"
)


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_credential_report_says_ages_and_uses(tmp_path: Path, is_wrapped: bool) -> None:
    wrapped = {"Content": base64.b64encode(REPORT.encode()).decode(), "ReportFormat": "text/csv"}
    graph = read(tmp_path, "report.csv", json.dumps(wrapped) if is_wrapped else REPORT)
    ci, root = graph.node(f"aws:arn:aws:iam::{ACCOUNT}:user/team/ci"), graph.node(f"aws:arn:aws:iam::{ACCOUNT}:root")
    assert ci is not None
    assert root is not None
    assert ("2026-02-02T00:00:00+00:00", False) == (ci.properties["last_used"], ci.properties["mfa_active"])
    assert [True] == [key["active"] for key in ci.properties["access_keys"]]
    assert ("is_human" in root.properties, "is_human" in ci.properties) == (True, False)


def test_a_report_that_is_no_base64_is_said(tmp_path: Path) -> None:
    graph = read(tmp_path, "report.json", {"Content": "é", "ReportFormat": "text/csv"})
    assert ["the rest of the report"] == [item.what for item in graph.unread]


def policy_answer(identifier: str, kind: str, document: str) -> dict[str, Any]:
    summary = {"Id": identifier, "Name": identifier, "Type": kind, "AwsManaged": False}
    return {"Policy": {"PolicySummary": summary, "Content": document}}


def test_control_policies_are_inherited_level_by_level(tmp_path: Path) -> None:
    path = "o-abcdef1234/r-ab12/ou-ab12-11111111/123456789012/"
    account = {"Id": ACCOUNT, "Arn": f"arn:aws:organizations::1:account/o-abcdef1234/{ACCOUNT}", "Paths": [path]}
    graph = read(tmp_path, "accounts.json", {"Accounts": [{**account, "Name": "shop", "Status": "ACTIVE"}]})
    wide, narrow = statement(Action="*", Resource="*"), statement(Action="s3:*", Resource="*")
    for identifier, kind, document, target in (
        ("p-rootroot", "SERVICE_CONTROL_POLICY", wide, "r-ab12"),
        ("p-unitunit", "SERVICE_CONTROL_POLICY", narrow, "ou-ab12-11111111"),
        ("p-rcprcprc", "RESOURCE_CONTROL_POLICY", wide, ACCOUNT),
    ):
        graph.add(_all(read(tmp_path, "policy.json", policy_answer(identifier, kind, document))))
        targets = {"Targets": [{"TargetId": target, "Name": "t", "Type": "ROOT"}]}
        graph.add(_all(read(tmp_path, f"targets-{identifier}.json", targets)))
    control = Principals(graph).control(ACCOUNT)
    assert [["p-rootroot"], ["p-unitunit"]] == [[policy.name for policy in level] for level in control.services]
    assert ["p-rcprcprc"] == [policy.name for policy in control.resources]


def _all(graph: MemoryGraph) -> list[Any]:
    return [*graph.nodes(), *edges(graph), *graph.unread]


def test_the_management_account_is_under_no_control(tmp_path: Path) -> None:
    graph = read(tmp_path, "o.json", {"Organization": {"Id": "o-abcdef1234", "MasterAccountId": ACCOUNT}})
    graph.add(
        _all(read(tmp_path, "p.json", policy_answer("p-aaaaaaaa", "SERVICE_CONTROL_POLICY", statement(Action="*"))))
    )
    graph.add(_all(read(tmp_path, "t-p-aaaaaaaa.json", {"Targets": [{"TargetId": ACCOUNT}]})))
    assert () == Principals(graph).control(ACCOUNT).services


def test_targets_of_a_policy_that_nobody_names_are_unread(tmp_path: Path) -> None:
    assert 1 == len(read(tmp_path, "targets.json", {"Targets": [{"TargetId": ACCOUNT}]}).unread)


BUCKET = statement(Principal={"AWS": "arn:aws:iam::210987654321:user/x"}, Action="s3:*", Resource="arn:aws:s3:::b/*")
KEY = statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="kms:*", Resource="*")
FUNCTION_ARN = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"
FUNCTION = statement(Principal={"Service": "s3.amazonaws.com"}, Action="lambda:InvokeFunction", Resource=FUNCTION_ARN)
SECRET_ARN = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db-AbCdEf"
QUEUE_ARN, TOPIC_ARN = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q", f"arn:aws:sns:eu-west-1:{ACCOUNT}:t"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("name", "answer", "arn", "named"),
    [
        ("b.json", {"Policy": BUCKET}, "arn:aws:s3:::b", "aws:arn:aws:iam::210987654321:user/x"),
        (f"eu-west-1_{KEY_ID}.json", {"Policy": KEY, "PolicyName": "default"},
         f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{KEY_ID}", f"aws:account:{ACCOUNT}"),
        ("f.json", {"Policy": FUNCTION, "RevisionId": "1"}, FUNCTION_ARN, "aws:service:s3.amazonaws.com"),
        ("s.json", {"ARN": SECRET_ARN, "Name": "db", "ResourcePolicy": KEY}, SECRET_ARN, f"aws:account:{ACCOUNT}"),
        ("q.json", {"Attributes": {"QueueArn": QUEUE_ARN, "Policy": KEY}}, QUEUE_ARN, f"aws:account:{ACCOUNT}"),
        ("t.json", {"Attributes": {"TopicArn": TOPIC_ARN, "Policy": KEY}}, TOPIC_ARN, f"aws:account:{ACCOUNT}"),
    ],
)  # fmt: skip
def test_resource_policies(tmp_path: Path, name: str, answer: Any, arn: str, named: str) -> None:
    graph = read(tmp_path, name, answer)
    node = graph.node("aws:" + arn)
    assert node is not None
    assert node.properties["document"]
    assert [named] == [edge.target for edge in graph.edges_from(node.key, EdgeKind.TRUSTS)]
    assert [] == graph.unread


def test_a_keys_policy_without_its_key_is_unread(tmp_path: Path) -> None:
    assert ["policy in key.json"] == [item.what for item in read(tmp_path, "key.json", {"Policy": KEY}).unread]


ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/app"
INSTANCE = {
    "InstanceId": "i-1",
    "IamInstanceProfile": {"Arn": PROFILE},
    "Placement": {"AvailabilityZone": "eu-west-1a"},
    "Tags": [{"Key": "Name", "Value": "web"}],
}
CONTAINER = {
    "name": "c",
    "environment": [{"name": "A", "value": "x"}],
    "secrets": [{"name": "B", "valueFrom": SECRET_ARN}],
}


@pytest.mark.parametrize(
    ("answer", "arn", "service", "role"),
    [
        ({"Functions": [{"FunctionArn": FUNCTION_ARN, "Role": ROLE}]}, FUNCTION_ARN, "lambda", ROLE),
        ({"Reservations": [{"OwnerId": ACCOUNT, "Instances": [INSTANCE]}]},
         f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1", "ec2", PROFILE),
        ({"InstanceProfiles": [{"InstanceProfileId": "A", "Arn": PROFILE, "Roles": [{"Arn": ROLE}]}]},
         PROFILE, "iam", ROLE),
        ({"taskDefinition": {"taskDefinitionArn": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/t:1",
                             "taskRoleArn": ROLE, "containerDefinitions": [CONTAINER]}},
         f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/t:1", "ecs", ROLE),
        ({"projects": [{"arn": f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/p", "serviceRole": ROLE}]},
         f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/p", "codebuild", ROLE),
    ],
)  # fmt: skip
def test_workloads_run_as_roles(tmp_path: Path, answer: Any, arn: str, service: str, role: str) -> None:
    graph = read(tmp_path, "x.json", answer)
    node = graph.node("aws:" + arn)
    assert node is not None
    assert (NodeKind.WORKLOAD, service) == (node.kind, node.properties["service"])
    assert ["aws:" + role] == [edge.target for edge in graph.edges_from(node.key, EdgeKind.RUNS_AS)]


def test_values_of_variables_are_not_kept(tmp_path: Path) -> None:
    variables = {"Variables": {"TOKEN": "not to be kept"}}
    entry = {"FunctionName": "f", "FunctionArn": FUNCTION_ARN, "Role": ROLE, "Environment": variables}
    node = read(tmp_path, "f.json", {"Functions": [entry]}).node("aws:" + FUNCTION_ARN)
    assert node is not None
    assert ["TOKEN"] == node.properties["variables"]
    assert "not to be kept" not in repr(node)


def test_secrets_and_parameters_are_stores(tmp_path: Path) -> None:
    secrets = read(tmp_path, "s.json", {"SecretList": [{"ARN": SECRET_ARN, "Name": "db"}, {"Name": "broken"}]})
    assert [(NodeKind.SECRET_STORE, "aws:" + SECRET_ARN)] == [(node.kind, node.key) for node in secrets.nodes()]
    assert ["secret broken"] == [item.what for item in secrets.unread]
    parameter = {"Name": "/db", "ARN": f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/db", "Type": "SecureString"}
    parameters = read(tmp_path, "p.json", {"Parameters": [{**parameter, "LastModifiedDate": "2026-01-01"}]})
    assert [NodeKind.SECRET_STORE] == [node.kind for node in parameters.nodes()]
    buckets = read(tmp_path, f"{ACCOUNT}.json", {"Buckets": [{"Name": "b", "CreationDate": "2026-01-01"}]})
    assert [("aws:arn:aws:s3:::b", f"aws:account:{ACCOUNT}")] == [(node.key, node.account) for node in buckets.nodes()]


def test_permission_sets_are_assigned_in_accounts(tmp_path: Path) -> None:
    arn = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
    entry = {"AccountId": ACCOUNT, "PermissionSetArn": arn, "PrincipalType": "USER", "PrincipalId": "u-1"}
    graph = read(tmp_path, "a.json", {"AccountAssignments": [entry]})
    assert [f"aws:{arn}@{ACCOUNT}"] == [edge.target for edge in edges(graph, EdgeKind.CAN_ASSUME)]


@pytest.mark.parametrize("key", ["Functions", "SecretList", "AccessKeyMetadata", "Buckets"])
def test_an_empty_list_is_read_as_empty(tmp_path: Path, key: str) -> None:
    graph = read(tmp_path, "x.json", {key: []})
    assert [] == [*graph.nodes(), *graph.unread]


def test_a_file_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    whole = json.dumps({"SecretList": [{"ARN": SECRET_ARN, "Name": "db"}, {"ARN": SECRET_ARN + "2", "Name": "e"}]})
    graph = read(tmp_path, "s.json", whole[:-20])
    assert ["aws:" + SECRET_ARN] == [node.key for node in graph.nodes()]
    assert ["SecretList"] == [item.what for item in graph.unread]


def test_entries_of_another_shape_are_said_and_passed_over(tmp_path: Path) -> None:
    entry = {"FunctionName": "f", "FunctionArn": FUNCTION_ARN, "Role": ROLE}
    graph = read(tmp_path, "f.json", {"Functions": [17, {"FunctionName": "x"}, {**entry, "Environment": "odd"}, entry]})
    assert 3 == len(graph.unread)
    assert ["aws:" + FUNCTION_ARN] == [node.key for node in graph.nodes()]
