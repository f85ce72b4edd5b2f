# SPDX-License-Identifier: Apache-2.0
"""Paths by which rights in a cluster become more, from the catalogue `escalations.json`."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind
from secrethunt.identity.kubernetes.rbac import Need, Subject, iter_places, parse_need

_NEEDS_COMPUTE = 0.3
"""Weight of a path that needs something which nobody has shown to be there (`weights.json`)."""
_STRONG_ROLES = frozenset({"cluster-admin", "admin"})
_Place = tuple[str, frozenset[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Escalation:
    """One entry of the catalogue."""

    id: str
    name: str
    needs: tuple[Need, ...]
    actions: tuple[str, ...]
    how: str
    reference: str
    scope: str = ""
    target: str = ""
    access: str = ""
    potential: str = ""


@functools.cache
def catalogue() -> tuple[Escalation, ...]:
    """All known paths."""
    text = (Path(__file__).parent / "escalations.json").read_text(encoding="utf-8")
    return tuple(_entry(item) for item in json.loads(text)["paths"])


def _entry(item: dict[str, object]) -> Escalation:
    needs = [str(need) for need in item["needs"]]  # type: ignore[attr-defined]  # a list, by the file's form
    rest = {name: str(value) for name, value in item.items() if name != "needs"}
    return Escalation(needs=tuple(map(parse_need, needs)), actions=tuple(needs), **rest)


class Escalations:
    """Finds the paths of subjects of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes: dict[tuple[str, NodeKind], list[Node]] = {}

    def edges(self, subject: Subject) -> Iterator[Edge]:
        """Edges to whom or what each path leads: of several of one kind to the same node the surest, naming others."""
        best: dict[tuple[str, EdgeKind], list[Edge]] = {}
        for path in catalogue():
            for place in iter_places(subject, path.needs):
                if path.scope == "cluster" and place[0]:
                    continue
                for edge in _HOW[path.how](self, path, subject, place):
                    if edge.target != subject.key:
                        best.setdefault((edge.target, edge.kind), []).append(edge)
        for found in best.values():
            found.sort(key=lambda edge: (edge.status is not EdgeStatus.CONFIRMED, -(edge.access or 0)))
            others = dict.fromkeys(edge.evidence.partition(":")[0] for edge in found[1:])
            others.pop(found[0].evidence.partition(":")[0], None)
            also = f"; also: {', '.join(list(others)[:4])}" if others else ""
            yield replace(found[0], evidence=found[0].evidence + also)

    # --- other identities ---------------------------------------------------------------------------------------

    def _mint(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        yield from self._to_accounts(path, subject, place, EdgeKind.CAN_MINT_KEY_FOR)

    def _impersonate_accounts(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        yield from self._to_accounts(path, subject, place, EdgeKind.CAN_ASSUME)

    def _impersonate_users(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        if place[0]:
            return
        for node in self._of(subject, NodeKind.IDENTITY):
            name = str(node.properties.get("subject") or node.name)
            if not place[1] or name in place[1]:
                yield _made(path, subject, place, node.key, EdgeKind.CAN_ASSUME)

    def _impersonate_groups(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        if not place[1] or "system:masters" in place[1]:
            yield _access(_made(path, subject, place, subject.cluster.any("*"), EdgeKind.CAN_ACCESS), Access.ADMIN)
        for node in self._of(subject, NodeKind.GROUP):
            if not place[1] or node.name in place[1]:
                yield _made(path, subject, place, node.key, EdgeKind.CAN_ASSUME)

    def _run(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        """A pod runs as any account of its namespace and, where pod security allows, takes the node."""
        unlimited: _Place = (place[0], frozenset(), place[2])
        yield from self._to_accounts(path, subject, unlimited, EdgeKind.CAN_PASS_TO)
        if self._admits_privileged(subject, place[0]):
            detail = "as far as admission lets privileged pods in: import namespaces with their labels to know more"
            edge = _made(path, subject, place, subject.cluster.any("nodes"), EdgeKind.CAN_ACCESS, detail)
            yield _access(edge, Access.ADMIN)

    def _admits_privileged(self, subject: Subject, namespace: str) -> bool:
        """Whether no namespace that counts is known to enforce a pod security level (Pod Security Standards)."""
        spaces = [
            node
            for node in self._of(subject, NodeKind.ACCOUNT)
            if node.properties.get("type") == "namespace" and namespace in ("", node.name)
        ]
        levels = [
            str((node.properties.get("tags") or {}).get("pod-security.kubernetes.io/enforce", "privileged"))
            for node in spaces
        ]
        return not levels or "privileged" in levels

    def _rerun(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        """A change to something that is there: whom it may run as afterwards, and what it runs as now."""
        there = [node for node in self._workloads(subject, place) if node.properties.get("type") == path.target]
        for node in there:
            yield _access(_made(path, subject, place, node.key, EdgeKind.CAN_ACCESS), Access.ADMIN)
        spaces = {str(node.properties.get("namespace")) for node in there}
        for space in spaces:
            yield from self._to_accounts(path, subject, (space, frozenset(), place[2]), EdgeKind.CAN_PASS_TO)
        if not there and not self._has_workloads(subject):
            yield from self._to_accounts(
                path, subject, (place[0], frozenset(), place[2]), EdgeKind.CAN_PASS_TO, _what_runs(path.target)
            )

    def _enter(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        is_node = path.id == "node-proxy"
        scope: _Place = (place[0], frozenset() if is_node else place[1], place[2])
        for node in self._workloads(subject, scope):
            yield _access(_made(path, subject, place, node.key, EdgeKind.CAN_ACCESS), Access.ADMIN)
        if is_node:
            edge = _made(path, subject, place, subject.cluster.any("nodes"), EdgeKind.CAN_ACCESS)
            yield _access(edge, Access.ADMIN)
        if not self._has_workloads(subject):
            limited: _Place = (place[0], frozenset(), place[2])
            yield from self._to_accounts(path, subject, limited, EdgeKind.CAN_PASS_TO, _what_runs("pod"))

    # --- more for oneself ---------------------------------------------------------------------------------------

    def _bind(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        namespace, names, _ = place
        if not names or names & _STRONG_ROLES:
            edge = _made(path, subject, place, subject.cluster.any("*", namespace), EdgeKind.CAN_CHANGE_POLICY_OF)
            yield _access(edge, Access.ADMIN)
        elif not namespace:
            for name in sorted(names):
                yield _made(path, subject, place, subject.cluster.cluster_role(name), EdgeKind.CAN_ASSUME)

    def _escalate(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        """With names, only a role that one has makes a difference."""
        namespace, names, _ = place
        own = {rule.evidence.partition(" by ")[0].rpartition("/")[2] for rule in subject.rules}
        if not names or names & own:
            edge = _made(path, subject, place, subject.cluster.any("*", namespace), EdgeKind.CAN_CHANGE_POLICY_OF)
            yield _access(edge, Access.ADMIN)

    def _aws_auth(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        if place[0] in ("", "kube-system") and (not place[1] or "aws-auth" in place[1]):
            detail = "only in an EKS cluster that reads the config map aws-auth"
            edge = _made(path, subject, place, subject.cluster.any("*"), EdgeKind.CAN_CHANGE_POLICY_OF, detail)
            yield _access(edge, Access.ADMIN)

    def _scope(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        edge = _made(path, subject, place, subject.cluster.any(path.target), EdgeKind.CAN_ACCESS, path.potential)
        yield _access(edge, Access[path.access])

    def _own(self, path: Escalation, subject: Subject, place: _Place) -> Iterator[Edge]:
        target = subject.cluster.any(path.target, place[0])
        yield _access(_made(path, subject, place, target, EdgeKind.CAN_ACCESS), Access[path.access])

    # --- shared -------------------------------------------------------------------------------------------------

    def _to_accounts(
        self, path: Escalation, subject: Subject, place: _Place, kind: EdgeKind, detail: str = ""
    ) -> Iterator[Edge]:
        namespace, names, _ = place
        accounts = [node for node in self._accounts(subject) if namespace in ("", node.properties.get("namespace"))]
        for node in accounts:
            if not names or node.name.partition("/")[2] in names:
                yield _made(path, subject, place, node.key, kind, detail)
        if not accounts:
            target = subject.cluster.any("serviceaccounts", namespace)
            missing = "which service accounts there are is not known: import `kubectl get serviceaccounts -A -o json`"
            edge = _made(path, subject, place, target, kind)
            yield _access(replace(edge, status=EdgeStatus.UNKNOWN, detail=missing), Access.ADMIN)

    def _accounts(self, subject: Subject) -> Iterable[Node]:
        return (
            node for node in self._of(subject, NodeKind.IDENTITY) if node.properties.get("type") == "service-account"
        )

    def _workloads(self, subject: Subject, place: _Place) -> list[Node]:
        namespace, names, _ = place
        return [
            node
            for node in self._of(subject, NodeKind.WORKLOAD)
            if namespace in ("", node.properties.get("namespace"))
            and (not names or node.name.partition("/")[2] in names)
        ]

    def _has_workloads(self, subject: Subject) -> bool:
        return bool(self._of(subject, NodeKind.WORKLOAD))

    def _of(self, subject: Subject, kind: NodeKind) -> list[Node]:
        key = (subject.cluster.key, kind)
        if key not in self._nodes:
            self._nodes[key] = list(self._graph.nodes(kind=kind, provider="k8s", account=subject.cluster.key))
        return self._nodes[key]


_How = Callable[[Escalations, Escalation, Subject, _Place], Iterator[Edge]]
_HOW: Mapping[str, _How] = {
    "mint": Escalations._mint,
    "impersonate-accounts": Escalations._impersonate_accounts,
    "impersonate-users": Escalations._impersonate_users,
    "impersonate-groups": Escalations._impersonate_groups,
    "run": Escalations._run,
    "rerun": Escalations._rerun,
    "enter": Escalations._enter,
    "bind": Escalations._bind,
    "escalate": Escalations._escalate,
    "aws-auth": Escalations._aws_auth,
    "scope": Escalations._scope,
    "own": Escalations._own,
}


def _what_runs(kind: str) -> str:
    return f"needs a {kind} that runs as this account: import `kubectl get pods,deployments,daemonsets -A -o json`"


def _access(edge: Edge, access: Access) -> Edge:
    return replace(edge, access=access)


def _made(path: Escalation, subject: Subject, place: _Place, target: str, kind: EdgeKind, detail: str = "") -> Edge:
    """The edge; with a *detail* it holds only if something is so that was not shown."""
    where = f" in {place[0]}" if place[0] else ""
    return Edge(
        subject.key,
        target,
        kind,
        EdgeStatus.POTENTIAL if detail else EdgeStatus.CONFIRMED,
        Known.EVALUATED,
        f"{path.name} ({path.id}): {', '.join(dict.fromkeys(place[2]))}{where}",
        detail,
        actions=path.actions,
        weight=_NEEDS_COMPUTE if detail else None,
    )
