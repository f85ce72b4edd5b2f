# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns the order of a repository's commits, and which refs reach them. Knows their roots by id, no tree's contents.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
    chain = []
    target = ref.target
    while target in targets:
        chain.append(target)
        target = targets[target]
    return Tip(ref.name, target, tuple(chain))


def load_graph(backend: GitBackend, commits: Iterable[str], tips: Iterable[str], report: Report) -> CommitGraph:
    """Read and order *commits*; *tips* are where refs end."""
    parsed: dict[str, Commit] = {}
    for raw in backend.objects(list(commits), report):
        if (commit := parse_commit(raw.data)) is not None:
            parsed[raw.id] = commit
    return order_commits(parsed, tips)


def order_commits(parsed: dict[str, Commit], tips: Iterable[str]) -> CommitGraph:
    """The graph of *parsed* commits by id; *tips* are where refs end."""
    reachable = _reachable(parsed, tips)
    order = _order(parsed, reachable)
    numbers = {id: number for number, id in enumerate(order)}
    return CommitGraph(
        order,
        [parsed[id].tree for id in order],
        [tuple([numbers[parent] for parent in parsed[id].parents if parent in numbers]) for id in order],
        len(reachable),
        numbers,
    )


def _reachable(commits: dict[str, Commit], tips: Iterable[str]) -> set[str]:
    waiting = [tip for tip in tips if tip in commits]
    reached = set(waiting)
    while waiting:
        for parent in commits[waiting.pop()].parents:
            if parent in commits and parent not in reached:
                reached.add(parent)
                waiting.append(parent)
    return reached


def _order(commits: dict[str, Commit], reachable: set[str]) -> list[str]:
    children: dict[str, list[str]] = {}
    open_parents: dict[str, int] = {}
    for id, commit in commits.items():
        present = [parent for parent in commit.parents if parent in commits]
        open_parents[id] = len(present)
        for parent in present:
            children.setdefault(parent, []).append(id)
    # What a ref reaches has only parents that it reaches too, so one of those is always there to be taken first.
    ready = [(id not in reachable, commits[id].date, id) for id, count in open_parents.items() if count == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        _, _, id = heapq.heappop(ready)
        order.append(id)
        for child in children.get(id, ()):
            open_parents[child] -= 1
            if open_parents[child] == 0:
                heapq.heappush(ready, (child not in reachable, commits[child].date, child))
    return order
