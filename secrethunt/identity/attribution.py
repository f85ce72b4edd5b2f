# SPDX-License-Identifier: Apache-2.0
"""Owns what follows from an inventory as it is read, vendors and owners that tags name, and whose anything is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus, Graph, Known, Node, Unread
from secrethunt.identity.declared.place import owner_of
from secrethunt.identity.owners import OWNED, owner_items, suggest
from secrethunt.identity.vendors import VENDOR, with_vendors

_TAGS = ("tags", "labels")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns something, or is suggested to."""

    key: str
    name: str
    is_suggested: bool
    """Nobody confirmed it."""
    evidence: str
    why: str
    """On what a suggestion rests, and how much it is worth."""

    @property
    def words(self) -> str:
        """The name, marked where it is only suggested."""
        return f"{self.name} (suggested)" if self.is_suggested else self.name


def attributed(items: Iterable[Node | Edge | Unread]) -> Iterator[Node | Edge | Unread]:
    """*items* as they are, each followed by vendors and suggested owners that it speaks of."""
    for item in with_vendors(items):
        yield item
        if isinstance(item, Node) and item.kind in OWNED:
            yield from owner_items(item.key, suggest("", tag=tagged_owner(item)), known=Known.INVENTORY)


def tagged_owner(node: Node) -> str:
    """Whom the tags or labels of *node* name; empty where they name nobody."""
    for name in _TAGS:
        tags = node.properties.get(name)
        if isinstance(tags, dict) and (owner := owner_of(tags)):
            return owner
    return ""


def owners_of(keys: Iterable[str], graph: Graph) -> list[Owner]:
    """Owners of *keys* but vendors, each once; those that somebody confirmed alone, where there are any."""
    found: dict[str, Owner] = {}
    for key in keys:
        for edge in graph.edges_from(key, EdgeKind.OWNED_BY):
            if edge.target.startswith(VENDOR):
                continue
            node = graph.node(edge.target)
            is_suggested = edge.status is not EdgeStatus.CONFIRMED
            if edge.target not in found or not is_suggested:
                name = node.name if node is not None else edge.target.partition(":")[2]
                found[edge.target] = Owner(edge.target, name, is_suggested, edge.evidence, edge.detail)
    confirmed = [owner for owner in found.values() if not owner.is_suggested]
    return confirmed or list(found.values())
