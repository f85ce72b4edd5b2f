# SPDX-License-Identifier: Apache-2.0
"""
What directory roles of Entra and application permissions of Microsoft Graph come to (`entra.json`), and what ownership
of applications does.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from secrethunt.identity.azure.keys import any_key, object_id_of
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind

_ACCESS = {item.label: item for item in Access}
_MOST = 500
"""Applications that a right over all of them is written out to."""
_OWNED = ("azure:app:", "azure:application:", "azure:service-principal:", "azure:group:")


@functools.cache
def table() -> dict[str, Any]:
    """The data file."""
    text = (Path(__file__).parent / "entra.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


class Directory:
    """Entra's side of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._apps: list[Node] | None = None
        self._tenant: str | None = None

    def edges(self, node: Node, holders: Sequence[str]) -> Iterator[Edge]:
        """What follows for *node* from roles and permissions of all *holders*: itself and its groups."""
        for holder in holders:
            for edge in self._graph.edges_from(holder, EdgeKind.HAS_GRANT):
                policy = self._graph.node(edge.target)
                if policy is not None:
                    yield from self._of_policy(node, policy, edge)
            yield from self._of_owner(node, holder)

    def tenant(self) -> str:
        """Id of the tenant that was exported; `tenant` where no export says it."""
        if self._tenant is None:
            accounts = self._graph.nodes(kind=NodeKind.ACCOUNT, provider="azure")
            homes = [item.key.rpartition(":")[2] for item in accounts if item.properties.get("home")]
            self._tenant = homes[0] if homes else "tenant"
        return self._tenant

    def _of_policy(self, node: Node, policy: Node, edge: Edge) -> Iterator[Edge]:
        kind = policy.properties.get("type")
        if kind == "directory-role-assignment":
            yield from self._of_role(node, policy, edge)
        elif kind == "app-role-assignment":
            yield from self._of_permission(node, policy, edge)
        elif kind == "delegated-permissions":
            scopes = tuple(str(item) for item in policy.properties.get("scopes") or ())
            detail = "delegated: only together with the sign-in of a user, and no further than the user may"
            target = any_key("delegated", self.tenant())
            yield Edge(node.key, target, EdgeKind.CAN_ACCESS, EdgeStatus.POTENTIAL, Known.EVALUATED,
                       edge.evidence, detail, Access.READ, scopes[:6])  # fmt: skip

    def _of_role(self, node: Node, policy: Node, edge: Edge) -> Iterator[Edge]:
        number = object_id_of(str(policy.properties.get("role")))
        role = self._graph.node(f"azure:role:{number}")
        entry = table()["roles"].get(number) or _by_name(role.name if role is not None else "")
        scope = str(policy.properties.get("scope") or "/")
        if entry is None:
            yield self._undescribed(node, role.name if role is not None else number, edge.evidence)
        elif scope != "/":
            target = any_key("administrative-unit", scope.strip("/"))
            yield Edge(node.key, target, EdgeKind.CAN_ACCESS, EdgeStatus.CONFIRMED, Known.EVALUATED, edge.evidence,
                       f"only within {scope}", Access.WRITE, (entry["name"],))  # fmt: skip
        else:
            yield from self._effect(node, entry, edge.evidence)

    def _of_permission(self, node: Node, policy: Node, edge: Edge) -> Iterator[Edge]:
        number = str(policy.properties.get("permission")).lower()
        entry = table()["permissions"].get(number)
        if entry is None:
            resource = self._graph.node(str(policy.properties.get("resource")))
            roles = resource.properties.get("app_roles") if resource is not None else None
            name = str(roles.get(number, number)) if isinstance(roles, Mapping) else number
            yield self._undescribed(node, name, edge.evidence)
        else:
            yield from self._effect(node, entry, edge.evidence)

    def _undescribed(self, node: Node, name: str, evidence: str) -> Edge:
        """Names end in what they allow: `Calendars.Read`, `Reports.ReadWrite.All`."""
        words = name.lower().replace(".all", "").rpartition(".")[2] if "." in name else name.lower()
        is_reader = (words.startswith("read") and "write" not in words) or words.endswith("reader")
        access = Access.READ if is_reader else Access.WRITE
        status = EdgeStatus.CONFIRMED if "." in name or is_reader else EdgeStatus.UNKNOWN
        detail = (
            "" if status is EdgeStatus.CONFIRMED else f"what {name} allows is not described: look it up at Microsoft"
        )
        target = any_key(name.partition(".")[0].replace(" ", "-"), self.tenant())
        return Edge(node.key, target, EdgeKind.CAN_ACCESS, status, Known.EVALUATED, evidence, detail, access, (name,))

    def _effect(self, node: Node, entry: Mapping[str, str], evidence: str) -> Iterator[Edge]:
        effect, name = entry["effect"], entry["name"]
        said = f"{name}{': ' + entry['step'] if entry.get('step') else ''}; {evidence}"
        if effect == "tenant":
            yield self._access(node, "*", Access.ADMIN, name, said)
        elif effect == "apps":
            yield from self._any_app(node, name, said)
        elif effect == "owned-apps":
            yield self._access(node, "new-applications", Access.WRITE, name, said)
        elif effect == "users":
            detail = "users who hold no administrative role"
            yield self._access(node, "users", Access.ADMIN, name, said, detail)
        elif effect == "groups":
            yield from self._any_group(node, name, said)
        else:
            yield self._access(node, entry["what"], _ACCESS[entry["access"]], name, said)

    def _access(self, node: Node, what: str, access: Access, name: str, said: str, detail: str = "") -> Edge:
        status = EdgeStatus.CONDITIONAL if detail else EdgeStatus.CONFIRMED
        target = any_key(what, self.tenant())
        return Edge(node.key, target, EdgeKind.CAN_ACCESS, status, Known.EVALUATED, said, detail, access, (name,))

    def _any_app(self, node: Node, name: str, said: str) -> Iterator[Edge]:
        """A new credential for any application, hence everything that any of them may."""
        if self._apps is None:
            nodes = self._graph.nodes(kind=NodeKind.IDENTITY, provider="azure")
            self._apps = [item for item in nodes if item.properties.get("type") == "service-principal"]
        yield self._access(node, "applications", Access.ADMIN, name, said)
        for item in self._apps[:_MOST]:
            if item.key != node.key:
                yield _minted(node, item.key, name, said)

    def _any_group(self, node: Node, name: str, said: str) -> Iterator[Edge]:
        """Membership of any group, except those that roles may be given to."""
        yield self._access(node, "groups", Access.WRITE, name, said)
        for group in self._graph.nodes(kind=NodeKind.GROUP, provider="azure"):
            is_open = not group.properties.get("assignable_to_roles")
            if is_open and any(True for _ in self._graph.edges_from(group.key, EdgeKind.HAS_GRANT)):
                yield Edge(node.key, group.key, EdgeKind.CAN_CHANGE_POLICY_OF, EdgeStatus.CONFIRMED, Known.EVALUATED,
                           f"adds itself to the group: {said}", actions=(name,))  # fmt: skip

    def _of_owner(self, node: Node, holder: str) -> Iterator[Edge]:
        for edge in self._graph.edges_to(holder, EdgeKind.OWNED_BY):
            if not edge.source.startswith(_OWNED):
                continue
            if edge.source.startswith("azure:group:"):
                yield Edge(node.key, edge.source, EdgeKind.CAN_CHANGE_POLICY_OF, EdgeStatus.CONFIRMED, Known.EVALUATED,
                           f"owner of the group adds itself: {edge.evidence}", actions=("owner",))  # fmt: skip
            else:
                yield _minted(node, edge.source, "owner", f"owner adds a credential: {edge.evidence}")


def _by_name(name: str) -> Mapping[str, str] | None:
    return next((entry for entry in table()["roles"].values() if entry["name"] == name), None)


def _minted(node: Node, target: str, name: str, said: str) -> Edge:
    kind = EdgeKind.CAN_MINT_KEY_FOR
    return Edge(node.key, target, kind, EdgeStatus.CONFIRMED, Known.EVALUATED, said, actions=(name,))
