# SPDX-License-Identifier: Apache-2.0
"""
Owns which edges are steps: stored ones, those that expanders evaluate, and those that stand for what nobody imported.

What a right allows decides what follows from it: only who reads a store's values has the credentials in it, only who
changes a machine acts as what it runs as.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind
from secrethunt.identity.permissions.registry import EVALUATES_GROUPS, Expanders
from secrethunt.identity.unknowns import how_to_know

_TAKEN = (
    EdgeKind.AUTHENTICATES_AS,
    EdgeKind.RUNS_AS,
    EdgeKind.CAN_ASSUME,
    EdgeKind.CAN_PASS_TO,
    EdgeKind.CAN_MINT_KEY_FOR,
    EdgeKind.CAN_CHANGE_POLICY_OF,
    EdgeKind.CAN_ACCESS,
)
_ACTORS = frozenset({NodeKind.IDENTITY, NodeKind.ROLE, NodeKind.GROUP})
_TAKERS = _ACTORS | {NodeKind.CREDENTIAL, NodeKind.WORKLOAD, NodeKind.PIPELINE}
_MACHINES = frozenset({NodeKind.WORKLOAD, NodeKind.PIPELINE, NodeKind.REPOSITORY})
_READS = frozenset({Access.READ, Access.SECRET_READ, Access.ADMIN})
_READS_SECRETS = frozenset({Access.SECRET_READ, Access.ADMIN})
_CHANGES = frozenset({Access.WRITE, Access.ADMIN})
_GUESSED = {
    EdgeKind.STORES: NodeKind.CREDENTIAL,
    EdgeKind.DUPLICATE_OF: NodeKind.CREDENTIAL,
    EdgeKind.AUTHENTICATES_AS: NodeKind.IDENTITY,
    EdgeKind.CAN_MINT_KEY_FOR: NodeKind.IDENTITY,
    EdgeKind.RUNS_AS: NodeKind.IDENTITY,
    EdgeKind.CAN_ASSUME: NodeKind.ROLE,
    EdgeKind.CAN_PASS_TO: NodeKind.ROLE,
    EdgeKind.MEMBER_OF: NodeKind.GROUP,
}
UNKNOWN_RIGHTS = "any:unknown-rights"
UNKNOWN_CONTENTS = "any:unknown-contents"
"""Each counts once, however many things are unknown: the likeliest of them."""


class Steps:
    """The steps of one graph; remembers what it worked out."""

    def __init__(self, graph: Graph, *, contents: float) -> None:
        self._graph = graph
        self._contents = contents
        self._expanders = Expanders()
        self._nodes: dict[str, Node] = {}
        self._known: dict[tuple[str, Access | None], list[Edge]] = {}
        self._is_holding: dict[str, bool] = {}

    def node(self, key: str, edge: Edge | None = None) -> Node:
        """The node of *key*: stored, made by its expander, or a name for what nobody imported."""
        if key not in self._nodes:
            self._nodes[key] = self._graph.node(key) or self._made(key) or _named(key, edge)
        return self._nodes[key]

    def leaving(self, node: Node, access: Access | None) -> list[Edge]:
        """
        Steps from *node*, by whoever holds it (*access* None) or has this access to it.

        Blocked and unknown ones are among them; they explain.
        """
        state = (node.key, access)
        if state not in self._known:
            self._known[state] = list(self._held(node) if access is None else self._accessed(node, access))
        return self._known[state]

    def right(self, edge: Edge, node: Node) -> Access | None:
        """What *edge* lets one do to *node*; None where it makes one act as it, or have it."""
        if edge.kind is EdgeKind.CAN_ACCESS:
            return Access.READ if edge.access is None else edge.access
        return edge.access if node.kind not in _TAKERS else None

    def leads_on(self, node: Node, access: Access | None) -> bool:
        """Whether anything can follow from it."""
        if access is None:
            return True
        if access is Access.LIST or node.key.endswith((UNKNOWN_RIGHTS, UNKNOWN_CONTENTS)):
            return False
        if access in _READS_SECRETS or node.kind in _MACHINES:
            return True
        return access in _READS and self._holds(node.key)

    def is_told(self, node: Node) -> bool:
        """Whether the provider told what the credential *node* may do: no right of its user's adds to that."""
        if node.kind is not NodeKind.CREDENTIAL:
            return False
        rights = self._graph.edges_from(node.key, EdgeKind.CAN_ACCESS)
        return any(edge.known is Known.LIVE for edge in rights)

    # --- held: somebody acts as it ------------------------------------------------------------------------------

    def _held(self, node: Node) -> Iterator[Edge]:
        found: dict[tuple[str, EdgeKind, Access | None], Edge] = {}
        for edge in (*self._stored(node), *self._evaluated(node)):
            key = (edge.target, edge.kind, edge.access)
            if key not in found or _certainty(edge) > _certainty(found[key]):
                found[key] = edge
        yield from found.values()
        if node.kind in (NodeKind.SECRET_STORE, *_MACHINES):
            yield from self._graph.edges_from(node.key, EdgeKind.STORES)
        if not self._says_something(node, list(found.values())):
            yield _unknown_rights(node)

    def _stored(self, node: Node) -> Iterator[Edge]:
        yield from self._graph.edges_from(node.key, *_TAKEN)
        if node.provider not in EVALUATES_GROUPS:
            yield from self._graph.edges_from(node.key, EdgeKind.MEMBER_OF)
        if node.kind is NodeKind.CREDENTIAL:
            yield from self._graph.edges_from(node.key, EdgeKind.DUPLICATE_OF)
            for edge in self._graph.edges_to(node.key, EdgeKind.DUPLICATE_OF):
                yield replace(edge, source=edge.target, target=edge.source)

    def _evaluated(self, node: Node) -> Iterator[Edge]:
        expander = self._expanders.of(node.provider) if node.kind is not NodeKind.CREDENTIAL else None
        if expander is not None:
            yield from expander.expand(node, self._graph)

    def _says_something(self, node: Node, edges: list[Edge]) -> bool:
        """Whether what is known of *node* may be taken for all there is."""
        if node.kind is NodeKind.CREDENTIAL:
            return any(edge.kind is not EdgeKind.DUPLICATE_OF or self._has_identity(edge.target) for edge in edges)
        if node.kind not in _ACTORS or node.properties.get("permissions_known"):
            return True
        if any(edge.kind not in (EdgeKind.MEMBER_OF, EdgeKind.RUNS_AS) for edge in edges):
            return True
        return any(edge.kind is EdgeKind.MEMBER_OF for edge in edges)

    def _has_identity(self, credential: str) -> bool:
        return any(True for _ in self._graph.edges_from(credential, EdgeKind.AUTHENTICATES_AS, EdgeKind.CAN_ACCESS))

    # --- accessed: somebody has a right to it -------------------------------------------------------------------

    def _accessed(self, node: Node, access: Access) -> Iterator[Edge]:
        if access in _CHANGES and node.kind in _MACHINES:
            yield from self._held(node)
            return
        stored = list(self._graph.edges_from(node.key, EdgeKind.STORES)) if self._opens(node, access) else []
        yield from stored
        inside = list(self._inside(node, access)) if access in _READS_SECRETS else []
        yield from inside
        is_store = access is Access.SECRET_READ or node.kind is NodeKind.SECRET_STORE
        if is_store and access in _READS_SECRETS and not stored and not inside:
            yield self._unknown_contents(node)

    def _opens(self, node: Node, access: Access) -> bool:
        return access in (_READS_SECRETS if node.kind is NodeKind.SECRET_STORE else _READS)

    def _inside(self, node: Node, access: Access) -> Iterator[Edge]:
        """Stores in an account, or of a service, that the right is about as a whole, as far as they hold anything."""
        account, service = _whole(node)
        if not account:
            return
        for store in self._graph.nodes(kind=NodeKind.SECRET_STORE, provider=node.provider, account=account):
            if service and not _is_of(store, service):
                continue
            if store.key != node.key and self._holds(store.key):
                yield Edge(
                    node.key,
                    store.key,
                    EdgeKind.CAN_ACCESS,
                    known=Known.EVALUATED,
                    evidence="it is in there",
                    access=access,
                    weight=1.0,
                )

    def _holds(self, key: str) -> bool:
        if key not in self._is_holding:
            self._is_holding[key] = any(True for _ in self._graph.edges_from(key, EdgeKind.STORES))
        return self._is_holding[key]

    def _unknown_contents(self, node: Node) -> Edge:
        return Edge(
            node.key,
            f"{node.provider}:{UNKNOWN_CONTENTS}",
            EdgeKind.STORES,
            EdgeStatus.UNKNOWN,
            Known.EVALUATED,
            detail=f"what the secrets in {node.name} unlock is not known: "
            "import a listing of them, and scan what they are deployed to",
            access=Access.ADMIN,
            weight=self._contents,
        )

    def _made(self, key: str) -> Node | None:
        if key.endswith((UNKNOWN_RIGHTS, UNKNOWN_CONTENTS)):
            name = "whatever it may do" if key.endswith(UNKNOWN_RIGHTS) else "whatever the secrets in it unlock"
            properties = {"type": "unknown", "sensitivity": 1.0, "tier0": True}
            return Node(key, NodeKind.RESOURCE, key.partition(":")[0], name, "", properties)
        expander = self._expanders.of(key.partition(":")[0])
        return next(iter(expander.target_nodes([key])), None) if expander is not None else None


def is_unknown_rights(edge: Edge) -> bool:
    """Whether *edge* stands for all that its source may do and nobody knows."""
    return edge.target.endswith(UNKNOWN_RIGHTS)


def _certainty(edge: Edge) -> int:
    order = (EdgeStatus.BLOCKED, EdgeStatus.UNKNOWN, EdgeStatus.POTENTIAL, EdgeStatus.CONDITIONAL)
    return order.index(edge.status) if edge.status in order else len(order)


def _unknown_rights(node: Node) -> Edge:
    is_credential = node.kind is NodeKind.CREDENTIAL
    what = "the owner of this credential" if is_credential else f"what {node.name} may do"
    return Edge(
        node.key,
        f"{node.provider}:{UNKNOWN_RIGHTS}",
        EdgeKind.CAN_ACCESS,
        EdgeStatus.UNKNOWN,
        Known.EVALUATED,
        detail=f"{what} is not known: {how_to_know(node.provider, is_credential=is_credential)}",
        access=Access.ADMIN,
    )


def _whole(node: Node) -> tuple[str, str]:
    """Key of the account that *node* stands for as a whole or in one service, and that service; empty where neither."""
    if node.kind is NodeKind.ACCOUNT:
        return node.key, ""
    _, separator, rest = node.key.partition(":any:")
    if not separator or not node.account:
        return "", ""
    service = rest.partition("@")[0]
    return node.account, "" if service == "*" else service


def _is_of(store: Node, service: str) -> bool:
    own = str(store.properties.get("service") or store.properties.get("type") or "")
    return own == service or f":{service}:" in store.key


def _named(key: str, edge: Edge | None) -> Node:
    """What stands for a key that nobody describes."""
    provider, _, name = key.partition(":")
    kind = _GUESSED.get(edge.kind, NodeKind.RESOURCE) if edge is not None else NodeKind.RESOURCE
    return Node(key, kind, provider, name or key)
