# SPDX-License-Identifier: Apache-2.0
"""Owns the questions that `nhi` asks of the store: which identities there are, and what is known of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from secrethunt.identity.attribution import owners_of, tagged_owner
from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus, Node, NodeKind
from secrethunt.identity.found import SECRET
from secrethunt.identity.privilege import band_of
from secrethunt.identity.vendors import vendors_of
from secrethunt.report.identities import IdentityRow
from secrethunt.store.database import Store
from secrethunt.store.graph import StoreGraph

IDENTITY_KINDS = (NodeKind.IDENTITY, NodeKind.ROLE, NodeKind.WORKLOAD)
"""What counts as an identity here."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which identities are asked for; what is empty or False asks for nothing."""

    providers: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    """Keys of accounts, or the ids in them."""
    environment: str = ""
    name: str = ""
    """Part of name or key, in any case."""
    stale_days: int | None = None
    """Not used for so many days, or never and older than that."""
    expires_days: int | None = None
    """Ends within so many days, or has ended."""
    is_orphaned: bool = False
    """Has no owner."""
    has_secrets: bool = False
    is_exposed: bool = False
    """One of its secrets still stands in code."""
    humans: bool | None = None
    """None takes both."""


class Inventory:
    """Rows of identities, without their privilege: that takes an evaluation each, so it is asked for apart."""

    def __init__(self, store: Store, *, now: datetime | None = None) -> None:
        self._graph = StoreGraph(store)
        self._store = store
        self._band: Callable[[Node], str] | None = None
        self._now = now or datetime.now(UTC)

    def rows(self, wanted: Filter) -> Iterator[IdentityRow]:
        """All that fit, by provider and key."""
        for node in self._nodes(wanted):
            if not _fits_node(node, wanted):
                continue
            row = self.row(node)
            if self._fits_row(row, wanted):
                yield row

    def row(self, node: Node) -> IdentityRow:
        """What is known of one identity."""
        properties = node.properties
        credentials = self.credentials(node)
        secrets = [item for item in credentials if item.key.startswith(SECRET)]
        exposure, repositories = self._places(secrets)
        used = [str(item.properties.get("last_used") or "") for item in (node, *credentials)]
        tags = properties.get("tags")
        tags = {str(name).lower(): str(value) for name, value in tags.items()} if isinstance(tags, dict) else {}
        return IdentityRow(
            key=node.key,
            name=node.name,
            type=str(properties.get("type") or node.kind.value),
            provider=node.provider,
            account=self._account(node),
            environment=self._environment(node, tags),
            privilege="",
            owner=self._owner(node, secrets),
            vendor=self._vendor(node),
            created=str(properties.get("created") or ""),
            last_used=max(used),
            expires=min(
                (text for item in (node, *credentials) if (text := str(item.properties.get("expires") or ""))),
                default="",
            ),
            credentials=len(credentials) - len(secrets),
            secrets=len(secrets),
            exposure=exposure,
            repositories=repositories,
            is_human=bool(properties.get("is_human")),
            known=self._known(node),
        )

    def with_privilege(self, row: IdentityRow) -> IdentityRow:
        """*row* with the band of its blast radius."""
        node = self._graph.node(row.key)
        if self._band is None:
            self._band = band_of(self._graph)
        return replace(row, privilege=self._band(node)) if node is not None else row

    def credentials(self, node: Node) -> list[Node]:
        """Credentials that authenticate as *node*, and the found secrets that are the same; by key."""
        found: dict[str, Node] = {}
        # Lists of keys leave out their user's path, so that the keys hang on the short name.
        names = (node.key, *(edge.source for edge in self._graph.edges_to(node.key, EdgeKind.DUPLICATE_OF)))
        for edge in (edge for name in names for edge in self._graph.edges_to(name, EdgeKind.AUTHENTICATES_AS)):
            for key in (edge.source, *self._same(edge.source)):
                credential = self._graph.node(key)
                if credential is not None and edge.status is not EdgeStatus.BLOCKED:
                    found[key] = credential
        return [found[key] for key in sorted(found)]

    def find(self, text: str) -> list[Node]:
        """
        What *text* names: a key; a finding or secret id or its beginning; a name, ARN, e-mail or id of an identity.

        Several where it fits several.
        """
        node = self._graph.node(text) or self._graph.node(f"aws:{text}") or self._graph.node(SECRET + text)
        if node is not None:
            return [node]
        return list(find_nodes(self._store, self._graph, text))

    def edges(self, node: Node) -> list[Edge]:
        """All stored edges of *node*, those that leave it first."""
        return [*self._graph.edges_from(node.key), *self._graph.edges_to(node.key)]

    def _places(self, secrets: Iterable[Node]) -> tuple[str, tuple[str, ...]]:
        """Whether *secrets* still stand somewhere, and in which repositories they do or did."""
        sql = "SELECT DISTINCT repository, at_head OR in_worktree FROM findings WHERE secret_id = ?"
        found = [row for secret in secrets for row in self._store.rows(sql, (secret.key.removeprefix(SECRET),))]
        exposure = "at head" if any(stands for _, stands in found) else "history only" if found else ""
        return exposure, tuple(sorted({repository for repository, _ in found}))

    def _same(self, key: str) -> list[str]:
        to = [edge.source for edge in self._graph.edges_to(key, EdgeKind.DUPLICATE_OF)]
        return to + [edge.target for edge in self._graph.edges_from(key, EdgeKind.DUPLICATE_OF)]

    def _nodes(self, wanted: Filter) -> Iterator[Node]:
        for provider in wanted.providers or ("",):
            for kind in IDENTITY_KINDS:
                # A node with `same_as` is a short name of another one, which is listed.
                found = self._graph.nodes(kind=kind, provider=provider)
                yield from (node for node in found if not node.properties.get("same_as"))

    def _fits_row(self, row: IdentityRow, wanted: Filter) -> bool:
        is_stale = wanted.stale_days is None or self._is_before(row.last_used or row.created, -wanted.stale_days)
        is_ending = wanted.expires_days is None or self._is_before(row.expires, wanted.expires_days)
        return (
            is_stale
            and is_ending
            and (not wanted.is_orphaned or not row.owner)
            and (not wanted.has_secrets or row.secrets > 0)
            and (not wanted.is_exposed or row.exposure == "at head")
            and wanted.environment.casefold() in ("", row.environment.casefold())
        )

    def _is_before(self, text: str, days: int) -> bool:
        """Whether *text* is a time before so many days from now; one that is not known is not."""
        if not text:
            return False
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return False
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment < self._now + timedelta(days=days)

    def _account(self, node: Node) -> str:
        account = self._graph.node(node.account) if node.account else None
        return account.name if account is not None else node.account.split(":", 2)[-1]

    def _environment(self, node: Node, tags: dict[str, str]) -> str:
        for name in ("environment", "env", "stage"):
            if tags.get(name):
                return tags[name]
        return str(node.properties.get("environment") or self._target_name(node, EdgeKind.IN_ENVIRONMENT))

    def _owner(self, node: Node, secrets: Iterable[Node]) -> str:
        """Its own, else whoever seems to own what was found of it."""
        owners = owners_of([node.key], self._graph) or owners_of([item.key for item in secrets], self._graph)
        tagged = tagged_owner(node)
        return ", ".join(owner.words for owner in owners) or (f"{tagged} (suggested)" if tagged else "")

    def _vendor(self, node: Node) -> str:
        vendors = ", ".join(vendor.name for vendor in vendors_of(node.key, self._graph))
        return str(node.properties.get("vendor") or vendors or self._target_name(node, EdgeKind.ISSUED_BY))

    def _target_name(self, node: Node, kind: EdgeKind) -> str:
        names = []
        for edge in self._graph.edges_from(node.key, kind):
            target = self._graph.node(edge.target)
            suggested = " (suggested)" if edge.status is EdgeStatus.POTENTIAL else ""
            names.append((target.name if target else edge.target.split(":", 1)[-1]) + suggested)
        return ", ".join(names)

    def _known(self, node: Node) -> str:
        sql = "SELECT known FROM nodes WHERE id = (SELECT id FROM keys WHERE key = ?)"
        ways = {row[0] for row in self._store.rows(sql, (node.key,))}
        return next((way for way in ("live", "inventory", "code", "offline") if way in ways), "")


def find_nodes(store: Store, graph: StoreGraph, text: str) -> Iterator[Node]:
    """By finding or secret id, or by what an identity is recognised by; each once."""
    from secrethunt.identity.clues import Clue, hint
    from secrethunt.store.findings import find_findings

    keys: dict[str, None] = {}
    if len(text) >= 4 and all(letter in "0123456789abcdef" for letter in text.lower()):
        prefix = text.lower()
        for found in (*find_findings(store, finding_id=prefix), *find_findings(store, secret_id=prefix)):
            keys[SECRET + found.secret_id] = None
    for clue in Clue:
        keys.update(dict.fromkeys(node.key for node in graph.recognised(hint(clue, text), offline=True)))
    for key in keys:
        node = graph.node(key)
        if node is not None:
            yield node


def _fits_node(node: Node, wanted: Filter) -> bool:
    is_human = bool(node.properties.get("is_human"))
    text = wanted.name.casefold()
    return (
        (wanted.humans is None or is_human is wanted.humans)
        and (not wanted.types or str(node.properties.get("type") or node.kind.value) in wanted.types)
        and (
            not wanted.accounts or node.account in wanted.accounts or node.account.split(":", 2)[-1] in wanted.accounts
        )
        and (text in node.name.casefold() or text in node.key.casefold())
    )
