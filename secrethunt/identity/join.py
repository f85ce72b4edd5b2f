# SPDX-License-Identifier: Apache-2.0
"""
Owns which stored identity a found secret belongs to, as far as both say the same of themselves.

The most trusted clue that fits anything decides (`identity/clues.py` has their order). Where it fits several things,
each gets an edge that is POTENTIAL and says so; a name alone is never more than that. What the provider itself answered
comes before all clues, and a join that contradicts it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from secrethunt.identity.answered import answered_identity
from secrethunt.identity.clues import CLUES, Clue, Hint
from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind
from secrethunt.identity.found import SECRET

_PROVIDERS = {
    "google": "gcp",
    "googlecloud": "gcp",
    "firebase": "gcp",
    "microsoft": "azure",
    "entra": "azure",
    "kubernetes": "k8s",
    "postgres": "postgresql",
    "mariadb": "mysql",
    "hashicorp": "vault",
}
"""Providers of rules that inventories call by another name."""
_ANY = frozenset({"", "privatekey", "jwt", "uri", "generic", "ssh", "http", "jdbc", "basic", "service"})
"""Providers of rules that say nothing of whose credential it is."""
_UNIQUE = 16
"""Ids so long agree by chance nowhere."""
_MOST = 20
_CLUE_NAMES = {
    Clue.KEY_ID: "same key id",
    Clue.PRIVATE_KEY_ID: "same private key id",
    Clue.TOKEN_HASH: "same token hash",
    Clue.CLAIM: "it says so itself",
    Clue.FINGERPRINT: "same fingerprint",
    Clue.NAME: "same name",
}


class Recogniser(Graph, Protocol):
    """A graph that knows by what its nodes are recognised; the store implements it."""

    def recognised(self, hint: Hint, *, limit: int = 20) -> list[Node]:
        """Credentials and identities with this clue, by key; at most *limit*. None that only secrets name."""

    def found(self) -> Iterator[Node]:
        """Credentials that scans found, by key."""


def iter_joins(graph: Recogniser) -> Iterator[Node | Edge]:
    """Edges from all found secrets to what they are the same as, or authenticate as."""
    for node in graph.found():
        yield from joins_of(node, graph)


def joins_of(secret: Node, graph: Recogniser) -> Iterator[Node | Edge]:
    """Those of one found *secret*."""
    live = list(answered_identity(secret, graph))
    yield from live
    identities = {edge.target for edge in live if isinstance(edge, Edge) and edge.kind is EdgeKind.AUTHENTICATES_AS}
    for clue in Clue:
        values = secret.properties.get(CLUES, {}).get(clue.value, ())
        fitting = {node.key: (value, node) for value in values for node in _fitting(secret, Hint(clue, value), graph)}
        if fitting:
            yield from _edges(secret, clue, list(fitting.values()), _Live(identities, graph))
            return


class _Live:
    """Whom the provider itself named; empty where nobody asked."""

    def __init__(self, identities: set[str], graph: Graph) -> None:
        self._identities = identities
        self._graph = graph

    def contradicts(self, node: Node) -> bool:
        """Whether *node* is another identity, or a credential of others only."""
        if not self._identities:
            return False
        if node.kind is not NodeKind.CREDENTIAL:
            return node.key not in self._identities
        owners = {edge.target for edge in self._graph.edges_from(node.key, EdgeKind.AUTHENTICATES_AS)}
        # A short name of the same identity: an AWS key's listing leaves out the user's path.
        owners |= {edge.target for key in owners for edge in self._graph.edges_from(key, EdgeKind.DUPLICATE_OF)}
        return bool(owners) and not owners & self._identities


def _fitting(secret: Node, hint: Hint, graph: Recogniser) -> Iterable[Node]:
    nodes = [
        node
        for node in graph.recognised(hint, limit=_MOST)
        if not node.key.startswith(SECRET)
        and node.kind is not NodeKind.ACCOUNT
        and _is_same_provider(secret, hint, node)
    ]
    credentials = [node for node in nodes if node.kind is NodeKind.CREDENTIAL]
    # An identity that is named like its key is reached through the key.
    return credentials or nodes


def _is_same_provider(secret: Node, hint: Hint, node: Node) -> bool:
    is_unique = len(hint.value) >= _UNIQUE and hint.clue is not Clue.NAME
    own = _PROVIDERS.get(secret.provider, secret.provider)
    if own == node.provider:
        account = str(secret.properties.get("facts", {}).get("account", ""))
        return hint.clue is not Clue.NAME or not node.account or account in node.account
    return is_unique or own in _ANY


def _edges(secret: Node, clue: Clue, fitting: Sequence[tuple[str, Node]], live: _Live) -> Iterator[Edge]:
    for value, node in fitting:
        notes = []
        if len(fitting) > 1:
            more = "at least " if len(fitting) >= _MOST else ""
            notes.append(f"one of {more}{len(fitting)} that fit")
        if clue is Clue.NAME:
            notes.append("only the name agrees")
        if live.contradicts(node):
            notes.append("the provider itself names another identity")
        kind = EdgeKind.DUPLICATE_OF if node.kind is NodeKind.CREDENTIAL else EdgeKind.AUTHENTICATES_AS
        yield Edge(
            secret.key,
            node.key,
            kind,
            EdgeStatus.POTENTIAL if notes else EdgeStatus.CONFIRMED,
            Known.INVENTORY,
            f"{_CLUE_NAMES[clue]}: {value}",
            "; ".join(notes),
        )
