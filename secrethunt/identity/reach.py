# SPDX-License-Identifier: Apache-2.0
"""
Owns reachability: from one node along stored and evaluated edges, the likeliest way to everything within a few hops.

A hop is a change of identity or of machine (`hops` in `weights.json`); joining a secret to its identity and using a
right are none. The likelihood of a way is the product of its edges' weights, so the best way is Dijkstra's on their
logarithms; a node is looked at again only where fewer hops were used, so that the limit cuts no way that would fit.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from secrethunt.identity.contract import Access, Edge, EdgeStatus, Node
from secrethunt.identity.steps import Steps, is_unknown_rights
from secrethunt.identity.weights import Weights

MOST_NODES = 50_000
"""Nodes left behind before the search stops and says so."""


@dataclass(frozen=True, slots=True)
class Step:
    """One edge of a way, the node it arrives at, and how much the edge counted."""

    edge: Edge
    node: Node
    weight: float


@dataclass(frozen=True, slots=True)
class Reached:
    """Something that can be used: how strongly, how likely, and by which way."""

    node: Node
    access: Access
    reach: float
    """Product of the weights along the way."""
    way: tuple[Step, ...]

    @property
    def is_assumed(self) -> bool:
        """Whether the way holds only if what is unknown turns out so."""
        return any(step.edge.status is EdgeStatus.UNKNOWN for step in self.way)


@dataclass(slots=True)
class Reach:
    """All that one search found."""

    used: dict[str, Reached] = field(default_factory=dict)
    """By key, what can be used; of several ways that by which it counts most."""
    held: dict[str, Reached] = field(default_factory=dict)
    """By key, identities, roles, groups, machines and credentials that are taken on the way."""
    blocked: list[Edge] = field(default_factory=list)
    unknown: list[Edge] = field(default_factory=list)
    is_cut: bool = False
    """The search was stopped at `MOST_NODES`."""


@dataclass(frozen=True, slots=True)
class _Label:
    """A way to a node, as the edge that ends it and the label before."""

    node: Node
    reach: float
    hops: int
    access: Access | None
    edge: Edge | None = None
    weight: float = 1.0
    before: _Label | None = None

    def way(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        label: _Label | None = self
        while label is not None and label.edge is not None:
            steps.append(Step(label.edge, label.node, label.weight))
            label = label.before
        return tuple(reversed(steps))


_Best = dict[str, tuple[float, _Label, Access]]


def search(start: Node, steps: Steps, weights: Weights, *, hops: int, assumes: bool) -> Reach:
    """
    Everything that follows from holding *start*.

    Args:
        hops: Changes of identity at most.
        assumes: Follow what is unknown, as likely as its prior says; else it counts nothing.
    """
    found = Reach()
    best: _Best = {}
    fewest: dict[tuple[str, Access | None], int] = {}
    count = itertools.count()
    heap: list[tuple[float, int, int, _Label]] = [(0.0, 0, next(count), _Label(start, 1.0, 0, None))]
    while heap:
        _, used, _, label = heapq.heappop(heap)
        state = (label.node.key, label.access)
        if used >= fewest.get(state, hops + 1):
            continue
        if state not in fewest and len(fewest) >= MOST_NODES:
            found.is_cut = True
            break
        is_first = state not in fewest
        fewest[state] = used
        if label.edge is not None and label.edge.access is None:
            found.held.setdefault(label.node.key, Reached(label.node, Access.ADMIN, label.reach, label.way()))
        for edge in _leaving(label, steps):
            if is_first:
                _note(edge, found)
            after = _step(label, edge, steps, weights, assumes=assumes)
            if after is None or after.hops > hops:
                continue
            _use(after, best, weights)
            if steps.leads_on(after.node, after.access):
                heapq.heappush(heap, (-math.log(after.reach), after.hops, next(count), after))
    for key, (_, label, access) in best.items():
        found.used[key] = Reached(label.node, access, label.reach, label.way())
    return found


def _leaving(label: _Label, steps: Steps) -> Iterator[Edge]:
    """Edges that go on; what a user may do beyond what the provider told of the credential is not asked for."""
    is_told = label.before is not None and steps.is_told(label.before.node)
    yield from (edge for edge in steps.leaving(label.node, label.access) if not (is_told and is_unknown_rights(edge)))


def _note(edge: Edge, found: Reach) -> None:
    if edge.status is EdgeStatus.BLOCKED:
        found.blocked.append(edge)
    elif edge.status is EdgeStatus.UNKNOWN:
        found.unknown.append(edge)


def _step(label: _Label, edge: Edge, steps: Steps, weights: Weights, *, assumes: bool) -> _Label | None:
    """The way that goes on by *edge*; None where that counts nothing, or turns back."""
    if edge.status is EdgeStatus.UNKNOWN and assumes:
        weight = weights.prior(label.node) if edge.weight is None else edge.weight
    else:
        weight = weights.of_edge(edge)
    if weight <= 0 or (label.edge is not None and label.edge.source == edge.target and edge.access is None):
        return None
    hops = label.hops + int(weights.hops.get(edge.kind.value, 1))
    node = steps.node(edge.target, edge)
    return _Label(node, label.reach * weight, hops, steps.right(edge, node), edge, weight, label)


def _use(label: _Label, best: _Best, weights: Weights) -> None:
    """Takes *label* down if its edge is a right, and counts more than what is known of its node."""
    if label.access is None:
        return
    value = label.reach * weights.of_access(label.access)
    known = best.get(label.node.key)
    if known is None or (value, -label.hops) > (known[0], -known[1].hops):
        best[label.node.key] = (value, label, label.access)


def iter_strongest(found: Reach) -> Iterator[Reached]:
    """What can be used, the likeliest and strongest first."""
    yield from sorted(found.used.values(), key=lambda item: (-item.reach * (item.access + 1), item.node.key))
