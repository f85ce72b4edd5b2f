# SPDX-License-Identifier: Apache-2.0
"""Owns what a secret's risk hangs on beside its reach: is it valid, what limits its use, and who could have seen it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from secrethunt.identity.contract import EdgeKind, Graph, Node, NodeKind

_VALIDITY = {
    "active": "live",
    "live": "live",
    "inactive": "revoked",
    "revoked": "revoked",
    "deleted": "revoked",
    "disabled": "revoked",
    "expired": "expired",
}
_CONSTRAINTS = {"network": "network", "network-bound": "network", "mfa": "mfa"}
_EXPOSURES = ("public", "internal", "private")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The three factors of X, by their names in `weights.json`, each with where it comes from."""

    validity: str = "unknown"
    validity_why: str = "nobody asked the provider: use --validate"
    constraint: str = "none"
    constraint_why: str = "none is known"
    exposure: str = ""
    """Empty: not known; then the least and the most exposed are taken."""
    exposure_why: str = "who can read the repository is not known"


def circumstances_of(start: Node, graph: Graph, *, now: datetime | None = None) -> Circumstances:
    """
    What the graph says: properties `verdict` or `status`, `expires`, `constraint` and `exposure` of the credential, of
    what it is a duplicate of, and of where it was found.
    """
    nodes = _same(start, graph)
    validity, validity_why = _validity(nodes, now or datetime.now(UTC))
    constraint, constraint_why = _constraint(nodes)
    exposure, exposure_why = _exposure(nodes, graph)
    return Circumstances(validity, validity_why, constraint, constraint_why, exposure, exposure_why)


def _same(start: Node, graph: Graph) -> list[Node]:
    """The credential and all that are the same."""
    if start.kind is not NodeKind.CREDENTIAL:
        return [start]
    nodes = {start.key: start}
    for edge in (
        *graph.edges_from(start.key, EdgeKind.DUPLICATE_OF),
        *graph.edges_to(start.key, EdgeKind.DUPLICATE_OF),
    ):
        for key in (edge.source, edge.target):
            node = graph.node(key)
            if node is not None:
                nodes.setdefault(key, node)
    return list(nodes.values())


def _validity(nodes: Iterable[Node], now: datetime) -> tuple[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        for name in ("verdict", "status"):
            word = _VALIDITY.get(str(node.properties.get(name, "")).lower())
            # An inventory's "active" is a switch that is on; only the provider's answer to the secret proves it live.
            if word and not (name == "status" and word == "live"):
                found.setdefault(word, f"{name} {node.properties[name]} of {node.name}")
        expires = _moment(node.properties.get("expires"))
        if expires is not None and expires < now:
            found.setdefault("expired", f"{node.name} expired {node.properties['expires']}")
    for word in ("live", "revoked", "expired"):
        if word in found:
            return word, found[word]
    return Circumstances().validity, Circumstances().validity_why


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _constraint(nodes: Iterable[Node]) -> tuple[str, str]:
    for node in nodes:
        word = _CONSTRAINTS.get(str(node.properties.get("constraint", "")).lower())
        if word:
            return word, f"{node.name} says so"
    return Circumstances().constraint, Circumstances().constraint_why


def _exposure(nodes: Iterable[Node], graph: Graph) -> tuple[str, str]:
    """The widest of all places where it was found."""
    found: dict[str, str] = {}
    for node in nodes:
        _note(node, found)
        for edge in graph.edges_from(node.key, EdgeKind.FOUND_IN):
            place = graph.node(edge.target)
            if place is not None:
                _note(place, found)
                repository = graph.node(place.account) if place.account else None
                if repository is not None:
                    _note(repository, found)
    for word in _EXPOSURES:
        if word in found:
            return word, found[word]
    return Circumstances().exposure, Circumstances().exposure_why


def _note(node: Node, found: dict[str, str]) -> None:
    word = str(node.properties.get("exposure") or node.properties.get("visibility") or "").lower()
    if word in _EXPOSURES:
        found.setdefault(word, f"{node.name} is {word}")
