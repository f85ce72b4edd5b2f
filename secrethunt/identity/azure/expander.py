# SPDX-License-Identifier: Apache-2.0
"""What follows for a service principal, application, managed identity, user or group of Azure and Entra."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secrethunt.identity.azure.directory import Directory, table
from secrethunt.identity.azure.keys import (
    PROVIDER,
    any_key,
    object_id_of,
    principal_key,
    resource_key,
    scope_of,
    subscription_of,
)
from secrethunt.identity.azure.rbac import Found, Grant, Rbac, allows
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind

_MOST_STORED = 200
"""Stored resources that one right is written out to."""
_ASSIGN = "microsoft.authorization/roleassignments/write"
_ACCESS = {
    "list": Access.LIST,
    "read": Access.READ,
    "write": Access.WRITE,
    "secret-read": Access.SECRET_READ,
    "takes": Access.ADMIN,
    "vault-policy": Access.SECRET_READ,
}
_NEEDS = {
    "role-assignment": "`az role assignment list --all`",
    "app-role-assignment": "Microsoft Graph `/servicePrincipals/{id}/appRoleAssignments`",
    "directory-role-assignment": "Microsoft Graph `/roleManagement/directory/roleAssignments`",
}
_PRINCIPALS = ("azure:service-principal:", "azure:user:", "azure:group:")


@dataclass(frozen=True, slots=True)
class Escalation:
    """What a right is good for on a type of resource."""

    id: str
    name: str
    needs: tuple[str, ...]
    type: str
    gives: str
    reference: str


@functools.cache
def _data() -> dict[str, Any]:
    text = (Path(__file__).parent / "escalations.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@functools.cache
def catalogue() -> tuple[Escalation, ...]:
    """All that is known."""
    return tuple(
        Escalation(path["id"], path["name"], tuple(path["needs"]), path["type"], path["gives"], path["reference"])
        for path in _data()["paths"]
    )


class AzureExpander:
    """Implements `Expander`. One instance serves one graph."""

    def __init__(self) -> None:
        self._graph: Graph | None = None

    def expand(self, node: Node, graph: Graph) -> Iterator[Edge]:
        """Evaluated edges from *node*; groups of a member count for the member."""
        if not node.key.startswith(_PRINCIPALS):
            return
        self._attach(graph)
        if node.properties.get("enabled") is False:
            target = any_key("*", self._directory.tenant())
            yield Edge(node.key, target, EdgeKind.CAN_ACCESS, EdgeStatus.BLOCKED, Known.EVALUATED, "accountEnabled",
                       "it is disabled", Access.ADMIN)  # fmt: skip
            return
        holders = self._holders(node.key)
        grants = self._rbac.grants(holders)
        for grant in grants:
            yield from self._of_grant(node, grant, holders)
        yield from self._vault_policies(node, holders)
        yield from self._directory.edges(node, holders)
        yield from self._unknown(node)

    def target_nodes(self, keys: Iterable[str]) -> Iterator[Node]:
        """Nodes for everything of one kind in a scope or tenant, that the store does not have."""
        for key in keys:
            what, separator, scope = key.removeprefix("azure:any:").partition("@")
            if key.startswith("azure:any:") and separator:
                yield _any_node(key, what, scope)

    def _attach(self, graph: Graph) -> None:
        if self._graph is not graph:
            self._graph = graph
            self._rbac, self._directory = Rbac(graph), Directory(graph)
            kinds = (NodeKind.RESOURCE, NodeKind.SECRET_STORE, NodeKind.WORKLOAD)
            self._resources: dict[str, list[Node]] = {}
            for kind in kinds:
                for item in graph.nodes(kind=kind, provider=PROVIDER):
                    self._resources.setdefault(str(item.properties.get("type", "")), []).append(item)
            policies = graph.nodes(kind=NodeKind.POLICY, provider=PROVIDER)
            self._imported = {str(item.properties.get("type")) for item in policies}

    def _holders(self, key: str) -> list[str]:
        """The principal and all its groups, groups of groups too; each also under the name of an unknown kind."""
        assert self._graph is not None
        found = [key]
        for holder in found:
            for name in (holder, principal_key(object_id_of(holder))):
                targets = [edge.target for edge in self._graph.edges_from(name, EdgeKind.MEMBER_OF)]
                found.extend(target for target in dict.fromkeys(targets) if target not in found)
        return [name for holder in found for name in (holder, principal_key(object_id_of(holder)))]

    # --- Azure --------------------------------------------------------------------------------------------------

    def _of_grant(self, node: Node, grant: Grant, holders: Sequence[str]) -> Iterator[Edge]:
        if grant.permissions is None:
            detail = f"what the role {grant.name} allows was not imported: `az role definition list`"
            yield Edge(node.key, any_key("*", grant.scope), EdgeKind.CAN_ACCESS, EdgeStatus.UNKNOWN, Known.EVALUATED,
                       grant.evidence, detail, Access.ADMIN, (grant.name,))  # fmt: skip
            return
        everything = self._rbac.decide(grant, _ASSIGN, grant.scope, holders)
        if everything is not None and everything.status is not EdgeStatus.BLOCKED and _is_everything(grant):
            yield from self._everything(node, grant, everything, holders)
            return
        for path in catalogue():
            if all(allows(grant.permissions, action) for action in path.needs):
                yield from self._of_path(node, path, grant, holders)

    def _everything(self, node: Node, grant: Grant, found: Found, holders: Sequence[str]) -> Iterator[Edge]:
        """Any right in the scope; what runs there is written out, so that its identities follow."""
        yield _made(node, any_key("*", grant.scope), Access.ADMIN, found, ("*",))
        yield from self._machines(node, grant, (_ASSIGN,), holders)

    def _machines(self, node: Node, grant: Grant, needs: Sequence[str], holders: Sequence[str]) -> Iterator[Edge]:
        kinds = (NodeKind.WORKLOAD, NodeKind.SECRET_STORE)
        for item in [item for kind in kinds for item in self._stored("*", grant.scope, kind)][:_MOST_STORED]:
            at = self._rbac.decide(grant, needs[0], scope_of(item.key), holders)
            if at is not None:
                yield _made(node, item.key, Access.ADMIN, at, needs)

    def _of_path(self, node: Node, path: Escalation, grant: Grant, holders: Sequence[str]) -> Iterator[Edge]:
        if path.type == "*":
            found = self._all(path, grant, grant.scope, holders)
            if found is not None:
                yield _on_scope(node, path, grant, found)
                if path.gives == "admin" and found.status is not EdgeStatus.BLOCKED:
                    yield from self._machines(node, grant, path.needs, holders)
            return
        stored = self._stored(path.type.lower(), grant.scope, None)
        for item in stored[:_MOST_STORED]:
            found = self._all(path, grant, scope_of(item.key), holders)
            if found is not None:
                yield from _on_resource(node, path, item, found)
        if len(stored) > _MOST_STORED or not stored:
            found = self._all(path, grant, grant.scope, holders)
            if found is not None:
                detail = found.detail or f"needs one of type {path.type}: import `az resource list` to know"
                status = EdgeStatus.POTENTIAL if found.status is EdgeStatus.CONFIRMED and not stored else found.status
                open_found = Found(status, f"{path.name} ({path.id}): {found.evidence}", detail)
                target = any_key(path.type, grant.scope)
                yield _made(node, target, _ACCESS.get(path.gives, Access.ADMIN), open_found, path.needs)

    def _all(self, path: Escalation, grant: Grant, scope: str, holders: Sequence[str]) -> Found | None:
        """The weakest of what all actions of the path come to."""
        order = (EdgeStatus.BLOCKED, EdgeStatus.CONDITIONAL, EdgeStatus.CONFIRMED)
        results = [self._rbac.decide(grant, action, scope, holders) for action in path.needs]
        known = [item for item in results if item is not None]
        return min(known, key=lambda item: order.index(item.status)) if len(known) == len(results) else None

    def _stored(self, kind: str, scope: str, node_kind: NodeKind | None) -> list[Node]:
        lists = self._resources.values() if kind == "*" else [self._resources.get(kind, [])]
        return [
            item
            for items in lists
            for item in items
            if node_kind in (None, item.kind) and self._rbac.is_in(scope, scope_of(item.key))
        ]

    def _vault_policies(self, node: Node, holders: Sequence[str]) -> Iterator[Edge]:
        ids = {object_id_of(holder) for holder in holders}
        for vault in self._resources.get("microsoft.keyvault/vaults", []):
            policies = vault.properties.get("access_policies")
            if vault.properties.get("rbac") or not isinstance(policies, Mapping):
                continue
            words = {str(word) for number in ids for word in policies.get(number) or ()}
            if words & {"get", "all", "backup"}:
                found = Found(EdgeStatus.CONFIRMED, f"access policy of {vault.name}")
                yield _made(node, vault.key, Access.SECRET_READ, found, tuple(sorted(words)))
            elif words:
                access = Access.WRITE if words & {"set", "delete", "restore", "purge"} else Access.LIST
                found = Found(EdgeStatus.CONFIRMED, f"access policy of {vault.name}")
                yield _made(node, vault.key, access, found, tuple(sorted(words)))

    # --- what is missing ----------------------------------------------------------------------------------------

    def _unknown(self, node: Node) -> Iterator[Edge]:
        """One edge for all exports that are missing as a whole."""
        missing = [how for kind, how in _NEEDS.items() if kind not in self._imported]
        if node.key.startswith("azure:user:"):
            missing = [how for how in missing if "appRole" not in how]
        if missing:
            detail = f"not all that it may was imported: {', '.join(missing)}"
            target = any_key("*", self._directory.tenant())
            yield Edge(
                node.key, target, EdgeKind.CAN_ACCESS, EdgeStatus.UNKNOWN, Known.EVALUATED, "", detail, Access.ADMIN
            )


def _is_everything(grant: Grant) -> bool:
    """Whether a role with the right to give roles has all others too."""
    return any("*" in (block.get("actions") or ()) for block in grant.permissions or ())


def _on_scope(node: Node, path: Escalation, grant: Grant, found: Found) -> Edge:
    evidence = f"{path.name} ({path.id}): {found.evidence}"
    status, detail = found.status, found.detail
    if path.gives == "potential-admin" and status is EdgeStatus.CONFIRMED:
        status, detail = EdgeStatus.POTENTIAL, "needs a policy assignment whose identity may do it"
    access = Access.LIST if path.gives == "list" else Access.ADMIN
    return _made(node, any_key("*", grant.scope), access, Found(status, evidence, detail), path.needs)


def _on_resource(node: Node, path: Escalation, item: Node, found: Found) -> Iterator[Edge]:
    evidence = f"{path.name} ({path.id}): {found.evidence}"
    status, detail = found.status, found.detail
    if path.gives == "vault-policy" and item.properties.get("rbac"):
        status, detail = EdgeStatus.BLOCKED, "the vault goes by roles, not by access policies"
    if path.id == "key-vault-secrets" and item.properties.get("rbac") is False:
        status, detail = EdgeStatus.BLOCKED, "the vault goes by access policies, not by roles"
    found = Found(status, evidence, detail)
    if item.properties.get("type") == "microsoft.managedidentity/userassignedidentities":
        yield Edge(
            node.key, item.key, EdgeKind.CAN_PASS_TO, status, Known.EVALUATED, evidence, detail, actions=path.needs
        )
        return
    yield _made(node, item.key, _ACCESS.get(path.gives, Access.ADMIN), found, path.needs)


def _made(node: Node, target: str, access: Access, found: Found, actions: Sequence[str]) -> Edge:
    return Edge(
        node.key,
        target,
        EdgeKind.CAN_ACCESS,
        found.status,
        Known.EVALUATED,
        found.evidence,
        found.detail,
        access,
        tuple(actions)[:6],
    )


def _any_node(key: str, what: str, scope: str) -> Node:
    is_tenant = not scope.startswith("/")
    where = f"tenant {scope}" if is_tenant else scope
    if is_tenant:
        account = f"azure:tenant:{scope}"
        weights = table()["sensitivity"]
    else:
        account = subscription_of(scope) or resource_key(scope)
        weights = _data()["sensitivity"]
    if what == "*":
        depth = scope.count("/")
        is_wide = is_tenant or depth <= 2 or "/managementgroups/" in scope
        fields = {"type": "scope", "sensitivity": 1.0 if is_wide else 0.8, "tier0": is_wide}
        return Node(key, NodeKind.RESOURCE, PROVIDER, f"everything in {where}", account, fields)
    level = 0.9 if what in ("applications", "users") and is_tenant else weights.get(what, weights["default"])
    fields = {"type": what, "sensitivity": float(level), "tier0": is_tenant and what == "applications"}
    return Node(key, NodeKind.RESOURCE, PROVIDER, f"{what.replace('-', ' ')} of {where}", account, fields)
