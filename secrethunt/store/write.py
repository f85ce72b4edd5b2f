# SPDX-License-Identifier: Apache-2.0
"""
Hot: writes nodes and edges, a million in seconds. Owns what happens where two runs tell different things.

Of a node each way of knowing it keeps a row of its own; within a way properties are put together, the newer winning.
Of an edge the most trusted way stays, within a way the newer. What a run's predecessor with the same origin told and
it does not tell any more is forgotten when it ends.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from secrethunt.identity.clues import CLUES, hints_of
from secrethunt.identity.contract import Edge, Known, Node, Unread
from secrethunt.store.database import Store

_BATCH = 20_000
"""Rows between two commits: other writers wait no longer than these take."""
_MOST_KEYS = 400_000
"""Numbers of keys that are remembered while loading."""
_MOST_RECENT = 4096

_ADD_KEY = "INSERT OR IGNORE INTO keys (key) VALUES (?)"
_KEY_ID = "SELECT id FROM keys WHERE key = ?"
_ADD_NODE = """
INSERT INTO nodes (id, known, kind, provider, name, account, properties, seen_at, run)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id, known) DO UPDATE SET
    kind = CASE WHEN excluded.seen_at >= seen_at THEN excluded.kind ELSE kind END,
    provider = CASE WHEN excluded.seen_at >= seen_at THEN excluded.provider ELSE provider END,
    name = CASE WHEN name = '' OR (excluded.seen_at >= seen_at AND excluded.name <> '')
        THEN excluded.name ELSE name END,
    account = CASE WHEN excluded.seen_at >= seen_at THEN coalesce(excluded.account, account)
        ELSE coalesce(account, excluded.account) END,
    properties = CASE WHEN properties = excluded.properties THEN properties
        WHEN excluded.seen_at >= seen_at THEN united(properties, excluded.properties)
        ELSE united(excluded.properties, properties) END,
    seen_at = max(seen_at, excluded.seen_at),
    run = max(run, excluded.run)
"""
_RANK = "CASE {} WHEN 'live' THEN 0 WHEN 'inventory' THEN 1 WHEN 'code' THEN 2 ELSE 3 END"
_ADD_EDGE = f"""
INSERT INTO edges (source, kind, target, evidence, status, known, detail, access, actions, weight, seen_at, run)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, kind, target, evidence) DO UPDATE SET
    status = excluded.status, known = excluded.known, detail = excluded.detail, access = excluded.access,
    actions = excluded.actions, weight = excluded.weight, seen_at = excluded.seen_at, run = excluded.run
WHERE {_RANK.format("excluded.known")} < {_RANK.format("edges.known")}
    OR (excluded.known = edges.known AND excluded.seen_at >= edges.seen_at)
"""
_ADD_ALIAS = "INSERT OR IGNORE INTO aliases (clue, value, node) VALUES (?, ?, ?)"
_EARLIER = "SELECT id FROM runs WHERE origin = ? AND kind = ? AND importer = ? AND id < ?"


class RunKind(enum.Enum):
    """What kind of work wrote; the value is stored."""

    SCAN = "scan"
    IMPORT = "import"
    IDENTIFY = "identify"
    """Asking a provider with the credential."""
    JOIN = "join"


def now() -> str:
    """The time as the store writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Run:
    """
    One run that writes; use it in `with`, and it ends by being finished, or stays unfinished where an error left it.

    What an unfinished run has written stays, and replaces nothing.
    """

    def __init__(self, store: Store, kind: RunKind, origin: str, *, importer: str = "", as_of: str = "") -> None:
        self._store = store
        self._kind = kind
        self._origin = origin
        self._importer = importer
        self._as_of = as_of or now()
        self.nodes = 0
        self.edges = 0
        self.unread = 0
        self._is_finished = False
        self._ids: dict[str, int] = {}
        self._recent: dict[tuple[str, Known], Node] = {}
        self._node_rows: list[tuple[Any, ...]] = []
        self._edge_rows: list[tuple[Any, ...]] = []
        self._alias_rows: list[tuple[Any, ...]] = []
        store.connection.create_function("united", 2, _united, deterministic=True)
        with store.transaction():
            row = {"kind": kind.value, "importer": importer, "origin": origin, "as_of": self._as_of}
            table = store.database.table("runs").insert({**row, "started": now()})
            self.id = int(str(table.last_pk))

    def add(self, items: Iterable[Node | Edge | Unread], known: Known = Known.INVENTORY) -> None:
        """
        Write *items*; things that were not read are only counted, evaluated edges left out.

        Args:
            items: In any order; edges may lead to nodes that nobody describes.
            known: How the nodes are known; edges say so themselves.
        """
        for item in items:
            if isinstance(item, Node):
                self._add_node(item, known)
            elif isinstance(item, Edge):
                self._add_edge(item)
            else:
                self.unread += 1
            if len(self._node_rows) + len(self._edge_rows) >= _BATCH:
                self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        if not (self._node_rows or self._edge_rows):
            return
        try:
            self._write()
        except UnicodeEncodeError:
            # Half a surrogate pair, which JSON can hold and SQLite cannot. Rare, so nobody looks for it beforehand.
            for rows in (self._node_rows, self._edge_rows, self._alias_rows):
                rows[:] = [tuple(map(_storable, row)) for row in rows]
            # Numbers given out in the transaction that failed are nobody's.
            self._ids.clear()
            self._write()
        for rows in (self._node_rows, self._edge_rows, self._alias_rows):
            rows.clear()

    def _write(self) -> None:
        with self._store.transaction():
            self._number()
            number, connection = self._ids, self._store.connection
            connection.executemany(
                _ADD_NODE,
                ((number[row[0]], *row[1:5], number[row[5]] if row[5] else None, *row[6:]) for row in self._node_rows),
            )
            connection.executemany(
                _ADD_EDGE, ((number[row[0]], row[1], number[row[2]], *row[3:]) for row in self._edge_rows)
            )
            connection.executemany(_ADD_ALIAS, ((row[0], row[1], number[row[2]]) for row in self._alias_rows))

    def finish(self, *, replace: bool = True) -> int:
        """
        End the run.

        Args:
            replace: Forget what earlier runs with the same origin told and nobody told since; only where this one read
                all that there is.

        Returns:
            How many nodes and edges were forgotten.
        """
        self.flush()
        self._is_finished = True
        with self._store.transaction():
            gone = self._forget() if replace else 0
            self._store.connection.execute(
                "UPDATE runs SET finished = ?, nodes = ?, edges = ?, unread = ? WHERE id = ?",
                (now(), self.nodes, self.edges, self.unread, self.id),
            )
        return gone

    def _forget(self) -> int:
        connection = self._store.connection
        key = (self._origin, self._kind.value, self._importer, self.id)
        gone = sum(
            connection.execute(f"DELETE FROM {table} WHERE run IN ({_EARLIER})", key).rowcount
            for table in ("edges", "nodes")
        )
        if gone:
            connection.execute("DELETE FROM aliases WHERE node NOT IN (SELECT id FROM nodes)")
        return gone

    def _add_node(self, node: Node, known: Known) -> None:
        self.nodes += 1
        # Importers name an account once for each thing in it.
        if self._recent.get((node.key, known)) == node:
            return
        if len(self._recent) >= _MOST_RECENT:
            self._recent.clear()
        self._recent[node.key, known] = node
        properties = _encoded(node.properties)
        if not node.key or properties is None:
            self.unread += 1
            return
        self._node_rows.append(
            (
                node.key,
                known.value,
                node.kind.value,
                node.provider,
                node.name,
                node.account,
                properties,
                self._as_of,
                self.id,
            )
        )
        self._alias_rows.extend((found.clue.value, found.value, node.key) for found in hints_of(node))

    def _add_edge(self, edge: Edge) -> None:
        if edge.known is Known.EVALUATED:
            return
        if not (edge.source and edge.target):
            self.unread += 1
            return
        self.edges += 1
        self._edge_rows.append(
            (
                edge.source,
                edge.kind.value,
                edge.target,
                edge.evidence,
                edge.status.value,
                edge.known.value,
                edge.detail,
                None if edge.access is None else int(edge.access),
                json.dumps(edge.actions, ensure_ascii=False) if edge.actions else "[]",
                edge.weight,
                edge.seen_at or self._as_of,
                self.id,
            )
        )

    def _number(self) -> None:
        """Numbers for all keys that are waiting."""
        if len(self._ids) > _MOST_KEYS:
            self._ids.clear()
        waiting: dict[str, None] = {}
        for row in self._node_rows:
            waiting[row[0]] = None
            if row[5]:
                waiting[row[5]] = None
        for row in self._edge_rows:
            waiting[row[0]] = waiting[row[2]] = None
        new = [key for key in waiting if key not in self._ids]
        connection = self._store.connection
        connection.executemany(_ADD_KEY, ((key,) for key in new))
        for key in new:
            self._ids[key] = connection.execute(_KEY_ID, (key,)).fetchone()[0]

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None and not self._is_finished:
            self.finish()


def _encoded(properties: Mapping[str, Any]) -> str | None:
    """As JSON; what is no JSON (numbers of other types, dates) as its text; None for numbers that are none."""
    try:
        return json.dumps(properties, separators=(",", ":"), allow_nan=False, default=str)
    except ValueError:
        return None


def _storable(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _united(older: str, newer: str) -> str:
    """Property by property; what the newer has no value for stays. Clues add up: one credential, several places."""
    properties = json.loads(older)
    for name, value in json.loads(newer).items():
        if name == CLUES and isinstance(properties.get(name), dict):
            for clue, values in value.items():
                known = properties[name].setdefault(clue, [])
                known += [item for item in values if item not in known]
        elif not is_known_less(name, value) and (not is_empty(value) or name not in properties):
            properties[name] = value
    return json.dumps(properties, separators=(",", ":"))


def is_known_less(name: str, value: object) -> bool:
    """Whether it says that policies were not read: a key that may not read takes nothing from one that may."""
    return name == "permissions_known" and not value


def is_empty(value: object) -> bool:
    """Whether a property says nothing: an importer that does not know writes one of these."""
    return value is None or value == "" or value == {} or value == []
