# SPDX-License-Identifier: Apache-2.0
"""
From graph to principal: gathers every policy that counts for a user, group or role, and what is known of its requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from secrethunt.identity.aws.conditions import Context
from secrethunt.identity.aws.decide import Principal
from secrethunt.identity.aws.documents import DocumentError, Policy, parse_policy
from secrethunt.identity.contract import EdgeKind, Graph, Node, NodeKind

PREFIX = "aws:"


def arn_of(node: Node) -> str:
    """The ARN in a node's key."""
    return node.key.removeprefix(PREFIX)


def account_of(arn: str) -> str:
    """The account in an ARN, empty where it has none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 4 else ""


class Principals:
    """Principals by node, each put together once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._policies: dict[str, Policy | None] = {}
        self._control: dict[str, tuple[tuple[Policy, ...], ...]] = {}
        self._known: dict[str, Principal] = {}

    def principal(self, node: Node) -> Principal:
        """What counts for *node*: an identity, a role, or a group taken by itself."""
        known = self._known.get(node.key)
        if known is None:
            known = self._known[node.key] = self._gather(node)
        return known

    def policy(self, key: str) -> Policy | None:
        """The document of a policy, trust or resource node; None where it has none that can be read."""
        if key not in self._policies:
            node = self._graph.node(key)
            self._policies[key] = read_document(node, "document") if node is not None else None
        return self._policies[key]

    def groups(self, node: Node) -> list[Node]:
        """The groups that a user is in."""
        targets = (self._graph.node(edge.target) for edge in self._graph.edges_from(node.key, EdgeKind.MEMBER_OF))
        return [group for group in targets if group is not None]

    def _gather(self, node: Node) -> Principal:
        holders = [node.key, *(group.key for group in self.groups(node))]
        arn = arn_of(node)
        account = account_of(arn)
        boundaries = self._bounds(node.key)
        return Principal(
            arn=arn,
            account=account,
            policies=tuple(self._granted(holders)),
            boundary=boundaries[0] if boundaries else None,
            control=self._levels(account),
            context=_context(node, arn, account),
        )

    def _granted(self, holders: Iterable[str]) -> Iterable[Policy]:
        for holder in holders:
            for edge in self._graph.edges_from(holder, EdgeKind.HAS_GRANT):
                policy = self.policy(edge.target)
                if policy is not None:
                    yield policy

    def _bounds(self, key: str) -> list[Policy]:
        edges = self._graph.edges_from(key, EdgeKind.BOUNDED_BY)
        return [policy for edge in edges if (policy := self.policy(edge.target)) is not None]

    def _levels(self, account: str) -> tuple[tuple[Policy, ...], ...]:
        """Service control policies, grouped by what they are attached to (`Edge.detail`)."""
        if account not in self._control:
            levels: dict[str, list[Policy]] = {}
            for edge in self._graph.edges_from(f"{PREFIX}account:{account}", EdgeKind.BOUNDED_BY):
                policy = self.policy(edge.target)
                if policy is not None:
                    levels.setdefault(edge.detail, []).append(policy)
            self._control[account] = tuple(tuple(level) for level in levels.values())
        return self._control[account]


def read_document(node: Node, name: str) -> Policy | None:
    """The policy document under property *name*, or None where there is none that can be read."""
    document = node.properties.get(name)
    if not document:
        return None
    try:
        return parse_policy(node.name or arn_of(node), document)
    except DocumentError:
        return None


def _context(node: Node, arn: str, account: str) -> Context:
    """
    What is known of requests that are made with a leaked key.

    A user's access key carries no MFA: the key is absent from its requests, and false in those of a role's session
    ("AWS global condition context keys").
    """
    is_user = node.kind is NodeKind.IDENTITY and ":user/" in arn
    context: dict[str, list[str] | None] = {
        "aws:principalarn": [arn],
        "aws:principalaccount": [account],
        "aws:principaltype": ["User" if is_user else "AssumedRole"],
        "aws:multifactorauthpresent": [] if is_user else ["false"],
        "aws:multifactorauthage": [],
        "aws:viaawsservice": ["false"],
        "aws:principalisawsservice": ["false"],
        "aws:securetransport": ["true"],
    }
    if is_user:
        context["aws:username"] = [arn.rpartition("/")[2]]
        context["aws:tokenissuetime"] = []
    organization = node.properties.get("organization")
    if organization:
        context["aws:principalorgid"] = [str(organization)]
    if "tags" in node.properties:
        context.update(_tags(node.properties["tags"]))
    return context


def _tags(tags: Any) -> dict[str, list[str] | None]:
    if not isinstance(tags, dict):
        return {}
    return {f"aws:principaltag/{name}".lower(): [str(value)] for name, value in tags.items()}
