# SPDX-License-Identifier: Apache-2.0
"""Blast radii: how far each kind of edge leads, what is unknown, and what the score makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.aws.authorization_details import AuthorizationDetails
from secrethunt.identity.blast import BlastRadii, BlastRadius
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Node, NodeKind
from secrethunt.identity.memory import LayeredGraph, MemoryGraph

ACCOUNT = "123456789012"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
LAMBDA = {"Service": "lambda.amazonaws.com"}
RIGHTS = {"permissions_known": True}


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def allow(action: Any, resource: Any = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def policies(name: str, *statements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}]


def account(folder: Path, *statements: dict[str, Any], roles: Iterable[dict[str, Any]] = ()) -> MemoryGraph:
    ci = {"Arn": arn("user", "ci"), "UserName": "ci", "UserPolicyList": policies("inline", *statements)}
    path = folder / "account.json"
    path.write_text(json.dumps({"UserDetailList": [ci], "RoleDetailList": list(roles)}))
    return MemoryGraph(AuthorizationDetails().read(str(path)))


def role(name: str, trust: dict[str, Any], *statements: dict[str, Any]) -> dict[str, Any]:
    document = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trust}]}
    return {
        "Arn": arn("role", name),
        "RoleName": name,
        "AssumeRolePolicyDocument": document,
        "RolePolicyList": policies("inline", *statements),
    }


def of_user(graph: MemoryGraph) -> BlastRadius:
    node = graph.node("aws:" + arn("user", "ci"))
    assert node is not None
    return BlastRadii(graph).of(node)


def credential(key: str, **properties: Any) -> Node:
    return Node(key, NodeKind.CREDENTIAL, "acme", key, "", properties)


def identity(key: str, **properties: Any) -> Node:
    return Node(key, NodeKind.IDENTITY, "acme", key, "", properties)


def vault(key: str, kind: NodeKind = NodeKind.SECRET_STORE, **properties: Any) -> Node:
    return Node(key, kind, "acme", key, "", properties)


def edge(source: str, target: str, kind: EdgeKind, access: Access | None = None, **more: Any) -> Edge:
    return Edge(source, target, kind, access=access, evidence=f"{source} to {target}", **more)


def radius(items: Iterable[Node | Edge], start: str = "key", hops: int = 4) -> BlastRadius:
    graph = MemoryGraph(items)
    node = graph.node(start)
    assert node is not None
    return BlastRadii(graph, hops=hops).of(node)


KEY: list[Node | Edge] = [credential("key"), identity("me", **RIGHTS), edge("key", "me", EdgeKind.AUTHENTICATES_AS)]
CROWN = Node("crown", NodeKind.RESOURCE, "acme", "crown", "", {"sensitivity": 1.0, "tier0": True})


# --- what AWS permissions come to -----------------------------------------------------------------------------------


def test_everything_is_critical(tmp_path: Path) -> None:
    found = of_user(account(tmp_path, ALL))
    assert ((95.0, 95.0), "critical") == (found.blast, found.band)


def test_everything_but_iam_is_high_or_critical(tmp_path: Path) -> None:
    found = of_user(account(tmp_path, ALL, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}))
    assert found.band in ("high", "critical")
    assert not [one for one in found.counted if one.reached.node.properties.get("tier0")]


def test_everything_with_all_but_reads_of_iam_denied_is_not_critical(tmp_path: Path) -> None:
    denied = {"Effect": "Deny", "NotAction": ["iam:Get*", "iam:List*"], "Resource": "*"}
    assert of_user(account(tmp_path, ALL, denied)).band in ("low", "medium")


@pytest.mark.parametrize("action", ["iam:PassRole", "sts:AssumeRole"])
def test_what_leads_to_roles_reaches_nothing_without_one(tmp_path: Path, action: str) -> None:
    found = of_user(account(tmp_path, allow(action)))
    assert ((0.0, 0.0), ()) == (found.blast, found.counted)


@pytest.mark.parametrize("actions", [["s3:ListAllMyBuckets"], ["cloudwatch:PutMetricData"], ["ec2:DescribeInstances"]])
def test_harmless_rights_are_low_or_less(tmp_path: Path, actions: list[str]) -> None:
    assert of_user(account(tmp_path, allow(actions))).band in ("low", "info")


def test_a_way_to_an_administrator_is_critical(tmp_path: Path) -> None:
    built = allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])
    found = of_user(account(tmp_path, built, roles=[role("admin", LAMBDA, ALL)]))
    assert "critical" == found.band
    assert ["admin", f"everything in account {ACCOUNT}"] == [step.node.name for step in found.counted[0].reached.way]


def test_reading_all_secrets_is_at_least_medium_and_what_they_unlock_is_unknown(tmp_path: Path) -> None:
    found = of_user(account(tmp_path, allow("secretsmanager:GetSecretValue")))
    assert 35 < found.blast[0] < found.blast[1]
    assert "import a listing" in found.unknown[0].detail


# --- what edges mean ------------------------------------------------------------------------------------------------


def test_a_duplicate_leads_to_the_identity_whichever_way_it_was_noted() -> None:
    for ends in (("key", "other"), ("other", "key")):
        items: list[Node | Edge] = [credential("key"), credential("other"), identity("me", **RIGHTS), CROWN]
        items += [edge(*ends, EdgeKind.DUPLICATE_OF), edge("other", "me", EdgeKind.AUTHENTICATES_AS)]
        found = radius([*items, edge("me", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN)])
        assert (["me"], "critical") == ([item.node.key for item in found.identities], found.band)


def test_the_best_of_two_ways_counts() -> None:
    slow: list[Node | Edge] = [edge("me", "one", EdgeKind.CAN_ASSUME), identity("one", **RIGHTS)]
    doubtful = edge("me", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN, status=EdgeStatus.CONDITIONAL)
    found = radius([*KEY, CROWN, *slow, doubtful, edge("one", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN)])
    assert [0.95 * 0.95] == [pytest.approx(one.reached.reach) for one in found.counted]


def test_a_longer_better_way_does_not_hide_a_shorter_one_that_fits_the_limit() -> None:
    chain: list[Node | Edge] = [identity(name, **RIGHTS) for name in "abcd"]
    good = [edge(source, target, EdgeKind.CAN_ASSUME) for source, target in (("me", "a"), ("a", "b"), ("b", "c"))]
    short = edge("me", "c", EdgeKind.CAN_ASSUME, status=EdgeStatus.CONDITIONAL)
    end = [edge("c", "d", EdgeKind.CAN_ASSUME), edge("d", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN)]
    items: list[Node | Edge] = [*KEY, CROWN, *chain, *good, short, *end]
    assert 4 == len(radius(items, hops=2).counted[0].reached.way)
    assert 6 == len(radius(items, hops=4).counted[0].reached.way)


def test_hops_are_counted_by_changes_of_identity() -> None:
    chain: list[Node | Edge] = [identity(name, **RIGHTS) for name in "abcde"]
    steps = [edge(source, target, EdgeKind.CAN_ASSUME) for source, target in zip(["me", *"abcd"], "abcde", strict=True)]
    items: list[Node | Edge] = [*KEY, CROWN, *chain, *steps, edge("e", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN)]
    assert (0, 1) == (len(radius(items, hops=4).counted), len(radius(items, hops=5).counted))


def test_a_blocked_edge_is_shown_and_not_followed() -> None:
    blocked = edge("me", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN, status=EdgeStatus.BLOCKED, detail="deny#1")
    found = radius([*KEY, CROWN, blocked])
    assert ((0.0, 0.0), (blocked,)) == (found.blast, found.blocked)


def test_a_stored_credential_of_another_provider_leads_on() -> None:
    other = [credential("db-password"), identity("db-admin", **RIGHTS), CROWN, vault("vault")]
    ties = [edge("vault", "db-password", EdgeKind.STORES), edge("db-password", "db-admin", EdgeKind.AUTHENTICATES_AS)]
    end = edge("db-admin", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN)
    reads = edge("me", "vault", EdgeKind.CAN_ACCESS, Access.SECRET_READ)
    lists = edge("me", "vault", EdgeKind.CAN_ACCESS, Access.LIST)
    assert "critical" == radius([*KEY, *other, *ties, end, reads]).band
    assert "info" == radius([*KEY, *other, *ties, end, lists]).band


def test_only_who_changes_a_machine_acts_as_what_it_runs_as() -> None:
    machine: list[Node | Edge] = [vault("vm", NodeKind.WORKLOAD), identity("root", **RIGHTS), CROWN]
    machine.append(edge("vm", "root", EdgeKind.RUNS_AS))
    end = edge("root", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN)
    for access, reached in ((Access.READ, {"vm"}), (Access.WRITE, {"vm", "crown"})):
        found = radius([*KEY, *machine, end, edge("me", "vm", EdgeKind.CAN_ACCESS, access)])
        assert reached == {one.reached.node.key for one in found.counted}


def test_group_rights_are_ones_own() -> None:
    group = Node("group", NodeKind.GROUP, "acme", "group", "", RIGHTS)
    items: list[Node | Edge] = [*KEY, CROWN, group, edge("me", "group", EdgeKind.MEMBER_OF)]
    assert "critical" == radius([*items, edge("group", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN)]).band


def test_a_cycle_ends() -> None:
    items: list[Node | Edge] = [
        *KEY,
        identity("b", **RIGHTS),
        edge("me", "b", EdgeKind.CAN_ASSUME),
        edge("b", "me", EdgeKind.CAN_ASSUME),
    ]
    assert ((0.0, 0.0), ["b", "me"]) == (radius(items).blast, sorted(item.node.key for item in radius(items).held))


# --- what is unknown ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["webhook", "bot", "iam-user", "something-new"])
def test_a_secret_that_nobody_knows_is_never_low(kind: str) -> None:
    found = radius([credential("key", type=kind)])
    assert 0.0 == found.blast[0]
    assert found.band in ("medium", "high", "critical")
    assert found.risk_band in ("medium", "high", "critical")
    assert "import" in found.unknown[0].detail


def test_an_identity_whose_rights_nobody_imported_is_never_low() -> None:
    found = radius([credential("key"), identity("me"), edge("key", "me", EdgeKind.AUTHENTICATES_AS)])
    assert (0.0, True) == (found.blast[0], found.blast[1] >= 35)


def test_two_unknown_copies_of_one_secret_stay_unknown() -> None:
    found = radius([credential("key"), credential("other"), edge("key", "other", EdgeKind.DUPLICATE_OF)])
    assert found.unknown
    assert found.band != "low"


def test_an_unknown_edge_counts_nothing_for_the_lower_end() -> None:
    unknown = edge("me", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN, status=EdgeStatus.UNKNOWN, detail="import it")
    found = radius([*KEY, CROWN, unknown])
    assert (0.0, 50.0) == found.blast
    assert ["crown"] == [one.reached.node.key for one in found.assumed]


# --- the score ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "risk"),
    [
        ({"verdict": "active", "exposure": "public"}, (95.0, 95.0)),
        ({"verdict": "active", "exposure": "private"}, (47.5, 47.5)),
        ({"verdict": "active", "exposure": "public", "constraint": "mfa"}, (38.0, 38.0)),
        ({"exposure": "internal"}, (39.9, 39.9)),
        ({"verdict": "inactive"}, (0.0, 0.0)),
        ({"expires": "2020-01-01T00:00:00Z", "exposure": "public"}, (4.8, 4.8)),
        ({"status": "Active", "exposure": "public"}, (57.0, 57.0)),
    ],
)
def test_risk_hangs_on_validity_constraint_and_exposure(properties: dict[str, Any], risk: tuple[float, float]) -> None:
    items: list[Node | Edge] = [credential("key", **properties), identity("me", **RIGHTS), CROWN]
    items += [edge("key", "me", EdgeKind.AUTHENTICATES_AS), edge("me", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN)]
    assert pytest.approx(risk, abs=0.06) == radius(items).risk
    assert "critical" == radius(items).band


def test_listing_a_thousand_things_is_no_disaster() -> None:
    things = [vault(f"r{number}", NodeKind.RESOURCE, sensitivity=0.5) for number in range(1000)]
    lists = [edge("me", thing.key, EdgeKind.CAN_ACCESS, Access.LIST) for thing in things]
    assert "info" == radius([*KEY, *things, *lists]).band


def test_a_whole_service_counts_no_less_than_its_parts() -> None:
    things = [vault(f"r{number}", NodeKind.RESOURCE, sensitivity=0.8) for number in range(6)]
    parts = radius([*KEY, *things, *(edge("me", thing.key, EdgeKind.CAN_ACCESS, Access.WRITE) for thing in things)])
    whole = vault("acme:any:store@1", NodeKind.RESOURCE, sensitivity=0.8)
    assert radius([*KEY, whole, edge("me", whole.key, EdgeKind.CAN_ACCESS, Access.WRITE)]).blast >= parts.blast


def test_one_thing_counts_as_the_formula_says() -> None:
    thing = vault("r", NodeKind.RESOURCE, sensitivity=0.8)
    found = radius([*KEY, thing, edge("me", "r", EdgeKind.CAN_ACCESS, Access.WRITE)])
    assert round(100 * 0.95 * 0.8 * 0.7 * 0.35, 1) == found.blast[0]


def test_the_remedy_names_the_edge_whose_removal_leaves_least() -> None:
    thing = vault("r", NodeKind.RESOURCE, sensitivity=0.8)
    items: list[Node | Edge] = [*KEY, CROWN, thing, edge("me", "r", EdgeKind.CAN_ACCESS, Access.WRITE)]
    found = radius([*items, edge("me", "crown", EdgeKind.CAN_ACCESS, Access.ADMIN)])
    assert ("crown", (18.6, 18.6)) == (found.remedies[0].edge.target, found.remedies[0].left)


def test_two_graphs_are_read_as_one() -> None:
    upper, lower = (
        MemoryGraph([credential("key", verdict="active")]),
        MemoryGraph([credential("key", type="bot"), CROWN]),
    )
    lower.add([edge("key", "crown", EdgeKind.CAN_ACCESS, Access.READ)])
    graph = LayeredGraph(upper, lower)
    node = graph.node("key")
    assert node is not None
    assert {"verdict": "active", "type": "bot"} == dict(node.properties)
    assert ["crown", "key"] == [item.key for item in graph.nodes()]
    assert ["crown"] == [item.target for item in graph.edges_from("key")]
