# SPDX-License-Identifier: Apache-2.0
"""
From graph to principal: gathers every policy that counts for a user, group or role, and what is known of its requests.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.identity.aws.conditions import Context
from secrethunt.identity.aws.decide import Principal
from secrethunt.identity.aws.documents import DocumentError, Policy, parse_policy
from secrethunt.identity.aws.patterns import matches
from secrethunt.identity.contract import EdgeKind, Graph, Node, NodeKind

PREFIX = "aws:"


def arn_of(node: Node) -> str:
    """The ARN in a node's key."""
    return node.key.removeprefix(PREFIX)


def account_of(arn: str) -> str:
    """The account in an ARN, empty where it has none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 4 else ""


_SERVICE_LINKED = ":role/aws-service-role/"
_CONTROLS_RESOURCES = "resource-control-policy"


@dataclass(frozen=True, slots=True)
class Control:
    """What an organization lets one of its accounts do."""

    services: tuple[tuple[Policy, ...], ...] = ()
    """Service control policies, level by level."""
    resources: tuple[Policy, ...] = ()
    """Resource control policies of all levels."""


class Principals:
    """Principals by node, each put together once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._policies: dict[str, Policy | None] = {}
        self._control: dict[str, Control] = {}
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
        targets = (self.itself(edge.target) for edge in self._graph.edges_from(node.key, EdgeKind.MEMBER_OF))
        return [group for group in targets if group is not None]

    def itself(self, key: str) -> Node | None:
        """The node of *key*, or the one that it is a short name of."""
        node = self._graph.node(key)
        longer = str(node.properties.get("same_as", "")) if node is not None else ""
        return (self._graph.node(longer) or node) if longer else node

    def missing(self, node: Node) -> list[str]:
        """Keys of policies and groups that are said to count for *node* but were not imported or cannot be read."""
        groups = [edge.target for edge in self._graph.edges_from(node.key, EdgeKind.MEMBER_OF)]
        found = [key for key in groups if self.itself(key) is None]
        for holder in (node.key, *(group.key for group in self.groups(node))):
            grants = self._graph.edges_from(holder, EdgeKind.HAS_GRANT)
            found += [edge.target for edge in grants if self.policy(edge.target) is None]
        return found

    def missing_boundary(self, node: Node) -> str:
        """Key of a permissions boundary that was not imported, empty where there is none or it is known."""
        edges = self._graph.edges_from(node.key, EdgeKind.BOUNDED_BY)
        return next((edge.target for edge in edges if self.policy(edge.target) is None), "")

    def control(self, account: str) -> Control:
        """
        What the organization lets *account* do: the policies on it, on the units that it is in and on the root.

        The management account is not held to them ("Service control policies", Organizations User Guide).
        """
        if account not in self._control:
            owner = self._graph.node(f"{PREFIX}account:{account}")
            is_free = owner is not None and bool(owner.properties.get("is_management"))
            self._control[account] = Control() if is_free else self._levels(account)
        return self._control[account]

    def _gather(self, node: Node) -> Principal:
        holders = [node.key, *(group.key for group in self.groups(node))]
        arn = arn_of(node)
        account = account_of(arn)
        boundaries = self._bounds(node.key)
        control = Control() if _SERVICE_LINKED in arn else self.control(account)
        return Principal(
            arn=arn,
            account=account,
            policies=tuple(self._granted(holders)),
            boundary=boundaries[0] if boundaries else None,
            control=control.services,
            resource_control=control.resources,
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

    def _levels(self, account: str) -> Control:
        """Grouped by what they are attached to (`Edge.detail`), up the units that the account is in."""
        levels: dict[str, list[Policy]] = {}
        resources: list[Policy] = []
        place: str | None = f"{PREFIX}account:{account}"
        seen: set[str] = set()
        while place is not None and place not in seen:
            seen.add(place)
            for edge in self._graph.edges_from(place, EdgeKind.BOUNDED_BY):
                policy = self.policy(edge.target)
                node = self._graph.node(edge.target)
                if policy is None or node is None:
                    continue
                if node.properties.get("type") == _CONTROLS_RESOURCES:
                    resources.append(policy)
                else:
                    levels.setdefault(edge.detail or place, []).append(policy)
            place = next((edge.target for edge in self._graph.edges_from(place, EdgeKind.IN_ACCOUNT)), None)
        return Control(tuple(tuple(level) for level in reversed(levels.values())), tuple(resources))


def read_document(node: Node, name: str) -> Policy | None:
    """The policy document under property *name*, or None where there is none that can be read."""
    document = node.properties.get(name)
    if not document:
        return None
    try:
        return parse_policy(node.name or arn_of(node), document)
    except DocumentError:
        return None


def resource_context(node: Node) -> Context:
    """What a request on *node* says of it: its tags, where they were exported."""
    if "tags" not in node.properties:
        return {}
    service = arn_of(node).split(":", 3)[2] if node.key.count(":") > 2 else ""
    families = ("aws:resourcetag/", *((f"{service}:resourcetag/",) if service else ()))
    context: dict[str, list[str] | None] = {}
    for family in families:
        context |= _tags(node.properties["tags"], family) | {family: []}
    return context


def _context(node: Node, arn: str, account: str) -> Context:
    """
    What is known of requests that are made with a leaked key.

    A user's access key carries no MFA: the key is absent from its requests, and false in those of a role's session
    ("AWS global condition context keys").
    """
    is_user = node.kind is NodeKind.IDENTITY and ":user/" in arn
    now = datetime.datetime.now(datetime.UTC)
    context: dict[str, list[str] | None] = {
        "aws:principalarn": [arn],
        "aws:principalaccount": [account],
        "aws:principaltype": ["User" if is_user else "AssumedRole"],
        "aws:multifactorauthpresent": [] if is_user else ["false"],
        "aws:multifactorauthage": [],
        "aws:viaawsservice": ["false"],
        "aws:principalisawsservice": ["false"],
        "aws:securetransport": ["true"],
        "aws:currenttime": [now.isoformat(timespec="seconds")],
        "aws:epochtime": [str(int(now.timestamp()))],
    }
    if is_user:
        context["aws:username"] = [arn.rpartition("/")[2]]
        context["aws:tokenissuetime"] = []
    organization = node.properties.get("organization")
    if organization:
        context["aws:principalorgid"] = [str(organization)]
    if "tags" in node.properties:
        context.update(_tags(node.properties["tags"], "aws:principaltag/"))
        if not _takes_session_tags(node):
            context["aws:principaltag/"] = []
    return context


def _takes_session_tags(node: Node) -> bool:
    """Whether who takes the role may add tags to its own ("Passing session tags in AWS STS")."""
    trust = read_document(node, "trust")
    if trust is None:
        return False
    return any(
        statement.allows and any(matches(pattern, "sts:tagsession") for pattern in statement.actions)
        for statement in trust.statements
    )


def _tags(tags: Any, family: str) -> dict[str, list[str] | None]:
    if not isinstance(tags, Mapping):
        return {}
    return {f"{family}{name}".lower(): [str(value)] for name, value in tags.items()}
