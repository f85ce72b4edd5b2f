# SPDX-License-Identifier: Apache-2.0
"""What follows for an AWS user, role, group or workload: roles it can take, resources it reaches, paths to more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secrethunt.identity.aws.catalogue import service_name
from secrethunt.identity.aws.conditions import Truth
from secrethunt.identity.aws.decide import Principal, decide, trusts, trusts_directly
from secrethunt.identity.aws.escalation import Escalations, admin_key
from secrethunt.identity.aws.patterns import matches
from secrethunt.identity.aws.principals import PREFIX, Principals, account_of, arn_of, read_document
from secrethunt.identity.aws.reach import Right, is_everything, rights
from secrethunt.identity.aws.sensitivity import sensitivity_of
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind

_STATUS = {Truth.YES: EdgeStatus.CONFIRMED, Truth.MAYBE: EdgeStatus.CONDITIONAL}
_PRINCIPALS = frozenset({NodeKind.IDENTITY, NodeKind.ROLE, NodeKind.GROUP})
_IMPORT = "import the output of `aws iam get-account-authorization-details` of its account"
_MOST_STORED = 200
"""Stored resources that one pattern is written out to; more are told by the pattern."""


class AwsExpander:
    """Implements `Expander`. One instance serves one graph."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._made_nodes: dict[str, Node] = {}

    def expand(self, node: Node, graph: Graph) -> Iterator[Edge]:
        """Evaluated edges from *node*; none from a kind that does nothing by itself."""
        if node.kind not in _PRINCIPALS:
            return
        self._attach(graph)
        if not node.properties.get("permissions_known"):
            yield _unknown(node)
            return
        principal = self._principals.principal(node)
        roles = list(self._roles(node, principal, graph)) if node.kind is not NodeKind.GROUP else []
        yield from roles
        if is_everything(principal):
            yield self._everything(node, principal)
            return
        yield from self._resources(node, principal, graph)
        taken = [edge.target for edge in roles if edge.status is EdgeStatus.CONFIRMED]
        yield from self._escalations.edges(node, taken)

    def target_nodes(self, keys: Iterable[str]) -> Iterator[Node]:
        """Nodes for keys of resources and services that the store does not have."""
        for key in keys:
            made = self._made_nodes.get(key) or _made_node(key)
            if made is not None:
                yield made

    def _attach(self, graph: Graph) -> None:
        if self._graph is not graph:
            self._graph = graph
            self._principals = Principals(graph)
            self._escalations = Escalations(graph, self._principals)
            self._resources_of: dict[str, list[Node]] = {}

    def _roles(self, node: Node, principal: Principal, graph: Graph) -> Iterator[Edge]:
        """Roles whose trust policy and whose taker's policies both allow it."""
        account = f"{PREFIX}account:{principal.account}"
        sources = {
            edge.source
            for key in (node.key, account, f"{PREFIX}any:principal")
            for edge in graph.edges_to(key, EdgeKind.TRUSTS)
        }
        for key in sorted(sources - {node.key}):
            role = graph.node(key)
            trust = read_document(role, "trust") if role is not None else None
            if role is None or trust is None:
                continue
            trusted = trusts(trust, principal)
            asked = decide(principal, "sts:AssumeRole", arn_of(role))
            is_direct = account_of(arn_of(role)) == principal.account and trusts_directly(trust, principal)
            truth = (
                trusted.truth
                if is_direct and not asked.blocked_by.startswith("explicit")
                else min(trusted.truth, asked.truth)
            )
            if truth is Truth.NO:
                continue
            conditions = (*trusted.conditions, *(() if is_direct else asked.conditions))
            yield Edge(
                node.key,
                key,
                EdgeKind.CAN_ASSUME,
                _STATUS[truth],
                Known.EVALUATED,
                ", ".join((*trusted.evidence, *asked.evidence[:1])),
                ", ".join(dict.fromkeys(conditions)),
                actions=("sts:AssumeRole",),
            )

    def _everything(self, node: Node, principal: Principal) -> Edge:
        evidence = next(
            item.source
            for policy in principal.policies
            for item in policy.statements
            if item.allows and "*" in item.actions
        )
        target = admin_key(principal.account)
        return Edge(
            node.key,
            target,
            EdgeKind.CAN_ACCESS,
            EdgeStatus.CONFIRMED,
            Known.EVALUATED,
            evidence,
            "" if principal.control else "service control policies were not imported; they could take some of it away",
            Access.ADMIN,
            ("*",),
        )

    def _resources(self, node: Node, principal: Principal, graph: Graph) -> Iterator[Edge]:
        for right in rights(principal):
            targets = list(self._targets(right, principal, graph))
            for target in targets:
                yield Edge(
                    node.key,
                    target,
                    EdgeKind.CAN_ACCESS,
                    _STATUS[right.truth],
                    Known.EVALUATED,
                    ", ".join(list(right.evidence)[:3]),
                    ", ".join(list(right.conditions)[:3]),
                    right.access,
                    tuple(right.actions),
                )

    def _targets(self, right: Right, principal: Principal, graph: Graph) -> Iterator[str]:
        """Keys that stand for what a right is about: stored resources where some match, else the pattern itself."""
        if right.pattern == "*":
            yield f"{PREFIX}any:{right.service}@{principal.account}"
            return
        stored = [item for item in self._stored(principal.account, graph) if matches(right.pattern, arn_of(item))]
        if "*" in right.pattern or "?" in right.pattern or not stored:
            yield f"{PREFIX}{right.pattern}"
        if len(stored) <= _MOST_STORED:
            yield from (item.key for item in stored)

    def _stored(self, account: str, graph: Graph) -> list[Node]:
        if account not in self._resources_of:
            owner = f"{PREFIX}account:{account}"
            kinds = (NodeKind.RESOURCE, NodeKind.SECRET_STORE)
            self._resources_of[account] = [
                item for kind in kinds for item in graph.nodes(kind=kind, provider="aws", account=owner)
            ]
        return self._resources_of[account]


def _unknown(node: Node) -> Edge:
    account = account_of(arn_of(node))
    return Edge(
        node.key,
        admin_key(account),
        EdgeKind.CAN_ACCESS,
        EdgeStatus.UNKNOWN,
        Known.EVALUATED,
        "",
        f"its permissions were not imported: {_IMPORT}",
        Access.ADMIN,
    )


def _made_node(key: str) -> Node | None:
    """What a key that nobody imported stands for."""
    text = key.removeprefix(PREFIX)
    if text.startswith("any:"):
        service, _, account = text.removeprefix("any:").partition("@")
        owner = f"{PREFIX}account:{account}" if account else ""
        if service == "*":
            name = f"everything in account {account}"
            return Node(
                key, NodeKind.RESOURCE, "aws", name, owner, {"type": "account", "sensitivity": 1.0, "tier0": True}
            )
        properties = {"type": service, "sensitivity": sensitivity_of(service)}
        return Node(key, NodeKind.RESOURCE, "aws", f"all of {service_name(service)}", owner, properties)
    if not text.startswith("arn:"):
        return None
    service = text.split(":", 5)[2]
    account = account_of(text)
    return Node(
        key,
        NodeKind.RESOURCE,
        "aws",
        text,
        f"{PREFIX}account:{account}" if account.isdigit() else "",
        {"type": service, "sensitivity": sensitivity_of(service)},
    )
