# SPDX-License-Identifier: Apache-2.0
"""What AWS permissions come to, from an exported account to edges."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.aws.authorization_details import AuthorizationDetails
from secrethunt.identity.aws.escalation import catalogue
from secrethunt.identity.aws.expander import AwsExpander
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Node, NodeKind
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


def graph_of(folder: Path, *more: Node | Edge, **lists: list[dict[str, Any]]) -> MemoryGraph:
    path = folder / "account.json"
    path.write_text(json.dumps(lists))
    graph = MemoryGraph(AuthorizationDetails().read(str(path)))
    graph.add(more)
    return graph


def of(graph: MemoryGraph, key: str) -> list[Edge]:
    node = graph.node(key)
    assert node is not None
    return list(AwsExpander().expand(node, graph))


def test_another_accounts_role_is_taken_where_both_sides_allow(tmp_path: Path) -> None:
    theirs = role("partner", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ALL)
    theirs["Arn"] = "arn:aws:iam::210987654321:role/partner"
    external = {"StringEquals": {"sts:ExternalId": "17"}}
    theirs["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = external
    [edge] = edges_of(tmp_path, "ci", UserDetailList=[user("ci", allow("sts:AssumeRole"))], RoleDetailList=[theirs])
    assert (EdgeStatus.CONDITIONAL, "sts:externalid stringequals 17") == (edge.status, edge.detail)
    assert [] == edges_of(tmp_path, "ci", UserDetailList=[user("ci")], RoleDetailList=[theirs])


def test_a_denied_assumption_is_none_even_where_the_role_names_the_user(tmp_path: Path) -> None:
    denied = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}
    roles = [role("direct", {"AWS": arn("user", "ci")}, ALL)]
    assert [] == edges_of(tmp_path, "ci", UserDetailList=[user("ci", denied)], RoleDetailList=roles)


def resource(name: str, document_of: dict[str, Any] | None = None, account: str = ACCOUNT) -> Node:
    properties = {"document": document_of} if document_of else {}
    return Node(f"aws:arn:aws:s3:::{name}", NodeKind.RESOURCE, "aws", name, f"aws:account:{account}", properties)


def test_a_buckets_policy_gives_what_no_policy_of_the_user_does(tmp_path: Path) -> None:
    given = document(allow("s3:GetObject", "arn:aws:s3:::b/*", Principal={"AWS": arn("user", "ci")}))
    trusts = Edge("aws:arn:aws:s3:::b", "aws:" + arn("user", "ci"), EdgeKind.TRUSTS)
    for account, status in ((ACCOUNT, [EdgeStatus.CONFIRMED]), ("210987654321", [])):
        graph = graph_of(tmp_path, resource("b", given, account), trusts, UserDetailList=[user("ci")])
        edges = of(graph, "aws:" + arn("user", "ci"))
        assert status == [edge.status for edge in edges]
        assert all((edge.access, edge.actions) == (Access.READ, ("s3:GetObject",)) for edge in edges)


def test_what_is_public_is_not_what_a_key_reaches(tmp_path: Path) -> None:
    public = document(allow("s3:GetObject", "arn:aws:s3:::b/*", Principal="*"))
    trusts = Edge("aws:arn:aws:s3:::b", "aws:any:principal", EdgeKind.TRUSTS)
    graph = graph_of(tmp_path, resource("b", public), trusts, UserDetailList=[user("ci")])
    assert [] == of(graph, "aws:" + arn("user", "ci"))


def test_a_stored_resource_that_is_denied_is_left_out(tmp_path: Path) -> None:
    denied = {"Effect": "Deny", "Action": "s3:*", "Resource": ["arn:aws:s3:::hr", "arn:aws:s3:::hr/*"]}
    closed = document({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::own/*"})
    buckets = [resource("hr"), resource("reports"), resource("own", closed)]
    graph = graph_of(tmp_path, *buckets, UserDetailList=[user("ci", allow("s3:GetObject"), denied)])
    targets = [edge.target for edge in of(graph, "aws:" + arn("user", "ci"))]
    assert [f"aws:any:s3@{ACCOUNT}", "aws:arn:aws:s3:::reports"] == targets


def test_what_was_not_imported_is_unknown_never_nothing(tmp_path: Path) -> None:
    attached = [{"PolicyArn": "arn:aws:iam::aws:policy/Something", "PolicyName": "Something"}]
    ci = user("ci", AttachedManagedPolicies=attached, GroupList=["lost"])
    edges = edges_of(tmp_path, "ci", UserDetailList=[ci])
    assert [EdgeStatus.UNKNOWN] * 2 == [edge.status for edge in edges]
    assert "arn:aws:iam::aws:policy/Something counts for it" in edges[1].detail
    bounded = user("ci", ALL, PermissionsBoundary={"PermissionsBoundaryArn": arn("policy", "lost")})
    [edge] = edges_of(tmp_path, "ci", UserDetailList=[bounded])
    assert EdgeStatus.CONDITIONAL is edge.status


def test_a_key_that_names_the_user_without_its_path_leads_to_the_user(tmp_path: Path) -> None:
    ci = user("ci", ALL)
    ci["Arn"] = arn("user", "team/ci")
    graph = graph_of(tmp_path, UserDetailList=[ci])
    [edge] = of(graph, "aws:" + arn("user", "ci"))
    assert ("aws:" + arn("user", "ci"), ADMIN) == (edge.source, edge.target)


def test_tags_decide_conditions_on_them(tmp_path: Path) -> None:
    by_tag = allow("s3:GetObject", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    for tags, count in (([{"Key": "team", "Value": "red"}], 1), ([{"Key": "team", "Value": "blue"}], 0), ([], 0)):
        edges = edges_of(tmp_path, "ci", UserDetailList=[user("ci", by_tag, Tags=tags)])
        assert [EdgeStatus.CONFIRMED] * count == [edge.status for edge in edges]
    # Whoever takes a role may bring tags where its trust policy says so.
    free = role("app", {"AWS": ACCOUNT}, by_tag)
    free["AssumeRolePolicyDocument"]["Statement"][0]["Action"] = ["sts:AssumeRole", "sts:TagSession"]
    graph = graph_of(tmp_path, RoleDetailList=[free])
    assert [EdgeStatus.CONDITIONAL] == [edge.status for edge in of(graph, "aws:" + arn("role", "app"))]


def test_a_tag_on_the_role_decides_whether_it_can_be_passed(tmp_path: Path) -> None:
    tagged = allow("iam:PassRole", Condition={"StringEquals": {"iam:ResourceTag/env": "dev"}})
    ci = user("ci", tagged, allow(["lambda:CreateFunction", "lambda:InvokeFunction"]))
    roles = [role("dev", LAMBDA, ALL), role("live", LAMBDA, ALL)]
    roles[0]["Tags"] = [{"Key": "env", "Value": "dev"}]
    roles[1]["Tags"] = [{"Key": "env", "Value": "live"}]
    edges = edges_of(tmp_path, "ci", UserDetailList=[ci], RoleDetailList=roles)
    assert ["aws:" + arn("role", "dev")] == [edge.target for edge in edges if edge.kind is EdgeKind.CAN_PASS_TO]


def test_an_attachment_that_is_held_to_one_policy_or_a_boundary_is_no_way_to_everything(tmp_path: Path) -> None:
    held = allow("iam:AttachUserPolicy", Condition={"ArnEquals": {"iam:PolicyARN": arn("policy", "readers")}})
    assert ADMIN not in {edge.target for edge in alone(tmp_path, held)}
    bound = {"StringEquals": {"iam:PermissionsBoundary": arn("policy", "bound")}}
    delegated = allow(["iam:CreateRole", "iam:AttachRolePolicy"], Condition=bound)
    assert ADMIN not in {edge.target for edge in alone(tmp_path, delegated)}
    assert ADMIN in {edge.target for edge in alone(tmp_path, allow(["iam:CreateRole", "iam:AttachRolePolicy"]))}


def test_retrusting_and_widening_any_role_is_a_way_to_everything(tmp_path: Path) -> None:
    rights = allow(["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy"])
    roles = [role("small", LAMBDA)]
    edges = edges_of(tmp_path, "ci", UserDetailList=[user("ci", rights)], RoleDetailList=roles)
    assert ADMIN in {edge.target for edge in edges}
    linked = role("linked", LAMBDA)
    linked["Arn"] = arn("role", "aws-service-role/lambda.amazonaws.com/linked")
    edges = edges_of(tmp_path, "ci", UserDetailList=[user("ci", rights)], RoleDetailList=[linked])
    assert {ADMIN, "aws:" + linked["Arn"]}.isdisjoint(edge.target for edge in edges)


def test_a_role_without_an_instance_profile_is_not_launched(tmp_path: Path) -> None:
    ci = user("ci", allow(["iam:PassRole", "ec2:RunInstances"]))
    for profiles, count in (([], 0), ([{"Arn": arn("instance-profile", "p"), "InstanceProfileName": "p"}], 1)):
        trusted = {**role("web", {"Service": "ec2.amazonaws.com"}), "InstanceProfileList": profiles}
        edges = edges_of(tmp_path, "ci", UserDetailList=[ci], RoleDetailList=[trusted])
        assert count == len([edge for edge in edges if edge.kind is EdgeKind.CAN_PASS_TO])


def test_running_machines_that_nobody_imported_are_a_potential_way_to_their_roles(tmp_path: Path) -> None:
    ci = user("ci", allow("ssm:SendCommand"))
    roles = [role("web", {"Service": "ec2.amazonaws.com"}, ALL)]
    found = edges_of(tmp_path, "ci", UserDetailList=[ci], RoleDetailList=roles)
    taken = [edge for edge in found if edge.kind is EdgeKind.CAN_ASSUME]
    assert [("aws:" + arn("role", "web"), EdgeStatus.POTENTIAL)] == [(edge.target, edge.status) for edge in taken]


def test_the_root_user_is_everything(tmp_path: Path) -> None:
    root = Node(f"aws:arn:aws:iam::{ACCOUNT}:root", NodeKind.IDENTITY, "aws", "root", f"aws:account:{ACCOUNT}")
    assert [(ADMIN, EdgeStatus.CONFIRMED)] == [(e.target, e.status) for e in of(graph_of(tmp_path, root), root.key)]


def test_a_permission_set_is_the_role_that_was_made_of_it(tmp_path: Path) -> None:
    made = role("AWSReservedSSO_Admins_0123456789abcdef", {"Federated": "x"}, ALL)
    name = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
    about = {"permission_set": name}
    described = Node("aws:" + name, NodeKind.ROLE, "aws", "Admins", "", about)
    assigned = Node(f"aws:{name}@{ACCOUNT}", NodeKind.ROLE, "aws", "x", f"aws:account:{ACCOUNT}", about)
    graph = graph_of(tmp_path, described, assigned, RoleDetailList=[made])
    assert ["aws:" + made["Arn"]] == [edge.target for edge in of(graph, assigned.key)]


def test_an_administrator_with_one_deny_is_expanded_fast(tmp_path: Path) -> None:
    edges = alone(tmp_path, ALL, {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"})
    started = time.process_time()
    assert edges == alone(tmp_path, ALL, {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"})
    assert time.process_time() - started < 2
    assert ADMIN in {edge.target for edge in edges}
