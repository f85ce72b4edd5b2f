# SPDX-License-Identifier: Apache-2.0
"""
Owns which objects a revision option selects: the files of HEAD, what a range of commits adds, what a branch reaches.
Reads commits and trees; contents are somebody else's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from secrethunt.errors import SourceError
from secrethunt.sources.git_backend import GitBackend, GitFailure, ObjectType, Report
from secrethunt.sources.git_objects import Commit, TreeEntry, parse_commit, parse_tree

_WINDOW = 128
"""Commits compared at once; bounds the trees held in memory."""


class CommitRange(NamedTuple):
    """`A..B`, resolved: commits that *include* reaches and *exclude* does not."""

    exclude: str
    include: str


def resolve_commit(backend: GitBackend, revision: str) -> str:
    """
    Id of the commit that *revision* names.

    Raises:
        SourceError: There is none.
    """
    commit = backend.resolve(revision + "^{commit}")
    if commit is None:
        raise _unknown(revision)
    return commit


def resolve_range(backend: GitBackend, text: str) -> CommitRange:
    """
    The range that `A..B` names; a side left out is HEAD.

    Raises:
        SourceError: Not of that form, or a side names no commit.
    """
    exclude, dots, include = text.partition("..")
    if not dots or include.startswith("."):
        raise SourceError(f"{text}: not a range of commits", hint="Write A..B: what B has and A has not.")
    return CommitRange(resolve_commit(backend, exclude or "HEAD"), resolve_commit(backend, include or "HEAD"))


def resolve_branch(backend: GitBackend, name: str) -> str:
    """
    Id of what a branch, tag or any other revision names; branches go first, and a tag is not peeled.

    Raises:
        SourceError: Nothing has that name.
    """
    for candidate in (f"refs/heads/{name}", f"refs/remotes/{name}", f"refs/tags/{name}", name):
        tip = backend.resolve(candidate)
        if tip is not None:
            return tip
    raise _unknown(name)


def iter_tree_blobs(backend: GitBackend, commit: str, report: Report) -> Iterator[str]:
    """Ids of the distinct blobs in *commit*'s tree; level by level, each distinct tree read once."""
    level = [found.tree for found in _read_commits(backend, [commit], report).values()]
    seen = set(level)
    while level:
        fresh = []
        for entries in _read_trees(backend, level, report).values():
            for entry in entries:
                id = entry.id.hex()
                if id in seen:
                    continue
                seen.add(id)
                if entry.is_tree:
                    fresh.append(id)
                elif entry.is_blob:
                    yield id
        level = fresh


def iter_added(backend: GitBackend, commits: Iterable[str], report: Report) -> Iterator[str]:
    """
    Ids of the distinct blobs that *commits* add: those that stand at a path where no parent has the same.

    A merge adds what differs from all its parents; a commit without parents adds its whole tree.
    """
    seen: set[str] = set()
    remaining = iter(commits)
    while window := list(itertools.islice(remaining, _WINDOW)):
        for id in _iter_added_by(backend, window, report):
            if id not in seen:
                seen.add(id)
                yield id


class _Comparison(NamedTuple):
    """A tree and what its commit's parents have at the same path."""

    tree: str
    parents: frozenset[str]


def _iter_added_by(backend: GitBackend, ids: list[str], report: Report) -> Iterator[str]:
    children = _read_commits(backend, ids, report)
    known = dict(children)
    known.update(_read_commits(backend, {p for c in children.values() for p in c.parents} - known.keys(), report))
    level = {
        _Comparison(child.tree, frozenset(known[parent].tree for parent in child.parents if parent in known))
        for child in children.values()
    }
    while level:
        trees = _read_trees(backend, {id for work in level for id in (work.tree, *work.parents)}, report)
        fresh: set[_Comparison] = set()
        for work in level:
            parents = [trees.get(parent, []) for parent in work.parents]
            for entry in set(trees.get(work.tree, [])).difference(*parents):
                if entry.is_tree:
                    fresh.add(_Comparison(entry.id.hex(), _same_directories(entry, parents)))
                elif entry.is_blob:
                    yield entry.id.hex()
        level = fresh


def _same_directories(wanted: TreeEntry, parents: list[list[TreeEntry]]) -> frozenset[str]:
    return frozenset(
        entry.id.hex() for parent in parents for entry in parent if entry.name == wanted.name and entry.is_tree
    )


def _read_commits(backend: GitBackend, ids: Iterable[str], report: Report) -> dict[str, Commit]:
    raws = backend.objects(sorted(ids), report)
    parsed = ((raw.id, parse_commit(raw.data)) for raw in raws)
    return {id: commit for id, commit in parsed if commit is not None}


def _read_trees(backend: GitBackend, ids: Iterable[str], report: Report) -> dict[str, list[TreeEntry]]:
    return {
        raw.id: parse_tree(raw.data, len(raw.id) // 2)
        for raw in backend.objects(sorted(ids), report)
        if raw.type is ObjectType.TREE
    }


def _unknown(revision: str) -> SourceError:
    return SourceError(
        f"{revision}: no such revision in this repository",
        hint="Check the name; a shallow or single-branch clone may lack it: fetch more history first.",
    )


def commits_in(backend: GitBackend, selected: CommitRange) -> list[str]:
    """
    Ids of the commits of a range.

    Raises:
        SourceError: History is broken between its ends.
    """
    try:
        return list(backend.commits_between(selected.include, selected.exclude))
    except GitFailure as err:
        raise SourceError(f"the range cannot be walked: {err}", hint="Run git fsck on the repository.") from err
