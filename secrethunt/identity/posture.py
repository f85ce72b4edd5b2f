# SPDX-License-Identifier: Apache-2.0
"""
Owns the posture of identities: what is wrong with them whether or not a secret of theirs leaked.

Each judgement names the risk of the OWASP Non-Human Identities Top 10 (2025) that it is an instance of. What cannot be
judged for want of data is said as such (`is_unknown`), never passed over.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from secrethunt.identity.attribution import owners_of
from secrethunt.identity.blast import BlastRadii
from secrethunt.identity.contract import EdgeKind, EdgeStatus, Graph, Node, NodeKind
from secrethunt.identity.vendors import vendors_of

UNUSED_AFTER = timedelta(days=90)
LONG_LIVED_AFTER = timedelta(days=90)
"""CIS AWS Foundations Benchmark: keys unused for 45 days are to be disabled, and all rotated within 90; here the wider
of both for use, and the same for age."""
_TOO_MUCH = frozenset({"critical", "high"})
_GONE = frozenset({"deleted", "disabled", "left", "inactive", "suspended"})


class Judgement(enum.Enum):
    """What is wrong; the value is printed."""

    UNUSED = "unused"
    OVERPRIVILEGED = "over-privileged"
    LONG_LIVED = "long-lived"
    ORPHANED = "orphaned"
    SHARED = "shared-across-environments"
    HUMAN_USE = "human-use"
    VENDOR_HELD = "vendor-held"
    NO_OWNER = "no-owner"
    LEAKED = "leaked"
    REUSED = "reused"


OWASP = {
    Judgement.UNUSED: "NHI1:2025",
    Judgement.ORPHANED: "NHI1:2025",
    Judgement.NO_OWNER: "NHI1:2025",
    Judgement.LEAKED: "NHI2:2025",
    Judgement.VENDOR_HELD: "NHI3:2025",
    Judgement.OVERPRIVILEGED: "NHI5:2025",
    Judgement.LONG_LIVED: "NHI7:2025",
    Judgement.SHARED: "NHI8:2025",
    Judgement.REUSED: "NHI9:2025",
    Judgement.HUMAN_USE: "NHI10:2025",
}
"""https://owasp.org/www-project-non-human-identities-top-10/2025/: improper offboarding, secret leakage,
vulnerable third party, overprivileged, long-lived secrets, environment isolation, reuse, human use. NHI4 (insecure
authentication) and NHI6 (insecure cloud deployments) are about how things are built; nothing here can see that."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing about one identity."""

    node: Node
    judgement: Judgement
    why: str
    is_unknown: bool = False
    """It cannot be judged: `why` says what is missing."""

    @property
    def owasp(self) -> str:
        """Id of the risk in the OWASP Non-Human Identities Top 10."""
        return OWASP[self.judgement]


class Posture:
    """Judges the identities of one graph."""

    def __init__(self, graph: Graph, radii: BlastRadii, *, now: datetime | None = None) -> None:
        self._graph = graph
        self._radii = radii
        self._now = now or datetime.now(UTC)

    def remarks(self, *, with_unknown: bool = True) -> Iterator[Remark]:
        """On all identities and their credentials, in order of their keys; then on roles that vendors may take."""
        for node in self._graph.nodes(kind=NodeKind.IDENTITY):
            for remark in self.of(node):
                if with_unknown or not remark.is_unknown:
                    yield remark
        for node in self._graph.nodes(kind=NodeKind.ROLE):
            yield from self._vendor(node, [])

    def of(self, node: Node) -> Iterator[Remark]:
        """On one identity."""
        credentials = self._credentials(node)
        for judge in (self._use, self._age, self._owner, self._reach, self._sharing, self._vendor, self._leak):
            yield from judge(node, credentials)

    def _credentials(self, node: Node) -> list[Node]:
        edges = self._graph.edges_to(node.key, EdgeKind.AUTHENTICATES_AS)
        found = (self._graph.node(edge.source) for edge in edges if edge.status is not EdgeStatus.BLOCKED)
        return [item for item in found if item is not None]

    def _use(self, node: Node, credentials: list[Node]) -> Iterator[Remark]:
        used = [moment for item in (node, *credentials) if (moment := _moment(item, "last_used"))]
        created = _moment(node, "created")
        if used:
            if self._now - max(used) > UNUSED_AFTER:
                yield Remark(node, Judgement.UNUSED, f"last used {max(used):%Y-%m-%d}")
        elif any("last_used" in item.properties for item in (node, *credentials)):
            if created is not None and self._now - created > UNUSED_AFTER:
                yield Remark(node, Judgement.UNUSED, f"never used since {created:%Y-%m-%d}")
        else:
            why = "when it was last used was not imported (credential report, sign-in or audit log)"
            yield Remark(node, Judgement.UNUSED, why, is_unknown=True)
        if node.properties.get("is_human") and any(not item.properties.get("is_human") for item in credentials):
            keys = sum(1 for item in credentials if not item.key.startswith("secret:"))
            if keys:
                yield Remark(node, Judgement.HUMAN_USE, f"a person's account has {_keys(keys)} for programs")

    def _age(self, node: Node, credentials: list[Node]) -> Iterator[Remark]:
        for item in credentials:
            if str(item.properties.get("status", "")).lower() in _GONE:
                continue
            created = _moment(item, "created")
            if created is not None and self._now - created > LONG_LIVED_AFTER and _moment(item, "expires") is None:
                days = (self._now - created).days
                yield Remark(node, Judgement.LONG_LIVED, f"{item.name} is {days:,} days old and never expires")

    def _owner(self, node: Node, _: list[Node]) -> Iterator[Remark]:
        owners = owners_of([node.key], self._graph)
        if all(owner.is_suggested for owner in owners) and not node.properties.get("is_human"):
            suggested = ", ".join(owner.key for owner in owners)
            yield Remark(node, Judgement.NO_OWNER, f"only suggested: {suggested}" if suggested else "nobody is named")
        gone = [owner.key for owner in owners if self._is_gone(owner.key)]
        if gone and len(gone) == len(owners):
            yield Remark(node, Judgement.ORPHANED, f"its owner is gone: {', '.join(gone)}")

    def _is_gone(self, key: str) -> bool:
        owner = self._graph.node(key)
        return owner is not None and str(owner.properties.get("status", "")).lower() in _GONE

    def _reach(self, node: Node, _: list[Node]) -> Iterator[Remark]:
        radius = self._radii.of(node)
        if self._radii.band(radius.blast[0]) not in _TOO_MUCH:
            if radius.unknown:
                why = next((edge.detail for edge in radius.unknown if edge.detail), "its permissions were not imported")
                yield Remark(node, Judgement.OVERPRIVILEGED, why, is_unknown=True)
            return
        used = node.properties.get("used_services") or node.properties.get("used_actions")
        known = f"it uses {', '.join(map(str, used[:5]))}" if isinstance(used, list) else "what it uses is not known"
        top = radius.summary()
        reach = f"{top.access} on {top.way[-1]}" if top.way else "much"
        yield Remark(node, Judgement.OVERPRIVILEGED, f"reaches {reach} (at least {radius.blast[0]:g} of 100); {known}")

    def _sharing(self, node: Node, credentials: list[Node]) -> Iterator[Remark]:
        named: set[str] = set()
        places: set[str] = set()
        for item in (node, *credentials, *self._users(node)):
            if environment := str(item.properties.get("environment") or ""):
                named.add(environment)
            named.update(edge.target for edge in self._graph.edges_from(item.key, EdgeKind.IN_ENVIRONMENT))
            for edge in self._graph.edges_from(item.key, EdgeKind.FOUND_IN):
                place = self._graph.node(edge.target)
                if place is not None and place.account:
                    places.add(place.account)
        if len(named) > 1:
            yield Remark(node, Judgement.SHARED, f"used in {', '.join(sorted(named))}")
        workloads = [item.name for item in self._users(node)]
        if len(workloads) > 1 or len(places) > 1:
            by = ", ".join(sorted([*workloads, *places])[:5])
            yield Remark(node, Judgement.REUSED, f"used by {len(workloads) + len(places)}: {by}")

    def _users(self, node: Node) -> list[Node]:
        """What runs as it."""
        edges = self._graph.edges_to(node.key, EdgeKind.RUNS_AS)
        return [item for edge in edges if (item := self._graph.node(edge.source)) is not None]

    def _vendor(self, node: Node, _: list[Node]) -> Iterator[Remark]:
        for vendor in vendors_of(node.key, self._graph):
            yield Remark(node, Judgement.VENDOR_HELD, f"{vendor.name} holds it or may take it")

    def _leak(self, node: Node, credentials: list[Node]) -> Iterator[Remark]:
        found: set[str] = set()
        for item in credentials:
            if item.key.startswith("secret:"):
                found.add(item.key)
            found.update(edge.source for edge in self._graph.edges_to(item.key, EdgeKind.DUPLICATE_OF))
        secrets = sorted(key for key in found if key.startswith("secret:"))
        if secrets:
            ids = ", ".join(key.removeprefix("secret:")[:12] for key in secrets[:5])
            yield Remark(node, Judgement.LEAKED, f"{len(secrets)} of its secrets stand in scanned code: {ids}")


def _keys(number: int) -> str:
    return "a key" if number == 1 else f"{number} keys"


def _moment(node: Node, name: str) -> datetime | None:
    text = node.properties.get(name)
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def entries(remarks: Iterable[Remark]) -> list[dict[str, object]]:
    """The objects of JSON."""
    return [
        {
            "identity": remark.node.key,
            "name": remark.node.name,
            "provider": remark.node.provider,
            "account": remark.node.account,
            "judgement": remark.judgement.value,
            "owasp": remark.owasp,
            "unknown": remark.is_unknown,
            "why": remark.why,
        }
        for remark in remarks
    ]


def iter_lines(remarks: Iterable[Remark], shown: Callable[[str], str]) -> Iterator[str]:
    """
    Text: an identity, then a line for each thing about it.

    Args:
        shown: Makes text of unknown origin fit to print.
    """
    key = ""
    for remark in remarks:
        if remark.node.key != key:
            key = remark.node.key
            yield shown(key)
        mark = "?" if remark.is_unknown else "!"
        yield f"  {mark} {remark.judgement.value:27} {remark.owasp:11} {shown(remark.why)}"
