# SPDX-License-Identifier: Apache-2.0
"""A graph in memory: what a report or a few exports say, where nobody keeps a database."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from secrethunt.identity.contract import Edge, EdgeKind, Graph, Node, NodeKind, Unread


class MemoryGraph:
    """Implements `Graph`; of two nodes with one key the properties are put together, the later ones winning."""

    def __init__(self, items: Iterable[Node | Edge | Unread] = ()) -> None:
        self._nodes: dict[str, Node] = {}
        self._from: dict[str, list[Edge]] = {}
        self._to: dict[str, list[Edge]] = {}
        self._by: dict[tuple[NodeKind, str, str], list[str]] | None = None
        self.unread: list[Unread] = []
        self.add(items)

    def add(self, items: Iterable[Node | Edge | Unread]) -> None:
        """Take in what an importer yields."""
        self._by = None
        for item in items:
            if isinstance(item, Node):
                known = self._nodes.get(item.key)
                self._nodes[item.key] = item if known is None else merged(known, item)
            elif isinstance(item, Edge):
                self._from.setdefault(item.source, []).append(item)
                self._to.setdefault(item.target, []).append(item)
            else:
                self.unread.append(item)

    def node(self, key: str) -> Node | None:
        return self._nodes.get(key)

    def nodes(self, *, kind: NodeKind | None = None, provider: str = "", account: str = "") -> Iterator[Node]:
        if kind is not None and provider and account:
            yield from (self._nodes[key] for key in self._index().get((kind, provider, account), ()))
            return
        for key in sorted(self._nodes):
            node = self._nodes[key]
            if kind in (None, node.kind) and provider in ("", node.provider) and account in ("", node.account):
                yield node

    def edges_from(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        return [edge for edge in self._from.get(key, ()) if not kinds or edge.kind in kinds]

    def edges_to(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        return [edge for edge in self._to.get(key, ()) if not kinds or edge.kind in kinds]

    def _index(self) -> dict[tuple[NodeKind, str, str], list[str]]:
        """Keys by what expanders ask for, made when first asked."""
        if self._by is None:
            self._by = {}
            for key in sorted(self._nodes):
                node = self._nodes[key]
                self._by.setdefault((node.kind, node.provider, node.account), []).append(key)
        return self._by


def merged(known: Node, new: Node) -> Node:
    """Two of one key put together, *new* winning."""
    properties = {**known.properties, **new.properties}
    if known.properties.get("permissions_known"):
        # A key that may not read its own policies takes nothing away from an export of them.
        properties["permissions_known"] = True
    return Node(known.key, new.kind, new.provider, new.name or known.name, new.account or known.account, properties)


class LayeredGraph:
    """Two graphs read as one: what is at hand now over what is stored. Implements `Graph`."""

    def __init__(self, upper: Graph, lower: Graph) -> None:
        self._layers = (upper, lower)

    def node(self, key: str) -> Node | None:
        upper, lower = (layer.node(key) for layer in self._layers)
        return merged(lower, upper) if upper is not None and lower is not None else upper or lower

    def nodes(self, *, kind: NodeKind | None = None, provider: str = "", account: str = "") -> Iterator[Node]:
        layers = [layer.nodes(kind=kind, provider=provider, account=account) for layer in self._layers]
        last = ""
        for node in heapq.merge(*layers, key=lambda item: item.key):
            if node.key != last:
                last = node.key
                yield self.node(node.key) or node

    def edges_from(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        return [edge for layer in self._layers for edge in layer.edges_from(key, *kinds)]

    def edges_to(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        return [edge for layer in self._layers for edge in layer.edges_to(key, *kinds)]
