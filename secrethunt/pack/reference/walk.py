# SPDX-License-Identifier: Apache-2.0
"""
Owns the plan of a walk, and the walk, depth first. The twin of `native/plan.c` and `native/walk.c`, which say why.

The order of objects is the native module's, so that batches are equal too. Contents of bases stay on the stack here;
the budget only bounds single objects.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from secrethunt.pack.contract import Reason
from secrethunt.pack.reference.delta import Region, Unreadable

if TYPE_CHECKING:
    from secrethunt.pack.reference.index import Packs

_TASKS_AT_LEAST = 64
_TASK_BYTES_AT_LEAST = 256 * 1024
_SMALL_TASK = 32 * 1024
_OBJECT_COST = 256


@dataclass(frozen=True, slots=True)
class Selection:
    """What to walk."""

    kinds: int
    max_size: int
    budget: int
    wanted: bytes | None = None


class Plan:
    """Which objects are wanted, which others they need, and where the forest is cut into tasks."""

    def __init__(self, packs: Packs, selection: Selection) -> None:
        self.packs = packs
        self.selection = selection
        self.skips: list[tuple[int, Reason]] = []
        self.selected = self._select()
        self.visited: list[list[int]] = [[] for _ in range(len(packs))]
        """For each node the deltas on it that are walked with it, the heaviest last."""
        tasks = self._weigh()
        tasks.sort(key=lambda task: (-task[0] if task[0] >= _SMALL_TASK else 0, task[1]))
        self.next_task = iter([node for _, node in tasks])
        self.total_bytes = sum(packs.extent(node) for node in self.selected)

    def _select(self) -> set[int]:
        packs, selection = self.packs, self.selection
        nodes: list[int] = list(range(len(packs)))
        if selection.wanted is not None:
            size = packs.hash_size
            ids = (selection.wanted[at : at + size] for at in range(0, len(selection.wanted), size))
            nodes = sorted({node for node in map(packs.find, ids) if node is not None})
        selected = set()
        for node in nodes:
            is_kind = packs.kinds[node] == 0 or selection.kinds >> packs.kinds[node] & 1
            if not is_kind or packs.is_duplicate[node]:
                continue
            if packs.reasons[node] is Reason.NONE:
                selected.add(node)
            else:
                self.skips.append((node, packs.reasons[node]))
        return selected

    def _weigh(self) -> list[tuple[int, int]]:
        """From the leaves up; the tasks as (weight, node)."""
        packs = self.packs
        total = sum(self._cost(node) for node in self.selected)
        limit = max(total // _TASKS_AT_LEAST, _TASK_BYTES_AT_LEAST)
        needed = set(self.selected)
        weights: dict[int, int] = {}
        tasks = []
        cut = set()
        for node in reversed(packs.order):
            if node not in needed:
                continue
            base = packs.bases[node]
            weights[node] = weights.get(node, 0) + self._cost(node)
            if base is None or weights[node] > limit:
                cut.add(node)
                tasks.append((weights[node], node))
                continue
            needed.add(base)
            weights[base] = weights.get(base, 0) + weights[node]
        self._order_children(needed - cut, weights)
        return tasks

    def _order_children(self, walked: set[int], weights: dict[int, int]) -> None:
        heavy: dict[int, int] = {}
        for node in reversed(self.packs.order):
            base = self.packs.bases[node]
            if node in walked and base is not None and (base not in heavy or weights[node] > weights[heavy[base]]):
                heavy[base] = node
        for base, last in heavy.items():
            light = [node for node in self.packs.children[base] if node in walked and node != last]
            self.visited[base] = [*light, last]

    def _cost(self, node: int) -> int:
        return self.packs.extent(node) + _OBJECT_COST


@dataclass(slots=True)
class Frame:
    """An object with deltas still to come."""

    node: int
    data: bytes | None
    """None: it could not be read."""
    children: Iterator[int]
    kept: Any = None
    """What the walk's user keeps for its deltas; None: nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One object reached. With a reason other than NONE it is only reported."""

    node: int
    reason: Reason
    data: bytes
    is_selected: bool
    regions: tuple[Region, ...] = ()
    base: Any = None
    """What was kept for the base; None: all of this is new."""
    base_size: int = 0
    frame: Frame | None = field(default=None)


class Cursor:
    """One worker's walk."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._frames: list[Frame] = []

    def __iter__(self) -> Iterator[Visit]:
        return self

    def __next__(self) -> Visit:
        while self._frames:
            frame = self._frames[-1]
            child = next(frame.children, None)
            if child is not None:
                return self._visit_child(frame, child)
            self._frames.pop()
        node = next(self._plan.next_task)
        try:
            data = self._plan.packs.write_chain(node, self._plan.selection.budget)
        except Unreadable as err:
            return self._visit(node, None, err.reason)
        return self._visit(node, data, Reason.NONE)

    def _visit_child(self, frame: Frame, node: int) -> Visit:
        if frame.data is None:
            return self._visit(node, None, Reason.BASE_SKIPPED)
        try:
            data, regions = self._plan.packs.write_out(node, frame.data, self._plan.selection.budget)
        except Unreadable as err:
            return self._visit(node, None, err.reason)
        return self._visit(node, data, Reason.NONE, frame=frame, regions=regions)

    def _visit(
        self,
        node: int,
        data: bytes | None,
        reason: Reason,
        *,
        frame: Frame | None = None,
        regions: tuple[Region, ...] = (),
    ) -> Visit:
        own = None
        if self._plan.visited[node]:
            own = Frame(node, data, itertools.chain(self._plan.visited[node]))
            self._frames.append(own)
        if data is not None and len(data) > self._plan.selection.max_size:
            reason = Reason.TOO_LARGE
        return Visit(
            node=node,
            reason=reason,
            data=data or b"",
            is_selected=node in self._plan.selected,
            regions=regions,
            base=frame.kept if frame else None,
            base_size=len(frame.data or b"") if frame else 0,
            frame=own,
        )
