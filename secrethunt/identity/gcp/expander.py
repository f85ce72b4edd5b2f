# SPDX-License-Identifier: Apache-2.0
"""What follows for a principal of Google Cloud: resources it reaches, accounts it can take, paths to more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from secrethunt.identity.aws.conditions import Truth
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind
from secrethunt.identity.gcp.escalation import Escalations
from secrethunt.identity.gcp.grants import Found, Grant, Grants, Principal
from secrethunt.identity.gcp.hierarchies import Hierarchies
from secrethunt.identity.gcp.names import ANY_ACCOUNT, ANYBODY, PREFIX, account_node, any_key, is_container
from secrethunt.identity.gcp.permissions import access_of, is_about_identities, sensitivity_of, service_of
from secrethunt.identity.gcp.policies import BINDING

_STATUS = {Truth.YES: EdgeStatus.CONFIRMED, Truth.MAYBE: EdgeStatus.CONDITIONAL}
_PRINCIPALS = frozenset({NodeKind.IDENTITY, NodeKind.GROUP})
_OWNER = "roles/owner"
_MOST_ACTIONS = 6
_MOST_STORES = 200
"""Stored secrets of a service in a wide scope that are written out; more are told by the scope."""
_CLUSTER_OBJECTS = (
    "container.clusters.",
    "container.nodePools.",
    "container.operations.",
    "container.hostServiceAgent.",
)
_IMPORT = "import `gcloud asset search-all-iam-policies --scope=organizations/ID --format=json`"


@dataclass(slots=True)
class _Right:
    """What is allowed on one scope of one service, at one certainty."""

    access: Access
    actions: list[str] = field(default_factory=list)
    evidence: dict[str, None] = field(default_factory=dict)
    conditions: dict[str, None] = field(default_factory=dict)


class GcpExpander:
    """Implements `Expander`. One instance serves one graph."""

    def __init__(self) -> None:
        self._graph: Graph | None = None

    def expand(self, node: Node, graph: Graph) -> Iterator[Edge]:
        """Evaluated edges from *node*; none from a kind that does nothing by itself."""
        if node.kind not in _PRINCIPALS or node.provider != "gcp":
            return
        self._attach(graph)
        principal = self._grants.principal(node)
        if not self._knows_policies(node, principal):
            yield _unknown(node.key, f"{PREFIX}any:*@{_place(node)}", f"its permissions were not imported: {_IMPORT}")
            return
        edges = [*self._unknown_roles(principal), *self._resources(principal), *self._escalations.edges(principal)]
        for edge in _not_implied(edges):
            if node.properties.get("disabled"):
                edge = replace(edge, status=EdgeStatus.BLOCKED, detail="the service account is disabled")
            yield edge

    def target_nodes(self, keys: Iterable[str]) -> Iterator[Node]:
        """Nodes for keys that the store does not have."""
        for key in keys:
            made = _made_node(key)
            if made is not None:
                yield made

    def _attach(self, graph: Graph) -> None:
        if self._graph is not graph:
            self._graph = graph
            self._tree = Hierarchies(graph)
            self._grants = Grants(graph, self._tree)
            self._escalations = Escalations(graph, self._grants)
            self._any_policy: bool | None = None

    def _knows_policies(self, node: Node, principal: Principal) -> bool:
        """Whether the policies were imported that would name it: any of its own, or any on its project or above."""
        if principal.grants:
            own = [grant for grant in principal.grants if "granted to any:" not in grant.evidence]
            if own:
                return True
        if self._any_policy is None:
            assert self._graph is not None
            self._any_policy = any(
                item.properties.get("type") == BINDING
                for item in self._graph.nodes(kind=NodeKind.POLICY, provider="gcp")
            )
        if not self._any_policy:
            return False
        project = self._tree.project_of(node.key)
        return not project or self._has_policy(project)

    def _has_policy(self, project: str) -> bool:
        assert self._graph is not None
        scopes = {alias for scope in self._tree.ancestors(project) for alias in self._tree.aliases(scope)}
        return any(
            item.properties.get("type") == BINDING and item.properties.get("scope") in scopes
            for item in self._graph.nodes(kind=NodeKind.POLICY, provider="gcp")
        )

    def _unknown_roles(self, principal: Principal) -> Iterator[Edge]:
        for grant in principal.grants:
            if grant.permissions is None:
                target = any_key("*", grant.scope) if is_container(grant.scope) else grant.scope
                detail = f"what {grant.role} has is not known: import `{_describe(grant.role)} --format=json`"
                yield replace(_unknown(principal.key, target, detail), evidence=grant.evidence)

    # --- resources ----------------------------------------------------------------------------------------------

    def _resources(self, principal: Principal) -> Iterator[Edge]:
        found: dict[tuple[str, Truth], _Right] = {}
        for grant in principal.grants:
            if grant.scope.startswith((f"{PREFIX}service-account:", f"{PREFIX}role:")):
                continue
            if self._is_everything(principal, grant):
                self._add(found, any_key("*", grant.scope), "*", Access.ADMIN, Found(Truth.YES, (grant.evidence,)))
                continue
            self._services(principal, grant, found)
        for (target, truth), right in found.items():
            stronger = [other.access for (key, sure), other in found.items() if key == target and sure is Truth.YES]
            if truth is Truth.MAYBE and stronger and max(stronger) >= right.access:
                continue
            yield Edge(
                principal.key,
                target,
                EdgeKind.CAN_ACCESS,
                _STATUS[truth],
                Known.EVALUATED,
                ", ".join(list(right.evidence)[:3]),
                ", ".join(list(right.conditions)[:3]),
                right.access,
                tuple(sorted(right.actions, key=lambda name: (-access_of(name), name))[:_MOST_ACTIONS]),
            )

    def _is_everything(self, principal: Principal, grant: Grant) -> bool:
        return grant.role == _OWNER and not grant.condition and is_container(grant.scope) and not principal.denials

    def _services(self, principal: Principal, grant: Grant, found: dict[tuple[str, Truth], _Right]) -> None:
        """Adds the strongest right of each service that the grant has, where it holds."""
        decided: dict[tuple[object, ...], Found] = {}
        for permission in sorted(grant.permissions or ()):
            if is_about_identities(permission):
                continue
            for target, where in self._targets(permission, grant):
                rules = tuple(item for item in principal.denials if item.is_about(permission))
                key = (where, rules)
                if key not in decided:
                    narrowed = replace(principal, grants=(grant,))
                    decided[key] = self._grants.decide(narrowed, permission, where)
                if decided[key].truth is not Truth.NO:
                    self._add(found, target, permission, access_of(permission), decided[key])

    def _targets(self, permission: str, grant: Grant) -> list[tuple[str, str]]:
        """(key of what is reached, key of what is asked about) for a permission of a grant."""
        service = service_of(permission)
        if not is_container(grant.scope):
            return [(grant.scope, grant.scope)]
        found = [(any_key(service, grant.scope), grant.scope)]
        if access_of(permission) is Access.SECRET_READ or grant.condition:
            found += [(key, key) for key in self._stored(grant.scope, service, only_stores=not grant.condition)]
        if service == "container" and not permission.startswith(_CLUSTER_OBJECTS):
            found += [(key, grant.scope) for key in self._clusters(grant.scope)]
        return found

    def _stored(self, scope: str, service: str, *, only_stores: bool) -> list[str]:
        """Stored secrets of the service in *scope*; with a condition, any resources, of which each is asked."""
        kinds = (NodeKind.SECRET_STORE,) if only_stores else (NodeKind.SECRET_STORE, NodeKind.RESOURCE)
        nodes = [
            node.key
            for project in self._tree.projects(scope)
            for kind in kinds
            for node in self._tree.nodes(project, kind)
            if node.properties.get("service") == service
        ]
        return nodes if len(nodes) <= _MOST_STORES else []

    def _clusters(self, scope: str) -> list[str]:
        assert self._graph is not None
        return [
            edge.source
            for project in self._tree.projects(scope)
            for alias in self._tree.aliases(project)
            for edge in self._graph.edges_to(alias, EdgeKind.IN_ACCOUNT)
            if edge.source.startswith("k8s:cluster:")
        ]

    def _add(
        self, found: dict[tuple[str, Truth], _Right], target: str, permission: str, access: Access, decision: Found
    ) -> None:
        right = found.setdefault((target, decision.truth), _Right(access))
        right.access = max(right.access, access)
        right.actions.append(permission)
        right.evidence.update(dict.fromkeys(decision.evidence))
        right.conditions.update(dict.fromkeys(decision.conditions))


def _not_implied(edges: list[Edge]) -> Iterator[Edge]:
    """All but rights over parts of what is held as a whole."""
    whole = {
        edge.target.rpartition("@")[2]
        for edge in edges
        if edge.target.startswith(f"{PREFIX}any:*@")
        and (edge.kind, edge.access, edge.status) == (EdgeKind.CAN_ACCESS, Access.ADMIN, EdgeStatus.CONFIRMED)
    }
    for edge in edges:
        what, _, where = edge.target.rpartition("@")
        is_part = what.startswith(f"{PREFIX}any:") and where in whole and edge.access is not None
        if not is_part or (what.endswith(":*") and edge.kind is EdgeKind.CAN_ACCESS):
            yield edge


def _unknown(source: str, target: str, detail: str) -> Edge:
    return Edge(
        source, target, EdgeKind.CAN_ACCESS, EdgeStatus.UNKNOWN, Known.EVALUATED, detail=detail, access=Access.ADMIN
    )


def _describe(role: str) -> str:
    """The command that writes a role's definition."""
    parent, separator, name = role.rpartition("/roles/")
    if not separator:
        return f"gcloud iam roles describe {role}"
    kind, _, owner = parent.partition("/")
    return f"gcloud iam roles describe {name} --{kind.removesuffix('s')}={owner}"


def _place(node: Node) -> str:
    if node.account.startswith(f"{PREFIX}project:"):
        return f"projects/{node.account.rpartition(':')[2]}"
    return "unknown"


def _made_node(key: str) -> Node | None:
    """What a key that nobody imported stands for."""
    if not key.startswith(PREFIX):
        return None
    text = key.removeprefix(PREFIX)
    if key in (ANYBODY, ANY_ACCOUNT):
        name = "allUsers" if key == ANYBODY else "allAuthenticatedUsers"
        return Node(key, NodeKind.GROUP, "gcp", name, "", {"type": name})
    if text.startswith("any:"):
        return _whole(key, text.removeprefix("any:"))
    if text.startswith("service-account:"):
        return account_node(text.removeprefix("service-account:"))
    service = text.partition(".googleapis.com/")[0]
    if service == text:
        return None
    properties = {"type": service, "service": service, "sensitivity": sensitivity_of(service)}
    return Node(key, NodeKind.RESOURCE, "gcp", text, "", properties)


def _whole(key: str, text: str) -> Node:
    service, _, where = text.partition("@")
    kind, _, name = where.partition("/")
    owner = f"{PREFIX}{kind.removesuffix('s')}:{name}" if name else ""
    if service in ("*", "service-account"):
        label = "everything" if service == "*" else "every service account"
        properties = {"type": "account", "sensitivity": 1.0, "tier0": True}
        return Node(key, NodeKind.RESOURCE, "gcp", f"{label} in {where}", owner, properties)
    return Node(
        key,
        NodeKind.RESOURCE,
        "gcp",
        f"all of {service} in {where}",
        owner,
        {"type": service, "service": service, "sensitivity": sensitivity_of(service)},
    )
