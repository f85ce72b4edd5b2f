# SPDX-License-Identifier: Apache-2.0
"""Azure's and Entra's exports, from files as `az` and Microsoft Graph write them to what a principal reaches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.azure.entra_listings import EntraListings
from secrethunt.identity.azure.expander import AzureExpander, catalogue
from secrethunt.identity.azure.resource_listings import AzureListings
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus
from secrethunt.identity.github.expander import GitHubExpander
from tests.identity.memory_graph import MemoryGraph

SUB = "/subscriptions/11111111-0000-0000-0000-000000000000"
GROUP = f"{SUB}/resourceGroups/web"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm1"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv1"
MI = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mi1"
SP, OTHER, MANAGED, USER, TEAM = (f"{digit}{digit}aaaaaa-0000-0000-0000-000000000000" for digit in "12345")
APP, GRAPH_SP = "99999999-0000-0000-0000-000000000000", "88888888-0000-0000-0000-000000000000"
KEY = f"azure:service-principal:{SP}"
OWNER_ROLE, CONTRIBUTOR = [{"actions": ["*"]}], [{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}]
CONFIRMED, BLOCKED = EdgeStatus.CONFIRMED, EdgeStatus.BLOCKED
GRAPH_ROLE = {
    "RoleManagement": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
    "Application": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
}


def principal(number: str, name: str = "ci", **more: Any) -> dict[str, Any]:
    return {"id": number, "appId": number[::-1], "displayName": name, "servicePrincipalType": "Application", **more}


def role(name: str, *permissions: dict[str, Any]) -> dict[str, Any]:
    number = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{name}"
    return {
        "id": number,
        "roleName": name,
        "roleType": "CustomRole",
        "assignableScopes": ["/"],
        "permissions": list(permissions),
    }


def assigned(name: str, scope: str, who: str = SP, kind: str = "ServicePrincipal", **more: Any) -> dict[str, Any]:
    number = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}-{who}"
    definition = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{name}"
    return {
        "id": number,
        "principalId": who,
        "principalType": kind,
        "roleDefinitionId": definition,
        "roleDefinitionName": name,
        "scope": scope,
        **more,
    }


def resource(number: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": number.rpartition("/")[2],
        "type": kind,
        "resourceGroup": "web",
        "location": "x",
        **more,
    }


VM_ROW = resource(VM, "Microsoft.Compute/virtualMachines", identity={"principalId": MANAGED, "type": "SystemAssigned"})
DIRECTORY = [
    {"value": [{"id": "a1", "appRoleId": "0", "principalId": "x", "resourceId": "y", "principalType": "User"}]},
    [{"id": "d1", "principalId": "x", "roleDefinitionId": "y", "directoryScopeId": "/"}],
]


def graph_of(folder: Path, *files: Any, encoding: str = "utf-8") -> MemoryGraph:
    """Every file as one JSON document, by the first importer that recognises it."""
    graph = MemoryGraph()
    for number, content in enumerate(files):
        path = folder / f"{number}.json"
        path.write_text(json.dumps(content), encoding=encoding)
        head = path.read_bytes()[:65536]
        reader = next(item for item in (EntraListings(), AzureListings()) if item.recognises(head, path.name))
        graph.add(reader.read(str(path)))
    return graph


def edges(graph: MemoryGraph, key: str = KEY) -> list[Edge]:
    node = graph.node(key)
    assert node is not None
    return list(AzureExpander().expand(node, graph))


def status(found: list[Edge], target: str, access: Access | None = None) -> EdgeStatus | None:
    hits = [edge for edge in found if edge.target == target.lower() and access in (None, edge.access)]
    return max(hits, key=lambda edge: edge.status is CONFIRMED).status if hits else None


def test_roles_are_inherited_from_the_scope_above(tmp_path: Path) -> None:
    roles = [role("Owner", *OWNER_ROLE)]
    graph = graph_of(tmp_path, [principal(SP)], roles, [assigned("Owner", SUB)], [VM_ROW], *DIRECTORY)
    found = edges(graph)
    assert CONFIRMED is status(found, f"azure:any:*@{SUB}", Access.ADMIN)
    assert CONFIRMED is status(found, f"azure:{VM}", Access.ADMIN)
    assert EdgeStatus.UNKNOWN not in {edge.status for edge in found}
    [runs] = graph.edges_from(f"azure:{VM}".lower(), EdgeKind.RUNS_AS)
    assert f"azure:service-principal:{MANAGED}" == runs.target


@pytest.mark.parametrize(
    ("scope", "expected"),
    [(SUB, CONFIRMED), (GROUP, CONFIRMED), (f"{SUB}/resourceGroups/we", None), (VM, CONFIRMED), ("/", CONFIRMED)],
)
def test_scopes(tmp_path: Path, scope: str, expected: EdgeStatus | None) -> None:
    roles = [role("Run", {"actions": ["Microsoft.Compute/virtualMachines/runCommand/*"]})]
    graph = graph_of(tmp_path, [principal(SP)], roles, [assigned("Run", scope)], [VM_ROW])
    assert expected is status(edges(graph), f"azure:{VM}", Access.ADMIN)


def test_management_groups_hand_down(tmp_path: Path) -> None:
    top, team = (f"/providers/Microsoft.Management/managementGroups/{name}" for name in ("top", "team"))
    below = [
        {
            "id": team,
            "name": "team",
            "type": "Microsoft.Management/managementGroups",
            "parent": {"id": top},
            "parentNameChain": [],
        },
        {"id": SUB, "name": "s", "type": "/subscriptions", "parent": {"id": team}, "parentNameChain": []},
    ]
    roles = [role("Run", {"actions": ["Microsoft.Compute/virtualMachines/runCommand/action"]})]
    rows = [principal(SP)], roles, [assigned("Run", top)], [VM_ROW]
    assert None is status(edges(graph_of(tmp_path, *rows)), f"azure:{VM}")
    assert CONFIRMED is status(edges(graph_of(tmp_path, *rows, below)), f"azure:{VM}", Access.ADMIN)


def test_what_a_role_takes_out_another_role_still_gives(tmp_path: Path) -> None:
    # "Understand Azure role definitions": NotActions is not a deny rule.
    rows = [role("Contributor", *CONTRIBUTOR), role("Uaa", {"actions": ["Microsoft.Authorization/*"]})]
    contributor = edges(graph_of(tmp_path, [principal(SP)], rows, [assigned("Contributor", SUB)]))
    assert None is status(contributor, f"azure:any:*@{SUB}", Access.ADMIN)
    both = [assigned("Contributor", SUB), assigned("Uaa", SUB)]
    assert CONFIRMED is status(
        edges(graph_of(tmp_path, [principal(SP)], rows, both)), f"azure:any:*@{SUB}", Access.ADMIN
    )


def test_control_of_a_vault_is_no_reading_of_its_secrets(tmp_path: Path) -> None:
    vault = resource(
        VAULT, "Microsoft.KeyVault/vaults", properties={"enableRbacAuthorization": True, "accessPolicies": []}
    )
    rows = [
        role("Contributor", *CONTRIBUTOR),
        role("Secrets", {"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}),
    ]
    control = edges(graph_of(tmp_path, [principal(SP)], rows, [assigned("Contributor", SUB)], [vault]))
    assert BLOCKED is status(control, f"azure:{VAULT}", Access.SECRET_READ)
    data = edges(graph_of(tmp_path, [principal(SP)], rows, [assigned("Secrets", VAULT)], [vault]))
    assert CONFIRMED is status(data, f"azure:{VAULT}", Access.SECRET_READ)


def test_access_policies_count_where_the_vault_goes_by_them(tmp_path: Path) -> None:
    policies = [{"objectId": TEAM, "permissions": {"secrets": ["Get", "List"]}}]
    vault = resource(VAULT, "Microsoft.KeyVault/vaults", properties={"accessPolicies": policies})
    team = {
        "id": TEAM,
        "displayName": "ops",
        "securityEnabled": True,
        "groupTypes": [],
        "members": [{"@odata.type": "#microsoft.graph.servicePrincipal", "id": SP}],
    }
    graph = graph_of(tmp_path, [principal(SP)], [vault], {"value": [team]})
    assert CONFIRMED is status(edges(graph), f"azure:{VAULT}", Access.SECRET_READ)


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, BLOCKED), ({"excludePrincipals": [{"id": SP}]}, CONFIRMED), ({"doNotApplyToChildScopes": True}, CONFIRMED)],
)
def test_deny_assignments_go_before_roles(tmp_path: Path, more: dict[str, Any], expected: EdgeStatus) -> None:
    everyone = {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}
    deny = {
        "id": f"{GROUP}/providers/Microsoft.Authorization/denyAssignments/1",
        "denyAssignmentName": "locked",
        "scope": GROUP,
        "permissions": [{"actions": ["*/action"]}],
        "principals": [everyone],
        **more,
    }
    roles = [role("Run", {"actions": ["Microsoft.Compute/virtualMachines/runCommand/action"]})]
    graph = graph_of(tmp_path, [principal(SP)], roles, [assigned("Run", SUB)], [VM_ROW], {"value": [deny]})
    assert expected is status(edges(graph), f"azure:{VM}", Access.ADMIN)


def test_a_condition_of_an_assignment_leaves_it_open(tmp_path: Path) -> None:
    roles = [role("Run", {"actions": ["Microsoft.Compute/virtualMachines/runCommand/action"]})]
    rows = [assigned("Run", SUB, condition="@Resource[name] StringEquals 'x'")]
    found = edges(graph_of(tmp_path, [principal(SP)], roles, rows, [VM_ROW]))
    assert EdgeStatus.CONDITIONAL is status(found, f"azure:{VM}")


def test_a_managed_identity_is_taken_only_with_a_machine_to_give_it_to(tmp_path: Path) -> None:
    assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
    mi = resource(MI, "Microsoft.ManagedIdentity/userAssignedIdentities", principalId=MANAGED, clientId=APP)
    for actions, expected in (
        ([assign], []),
        ([assign, "Microsoft.Compute/virtualMachines/write"], [f"azure:{MI}".lower()]),
    ):
        graph = graph_of(tmp_path, [principal(SP)], [role("R", {"actions": actions})], [assigned("R", SUB)], [mi])
        assert expected == [edge.target for edge in edges(graph) if edge.kind is EdgeKind.CAN_PASS_TO]


def test_a_role_without_its_definition_is_unknown(tmp_path: Path) -> None:
    [edge, _] = edges(graph_of(tmp_path, [principal(SP)], [assigned("Owner", SUB)]))
    assert (EdgeStatus.UNKNOWN, True) == (edge.status, "az role definition list" in edge.detail)


def test_what_was_not_imported_at_all_is_unknown(tmp_path: Path) -> None:
    [edge] = edges(graph_of(tmp_path, [principal(SP)]))
    assert EdgeStatus.UNKNOWN is edge.status
    assert all(
        word in edge.detail for word in ("role assignment list", "appRoleAssignments", "directory/roleAssignments")
    )


def granted(permission: str) -> dict[str, Any]:
    return {
        "id": permission,
        "appRoleId": permission,
        "principalId": SP,
        "principalType": "ServicePrincipal",
        "resourceId": GRAPH_SP,
    }


def test_permissions_of_microsoft_graph(tmp_path: Path) -> None:
    admin = edges(
        graph_of(tmp_path, [principal(SP), principal(OTHER)], {"value": [granted(GRAPH_ROLE["RoleManagement"])]})
    )
    assert CONFIRMED is status(admin, "azure:any:*@tenant", Access.ADMIN)
    apps = edges(graph_of(tmp_path, [principal(SP), principal(OTHER)], {"value": [granted(GRAPH_ROLE["Application"])]}))
    assert [f"azure:service-principal:{OTHER}"] == [
        edge.target for edge in apps if edge.kind is EdgeKind.CAN_MINT_KEY_FOR
    ]
    named = principal(GRAPH_SP, "Microsoft Graph", appRoles=[{"id": "c0", "value": "Calendars.Read"}])
    other = edges(graph_of(tmp_path, [principal(SP), named], {"value": [granted("c0")]}))
    assert (CONFIRMED, None) == (
        status(other, "azure:any:calendars@tenant", Access.READ),
        status(other, "azure:any:*@tenant", Access.WRITE),
    )


def test_directory_roles_and_those_of_an_administrative_unit(tmp_path: Path) -> None:
    row = {"id": "1", "principalId": SP, "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10"}
    whole = graph_of(tmp_path, [principal(SP)], {"value": [{**row, "directoryScopeId": "/"}]})
    assert CONFIRMED is status(edges(whole), "azure:any:*@tenant", Access.ADMIN)
    part = graph_of(tmp_path, [principal(SP)], {"value": [{**row, "directoryScopeId": "/administrativeUnits/7"}]})
    assert CONFIRMED is not status(edges(part), "azure:any:*@tenant", Access.ADMIN)


def test_owners_add_credentials(tmp_path: Path) -> None:
    owned = principal(OTHER, owners=[{"@odata.type": "#microsoft.graph.servicePrincipal", "id": SP}])
    graph = graph_of(tmp_path, [principal(SP), owned])
    assert [f"azure:service-principal:{OTHER}"] == [
        edge.target for edge in edges(graph) if edge.kind is EdgeKind.CAN_MINT_KEY_FOR
    ]


def test_credentials_lead_to_the_principal_and_keep_no_value(tmp_path: Path) -> None:
    secret = {
        "keyId": "K-1",
        "hint": "abc",
        "secretText": "not kept",
        "endDateTime": "2027",
        "startDateTime": "2026",
        "displayName": "ci",
    }
    app = {
        "id": "o-1-object",
        "appId": APP,
        "displayName": "ci",
        "signInAudience": "AzureADMyOrg",
        "passwordCredentials": [secret],
    }
    graph = graph_of(tmp_path, [app], [principal(SP, appId=APP)], encoding="utf-16")
    assert [] == graph.unread
    [to_app] = graph.edges_from("azure:credential:k-1", EdgeKind.AUTHENTICATES_AS)
    assert [KEY] == [edge.target for edge in graph.edges_from(to_app.target, EdgeKind.AUTHENTICATES_AS)]
    assert "not kept" not in repr([*graph.nodes()])
    assert "2027" == graph.node("azure:credential:k-1").properties["expires"]  # type: ignore[union-attr]  # it was read


def test_workflows_become_an_application_that_trusts_their_repository(tmp_path: Path) -> None:
    trust = {
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:acme/web:environment:prod",
        "name": "gh",
        "audiences": [],
    }
    app = {
        "id": "o-1-object",
        "appId": APP,
        "displayName": "ci",
        "signInAudience": "x",
        "federatedIdentityCredentials": [trust],
    }
    graph = graph_of(tmp_path, [app])
    [pipeline] = GitHubExpander().target_nodes(["github:workflow:acme/web/*"])
    [other] = GitHubExpander().target_nodes(["github:workflow:acme/docs/*"])
    [edge] = GitHubExpander().expand(pipeline, graph)
    assert (f"azure:app:{APP}", EdgeKind.CAN_ASSUME, EdgeStatus.CONDITIONAL) == (edge.target, edge.kind, edge.status)
    assert [] == list(GitHubExpander().expand(other, graph))


@pytest.mark.parametrize(
    "entry",
    [
        1,
        "x",
        None,
        [],
        {"appId": 1, "servicePrincipalType": []},
        {"appRoleId": None, "principalId": 1},
        {"keyId": "x", "endDateTime": None},
        {"roleTemplateId": 3, "members": [1, {}]},
        {"issuer": "", "subject": ""},
        {"id": [], "securityEnabled": 1},
    ],
)
def test_entries_of_other_shapes_stop_nothing(tmp_path: Path, entry: Any) -> None:
    graph = graph_of(tmp_path, {"value": [entry, principal(SP)]})
    assert graph.node(KEY) is not None


@pytest.mark.parametrize(
    "entry",
    [
        {"roleDefinitionId": 1, "principalId": []},
        {"permissions": {}, "roleName": "x"},
        {"denyAssignmentName": 1},
        {"id": 1, "type": 2},
        {"id": SUB, "type": "t", "identity": [], "tags": []},
    ],
)
def test_resources_of_other_shapes_stop_nothing(tmp_path: Path, entry: Any) -> None:
    graph = graph_of(tmp_path, [entry, VM_ROW])
    assert graph.node(f"azure:{VM}".lower()) is not None


def test_the_catalogue_names_where_each_way_is_written() -> None:
    assert len(catalogue()) >= 40
    assert all(path.needs and path.reference.startswith("https://learn.microsoft.com/") for path in catalogue())
    assert len(catalogue()) == len({path.id for path in catalogue()})
