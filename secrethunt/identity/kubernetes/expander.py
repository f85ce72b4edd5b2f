# SPDX-License-Identifier: Apache-2.0
"""What follows for a subject, role or workload of a cluster: resources it reaches, and paths to more."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind
from secrethunt.identity.kubernetes.escalation import Escalations
from secrethunt.identity.kubernetes.names import PREFIX, Cluster, cluster_of
from secrethunt.identity.kubernetes.rbac import Rbac, Rule, Subject

_SUBJECTS = frozenset({NodeKind.IDENTITY, NodeKind.GROUP, NodeKind.ROLE})
_READS = frozenset({"get", "list", "watch"})
_BY_PATHS = frozenset({"bind", "escalate", "impersonate", "use", "approve", "sign", "attest"})
"""Verbs that count only as far as they lead somewhere."""
_HARMLESS = ("/healthz", "/livez", "/readyz", "/version", "/api", "/openapi", "/swagger", "/.well-known", "/openid")
_MOST_SECRETS = 200
"""Stored secrets that one right is written out to; more are told by the scope."""
_MOST_ACTIONS = 6
_IMPORT = "import `kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json`"


@functools.cache
def _sensitivity() -> dict[str, float]:
    text = (Path(__file__).parent / "sensitivity.json").read_text(encoding="utf-8")
    return {name: float(value) for name, value in json.loads(text)["resources"].items()}


@dataclass(slots=True)
class _Right:
    """What is allowed on one target."""

    access: Access = Access.LIST
    actions: dict[str, None] = field(default_factory=dict)
    evidence: dict[str, None] = field(default_factory=dict)


class KubernetesExpander:
    """Implements `Expander`. One instance serves one graph."""

    def __init__(self) -> None:
        self._graph: Graph | None = None

    def expand(self, node: Node, graph: Graph) -> Iterator[Edge]:
        """Evaluated edges from *node*; none from a kind that does nothing by itself."""
        if node.provider != "k8s":
            return
        self._attach(graph)
        if node.kind is NodeKind.WORKLOAD:
            yield from _escape(node)
            return
        if node.kind not in _SUBJECTS:
            return
        subject = self._rbac.subject(node)
        if not subject.rules and not subject.unread and not self._knows(subject.cluster):
            detail = f"its rights were not imported: {_IMPORT}"
            yield _unknown(node.key, subject.cluster.any("*"), detail, "")
            return
        for role, namespace, binding in subject.unread:
            detail = f"what {role.removeprefix(PREFIX)} allows is not known: {_IMPORT}"
            yield _unknown(node.key, subject.cluster.any("*", namespace), detail, binding)
        yield from _not_implied([*self._resources(subject), *self._escalations.edges(subject)], subject.cluster)

    def target_nodes(self, keys: Iterable[str]) -> Iterator[Node]:
        """Nodes for keys that the store does not have."""
        for key in keys:
            if key.startswith(f"{PREFIX}any:"):
                yield _whole(key)

    def _attach(self, graph: Graph) -> None:
        if self._graph is not graph:
            self._graph = graph
            self._rbac = Rbac(graph)
            self._escalations = Escalations(graph)
            self._known: dict[str, bool] = {}
            self._stores: dict[str, list[Node]] = {}

    def _knows(self, cluster: Cluster) -> bool:
        """Whether bindings of the cluster were imported, so that having none means something."""
        assert self._graph is not None
        if cluster.key not in self._known:
            nodes = self._graph.nodes(kind=NodeKind.POLICY, provider="k8s", account=cluster.key)
            self._known[cluster.key] = any(node.properties.get("type") == "binding" for node in nodes)
        return self._known[cluster.key]

    def _resources(self, subject: Subject) -> Iterator[Edge]:
        found: dict[str, _Right] = {}
        for rule in subject.rules:
            for target, access, action in self._rights(subject.cluster, rule):
                right = found.setdefault(target, _Right(access))
                right.access = max(right.access, access)
                right.actions[action] = None
                right.evidence[rule.evidence] = None
        for target, right in found.items():
            yield Edge(
                subject.key,
                target,
                EdgeKind.CAN_ACCESS,
                EdgeStatus.CONFIRMED,
                Known.EVALUATED,
                ", ".join(list(right.evidence)[:3]),
                access=right.access,
                actions=tuple(list(right.actions)[:_MOST_ACTIONS]),
            )

    def _rights(self, cluster: Cluster, rule: Rule) -> Iterator[tuple[str, Access, str]]:
        """(target, access, action) of one rule."""
        for path in rule.paths:
            if not path.startswith(_HARMLESS):
                is_read = rule.verbs <= {"get", "head"}
                yield cluster.any("paths"), Access.READ if is_read else Access.WRITE, f"{_verbs(rule)} {path}"
        verbs = rule.verbs - _BY_PATHS
        if not verbs:
            return
        for resource in rule.resources:
            yield from self._on(cluster, rule, resource, verbs)

    def _on(
        self, cluster: Cluster, rule: Rule, resource: str, verbs: frozenset[str]
    ) -> Iterator[tuple[str, Access, str]]:
        is_core = bool(rule.groups & {"", "*"})
        action = f"{_verbs(rule)} {resource}"
        if resource in ("secrets", "*") and is_core and verbs & {*_READS, "*"}:
            yield from self._secrets(cluster, rule, action)
        if resource == "secrets" and is_core and verbs <= _READS:
            return
        plain = resource.partition("/")[0]
        if plain == "secrets" and not is_core:
            plain = f"secrets.{min(rule.groups, default='')}"
        if resource == "*" and "*" not in rule.groups:
            for group in sorted(rule.groups):
                yield cluster.any(f"{group or 'core'}.*", rule.namespace), _access(verbs), action
        elif plain != "*":
            name = f"/{','.join(sorted(rule.names)[:3])}" if rule.names else ""
            yield cluster.any(plain + name, rule.namespace), _access(verbs), action
        elif resource == "*":
            yield cluster.any("*", rule.namespace), _access(verbs), action

    def _secrets(self, cluster: Cluster, rule: Rule, action: str) -> Iterator[tuple[str, Access, str]]:
        """Reading or listing secrets gives their values."""
        stored = [node for node in self._stored(cluster) if rule.namespace in ("", node.properties.get("namespace"))]
        if rule.names:
            for name in sorted(rule.names):
                hits = [node.key for node in stored if node.name.partition("/")[2] == name]
                made = cluster.secret(rule.namespace, name) if rule.namespace else cluster.any(f"secrets/{name}")
                for key in hits or [made]:
                    yield key, Access.SECRET_READ, action
            return
        yield cluster.any("secrets", rule.namespace), Access.SECRET_READ, action
        if len(stored) <= _MOST_SECRETS or rule.namespace:
            yield from ((node.key, Access.SECRET_READ, action) for node in stored)

    def _stored(self, cluster: Cluster) -> list[Node]:
        assert self._graph is not None
        if cluster.key not in self._stores:
            nodes = self._graph.nodes(kind=NodeKind.SECRET_STORE, provider="k8s", account=cluster.key)
            self._stores[cluster.key] = list(nodes)
        return self._stores[cluster.key]


def _not_implied(edges: list[Edge], cluster: Cluster) -> Iterator[Edge]:
    """All but rights over parts of the cluster where the whole of it is held."""
    whole = cluster.any("*")
    is_whole = any(
        (edge.target, edge.kind, edge.access, edge.status)
        == (whole, EdgeKind.CAN_ACCESS, Access.ADMIN, EdgeStatus.CONFIRMED)
        for edge in edges
    )
    for edge in edges:
        is_part = edge.target.startswith(f"{PREFIX}any:") and edge.access is not None
        if not (is_whole and is_part) or (edge.target == whole and edge.kind is EdgeKind.CAN_ACCESS):
            yield edge


def _verbs(rule: Rule) -> str:
    return ",".join(sorted(rule.verbs))


def _access(verbs: frozenset[str]) -> Access:
    if "*" in verbs:
        return Access.ADMIN
    if not verbs <= _READS:
        return Access.WRITE
    return Access.READ


def _escape(node: Node) -> Iterator[Edge]:
    """From a container to its machine, where the pod leaves the way open."""
    escapes = node.properties.get("escapes") or []
    if escapes:
        yield Edge(
            node.key,
            cluster_of(node.key).any("nodes"),
            EdgeKind.CAN_ACCESS,
            EdgeStatus.POTENTIAL,
            Known.EVALUATED,
            f"pod of {node.name}: {', '.join(map(str, escapes))[:200]}",
            "from a container with these settings the node may be taken over",
            Access.ADMIN,
        )


def _unknown(source: str, target: str, detail: str, evidence: str) -> Edge:
    return Edge(
        source, target, EdgeKind.CAN_ACCESS, EdgeStatus.UNKNOWN, Known.EVALUATED, evidence, detail, Access.ADMIN
    )


def _whole(key: str) -> Node:
    """What stands for all of a resource in a namespace or cluster."""
    what, _, where = key.removeprefix(f"{PREFIX}any:").rpartition("@")
    plain = what.partition("/")[0]
    table = _sensitivity()
    properties: dict[str, object] = {
        "type": plain,
        "service": plain,
        "sensitivity": table.get(plain, table["default"]),
    }
    if plain == "*":
        is_cluster = "/" not in where
        properties |= {"sensitivity": 1.0 if is_cluster else 0.8, "tier0": is_cluster}
        name = f"everything in {where}"
    else:
        name = f"all {what} in {where}" if plain == what else f"{what} in {where}"
    kind = NodeKind.SECRET_STORE if plain == "secrets" and plain != what else NodeKind.RESOURCE
    account = "" if "/" in where else f"{PREFIX}cluster:{where}"
    return Node(key, kind, "k8s", name, account, properties)
