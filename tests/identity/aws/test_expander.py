# SPDX-License-Identifier: Apache-2.0
"""What AWS permissions come to, from an exported account to edges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.aws.authorization_details import AuthorizationDetails
from secrethunt.identity.aws.escalation import catalogue
from secrethunt.identity.aws.expander import AwsExpander
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus
from tests.identity.memory_graph import MemoryGraph

ACCOUNT = "123456789012"
ADMIN = f"aws:any:*@{ACCOUNT}"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def user(name: str, *statements: dict[str, Any], **fields: Any) -> dict[str, Any]:
    inline = [{"PolicyName": "inline", "PolicyDocument": document(*statements)}] if statements else []
    return {"Arn": arn("user", name), "UserName": name, "UserId": "AIDA" + name, "UserPolicyList": inline, **fields}


def role(name: str, trust: dict[str, Any], *statements: dict[str, Any]) -> dict[str, Any]:
    return {
        "Arn": arn("role", name),
        "RoleName": name,
        "AssumeRolePolicyDocument": document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trust}),
        "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": document(*statements)}] if statements else [],
    }


def edges_of(folder: Path, name: str, **lists: list[dict[str, Any]]) -> list[Edge]:
    """Edges of the user *name* in an account with these lists."""
    path = folder / "account.json"
    path.write_text(json.dumps(lists))
    importer = AuthorizationDetails()
    assert importer.recognises(path.read_bytes()[:65536], path.name)
    graph = MemoryGraph(importer.read(str(path)))
    assert [] == graph.unread
    node = graph.node("aws:" + arn("user", name))
    assert node is not None
    return list(AwsExpander().expand(node, graph))


def alone(folder: Path, *statements: dict[str, Any], **fields: Any) -> list[Edge]:
    return edges_of(folder, "ci", UserDetailList=[user("ci", *statements, **fields)])


def strongest(edges: list[Edge], target: str = "") -> Access | None:
    return max((edge.access for edge in edges if edge.access is not None and target in edge.target), default=None)


def test_everything_is_everything(tmp_path: Path) -> None:
    [edge] = alone(tmp_path, ALL)
    assert (edge.target, edge.access, edge.evidence) == (ADMIN, Access.ADMIN, "inline#1")


def test_everything_but_iam_is_no_admin_of_iam_and_still_a_lot(tmp_path: Path) -> None:
    edges = alone(tmp_path, ALL, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"})
    assert not [edge for edge in edges if edge.target in (ADMIN, f"aws:any:iam@{ACCOUNT}")]
    assert strongest(edges, "any:secretsmanager@") is Access.ADMIN
    assert len({edge.target for edge in edges}) > 300


def test_everything_with_all_but_reads_of_iam_denied_is_reads_of_iam(tmp_path: Path) -> None:
    edges = alone(tmp_path, ALL, {"Effect": "Deny", "NotAction": ["iam:Get*", "iam:List*"], "Resource": "*"})
    assert {f"aws:any:iam@{ACCOUNT}"} == {edge.target for edge in edges}
    assert strongest(edges) is Access.READ


def test_reading_secrets_counts_as_that(tmp_path: Path) -> None:
    edges = alone(tmp_path, allow("secretsmanager:GetSecretValue"))
    assert [(f"aws:any:secretsmanager@{ACCOUNT}", Access.SECRET_READ)] == [(edge.target, edge.access) for edge in edges]


@pytest.mark.parametrize("action", ["sts:AssumeRole", "iam:PassRole"])
def test_what_leads_to_roles_reaches_nothing_without_one(tmp_path: Path, action: str) -> None:
    assert [] == alone(tmp_path, allow(action))


def test_a_new_version_of_a_policy_that_is_not_attached_is_no_escalation(tmp_path: Path) -> None:
    unattached = {"Arn": arn("policy", "other"), "PolicyName": "other", "PolicyVersionList": []}
    statements = allow("iam:CreatePolicyVersion", arn("policy", "other"))
    edges = edges_of(tmp_path, "ci", UserDetailList=[user("ci", statements)], Policies=[readable(unattached)])
    assert EdgeKind.CAN_CHANGE_POLICY_OF not in {edge.kind for edge in edges}
    assert (strongest(edges) or Access.LIST) < Access.ADMIN


def readable(policy: dict[str, Any]) -> dict[str, Any]:
    version = {"IsDefaultVersion": True, "VersionId": "v1", "Document": document(allow("s3:ListAllMyBuckets"))}
    return {**policy, "PolicyVersionList": [version]}


def test_a_new_version_of_ones_own_policy_is_one(tmp_path: Path) -> None:
    own = readable({"Arn": arn("policy", "own"), "PolicyName": "own"})
    ci = user("ci", allow("iam:CreatePolicyVersion"), AttachedManagedPolicies=[{"PolicyArn": own["Arn"]}])
    edges = edges_of(tmp_path, "ci", UserDetailList=[ci], Policies=[own])
    assert (ADMIN, Access.ADMIN, EdgeStatus.CONFIRMED) in {(edge.target, edge.access, edge.status) for edge in edges}


def test_a_boundary_keeps_ones_own_policies_from_mattering(tmp_path: Path) -> None:
    own = readable({"Arn": arn("policy", "own"), "PolicyName": "own"})
    bound = {"Arn": arn("policy", "bound"), "PolicyName": "bound"}
    bound["PolicyVersionList"] = [{"IsDefaultVersion": True, "Document": document(allow(["iam:*", "s3:*"]))}]  # type: ignore[assignment]  # as exported
    ci = user(
        "ci",
        allow("iam:CreatePolicyVersion"),
        AttachedManagedPolicies=[{"PolicyArn": own["Arn"]}],
        PermissionsBoundary={"PermissionsBoundaryArn": bound["Arn"]},
    )
    edges = edges_of(tmp_path, "ci", UserDetailList=[ci], Policies=[own, bound])
    assert ADMIN not in {edge.target for edge in edges}


LAMBDA = {"Service": "lambda.amazonaws.com"}


def test_passing_a_trusted_admin_role_to_a_function_is_a_path_to_it(tmp_path: Path) -> None:
    ci = user("ci", allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]))
    edges = edges_of(tmp_path, "ci", UserDetailList=[ci], RoleDetailList=[role("admin", LAMBDA, ALL)])
    passed = [edge for edge in edges if edge.kind is EdgeKind.CAN_PASS_TO]
    assert [("aws:" + arn("role", "admin"), EdgeStatus.CONFIRMED)] == [(edge.target, edge.status) for edge in passed]


@pytest.mark.parametrize(
    ("statements", "trust"),
    [
        ([allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])], {"Service": "ec2.amazonaws.com"}),
        ([allow(["iam:PassRole", "lambda:CreateFunction"])], LAMBDA),
        ([allow("iam:PassRole", arn("role", "other")), allow(["lambda:CreateFunction", "lambda:InvokeFunction"])],
         LAMBDA),
        ([allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
          allow(["lambda:CreateFunction", "lambda:InvokeFunction"])], LAMBDA),
    ],
)  # fmt: skip
def test_a_path_that_lacks_something_is_none(tmp_path: Path, statements: list[Any], trust: dict[str, Any]) -> None:
    roles = [role("admin", trust, ALL)]
    edges = edges_of(tmp_path, "ci", UserDetailList=[user("ci", *statements)], RoleDetailList=roles)
    assert EdgeKind.CAN_PASS_TO not in {edge.kind for edge in edges}


def test_roles_are_taken_where_both_sides_allow(tmp_path: Path) -> None:
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    roles = [role("open", root), role("direct", {"AWS": arn("user", "ci")}), role("foreign", {"AWS": "210987654321"})]
    lists = {"RoleDetailList": roles}
    without = edges_of(tmp_path, "ci", UserDetailList=[user("ci", allow("s3:ListAllMyBuckets"))], **lists)
    assert ["direct"] == [edge.target.rpartition("/")[2] for edge in without if edge.kind is EdgeKind.CAN_ASSUME]
    with_it = edges_of(tmp_path, "ci", UserDetailList=[user("ci", allow("sts:AssumeRole"))], **lists)
    assert ["direct", "open"] == [edge.target.rpartition("/")[2] for edge in with_it]


def test_keys_for_other_users_can_be_made(tmp_path: Path) -> None:
    users = [user("ci", allow("iam:CreateAccessKey", arn("user", "b*"))), user("ann"), user("bob")]
    edges = edges_of(tmp_path, "ci", UserDetailList=users)
    minted = [edge.target for edge in edges if edge.kind is EdgeKind.CAN_MINT_KEY_FOR]
    assert ["aws:" + arn("user", "bob")] == minted


def test_permissions_come_from_groups_too(tmp_path: Path) -> None:
    group = {"Arn": arn("group", "ops"), "GroupName": "ops",
             "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": document(ALL)}]}  # fmt: skip
    edges = edges_of(tmp_path, "ci", UserDetailList=[user("ci", GroupList=["ops"])], GroupDetailList=[group])
    assert [ADMIN] == [edge.target for edge in edges]


def test_an_mfa_condition_is_known_to_fail_for_a_leaked_key(tmp_path: Path) -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert [] == alone(tmp_path, allow("s3:*", Condition=mfa))


def test_a_source_address_is_a_condition(tmp_path: Path) -> None:
    edges = alone(tmp_path, allow("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
    assert {EdgeStatus.CONDITIONAL} == {edge.status for edge in edges}
    assert "aws:sourceip" in edges[0].detail


def test_an_action_gives_nothing_on_what_it_does_not_work_on(tmp_path: Path) -> None:
    assert [] == alone(tmp_path, allow("s3:GetObject", "arn:aws:s3:::reports"))
    assert [] != alone(tmp_path, allow("s3:GetObject", "arn:aws:s3:::reports/*"))


def test_the_catalogue_names_what_each_path_needs_and_where_that_is_written() -> None:
    assert len(catalogue()) >= 60
    assert all(path.needs and path.reference.startswith("https://docs.aws.amazon.com/") for path in catalogue())
