# SPDX-License-Identifier: Apache-2.0
"""What policies of Google Cloud come to, from exports to edges."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus
from secrethunt.identity.gcp.accounts import ServiceAccountKeys, ServiceAccounts
from secrethunt.identity.gcp.escalation import Escalation, catalogue
from secrethunt.identity.gcp.expander import GcpExpander
from secrethunt.identity.gcp.exports import Assets, FoundPolicies
from secrethunt.identity.gcp.hierarchy import DenyPolicies, Groups, Hierarchy
from secrethunt.identity.gcp.roles import Roles
from tests.identity.memory_graph import MemoryGraph

ORG, FOLDER, NUMBER, PROJECT = "organizations/1", "folders/2", "projects/333", "acme-prod"
CI = f"ci@{PROJECT}.iam.gserviceaccount.com"
ADMIN = f"admin@{PROJECT}.iam.gserviceaccount.com"
CRM = "//cloudresourcemanager.googleapis.com/"
EVERYTHING = f"gcp:any:*@projects/{PROJECT}"


def binding(role: str, *members: str, condition: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"role": role, "members": list(members or [f"serviceAccount:{CI}"])}
    return {**found, "condition": {"expression": condition}} if condition else found


def policy(resource: str, *bindings: dict[str, Any]) -> dict[str, Any]:
    above = {"folders": [FOLDER], "organization": ORG}
    if resource.startswith((CRM + "folders", CRM + "organizations")):
        above = {"organization": ORG}
    else:
        above["project"] = NUMBER
    return {"resource": resource, "policy": {"bindings": list(bindings)}, **above}


def on_project(*bindings: dict[str, Any]) -> dict[str, Any]:
    return policy(f"{CRM}projects/{PROJECT}", *bindings)


def custom(*permissions: str) -> dict[str, Any]:
    name = f"projects/{PROJECT}/roles/own"
    return {"name": name, "title": "own", "stage": "GA", "includedPermissions": list(permissions)}


OWN = f"projects/{PROJECT}/roles/own"
ACCOUNTS = [
    {
        "email": email,
        "projectId": PROJECT,
        "uniqueId": str(1000 + number),
        "name": f"projects/-/serviceAccounts/{email}",
    }
    for number, email in enumerate((CI, ADMIN))
]


def read(folder: Path, importer: Any, value: Any, graph: MemoryGraph) -> None:
    path = folder / f"{type(importer).__name__}.json"
    lines = isinstance(importer, Assets)
    path.write_text("".join(json.dumps(item) + "\n" for item in value) if lines else json.dumps(value, indent=1))
    assert importer.recognises(path.read_bytes()[:65536], path.name)
    graph.add(importer.read(str(path)))


def graph_of(folder: Path, policies: Sequence[Any], **more: Any) -> MemoryGraph:
    graph = MemoryGraph()
    read(folder, FoundPolicies(), list(policies), graph)
    read(folder, ServiceAccounts(), more.get("accounts", ACCOUNTS), graph)
    for name, importer in (("roles", Roles()), ("deny", DenyPolicies()), ("assets", Assets()), ("groups", Groups())):
        if name in more:
            read(folder, importer, more[name], graph)
    return graph


def edges(graph: MemoryGraph, email: str = CI) -> list[Edge]:
    node = graph.node(f"gcp:service-account:{email}")
    assert node is not None
    return list(GcpExpander().expand(node, graph))


def reached(found: list[Edge]) -> dict[str, tuple[Access | None, EdgeStatus]]:
    return {edge.target: (edge.access, edge.status) for edge in found if edge.kind is EdgeKind.CAN_ACCESS}


def with_rights(folder: Path, *permissions: str, **more: Any) -> list[Edge]:
    return edges(graph_of(folder, [on_project(binding(OWN))], roles=[custom(*permissions)], **more))


@pytest.mark.parametrize("where", [f"projects/{PROJECT}", FOLDER, ORG])
def test_a_grant_holds_on_all_that_is_below(tmp_path: Path, where: str) -> None:
    bucket = "//storage.googleapis.com/reports"
    policies = [on_project(), policy(CRM + where, binding("roles/iam.serviceAccountTokenCreator")), policy(bucket)]
    found = edges(graph_of(tmp_path, policies))
    taken = {edge.target for edge in found if edge.kind is EdgeKind.CAN_ASSUME}
    assert {f"gcp:service-account:{ADMIN}"} == taken


def test_a_grant_on_one_project_says_nothing_of_another(tmp_path: Path) -> None:
    other = "svc@other.iam.gserviceaccount.com"
    accounts = [*ACCOUNTS, {"email": other, "projectId": "other", "uniqueId": "9"}]
    policies = [on_project(binding("roles/iam.serviceAccountTokenCreator"))]
    found = edges(graph_of(tmp_path, policies, accounts=accounts))
    assert f"gcp:service-account:{other}" not in {edge.target for edge in found}


def test_an_owner_is_admin_of_the_project_and_of_its_accounts(tmp_path: Path) -> None:
    found = edges(graph_of(tmp_path, [on_project(binding("roles/owner"))]))
    assert (Access.ADMIN, EdgeStatus.CONFIRMED) == reached(found)[EVERYTHING]
    assert f"gcp:service-account:{ADMIN}" in {edge.target for edge in found}


def test_a_viewer_reads_and_takes_nothing(tmp_path: Path) -> None:
    found = edges(graph_of(tmp_path, [on_project(binding("roles/viewer"))]))
    assert {EdgeKind.CAN_ACCESS} == {edge.kind for edge in found}
    assert Access.READ == reached(found)[f"gcp:any:compute@projects/{PROJECT}"][0]
    assert EVERYTHING not in reached(found)


def test_groups_of_groups_and_everybody_count(tmp_path: Path) -> None:
    groups = [
        {"name": "groups/g1", "groupKey": {"id": "inner@acme.example"}},
        {"name": "groups/g2", "groupKey": {"id": "outer@acme.example"}},
        {"name": "groups/g1/memberships/1", "preferredMemberKey": {"id": CI}, "type": "SERVICE_ACCOUNT"},
        {"name": "groups/g2/memberships/1", "preferredMemberKey": {"id": "inner@acme.example"}, "type": "GROUP"},
    ]
    policies = [
        on_project(binding("roles/pubsub.viewer", "group:outer@acme.example")),
        policy("//storage.googleapis.com/open", binding("roles/storage.objectViewer", "allUsers")),
        policy("//storage.googleapis.com/half", binding("roles/storage.objectViewer", "allAuthenticatedUsers")),
    ]
    found = reached(edges(graph_of(tmp_path, policies, groups=groups)))
    assert f"gcp:any:pubsub@projects/{PROJECT}" in found
    assert {"gcp:storage.googleapis.com/open", "gcp:storage.googleapis.com/half"} <= set(found)


DENY = {
    "name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F2/denypolicies/no-secrets",
    "kind": "DenyPolicy",
    "rules": [
        {
            "denyRule": {
                "deniedPrincipals": ["principalSet://goog/public:all"],
                "deniedPermissions": ["secretmanager.googleapis.com/versions.access"],
            }
        }
    ],
}
SECRETS = f"gcp:any:secretmanager@projects/{PROJECT}"


def test_a_deny_rule_above_goes_before_a_grant(tmp_path: Path) -> None:
    policies = [on_project(binding("roles/secretmanager.secretAccessor"), binding("roles/secretmanager.viewer"))]
    free = reached(edges(graph_of(tmp_path, policies)))
    denied = reached(edges(graph_of(tmp_path, policies, deny=DENY)))
    assert (Access.SECRET_READ, Access.READ) == (free[SECRETS][0], denied[SECRETS][0])


def test_an_exception_or_an_open_condition_of_a_deny_rule_counts(tmp_path: Path) -> None:
    policies = [on_project(binding("roles/secretmanager.secretAccessor"))]
    rule = DENY["rules"][0]["denyRule"]  # type: ignore[index]  # the form is above
    excepted = {"exceptionPrincipals": [f"principal://iam.googleapis.com/projects/-/serviceAccounts/{CI}"]}
    tagged = {"denialCondition": {"expression": 'resource.matchTag("1/env", "prod")'}}
    for more, status in ((excepted, EdgeStatus.CONFIRMED), (tagged, EdgeStatus.CONDITIONAL)):
        deny = {**DENY, "rules": [{"denyRule": {**rule, **more}}]}
        assert status is reached(edges(graph_of(tmp_path, policies, deny=deny)))[SECRETS][1]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('request.time < timestamp("2020-01-01T00:00:00Z")', None),
        ('request.time < timestamp("2999-01-01T00:00:00Z")', EdgeStatus.CONFIRMED),
        ('resource.name.startsWith("projects/_/buckets/reports")', EdgeStatus.CONFIRMED),
        ('resource.name.endsWith("other")', None),
        ('resource.name.startsWith("projects/_/buckets/x") || request.auth.claims.y == "z"', EdgeStatus.CONDITIONAL),
        ("resource.name.extract(", EdgeStatus.CONDITIONAL),
    ],
)
def test_conditions_are_decided_where_they_can_be(tmp_path: Path, condition: str, expected: EdgeStatus | None) -> None:
    bucket = "//storage.googleapis.com/reports"
    policies = [on_project(), policy(bucket, binding("roles/storage.objectViewer", condition=condition))]
    found = reached(edges(graph_of(tmp_path, policies)))
    assert expected == found.get("gcp:storage.googleapis.com/reports", (None, None))[1]


def test_a_condition_on_a_project_leaves_its_service_open_and_decides_what_is_stored(tmp_path: Path) -> None:
    condition = 'resource.name.startsWith("projects/_/buckets/reports")'
    assets = [{"name": f"//storage.googleapis.com/{name}", "asset_type": "storage.googleapis.com/Bucket",
               "ancestors": [NUMBER], "resource": {"data": {}}} for name in ("reports", "other")]  # fmt: skip
    policies = [on_project(binding("roles/storage.objectViewer", condition=condition))]
    found = reached(edges(graph_of(tmp_path, policies, assets=assets)))
    assert EdgeStatus.CONDITIONAL is found[f"gcp:any:storage@projects/{PROJECT}"][1]
    assert EdgeStatus.CONFIRMED is found["gcp:storage.googleapis.com/reports"][1]
    assert "gcp:storage.googleapis.com/other" not in found


def test_a_role_that_nobody_knows_is_unknown_and_says_what_to_import(tmp_path: Path) -> None:
    [edge] = edges(graph_of(tmp_path, [on_project(binding("organizations/1/roles/odd"))]))
    assert (EVERYTHING, EdgeStatus.UNKNOWN) == (edge.target, edge.status)
    assert "gcloud iam roles describe odd --organization=1" in edge.detail


def test_a_deleted_role_gives_nothing(tmp_path: Path) -> None:
    role = {**custom("storage.objects.get"), "deleted": True}
    assert [] == edges(graph_of(tmp_path, [on_project(binding(OWN))], roles=[role]))


def test_without_policies_everything_is_unknown(tmp_path: Path) -> None:
    graph = MemoryGraph()
    read(tmp_path, ServiceAccounts(), ACCOUNTS, graph)
    [edge] = edges(graph)
    assert EdgeStatus.UNKNOWN is edge.status
    assert "search-all-iam-policies" in edge.detail


def test_a_disabled_account_is_blocked(tmp_path: Path) -> None:
    accounts = [{**ACCOUNTS[0], "disabled": True}, ACCOUNTS[1]]
    found = edges(graph_of(tmp_path, [on_project(binding("roles/owner"))], accounts=accounts))
    assert {EdgeStatus.BLOCKED} == {edge.status for edge in found}


def test_a_number_and_an_id_are_one_project(tmp_path: Path) -> None:
    asset = {"name": f"{CRM}projects/333", "asset_type": "cloudresourcemanager.googleapis.com/Project",
             "ancestors": [NUMBER, FOLDER, ORG], "resource": {"data": {"projectId": PROJECT, "projectNumber": "333"}},
             "iam_policy": {"bindings": [binding("roles/iam.serviceAccountTokenCreator")]}}  # fmt: skip
    graph = MemoryGraph()
    read(tmp_path, Assets(), [asset, asset], graph)
    read(tmp_path, ServiceAccounts(), ACCOUNTS, graph)
    assert f"gcp:service-account:{ADMIN}" in {edge.target for edge in edges(graph)}


# --- escalations --------------------------------------------------------------------------------------------------

RUNNING = [
    {"name": f"//{service}.googleapis.com/projects/{PROJECT}/locations/x/things/{number}", "asset_type": asset_type,
     "ancestors": [NUMBER, FOLDER, ORG], "resource": {"data": {"serviceAccount": ADMIN}}}
    for number, (service, asset_type) in enumerate(
        [("cloudfunctions", "cloudfunctions.googleapis.com/Function"), ("run", "run.googleapis.com/Service"),
         ("compute", "compute.googleapis.com/Instance"), ("composer", "composer.googleapis.com/Environment"),
         ("dataproc", "dataproc.googleapis.com/Cluster"), ("notebooks", "notebooks.googleapis.com/Instance"),
         ("workflows", "workflows.googleapis.com/Workflow"), ("appengine", "appengine.googleapis.com/Version"),
         ("container", "container.googleapis.com/NodePool")])
]  # fmt: skip
AGENTS = [f"serviceAccount:333@{name}.gserviceaccount.com" for name in ("cloudbuild", "cloudservices")]
POOL = "principalSet://iam.googleapis.com/projects/333/locations/global/workloadIdentityPools/p/attribute.repo/x"
LEADS = {EdgeKind.CAN_ASSUME, EdgeKind.CAN_MINT_KEY_FOR, EdgeKind.CAN_CHANGE_POLICY_OF, EdgeKind.CAN_PASS_TO}


def paths_of(folder: Path, path: Escalation, permissions: Sequence[str]) -> list[Edge]:
    """Edges of a principal with these permissions, in an organization where every path has somewhere to lead."""
    denied = {"deniedPrincipals": ["principalSet://goog/public:all"],
              "deniedPermissions": ["storage.googleapis.com/objects.get"]}  # fmt: skip
    role = {**custom(*permissions), "name": "organizations/1/roles/own"}
    held = ["storage.objects.get"] if path.how == "undeny" else []
    accounts: list[dict[str, Any]] = [*ACCOUNTS]
    if path.target == "disabled":
        accounts[1] = {**accounts[1], "disabled": True}
    graph = graph_of(
        folder,
        [
            policy(f"{CRM}{ORG}", binding("organizations/1/roles/own")),
            on_project(binding("roles/browser", *AGENTS, POOL)),
            policy(
                f"//iam.googleapis.com/projects/{PROJECT}/serviceAccounts/{ADMIN}",
                binding(
                    "roles/iam.serviceAccountTokenCreator", f"serviceAccount:mid@{PROJECT}.iam.gserviceaccount.com"
                ),
            ),
        ],
        roles=[{**role, "includedPermissions": [*role["includedPermissions"], *held]}],
        assets=RUNNING,
        accounts=accounts,
        deny={**DENY, "rules": [{"denyRule": denied}]},
    )
    return [edge for edge in edges(graph) if path.id in edge.evidence or path.name in edge.evidence]


@pytest.mark.parametrize("path", catalogue(), ids=lambda path: path.id)
def test_each_path_leads_on_with_all_that_it_needs_and_not_without(tmp_path: Path, path: Escalation) -> None:
    found = paths_of(tmp_path, path, path.needs)
    assert [] != found
    assert {EdgeStatus.CONFIRMED, EdgeStatus.POTENTIAL} >= {edge.status for edge in found}
    for left_out in path.needs:
        rest = [need for need in path.needs if need != left_out]
        assert [] == paths_of(tmp_path, path, rest)


def test_the_catalogue_says_where_each_path_is_written() -> None:
    assert len(catalogue()) >= 60
    assert all(path.needs and path.reference.startswith("https://") for path in catalogue())
    assert len({path.id for path in catalogue()}) == len(catalogue())


def test_acting_as_an_account_alone_reaches_nothing(tmp_path: Path) -> None:
    assert not LEADS & {edge.kind for edge in with_rights(tmp_path, "iam.serviceAccounts.actAs")}


def test_a_role_bound_on_one_account_leads_to_that_one_only(tmp_path: Path) -> None:
    third = f"third@{PROJECT}.iam.gserviceaccount.com"
    accounts = [*ACCOUNTS, {"email": third, "projectId": PROJECT, "uniqueId": "3"}]
    on_account = f"//iam.googleapis.com/projects/{PROJECT}/serviceAccounts/{third}"
    policies = [on_project(), policy(on_account, binding("roles/iam.serviceAccountTokenCreator"))]
    found = edges(graph_of(tmp_path, policies, accounts=accounts))
    assert {f"gcp:service-account:{third}"} == {edge.target for edge in found if edge.kind in LEADS}


def test_accounts_that_nobody_listed_are_unknown(tmp_path: Path) -> None:
    outside = "ci@elsewhere.iam.gserviceaccount.com"
    accounts = [{"email": outside, "projectId": "elsewhere", "uniqueId": "1"}]
    policies = [on_project(binding("roles/iam.serviceAccountKeyAdmin", f"serviceAccount:{outside}"))]
    found = edges(graph_of(tmp_path, policies, accounts=accounts), outside)
    [edge] = [edge for edge in found if edge.kind is EdgeKind.CAN_MINT_KEY_FOR]
    assert (EdgeStatus.UNKNOWN, f"gcp:any:service-account@projects/{PROJECT}") == (edge.status, edge.target)


def test_targets_that_are_not_stored_have_nodes() -> None:
    keys = [EVERYTHING, SECRETS, "gcp:storage.googleapis.com/x", f"gcp:service-account:{CI}", "gcp:any:principal"]
    nodes = list(GcpExpander().target_nodes([*keys, "aws:any:*@1"]))
    assert keys == [node.key for node in nodes]
    assert (True, f"gcp:project:{PROJECT}") == (nodes[0].properties["tier0"], nodes[1].account)


def test_keys_belong_to_their_accounts(tmp_path: Path) -> None:
    graph = MemoryGraph()
    key_id = "ab" * 20
    item = {"name": f"projects/{PROJECT}/serviceAccounts/{CI}/keys/{key_id}", "keyType": "USER_MANAGED",
            "validAfterTime": "2025-01-01T00:00:00Z", "validBeforeTime": "9999-12-31T23:59:59Z"}  # fmt: skip
    read(tmp_path, ServiceAccountKeys(), [item], graph)
    [edge] = graph.edges_from(f"gcp:service-account-key:{key_id}", EdgeKind.AUTHENTICATES_AS)
    node = graph.node(edge.source)
    assert f"gcp:service-account:{CI}" == edge.target
    assert node is not None and "expires" not in node.properties


def test_ancestry_is_read_from_lists_too(tmp_path: Path) -> None:
    graph = MemoryGraph()
    steps = [{"id": PROJECT, "type": "project"}, {"id": "2", "type": "folder"}, {"id": "1", "type": "organization"}]
    read(tmp_path, Hierarchy(), steps, graph)
    assert ["gcp:folder:2"] == [edge.target for edge in graph.edges_from(f"gcp:project:{PROJECT}")]
    read(tmp_path, Hierarchy(), [{"name": "folders/2", "displayName": "prod", "parent": "organizations/1"}], graph)
    assert {"gcp:organization:1"} == {edge.target for edge in graph.edges_from("gcp:folder:2")}
