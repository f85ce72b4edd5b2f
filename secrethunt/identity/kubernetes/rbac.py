# SPDX-License-Identifier: Apache-2.0
"""
Roles and bindings: what a subject may do. RBAC only allows; there is no deny.

Source: Kubernetes, "Using RBAC Authorization". A role binding gives even a cluster role's rules only in its namespace;
an aggregated cluster role has the rules of all that its selectors find; `create` and `deletecollection` cannot be
limited to names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secrethunt.identity.contract import EdgeKind, Graph, Node, NodeKind
from secrethunt.identity.kubernetes.names import Cluster, cluster_of

_NAMELESS = frozenset({"create", "deletecollection"})
_ALL: Mapping[str, Any] = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
_EVERY_PATH: Mapping[str, Any] = {"verbs": ["*"], "nonResourceURLs": ["*"]}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a role, where it holds."""

    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]
    paths: frozenset[str]
    namespace: str
    """Empty: in the whole cluster."""
    evidence: str

    def allows(self, verb: str, group: str, resource: str) -> bool:
        """Whether the rule lets *verb* happen on *resource* (`pods`, `pods/exec`) of an API group."""
        if not (self.verbs & {verb, "*"} and self.groups & {group, "*"}):
            return False
        _, _, part = resource.partition("/")
        return bool(self.resources & {resource, "*", f"*/{part}" if part else "*"})

    def names_for(self, verb: str) -> frozenset[str]:
        """Names that *verb* is limited to; empty where it is not limited."""
        return frozenset() if verb in _NAMELESS else self.names


@dataclass(frozen=True, slots=True)
class Need:
    """One necessary right: any of the verbs on any of the resources."""

    verbs: tuple[str, ...]
    group: str
    resources: tuple[str, ...]


def parse_need(text: str) -> Need:
    """`update,patch deployments.apps` → its parts; a subresource is written `pods/exec`."""
    verbs, _, rest = text.partition(" ")
    names, _, group = rest.partition(".")
    return Need(tuple(verbs.split(",")), group, tuple(names.split(",")))


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody with all rules that hold for it, and bindings whose role nobody exported."""

    key: str
    cluster: Cluster
    rules: tuple[Rule, ...]
    unread: tuple[tuple[str, str, str], ...]
    """(role, namespace, binding)."""


@dataclass(slots=True)
class Rbac:
    """Reads the subjects of one graph."""

    graph: Graph
    _rules: dict[str, list[Mapping[str, Any]] | None] = field(default_factory=dict)
    _labelled: dict[str, list[Node]] = field(default_factory=dict)

    def subject(self, node: Node) -> Subject:
        """*node* with the rules of every binding of it and of its groups; of a role, those of the role itself."""
        cluster = cluster_of(node.key)
        if node.kind is NodeKind.ROLE:
            namespace = node.name.partition("/")[0] if ":role:" in node.key else ""
            rules = [_rule(item, namespace, node.name) for item in self._of_role(node.key, cluster) or ()]
            return Subject(node.key, cluster, tuple(rules), ())
        found: list[Rule] = []
        unread = []
        groups = self._groups(node, cluster)
        if cluster.group("system:masters") in groups:
            found += [_rule(item, "", "group system:masters") for item in (_ALL, _EVERY_PATH)]
        for key in (node.key, *groups):
            for edge in self.graph.edges_from(key, EdgeKind.HAS_GRANT):
                binding = self.graph.node(edge.target)
                if binding is None or binding.properties.get("type") != "binding":
                    continue
                role = str(binding.properties.get("role"))
                namespace = str(binding.properties.get("namespace") or "")
                read = self._of_role(role, cluster)
                if read is None:
                    unread.append((role, namespace, binding.name))
                else:
                    evidence = f"{role.split(':', 3)[-1]} by {binding.name}"
                    found += [_rule(item, namespace, evidence) for item in read]
        return Subject(node.key, cluster, tuple(dict.fromkeys(found)), tuple(unread))

    def _groups(self, node: Node, cluster: Cluster) -> list[str]:
        """Groups that exports name, and those that the API server puts everybody of a kind in."""
        names: list[str] = []
        if node.properties.get("type") == "service-account":
            namespace = str(node.properties.get("namespace") or node.name.partition("/")[0])
            names = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
        elif node.kind is NodeKind.IDENTITY:
            names = ["system:unauthenticated" if node.name == "system:anonymous" else "system:authenticated"]
        elif node.kind is NodeKind.GROUP and not node.name.endswith("authenticated"):
            names = ["system:authenticated"]
        found: dict[str, None] = {}
        front = [edge.target for edge in self.graph.edges_from(node.key, EdgeKind.MEMBER_OF)]
        front += [cluster.group(name) for name in names]
        if node.kind is NodeKind.GROUP:
            front.insert(0, node.key)
        while front:
            key = front.pop(0)
            if key not in found:
                found[key] = None
                front.extend(edge.target for edge in self.graph.edges_from(key, EdgeKind.MEMBER_OF))
        return [key for key in found if key != node.key or key.endswith(":system:masters")]

    def _of_role(self, key: str, cluster: Cluster) -> list[Mapping[str, Any]] | None:
        if key not in self._rules:
            self._rules[key] = self._read(key, cluster, ())
        return self._rules[key]

    def _read(self, key: str, cluster: Cluster, above: tuple[str, ...]) -> list[Mapping[str, Any]] | None:
        node = self.graph.node(key)
        document = node.properties.get("document") if node is not None else None
        if node is None or not isinstance(document, Mapping):
            return [_ALL, _EVERY_PATH] if key == cluster.cluster_role("cluster-admin") else None
        rules = [rule for rule in document.get("rules") or () if isinstance(rule, Mapping)]
        for selector in node.properties.get("aggregates") or ():
            for other in self._cluster_roles(cluster):
                if other.key not in (key, *above) and _selects(selector, other.properties.get("labels") or {}):
                    rules += self._read(other.key, cluster, (*above, key)) or []
        return rules

    def _cluster_roles(self, cluster: Cluster) -> list[Node]:
        if cluster.key not in self._labelled:
            roles = self.graph.nodes(kind=NodeKind.ROLE, provider="k8s", account=cluster.key)
            self._labelled[cluster.key] = [node for node in roles if node.properties.get("type") == "cluster-role"]
        return self._labelled[cluster.key]


def _texts(value: object) -> frozenset[str]:
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()


def _rule(item: Mapping[str, Any], namespace: str, evidence: str) -> Rule:
    fields = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
    verbs, groups, resources, names, paths = (_texts(item.get(name)) for name in fields)
    return Rule(verbs, groups, resources, names, frozenset() if namespace else paths, namespace, evidence)


def _selects(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Label selectors: all of both parts must fit."""
    wanted = selector.get("matchLabels")
    if isinstance(wanted, Mapping) and any(labels.get(name) != value for name, value in wanted.items()):
        return False
    expressions = selector.get("matchExpressions")
    return all(_fits(item, labels) for item in expressions) if isinstance(expressions, list) else bool(wanted)


def _fits(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    name, values = str(expression.get("key")), expression.get("values") or []
    operator = expression.get("operator")
    if operator == "In":
        return labels.get(name) in values
    if operator == "NotIn":
        return labels.get(name) not in values
    return (name in labels) == (operator == "Exists")


def iter_places(subject: Subject, needs: Iterable[Need]) -> Iterator[tuple[str, frozenset[str], tuple[str, ...]]]:
    """
    Where all *needs* are met: (namespace or empty for the cluster, names that the first is limited to, evidence). A
    namespace is left out where the cluster as a whole is there without such limits.
    """
    wanted = list(needs)
    places = sorted({rule.namespace for rule in subject.rules})
    is_whole = False
    for place in places:
        met = [_met(subject, need, place) for need in wanted]
        if is_whole or not all(met):
            continue
        for rule, verb in met[0]:
            names = rule.names_for(verb)
            is_whole = is_whole or (not place and not names)
            yield place, names, (rule.evidence, *(rest[0][0].evidence for rest in met[1:]))
            if not names:
                break


def _met(subject: Subject, need: Need, place: str) -> list[tuple[Rule, str]]:
    """Rules that meet a need in a namespace, those without names first; cluster-wide ones hold everywhere."""
    found = [
        (rule, verb)
        for rule in subject.rules
        if rule.namespace in ("", place)
        for verb in need.verbs
        if any(rule.allows(verb, need.group, resource) for resource in need.resources)
    ]
    return sorted(found, key=lambda item: bool(item[0].names_for(item[1])))
