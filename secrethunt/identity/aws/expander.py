# SPDX-License-Identifier: Apache-2.0
"""What follows for an AWS user, role, group or workload: roles it can take, resources it reaches, paths to more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from secrethunt.identity.aws.catalogue import access_of, resource_forms, service_name
from secrethunt.identity.aws.conditions import Truth
from secrethunt.identity.aws.decide import Decision, Principal, Target, decide
from secrethunt.identity.aws.documents import Policy
from secrethunt.identity.aws.escalation import Escalations, admin_key
from secrethunt.identity.aws.patterns import overlaps
from secrethunt.identity.aws.principals import (
    PREFIX,
    Principals,
    account_of,
    arn_of,
    read_document,
    resource_context,
)
from secrethunt.identity.aws.reach import Right, given_actions, is_everything, rights, sources_for_some
from secrethunt.identity.aws.sensitivity import sensitivity_of
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind

_STATUS = {Truth.YES: EdgeStatus.CONFIRMED, Truth.MAYBE: EdgeStatus.CONDITIONAL}
_PRINCIPALS = frozenset({NodeKind.IDENTITY, NodeKind.ROLE, NodeKind.GROUP})
_RESOURCES = (NodeKind.RESOURCE, NodeKind.SECRET_STORE)
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
        node_itself = self._principals.itself(node.key) or node
        for edge in self._of(node_itself, graph):
            yield edge if node_itself is node else replace(edge, source=node.key)

    def _of(self, node: Node, graph: Graph) -> Iterator[Edge]:
        if node.properties.get("permission_set"):
            yield from self._provisioned(node, graph)
            return
        if arn_of(node).endswith(":root"):
            yield self._root(node)
            return
        if not node.properties.get("permissions_known"):
            yield _unknown(node, f"its permissions were not imported: {_IMPORT}")
            return
        boundary = self._principals.missing_boundary(node)
        for edge in self._known(node, graph):
            yield _less_sure(edge, boundary) if boundary else edge
        for key in self._principals.missing(node):
            yield _unknown(node, f"{key.removeprefix(PREFIX)} counts for it and was not imported: {_IMPORT}")

    def _known(self, node: Node, graph: Graph) -> Iterator[Edge]:
        principal = self._principals.principal(node)
        roles = list(self._roles(node, principal, graph)) if node.kind is not NodeKind.GROUP else []
        yield from roles
        if is_everything(principal):
            yield self._everything(node, principal)
            return
        yield from self._resources(node, principal, graph)
        if node.kind is not NodeKind.GROUP:
            yield from self._given(node, principal, graph)
        taken = [edge.target for edge in roles if edge.status is EdgeStatus.CONFIRMED]
        yield from self._escalations.edges(node, taken)

    def _provisioned(self, node: Node, graph: Graph) -> Iterator[Edge]:
        """The role that Identity Center made of a permission set in the account that it is assigned in."""
        described = graph.node(PREFIX + str(node.properties["permission_set"]))
        if not node.account:
            return
        start = f"AWSReservedSSO_{described.name}_" if described is not None else ""
        roles = graph.nodes(kind=NodeKind.ROLE, provider="aws", account=node.account) if start else iter(())
        found = [role.key for role in roles if role.name.startswith(start)]
        for key in found:
            yield Edge(node.key, key, EdgeKind.CAN_ASSUME, known=Known.EVALUATED, evidence="role of the permission set")
        if not found:
            yield _unknown(node, f"the role of the permission set was not imported: {_IMPORT}")

    def _root(self, node: Node) -> Edge:
        """Nothing but the organization limits the root user ("AWS account root user")."""
        evidence = "root user of the account"
        account = account_of(arn_of(node))
        status = EdgeStatus.CONDITIONAL if self._principals.control(account).services else EdgeStatus.CONFIRMED
        detail = "service control policies limit it" if status is EdgeStatus.CONDITIONAL else ""
        return Edge(
            node.key,
            admin_key(account),
            EdgeKind.CAN_ACCESS,
            status,
            Known.EVALUATED,
            evidence,
            detail,
            Access.ADMIN,
            ("*",),
        )

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
            self._resources_of: dict[str, dict[str, list[Node]]] = {}

    def _naming(self, node: Node, principal: Principal, graph: Graph) -> list[Node]:
        """Roles and resources whose own policies name the principal, its account or everybody."""
        short = f"{node.key.partition('/')[0]}/{node.key.rpartition('/')[2]}"
        account = f"{PREFIX}account:{principal.account}"
        keys = dict.fromkeys((node.key, short, account, f"{PREFIX}any:principal"))
        sources = {edge.source for key in keys for edge in graph.edges_to(key, EdgeKind.TRUSTS)} - {node.key}
        return [found for key in sorted(sources) if (found := graph.node(key)) is not None]

    def _roles(self, node: Node, principal: Principal, graph: Graph) -> Iterator[Edge]:
        """Roles whose trust policy and whose taker's policies both allow it."""
        for role in self._naming(node, principal, graph):
            trust = read_document(role, "trust")
            if role.kind is not NodeKind.ROLE or trust is None:
                continue
            found = decide(principal, "sts:AssumeRole", arn_of(role), target=self._target(role, trust))
            if found.truth is Truth.NO:
                continue
            yield Edge(
                node.key,
                role.key,
                EdgeKind.CAN_ASSUME,
                _STATUS[found.truth],
                Known.EVALUATED,
                ", ".join(found.evidence),
                ", ".join(found.conditions),
                actions=("sts:AssumeRole",),
            )

    def _given(self, node: Node, principal: Principal, graph: Graph) -> Iterator[Edge]:
        """What resources' own policies give, in this account and in others; not what they give to everybody."""
        for resource in self._naming(node, principal, graph):
            policy = read_document(resource, "document")
            if resource.kind not in _RESOURCES or policy is None:
                continue
            found: dict[tuple[Access, Truth], tuple[list[str], Decision]] = {}
            given = sources_for_some(policy)
            for action in given_actions(policy, arn_of(resource)) if given else ():
                decision = self._on(principal, action, resource, policy)
                if decision.truth is not Truth.NO and not given.isdisjoint(decision.evidence):
                    found.setdefault((access_of(action), decision.truth), ([], decision))[0].append(action)
            for (access, truth), (actions, decision) in found.items():
                yield Edge(
                    node.key,
                    resource.key,
                    EdgeKind.CAN_ACCESS,
                    _STATUS[truth],
                    Known.EVALUATED,
                    ", ".join(decision.evidence[:3]),
                    ", ".join(decision.conditions[:3]),
                    access,
                    tuple(actions[:6]),
                )

    def _on(self, principal: Principal, action: str, resource: Node, policy: Policy | None) -> Decision:
        """The action on a stored resource, or on what is in it: an object of a bucket."""
        arn = arn_of(resource)
        if not any(overlaps(form, arn) for form in resource_forms(action)):
            arn += "/*"
        return decide(principal, action, arn, target=self._target(resource, policy))

    def _target(self, node: Node, policy: Policy | None) -> Target:
        owner = account_of(arn_of(node)) or node.account.removeprefix(f"{PREFIX}account:")
        return Target(policy, owner, self._principals.control(owner).resources, resource_context(node))

    def _everything(self, node: Node, principal: Principal) -> Edge:
        evidence = next(
            item.source
            for policy in principal.policies
            for item in policy.statements
            if item.allows and {"*", "*:*"} & {*item.actions}
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
        """The pattern of each right, and the stored resources that it is about, each decided with its own policy."""
        for right in rights(principal):
            whole = Edge(
                node.key,
                self._pattern_key(right, principal),
                EdgeKind.CAN_ACCESS,
                _STATUS[right.truth],
                Known.EVALUATED,
                ", ".join(list(right.evidence)[:3]),
                ", ".join(list(right.conditions)[:3]),
                right.access,
                tuple(right.actions),
            )
            stored = self._matching(right, principal.account, graph)
            if right.pattern not in [arn_of(item) for item in stored]:
                yield whole
            for item in stored if len(stored) <= _MOST_STORED else ():
                yield from self._exact(whole, item, principal)

    def _exact(self, whole: Edge, item: Node, principal: Principal) -> Iterator[Edge]:
        """*whole* on one stored resource, with those of its actions that are allowed there."""
        policy = read_document(item, "document")
        decisions = {action: self._on(principal, action, item, policy) for action in whole.actions}
        allowed = {action: found for action, found in decisions.items() if found.truth is not Truth.NO}
        if not allowed:
            return
        best = max(allowed.values(), key=lambda found: found.truth)
        status, detail = _STATUS[best.truth], ", ".join(best.conditions[:3])
        evidence = ", ".join(best.evidence[:3])
        yield replace(whole, target=item.key, status=status, detail=detail, evidence=evidence, actions=tuple(allowed))

    def _matching(self, right: Right, account: str, graph: Graph) -> list[Node]:
        """Stored resources that a right is about, itself or what is in it."""
        of_service = self._stored(account, graph).get(right.service, [])
        if right.pattern == "*":
            return of_service
        return [item for item in of_service if _is_about(right.pattern, arn_of(item))]

    def _pattern_key(self, right: Right, principal: Principal) -> str:
        if right.pattern == "*":
            return f"{PREFIX}any:{right.service}@{principal.account}"
        return f"{PREFIX}{right.pattern}"

    def _stored(self, account: str, graph: Graph) -> dict[str, list[Node]]:
        """Stored resources of an account by service."""
        if account not in self._resources_of:
            owner = f"{PREFIX}account:{account}"
            by_service: dict[str, list[Node]] = {}
            for kind in _RESOURCES:
                for item in graph.nodes(kind=kind, provider="aws", account=owner):
                    if item.key.startswith(f"{PREFIX}arn:"):
                        by_service.setdefault(arn_of(item).split(":", 3)[2], []).append(item)
            self._resources_of[account] = by_service
        return self._resources_of[account]


def _is_about(pattern: str, arn: str) -> bool:
    return overlaps(pattern, arn) or overlaps(pattern, f"{arn}/*")


def _less_sure(edge: Edge, boundary: str) -> Edge:
    """*edge* of somebody whose permissions boundary nobody imported."""
    detail = f"its permissions boundary {boundary.removeprefix(PREFIX)} was not imported"
    status = EdgeStatus.CONDITIONAL if edge.status is EdgeStatus.CONFIRMED else edge.status
    return replace(edge, status=status, detail=", ".join(filter(None, (edge.detail, detail))))


def _unknown(node: Node, why: str) -> Edge:
    return Edge(
        node.key,
        admin_key(account_of(arn_of(node)) or node.account.removeprefix(f"{PREFIX}account:")),
        EdgeKind.CAN_ACCESS,
        EdgeStatus.UNKNOWN,
        Known.EVALUATED,
        detail=why,
        access=Access.ADMIN,
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
