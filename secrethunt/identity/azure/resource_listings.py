# SPDX-License-Identifier: Apache-2.0
"""
Importer of Azure's side as `az` lists it: role assignments and definitions, deny assignments, subscriptions, management
groups, managed identities, key vaults, and resources with the identities that they run as.

Formats: learn.microsoft.com, Azure REST API; `az` writes the properties flat, the API nested, and both are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from secrethunt.identity.azure.keys import (
    PROVIDER,
    app_key,
    principal_key,
    resource_key,
    role_key,
    scope_of,
    subscription_of,
    text_of,
)
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.inventory.rows import head_text, iter_rows

_Found = Iterator[Node | Edge | Unread]
_MACHINES = (
    "microsoft.compute/virtualmachines",
    "microsoft.compute/virtualmachinescalesets",
    "microsoft.hybridcompute/machines",
    "microsoft.automation/automationaccounts",
    "microsoft.web/sites",
    "microsoft.logic/workflows",
    "microsoft.containerinstance/containergroups",
    "microsoft.containerservice/managedclusters",
    "microsoft.app/containerapps",
    "microsoft.datafactory/factories",
)
_STORES = (
    "microsoft.keyvault/vaults",
    "microsoft.keyvault/managedhsms",
    "microsoft.appconfiguration/configurationstores",
)


class AzureListings:
    """Implements `Importer`."""

    name = "azure resources and roles"

    def recognises(self, head: bytes, name: str) -> bool:
        """By fields that only such lists have together."""
        text = head_text(head)
        return any(all(f'"{word}"' in text for word in words) for words in _SHAPES)

    def read(self, path: str) -> _Found:
        """Everything in the file at *path*."""
        for row in iter_rows(path, ("value",)):
            if isinstance(row, Unread):
                yield row
                continue
            value = _flat(row.value)
            read = next((read for words, read in _BY_FIELDS if all(word in value for word in words)), None)
            if read is None:
                yield Unread("an entry", "it is neither a role, an assignment, a scope nor a resource")
            else:
                yield from read(value)


def _flat(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the API's `properties` beside the other fields, which come first."""
    nested = value.get("properties")
    return {**nested, **value} if isinstance(nested, Mapping) else value


def _assignment(value: Mapping[str, Any]) -> _Found:
    principal, role, scope = (text_of(value, name) for name in ("principalId", "roleDefinitionId", "scope"))
    if not principal or not role or not scope:
        yield Unread("a role assignment", "it lacks the principal, the role or the scope")
        return
    number = text_of(value, "id") or f"{scope}/roleassignments/{principal}-{role.rpartition('/')[2]}"
    key = resource_key(number)
    name = text_of(value, "roleDefinitionName") or role.rpartition("/")[2]
    properties = {
        "type": "role-assignment",
        "role": role_key(role),
        "role_name": name,
        "scope": scope.rstrip("/").lower() or "/",
        "condition": text_of(value, "condition"),
        "created": text_of(value, "createdOn"),
    }
    holder = principal_key(principal, text_of(value, "principalType"))
    yield Node(key, NodeKind.POLICY, PROVIDER, f"{name} at {scope}", subscription_of(scope), properties)
    yield Edge(
        holder, key, EdgeKind.HAS_GRANT, evidence=f"role assignment {number.rpartition('/')[2]}: {name} at {scope}"
    )


def _definition(value: Mapping[str, Any]) -> _Found:
    permissions = value.get("permissions")
    number = text_of(value, "id", "name")
    if not number or not isinstance(permissions, list):
        yield Unread(f"role definition {text_of(value, 'roleName')}", "it has no id or no permissions")
        return
    properties = {
        "type": "azure-role",
        "custom": "custom" in text_of(value, "roleType", "type").lower(),
        "permissions": [_block(item) for item in permissions if isinstance(item, Mapping)],
    }
    yield Node(role_key(number), NodeKind.ROLE, PROVIDER, text_of(value, "roleName"), "", properties)


def _block(item: Mapping[str, Any]) -> dict[str, list[str]]:
    names = ("actions", "notActions", "dataActions", "notDataActions")
    return {name: [str(text).lower() for text in item.get(name) or ()] for name in names}


def _deny(value: Mapping[str, Any]) -> _Found:
    scope, number = text_of(value, "scope"), text_of(value, "id", "name")
    permissions = value.get("permissions")
    if not scope or not number or not isinstance(permissions, list):
        yield Unread("a deny assignment", "it lacks its id, scope or permissions")
        return
    key = resource_key(number)
    properties = {
        "type": "deny-assignment",
        "scope": scope.rstrip("/").lower(),
        "only_here": bool(value.get("doNotApplyToChildScopes")),
        "permissions": [_block(item) for item in permissions if isinstance(item, Mapping)],
        "principals": _ids(value.get("principals")),
        "excluded": _ids(value.get("excludePrincipals")),
    }
    yield Node(
        key,
        NodeKind.POLICY,
        PROVIDER,
        text_of(value, "denyAssignmentName") or number,
        subscription_of(scope),
        properties,
    )


def _ids(principals: Any) -> list[str]:
    rows = principals if isinstance(principals, list) else []
    return [text_of(item, "id").lower() for item in rows if isinstance(item, Mapping)]


def _subscription(value: Mapping[str, Any]) -> _Found:
    """An entry of `az account list`."""
    number = text_of(value, "subscriptionId") or text_of(value, "id").rpartition("/")[2]
    tenant = text_of(value, "tenantId")
    key = f"azure:subscription:{number.lower()}"
    yield Node(
        key, NodeKind.ACCOUNT, PROVIDER, text_of(value, "name", "displayName") or number, key, {"type": "subscription"}
    )
    if tenant:
        home = f"azure:tenant:{tenant.lower()}"
        yield Node(home, NodeKind.ACCOUNT, PROVIDER, tenant, home, {"type": "tenant", "home": True})
        yield Edge(key, home, EdgeKind.IN_ACCOUNT, evidence="az account list")


def _entity(value: Mapping[str, Any]) -> _Found:
    """An entry of `az account management-group entities list`: what is below which management group."""
    parent = value.get("parent")
    above = text_of(parent, "id") if isinstance(parent, Mapping) else ""
    kind = text_of(value, "type")
    number = text_of(value, "id")
    if "subscription" in kind.lower() and "/subscriptions/" not in number:
        number = f"/subscriptions/{text_of(value, 'name')}"
    if not number:
        yield Unread("a management group", "it has no id")
        return
    fields = {"type": "subscription" if "/subscriptions/" in number else "management-group"}
    key = resource_key(number)
    yield Node(key, NodeKind.ACCOUNT, PROVIDER, text_of(value, "displayName", "name"), key, fields)
    if above:
        yield Edge(key, resource_key(above), EdgeKind.IN_ACCOUNT, evidence="management group entities")


def _resource(value: Mapping[str, Any]) -> _Found:
    number, kind = text_of(value, "id"), text_of(value, "type").lower()
    if not number.lower().startswith("/subscriptions/"):
        yield Unread(f"a resource of type {kind or 'unknown'}", "it has no id")
        return
    key = resource_key(number)
    node_kind = (
        NodeKind.WORKLOAD if kind in _MACHINES else NodeKind.SECRET_STORE if kind in _STORES else NodeKind.RESOURCE
    )
    properties: dict[str, Any] = {"type": kind, "service": kind, "created": text_of(value, "createdTime")}
    if isinstance(value.get("tags"), Mapping):
        properties["tags"] = {str(name): str(item) for name, item in value["tags"].items()}
    if kind == "microsoft.keyvault/vaults" and ("accessPolicies" in value or "enableRbacAuthorization" in value):
        properties["rbac"] = bool(value.get("enableRbacAuthorization"))
        properties["access_policies"] = _policies(value.get("accessPolicies"))
    yield Node(key, node_kind, PROVIDER, text_of(value, "name") or number, subscription_of(number), properties)
    yield Edge(key, subscription_of(number), EdgeKind.IN_ACCOUNT, evidence="resource list")
    if kind == "microsoft.managedidentity/userassignedidentities":
        yield from _user_assigned(value, key)
    yield from _runs_as(value.get("identity"), key, number)


def _policies(policies: Any) -> dict[str, list[str]]:
    """What each object may do with secrets of a vault: `get`, `list`, `set` …, in lower case."""
    found: dict[str, list[str]] = {}
    for item in policies if isinstance(policies, list) else ():
        allowed = item.get("permissions") if isinstance(item, Mapping) else None
        if isinstance(allowed, Mapping):
            words = [str(word).lower() for word in allowed.get("secrets") or ()]
            found.setdefault(text_of(item, "objectId").lower(), []).extend(words)
    return found


def _user_assigned(value: Mapping[str, Any], key: str) -> _Found:
    principal, client = text_of(value, "principalId"), text_of(value, "clientId")
    if not principal:
        yield Unread(f"managed identity {key}", "it has no principalId")
        return
    identity = principal_key(principal, "ServicePrincipal")
    fields = {"type": "managed-identity", "client_id": client, "is_human": False}
    yield Node(identity, NodeKind.IDENTITY, PROVIDER, text_of(value, "name"), subscription_of(scope_of(key)), fields)
    yield Edge(key, identity, EdgeKind.RUNS_AS, evidence="az identity list")
    if client:
        yield Edge(app_key(client), identity, EdgeKind.AUTHENTICATES_AS, evidence="az identity list")


def _runs_as(identity: Any, key: str, number: str) -> _Found:
    if not isinstance(identity, Mapping):
        return
    principal = text_of(identity, "principalId")
    if principal:
        yield Edge(
            key, principal_key(principal, "ServicePrincipal"), EdgeKind.RUNS_AS, evidence=f"identity of {number}"
        )
    assigned = identity.get("userAssignedIdentities")
    for other, fields in assigned.items() if isinstance(assigned, Mapping) else ():
        if isinstance(fields, Mapping) and text_of(fields, "principalId"):
            target = principal_key(text_of(fields, "principalId"), "ServicePrincipal")
            yield Edge(key, target, EdgeKind.RUNS_AS, evidence=f"userAssignedIdentities of {number}: {other}")


_Read = Callable[[Mapping[str, Any]], _Found]
_BY_FIELDS: tuple[tuple[tuple[str, ...], _Read], ...] = (
    (("roleDefinitionId", "principalId"), _assignment),
    (("denyAssignmentName",), _deny),
    (("permissions", "roleName"), _definition),
    (("parent", "type", "id"), _entity),
    (("tenantId", "isDefault"), _subscription),
    (("tenantId", "subscriptionId", "state"), _subscription),
    (("id", "type"), _resource),
)
_SHAPES = (
    ("roleDefinitionId", "principalId", "scope"),
    ("denyAssignmentName",),
    ("roleName", "assignableScopes", "permissions"),
    ("tenantId", "isDefault", "environmentName"),
    ("tenantId", "subscriptionId", "authorizationSource"),
    ("parentNameChain", "parent"),
    ("id", "type", "resourceGroup", "location"),
    ("type", "vaultUri", "accessPolicies"),
)
