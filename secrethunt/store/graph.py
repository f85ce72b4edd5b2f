# SPDX-License-Identifier: Apache-2.0
"""
Hot: the stored graph, as expanders, the blast radius and the join read it (`identity.contract.Graph`).

One instance sees the file as it is when it asks and remembers what it was told, so make a new one after writing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from secrethunt.identity.clues import Hint
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind
from secrethunt.store.database import Store
from secrethunt.store.write import is_empty, is_known_less

_MOST_NODES = 20_000
_MOST_EDGES = 50_000
"""What is remembered; beyond that everything is asked anew."""
_TRUST = {known: rank for rank, known in enumerate(("offline", "code", "inventory", "live"))}
_NODE = """
SELECT n.known, n.kind, n.provider, n.name, a.key, n.properties
FROM keys k JOIN nodes n ON n.id = k.id LEFT JOIN keys a ON a.id = n.account WHERE k.key = ?
"""
_NODES = """
SELECT k.key, n.known, n.kind, n.provider, n.name, a.key, n.properties
FROM nodes n JOIN keys k ON k.id = n.id LEFT JOIN keys a ON a.id = n.account
"""
_EDGES = """
SELECT {other}.key, e.kind, e.status, e.known, e.evidence, e.detail, e.access, e.actions, e.weight, e.seen_at
FROM keys own JOIN edges e ON e.{own_column} = own.id JOIN keys {other} ON {other}.id = e.{other_column}
WHERE own.key = ? ORDER BY e.kind, {other}.key, e.evidence
"""
_FROM = _EDGES.format(other="t", own_column="source", other_column="target")
_TO = _EDGES.format(other="s", own_column="target", other_column="source")
_NAMED = """
SELECT k.key FROM aliases a JOIN keys k ON k.id = a.node WHERE a.clue = ? AND a.value = ?
    AND EXISTS (SELECT 1 FROM nodes n WHERE n.id = a.node AND (? OR n.known <> 'offline')) ORDER BY k.key LIMIT ?
"""
_KINDS = {kind.value: kind for kind in EdgeKind}
_STATUSES = {status.value: status for status in EdgeStatus}
_KNOWN = {known.value: known for known in Known}
_ACCESS = {int(access): access for access in Access}


class StoreGraph:
    """Implements `Graph`."""

    def __init__(self, store: Store) -> None:
        self._connection = store.connection
        self._nodes: dict[str, Node | None] = {}
        self._from: dict[str, list[Edge]] = {}
        self._to: dict[str, list[Edge]] = {}

    def node(self, key: str) -> Node | None:
        """All that is known of *key*, put together."""
        if key not in self._nodes:
            if len(self._nodes) >= _MOST_NODES:
                self._nodes.clear()
            rows = self._connection.execute(_NODE, (key,)).fetchall()
            self._nodes[key] = _united(key, rows) if rows else None
        return self._nodes[key]

    def nodes(self, *, kind: NodeKind | None = None, provider: str = "", account: str = "") -> Iterator[Node]:
        """All that fit, in order of key."""
        where, arguments = [], []
        if kind is not None:
            where.append("kind = ?")
            arguments.append(kind.value)
        if provider:
            where.append("provider = ?")
            arguments.append(provider)
        if account:
            where.append("account = (SELECT id FROM keys WHERE key = ?)")
            arguments.append(account)
        chosen = f" WHERE n.id IN (SELECT id FROM nodes WHERE {' AND '.join(where)})" if where else ""
        for node in self._iter_united(f"{_NODES}{chosen} ORDER BY k.key", arguments):
            # Of two ways of knowing it, the one that fits may be the less trusted.
            if kind in (None, node.kind) and provider in ("", node.provider) and account in ("", node.account):
                yield node

    def edges_from(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        """Stored edges that leave *key*, by kind and target."""
        edges = self._from.get(key)
        if edges is None:
            rows = self._connection.execute(_FROM, (key,))
            edges = [Edge(key, row[0], _KINDS[row[1]], *_rest(row)) for row in rows]
            self._remember(self._from, key, edges)
        return [edge for edge in edges if edge.kind in kinds] if kinds else list(edges)

    def edges_to(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        """Stored edges that arrive at *key*, by kind and source."""
        edges = self._to.get(key)
        if edges is None:
            rows = self._connection.execute(_TO, (key,))
            edges = [Edge(row[0], key, _KINDS[row[1]], *_rest(row)) for row in rows]
            self._remember(self._to, key, edges)
        return [edge for edge in edges if edge.kind in kinds] if kinds else list(edges)

    def recognised(self, hint: Hint, *, limit: int = 20, offline: bool = False) -> list[Node]:
        """
        Credentials and identities with this clue, by key; at most *limit*.

        Args:
            hint: Clue and normalised value.
            limit: Most that are returned.
            offline: Also those of which only a secret's own word is known.
        """
        rows = self._connection.execute(_NAMED, (hint.clue.value, hint.value, offline, limit)).fetchall()
        return [node for (key,) in rows if (node := self.node(key)) is not None]

    def found(self) -> Iterator[Node]:
        """Credentials that scans found, by key."""
        # A semicolon follows the colon.
        yield from self._iter_united(f"{_NODES} WHERE k.key >= ? AND k.key < ? ORDER BY k.key", ["secret:", "secret;"])

    def _iter_united(self, sql: str, arguments: list[str]) -> Iterator[Node]:
        key = ""
        rows: list[tuple[Any, ...]] = []
        for row in self._connection.execute(sql, arguments):
            if row[0] != key and rows:
                yield _united(key, rows)
                rows = []
            key = row[0]
            rows.append(row[1:])
        if rows:
            yield _united(key, rows)

    @staticmethod
    def _remember(table: dict[str, list[Edge]], key: str, edges: list[Edge]) -> None:
        if len(table) >= _MOST_EDGES:
            table.clear()
        table[key] = edges


def _rest(row: tuple[Any, ...]) -> tuple[Any, ...]:
    access = None if row[6] is None else _ACCESS[row[6]]
    actions = tuple(json.loads(row[7])) if row[7] != "[]" else ()
    return _STATUSES[row[2]], _KNOWN[row[3]], row[4], row[5], access, actions, row[8], row[9]


def _united(key: str, rows: list[tuple[Any, ...]]) -> Node:
    """Property by property, the most trusted way of knowing winning."""
    if len(rows) > 1:
        rows = sorted(rows, key=lambda row: _TRUST[row[0]])
    properties: dict[str, Any] = {}
    name = account = provider = ""
    for row in rows:
        properties.update(
            (field, value)
            for field, value in json.loads(row[5]).items()
            if field not in properties or (not is_empty(value) and not is_known_less(field, value))
        )
        provider, name, account = row[2] or provider, row[3] or name, row[4] or account
    return Node(key, NodeKind(rows[-1][1]), provider, name, account, properties)
