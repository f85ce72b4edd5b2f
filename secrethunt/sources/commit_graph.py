# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns the order of a repository's commits, and which refs reach them. Knows their roots by id, no tree's contents.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from secrethunt.pack import order_commits
from secrethunt.sources.git_backend import GitBackend, Ref, Report
from secrethunt.sources.git_objects import Commit, parse_commit, parse_tagged

if TYPE_CHECKING:
    from typing_extensions import Buffer

_Text = TypeVar("_Text", str, bytes)


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
    roots: Sequence[bytes]
    """Binary id of each commit's root tree."""
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

    ids: bytes
    """Binary, joined."""
    roots: bytes
    """Ids of the root trees, likewise."""
    parent_starts: Buffer
    """uint32, one more than commits."""
    parents: Buffer
    """uint32; those that the store lacks have numbers beyond the commits."""
    dates: Buffer
    """int64"""


def load_graph(backend: GitBackend, commits: Iterable[str], tips: Iterable[str], report: Report) -> CommitGraph:
    """Read and order *commits*; *tips* are where refs end."""
    parsed: dict[str, Commit] = {}
    for raw in backend.objects(list(commits), report):
        if (commit := parse_commit(raw.data)) is not None:
            parsed[raw.id] = commit
    return graph_of(number_commits(parsed), _id_size(parsed), tips)


def _id_size(ids: Iterable[str]) -> int:
    return next((len(id) // 2 for id in ids), 20)


def number_commits(parsed: dict[str, Commit]) -> RawCommits:
    """*parsed* commits by id, as columns."""
    numbers = {id: number for number, id in enumerate(parsed)}
    starts, parents = array("I", [0]), array("I")
    for commit in parsed.values():
        parents.extend(numbers[parent] for parent in commit.parents if parent in numbers)
        starts.append(len(parents))
    return RawCommits(
        bytes.fromhex("".join(parsed)),
        bytes.fromhex("".join(commit.tree for commit in parsed.values())),
        starts,
        parents,
        array("q", (commit.date for commit in parsed.values())),
    )


def graph_of(raw: RawCommits, id_size: int, tips: Iterable[str]) -> CommitGraph:
    """The graph of *raw* commits; *tips* are where refs end."""
    ids = _split(raw.ids.hex(), 2 * id_size)
    by_id = {id: number for number, id in enumerate(ids)}
    found = array("I", [by_id[tip] for tip in tips if tip in by_id])
    order, starts, parents, reachable = order_commits(
        raw.ids, id_size, raw.parent_starts, raw.parents, raw.dates, found
    )
    places = array("I", order).tolist()
    above = array("I", parents).tolist()
    roots = _split(raw.roots, id_size)
    ordered = [ids[number] for number in places]
    return CommitGraph(
        ordered,
        [roots[number] for number in places],
        [tuple(above[start:end]) for start, end in pairwise(array("I", starts).tolist())],
        reachable,
        {id: place for place, id in enumerate(ordered)},
    )


def _split(joined: _Text, size: int) -> list[_Text]:
    return [joined[start : start + size] for start in range(0, len(joined), size)]
