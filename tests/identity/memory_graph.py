# SPDX-License-Identifier: Apache-2.0
"""A graph in memory, filled from what an importer reads: what expanders are tested against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread


class MemoryGraph:
    """Implements `Graph`; of two nodes with one key the properties are put together, the later ones winning."""

    def __init__(self, items: Iterable[Node | Edge | Unread] = ()) -> None:
        self._nodes: dict[str, Node] = {}
        self._from: dict[str, list[Edge]] = {}
        self._to: dict[str, list[Edge]] = {}
        self.unread: list[Unread] = []
        self.add(items)

    def add(self, items: Iterable[Node | Edge | Unread]) -> None:
        for item in items:
            if isinstance(item, Node):
                known = self._nodes.get(item.key)
                self._nodes[item.key] = item if known is None else _merged(known, item)
            elif isinstance(item, Edge):
                self._from.setdefault(item.source, []).append(item)
                self._to.setdefault(item.target, []).append(item)
            else:
                self.unread.append(item)

    def node(self, key: str) -> Node | None:
        return self._nodes.get(key)

    def nodes(self, *, kind: NodeKind | None = None, provider: str = "", account: str = "") -> Iterator[Node]:
        for key in sorted(self._nodes):
            node = self._nodes[key]
            if kind in (None, node.kind) and provider in ("", node.provider) and account in ("", node.account):
                yield node

    def edges_from(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        return [edge for edge in self._from.get(key, ()) if not kinds or edge.kind in kinds]

    def edges_to(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        return [edge for edge in self._to.get(key, ()) if not kinds or edge.kind in kinds]


def _merged(known: Node, new: Node) -> Node:
    properties = {**known.properties, **new.properties}
    return Node(known.key, new.kind, new.provider, new.name or known.name, new.account or known.account, properties)
