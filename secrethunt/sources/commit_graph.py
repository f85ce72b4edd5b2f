# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns the order of a repository's commits, and which refs reach them. Knows their roots by id, no tree's contents.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from secrethunt.sources.git_backend import GitBackend, Ref, Report
from secrethunt.sources.git_objects import Commit, parse_commit, parse_tagged


@dataclass(frozen=True, slots=True)
class Tip:
    """A ref, followed through its tag objects."""

    name: bytes
    target: str
    """The commit (rarely tree or blob) that it names in the end."""
    tags: tuple[str, ...]
    """Tag objects on the way."""


@dataclass(frozen=True, slots=True)
class CommitGraph:
    """
    All commits of the store, parents before children, numbered from 0.

    Those that a ref reaches come first, so of two commits the one a reader can look up is met first; among them, and
    among the rest, the older one goes first where ancestry leaves a choice.
    """

    ids: Sequence[str]
    roots: Sequence[str]
    """Root tree of each commit."""
    parents: Sequence[tuple[int, ...]]
    """Numbers of each commit's parents; without those that the store lacks."""
    reachable: int
    """So many commits, from 0 on, are reached by a ref."""
    numbers: dict[str, int]


def follow_tags(backend: GitBackend, refs: Iterable[Ref], tags: Iterable[str], report: Report) -> list[Tip]:
    """*refs* as tips, sorted by name. *tags* are the tag objects of the store."""
    unread = set(tags)
    targets: dict[str, str] = {}
    wanted = {ref.target for ref in refs} & unread
    while wanted:
        unread -= wanted
        for raw in backend.objects(sorted(wanted), report):
            if (target := parse_tagged(raw.data)) is not None:
                targets[raw.id] = target
        wanted = set(targets.values()) & unread
    return sorted((_follow(ref, targets) for ref in refs), key=lambda tip: tip.name)


def _follow(ref: Ref, targets: dict[str, str]) -> Tip:
    chain: dict[str, None] = {}
    target = ref.target
    while target in targets and target not in chain:  # a forged pack may hold tags of each other
        chain[target] = None
        target = targets[target]
    return Tip(ref.name, target, tuple(chain))


class RawCommits(NamedTuple):
    """Commits as they were read, column by column, in any order; a commit's number is its place."""

    ids: list[str]
    roots: list[str]
    parents: list[list[int]]
    """Numbers; parents that the store lacks are left out."""
    dates: list[int]


def load_graph(backend: GitBackend, commits: Iterable[str], tips: Iterable[str], report: Report) -> CommitGraph:
    """Read and order *commits*; *tips* are where refs end."""
    parsed: dict[str, Commit] = {}
    for raw in backend.objects(list(commits), report):
        if (commit := parse_commit(raw.data)) is not None:
            parsed[raw.id] = commit
    return order_commits(number_commits(parsed), tips)


def number_commits(parsed: dict[str, Commit]) -> RawCommits:
    """*parsed* commits by id, as columns."""
    numbers = {id: number for number, id in enumerate(parsed)}
    return RawCommits(
        list(parsed),
        [commit.tree for commit in parsed.values()],
        [[numbers[parent] for parent in commit.parents if parent in numbers] for commit in parsed.values()],
        [commit.date for commit in parsed.values()],
    )


def order_commits(raw: RawCommits, tips: Iterable[str]) -> CommitGraph:
    """The graph of *raw* commits; *tips* are where refs end."""
    by_id = {id: number for number, id in enumerate(raw.ids)}
    is_reachable = _reachable(raw.parents, [by_id[tip] for tip in tips if tip in by_id])
    order = _order(raw, is_reachable)
    places = [0] * len(order)
    for place, number in enumerate(order):
        places[number] = place
    ids = [raw.ids[number] for number in order]
    above = ((place, [places[parent] for parent in raw.parents[number]]) for place, number in enumerate(order))
    return CommitGraph(
        ids,
        [raw.roots[number] for number in order],
        [tuple([parent for parent in parents if parent < place]) for place, parents in above],
        sum(is_reachable),
        {id: place for place, id in enumerate(ids)},
    )


def _reachable(parents: Sequence[Sequence[int]], tips: Iterable[int]) -> bytearray:
    """One for each commit that a tip reaches, else zero."""
    waiting = list(tips)
    reached = bytearray(len(parents))
    for tip in waiting:
        reached[tip] = 1
    while waiting:
        for parent in parents[waiting.pop()]:
            if not reached[parent]:
                reached[parent] = 1
                waiting.append(parent)
    return reached


def _order(raw: RawCommits, is_reachable: bytearray) -> list[int]:
    """Parents before children; what a ref reaches first, then by date, then by id."""
    count = len(raw.ids)
    rank = [0] * count
    wanted = sorted(range(count), key=lambda number: (1 - is_reachable[number], raw.dates[number], raw.ids[number]))
    for place, number in enumerate(wanted):
        rank[number] = place
    children: list[list[int]] = [[] for _ in range(count)]
    open_parents = [len(parents) for parents in raw.parents]
    for number, parents in enumerate(raw.parents):
        for parent in parents:
            children[parent].append(number)
    # What a ref reaches has only parents that it reaches too, so one of those is always there to be taken first.
    ready = [rank[number] for number in range(count) if not open_parents[number]]
    heapq.heapify(ready)
    order: list[int] = []
    reachable = sum(is_reachable)
    in_cycle = iter(wanted)
    while len(order) < count:
        if not ready or len(order) < reachable <= ready[0]:
            # Only a forged pack holds commits that descend from each other; the first of them does without its parents.
            number = next(number for number in in_cycle if open_parents[number] > 0)
            open_parents[number] = 0
        else:
            number = wanted[heapq.heappop(ready)]
        order.append(number)
        for child in children[number]:
            open_parents[child] -= 1
            if not open_parents[child]:
                heapq.heappush(ready, rank[child])
    return order
