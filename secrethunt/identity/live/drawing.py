# SPDX-License-Identifier: Apache-2.0
"""
Collects what a provider said of one credential as nodes and edges.

Rights hang on the credential and not on whom it authenticates as: a token may do less than its user. What a provider
does not tell is drawn as an UNKNOWN edge, so that nothing that was not read looks harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind
from secrethunt.identity.found import PUBLIC_IDS
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.verdict import Evidence

_SHORTEST_SECRET = 8
_MOST_SHOWN = 12
_LONGEST_FACT = 300
_HIDDEN = "[secret]"
_NODE_KINDS = {
    "repository": NodeKind.REPOSITORY,
    "organization": NodeKind.ACCOUNT,
    "workspace": NodeKind.ACCOUNT,
    "account": NodeKind.ACCOUNT,
    "project": NodeKind.ACCOUNT,
    "subscription": NodeKind.ACCOUNT,
    "group": NodeKind.GROUP,
    "role": NodeKind.ROLE,
    "policy": NodeKind.POLICY,
    "secret-store": NodeKind.SECRET_STORE,
    "pipeline": NodeKind.PIPELINE,
}
"""Kinds of resources that have a kind of node of their own."""


@dataclass(frozen=True, slots=True)
class Right:
    """What a permission opens."""

    access: Access
    kind: str
    """What kind of thing: `repository`, `customers`; in the key of "all of them"."""
    sensitivity: float = 0.5
    tier0: bool = False


class Drawing:
    """Nodes and edges of one credential, in the order in which they were learned."""

    def __init__(self, asked: Asked, provider: str = "") -> None:
        self.asked = asked
        self.provider = provider or asked.credential.rule.provider
        self.requests: list[Evidence] = []
        self.is_identified = False
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str, EdgeKind], Edge] = {}
        self._facts: dict[str, str] = {}
        self._account = ""

    def account(self, key: str, name: str, type_name: str, **properties: Any) -> str:
        """The account that what follows is in; its key."""
        self.node(Node(key, NodeKind.ACCOUNT, self.provider, name or key, "", {"type": type_name, **properties}))
        self._account = self._account or key
        return key

    @property
    def account_key(self) -> str:
        """Key of the account, empty where it is not known."""
        return self._account

    def identity(self, key: str, name: str, type_name: str, *, evidence: str = "", **properties: Any) -> str:
        """Whom the credential authenticates as; its key."""
        kept = {"type": type_name, **{word: value for word, value in properties.items() if value not in ("", None)}}
        before = self._nodes.get(key)
        kind = before.kind if before else NodeKind.IDENTITY
        self.node(Node(key, kind, self.provider, name or key, self._account, kept))
        self.edge(Edge(self.asked.key, key, EdgeKind.AUTHENTICATES_AS, evidence=evidence))
        if self._account:
            self.edge(Edge(key, self._account, EdgeKind.IN_ACCOUNT, evidence=evidence))
        self.is_identified = True
        self.fact("identity", key)
        self.fact("identity_name", name)
        return key

    def describe(self, **properties: Any) -> None:
        """What is known of the credential itself: `expires`, `last_used`, `created`, `scopes`."""
        kept = {name: value for name, value in properties.items() if value not in ("", None, [], ())}
        rule = self.asked.credential.rule
        said = self._nodes.get(self.asked.key)
        before = said.properties if said else {"type": rule.nhi}
        self._nodes[self.asked.key] = Node(
            self.asked.key, NodeKind.CREDENTIAL, self.provider, rule.name, self._account, {**before, **kept}
        )
        for name in ("expires", "last_used", "created"):
            self.fact(name, str(kept.get(name, "")))

    def may(self, right: Right, permission: str = "", *, evidence: str = "") -> None:
        """All of one kind of thing in the account may be used so, by *permission*."""
        key = self.any_key(right.kind)
        self._resource(key, f"every {right.kind.replace('-', ' ')}", NodeKind.RESOURCE, right)
        self._access(key, right.access, (permission,) if permission else (), evidence=evidence)

    def reaches(self, key: str, name: str, right: Right, *, evidence: str = "", permission: str = "") -> None:
        """One thing that the provider named may be used so."""
        self._resource(key, name or key, _NODE_KINDS.get(right.kind, NodeKind.RESOURCE), right)
        self._access(key, right.access, (permission,) if permission else (), evidence=evidence)

    def unknown(self, permission: str, detail: str, *, evidence: str = "") -> None:
        """A permission of which nothing is known, or, where *permission* is empty, permissions that were not told."""
        key = self.any_key(permission or "*")
        name = permission or "whatever it may do"
        self._resource(key, name, NodeKind.RESOURCE, Right(Access.READ, permission or "*"))
        actions = (permission,) if permission else ()
        self.edge(
            Edge(
                self.asked.key,
                key,
                EdgeKind.CAN_ACCESS,
                EdgeStatus.UNKNOWN,
                evidence=evidence,
                detail=detail,
                access=Access.READ,
                actions=actions,
            )
        )

    def any_key(self, kind: str) -> str:
        """Key of everything of *kind*, within the account where that is known."""
        account = self._account.rpartition(":")[2]
        return f"{self.provider}:any:{kind}" + (f"@{account}" if account else "")

    def node(self, node: Node) -> None:
        """Keep *node*; what was said of it before is kept where this says nothing."""
        before = self._nodes.get(node.key)
        if before is not None:
            node = replace(node, properties={**before.properties, **node.properties})
        self._nodes[node.key] = node

    def edge(self, edge: Edge) -> None:
        """Keep *edge* with the time; of two for the same the stronger."""
        key = (edge.source, edge.target, edge.kind)
        before = self._edges.get(key)
        edge = replace(edge, known=Known.LIVE, seen_at=self.asked.at)
        if before is not None and before.access is not None and edge.access is not None:
            stronger = edge if _strength(edge) > _strength(before) else before
            actions = tuple(dict.fromkeys((*stronger.actions, *before.actions, *edge.actions)))
            edge = replace(stronger, actions=actions)
        self._edges[key] = edge

    def fact(self, name: str, value: str) -> None:
        """For reports; the first of each name counts."""
        if value:
            self._facts.setdefault(name, value[:_LONGEST_FACT])

    def has_rights(self) -> bool:
        """Something was said of what it may do, and what that means is known."""
        return any(
            edge.kind in (EdgeKind.CAN_ACCESS, EdgeKind.HAS_GRANT) and edge.status is not EdgeStatus.UNKNOWN
            for edge in self._edges.values()
        )

    def finished(self, reason: str = "") -> Identification:
        """All of it, without any secret."""
        self.describe()
        self._tell_access()
        secrets = _secrets(self.asked)
        nodes = [_clean_node(node, secrets) for node in self._nodes.values()]
        edges = [_clean_edge(edge, secrets) for edge in self._edges.values()]
        graph: tuple[Node | Edge, ...] = (*nodes, *edges)
        facts = tuple((name, _without(value, secrets)) for name, value in self._facts.items())
        return Identification(graph, facts, tuple(self.requests), "" if self.is_identified else reason)

    def _resource(self, key: str, name: str, kind: NodeKind, right: Right) -> None:
        before = self._nodes.get(key)
        sensitivity = max(right.sensitivity, before.properties.get("sensitivity", 0) if before else 0)
        properties = {"type": right.kind, "sensitivity": sensitivity}
        if right.tier0 or (before and before.properties.get("tier0")):
            properties["tier0"] = True
        self.node(Node(key, before.kind if before else kind, self.provider, name, self._account, properties))

    def _access(self, key: str, access: Access, actions: tuple[str, ...], *, evidence: str) -> None:
        self.edge(Edge(self.asked.key, key, EdgeKind.CAN_ACCESS, evidence=evidence, access=access, actions=actions))

    def _tell_access(self) -> None:
        """The strongest rights in a line."""
        edges = [edge for edge in self._edges.values() if edge.access is not None]
        edges.sort(key=_strength, reverse=True)
        words = [_words(edge, self._nodes.get(edge.target)) for edge in edges[:_MOST_SHOWN]]
        if len(edges) > _MOST_SHOWN:
            words.append(f"and {len(edges) - _MOST_SHOWN} more")
        self.fact("access", ", ".join(words))
        known = [edge for edge in edges if edge.status is not EdgeStatus.UNKNOWN]
        self.fact("highest_access", known[0].access.label if known and known[0].access is not None else "")


def _strength(edge: Edge) -> tuple[bool, int]:
    return edge.status is not EdgeStatus.UNKNOWN, int(edge.access or 0)


def _words(edge: Edge, node: Node | None) -> str:
    name = node.name if node else edge.target
    if edge.status is EdgeStatus.UNKNOWN:
        return f"unknown: {name}"
    return f"{edge.access.label if edge.access is not None else ''} {name}"


def _secrets(asked: Asked) -> tuple[str, ...]:
    """What must not appear: the secret and those of its companions that are secrets, not the public half of a pair."""
    credential = asked.credential
    hidden = {spec.name for spec in credential.rule.parts if set(spec.rules) - PUBLIC_IDS}
    values = [part.reveal() for name, part in credential.parts.items() if name in hidden]
    if credential.rule.id not in PUBLIC_IDS:
        values.append(credential.secret.reveal())
    texts = (value.decode("utf-8", "replace") for value in values if len(value) >= _SHORTEST_SECRET)
    return tuple(sorted(texts, key=len, reverse=True))


def _without(value: Any, secrets: tuple[str, ...]) -> Any:
    """*value* with every secret in its texts hidden."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, _HIDDEN)
        return value
    if isinstance(value, Mapping):
        return {_without(key, secrets): _without(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without(item, secrets) for item in value)
    return value


def _clean_node(node: Node, secrets: tuple[str, ...]) -> Node:
    return replace(
        node,
        key=_without(node.key, secrets),
        name=_without(node.name, secrets),
        account=_without(node.account, secrets),
        properties=_without(dict(node.properties), secrets),
    )


def _clean_edge(edge: Edge, secrets: tuple[str, ...]) -> Edge:
    return replace(
        edge,
        source=_without(edge.source, secrets),
        target=_without(edge.target, secrets),
        evidence=_without(edge.evidence, secrets),
        detail=_without(edge.detail, secrets),
        actions=_without(edge.actions, secrets),
    )
