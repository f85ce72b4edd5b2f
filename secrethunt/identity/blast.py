# SPDX-License-Identifier: Apache-2.0
"""
Owns the blast radius: what somebody who holds a secret could reach, as a score that can be checked.

    reach(r)  = best product of the weights along a way to r
    impact(r) = sensitivity(r) · access(r)
    Impact    = 1 − Π (1 − reach · impact · k)         k = 1 for tier-0 resources, else less
    blast     = 100 · Impact                           as [lo, hi]: what is unknown counts 0 for lo, a prior for hi
    risk      = blast · validity · constraint · exposure

More of the same counts less and less (`repeat` in `weights.json`): the right to list a thousand things is no disaster.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secrethunt.blast_summary import BlastSummary
from secrethunt.identity.attribution import Owner, owners_of
from secrethunt.identity.circumstances import Circumstances, circumstances_of
from secrethunt.identity.contract import Edge, EdgeKind, Graph, Node, NodeKind
from secrethunt.identity.reach import Reach, Reached, search
from secrethunt.identity.steps import Steps
from secrethunt.identity.weights import Weights, load_weights

HOPS = 4
"""Changes of identity that are followed unless somebody says otherwise."""
_MOST_REMEDIES = 3
_MOST_TRIED = 12
"""Edges that are tried for a remedy: those that most goes through."""
_MOST_TOLD = 5
"""Unknown things in a summary."""
_EdgeKey = tuple[str, str, EdgeKind, str]
_TIES = (EdgeKind.AUTHENTICATES_AS, EdgeKind.DUPLICATE_OF)
_STARTS = frozenset({NodeKind.IDENTITY, NodeKind.ROLE, NodeKind.GROUP, NodeKind.CREDENTIAL})


@dataclass(frozen=True, slots=True)
class Counted:
    """Something that can be used, with its factors."""

    reached: Reached
    sensitivity: float
    k: float
    impact: float
    """sensitivity · access"""

    @property
    def share(self) -> float:
        """reach · impact · k: what goes into the product before repetition is discounted."""
        return self.reached.reach * self.impact * self.k


@dataclass(frozen=True, slots=True)
class Remedy:
    """One edge to cut, and what would be left: lower and upper end of the blast radius without what goes through it."""

    edge: Edge
    left: tuple[float, float]
    ways: int = 1
    """How many things are reached through it."""


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """The whole answer for one secret or identity. Scores go from 0 to 100."""

    start: Node
    identities: tuple[Reached, ...]
    """Whom the secret authenticates as, by the edge at the end of each way."""
    held: tuple[Reached, ...]
    """Every other identity, role, machine and credential that is taken on the way."""
    counted: tuple[Counted, ...]
    """What is reached for all that is known, what counts most first."""
    assumed: tuple[Counted, ...]
    """What would be reached as well, or more likely, if unknown edges held."""
    blocked: tuple[Edge, ...]
    unknown: tuple[Edge, ...]
    remedies: tuple[Remedy, ...]
    circumstances: Circumstances
    blast: tuple[float, float]
    risk: tuple[float, float]
    band: str
    risk_band: str
    hops: int
    is_cut: bool = False
    owners: tuple[Owner, ...] = ()
    """Of the identities and of what it starts at."""

    def summary(self) -> BlastSummary:
        """The few words for a report on findings."""
        first = self.identities[0] if self.identities else None
        top = next(iter(self.counted), None)
        return BlastSummary(
            identity=first.node.name if first else "",
            identity_key=first.node.key if first else "",
            known=first.way[-1].edge.known.value if first and first.way else "",
            band=self.band,
            blast=self.blast,
            risk=self.risk,
            way=tuple(step.node.name for step in top.reached.way) if top else (),
            access=top.reached.access.label if top else "",
            unknown=tuple(dict.fromkeys(edge.detail for edge in self.unknown if edge.detail))[:_MOST_TOLD],
        )


class BlastRadii:
    """Works out blast radii in one graph; what is evaluated for one is not evaluated again for the next."""

    def __init__(self, graph: Graph, weights: Weights | None = None, *, hops: int = HOPS) -> None:
        self._graph = graph
        self._weights = weights or load_weights()
        self._steps = Steps(graph, contents=self._weights.contents)
        self._hops = hops

    def of(self, start: Node, circumstances: Circumstances | None = None) -> BlastRadius:
        """
        That of *start*.

        Args:
            circumstances: Validity, constraint and exposure; what the graph says of them where not given.
        """
        weights = self._weights
        known = search(start, self._steps, weights, hops=self._hops, assumes=False)
        possible = search(start, self._steps, weights, hops=self._hops, assumes=True) if known.unknown else known
        counted = self._counted(known)
        all_counted = self._counted(possible) if possible is not known else counted
        blast = self._scores(counted, all_counted, is_known=not possible.unknown)
        around = circumstances or circumstances_of(start, self._graph)
        risk = self._risk(blast, around, is_known=not possible.unknown)
        identities = tuple(_identities(start, known, possible))
        owned = [item.node.key for item in identities]
        return BlastRadius(
            start=start,
            identities=identities,
            held=tuple(item for item in possible.held.values() if item.node.key != start.key),
            counted=tuple(counted),
            assumed=tuple(_only_assumed(counted, all_counted)),
            blocked=tuple(possible.blocked),
            unknown=tuple(possible.unknown),
            remedies=tuple(self._remedies(counted, all_counted, blast)),
            circumstances=around,
            blast=blast,
            risk=risk,
            band=weights.band(blast[1]),
            risk_band=weights.band(risk[1]),
            hops=self._hops,
            is_cut=known.is_cut or possible.is_cut,
            owners=tuple(owners_of((*owned, start.key), self._graph)),
        )

    def band(self, score: float) -> str:
        """The band that *score* is in."""
        return self._weights.band(score)

    def _counted(self, found: Reach) -> list[Counted]:
        weights, counted = self._weights, []
        for item in found.used.values():
            sensitivity = weights.of_node(item.node)
            k = weights.reach["tier0" if item.node.properties.get("tier0") else "other"]
            counted.append(Counted(item, sensitivity, k, sensitivity * weights.of_access(item.access)))
        return sorted(counted, key=lambda one: (-one.share, one.reached.node.key))

    def _scores(self, known: list[Counted], possible: list[Counted], *, is_known: bool) -> tuple[float, float]:
        lo = 100 * impact_of(known, self._weights)
        hi = max(lo, 100 * impact_of(possible, self._weights))
        return _rounded(lo), _rounded(hi if is_known else max(hi, self._weights.floor))

    def _risk(self, blast: tuple[float, float], around: Circumstances, *, is_known: bool) -> tuple[float, float]:
        weights = self._weights
        valid = weights.validity[around.validity]
        least = valid * weights.constraint[around.constraint] * weights.exposure[around.exposure or "private"]
        most = valid * weights.constraint[around.constraint] * weights.exposure[around.exposure or "public"]
        hi = blast[1] * most
        if not is_known and around.validity in ("live", "unknown"):
            hi = max(hi, weights.floor)
        return _rounded(blast[0] * least), _rounded(hi)

    def _remedies(self, known: list[Counted], possible: list[Counted], blast: tuple[float, float]) -> Iterator[Remedy]:
        """The edges without which least would be left, each by itself; the secret's own tie to its identity is none."""
        through: dict[_EdgeKey, Edge] = {}
        shares: dict[_EdgeKey, float] = {}
        for one in known:
            for step in one.reached.way:
                if step.edge.kind not in _TIES:
                    key = _edge_key(step.edge)
                    through.setdefault(key, step.edge)
                    shares[key] = shares.get(key, 0.0) + one.share
        keys_of_known = [_keys(one) for one in known]
        keys_of_possible = keys_of_known if possible is known else [_keys(one) for one in possible]
        options = []
        for key in heapq.nlargest(_MOST_TRIED, shares, key=shares.__getitem__):
            left = self._scores(
                [one for one, keys in zip(known, keys_of_known, strict=True) if key not in keys],
                [one for one, keys in zip(possible, keys_of_possible, strict=True) if key not in keys],
                is_known=True,
            )
            options.append(Remedy(through[key], left, sum(key in keys for keys in keys_of_known)))
        # Of equals the one nearest to the secret: what is further on may be there for others' sake.
        order = {key: number for number, key in enumerate(through)}
        options.sort(key=lambda item: (item.left, order[_edge_key(item.edge)]))
        yield from (item for item in options[:_MOST_REMEDIES] if item.left[0] < blast[0])


def impact_of(counted: Iterable[Counted], weights: Weights) -> float:
    """1 − Π (1 − share), where the n-th of the same access counts `repeat`ⁿ of its share; tier-0 is not discounted."""
    classes: dict[str, list[float]] = {}
    kept = 1.0
    repeat, wildcard = weights.reach["repeat"], int(weights.reach["wildcard"])
    for one in counted:
        if one.reached.node.properties.get("tier0"):
            kept *= 1 - one.share
            continue
        times = wildcard if is_wildcard(one.reached.node) else 1
        classes.setdefault(one.reached.access.label, []).extend([one.share] * times)
    for shares in classes.values():
        factor = 1.0
        for share in sorted(shares, reverse=True):
            kept *= 1 - share * factor
            factor *= repeat
            if factor < 1e-9:
                break
    return 1 - kept


def is_wildcard(node: Node) -> bool:
    """Whether it stands for many: a whole service, a pattern of names."""
    return ":any:" in node.key or "*" in node.key


def _rounded(score: float) -> float:
    return round(min(100.0, max(0.0, score)), 1)


def _identities(start: Node, known: Reach, possible: Reach) -> Iterator[Reached]:
    """What the start is, or whom it authenticates as, known ones first."""
    seen: set[str] = set()
    for item in (*known.held.values(), *possible.held.values()):
        is_tied = all(step.edge.kind in _TIES for step in item.way)
        key = str(item.node.properties.get("same_as") or item.node.key)
        if is_tied and item.way and item.node.kind is not NodeKind.CREDENTIAL and key not in seen:
            seen.add(key)
            yield item


def _only_assumed(known: list[Counted], possible: list[Counted]) -> Iterator[Counted]:
    shares = {one.reached.node.key: one.share for one in known}
    for one in possible:
        if one.share > shares.get(one.reached.node.key, 0.0) + 1e-9 and one.reached.is_assumed:
            yield one


def _edge_key(edge: Edge) -> _EdgeKey:
    """What is cut: all that one evidence gives one holder, or one edge where nothing says what gives it."""
    return edge.source, edge.evidence or edge.target, edge.kind, edge.known.value


def _keys(one: Counted) -> frozenset[_EdgeKey]:
    return frozenset(_edge_key(step.edge) for step in one.reached.way)


def can_start(node: Node) -> bool:
    """Whether a blast radius of *node* makes sense: somebody can hold it, or act as it."""
    return node.kind in _STARTS or node.kind in (NodeKind.WORKLOAD, NodeKind.PIPELINE, NodeKind.SECRET_STORE)
