# SPDX-License-Identifier: Apache-2.0
"""
Owns what git says of changes: which blobs an index or a commit brings in place of which, and which lines those add.

Merges count only where the result differs from every parent. Renames are followed, so that moving a file adds nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from secrethunt.sources.git_backend import GITLINK, GitFailure, ObjectType, reported_before
from secrethunt.sources.git_cli import CommandBackend
from secrethunt.sources.git_objects import parse_tagged
from secrethunt.sources.hardening import FROM_HOOK
from secrethunt.sources.layout import GitLayout

DIFF = ["-M", "-l1000", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all"]
"""How every comparison is made; `hook/quick.py` makes the same."""
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_ZEROS = re.compile("0+")
_DEEPEST_TAG = 16


class Change(NamedTuple):
    """A blob that stands at a path where no parent has the same."""

    path: bytes
    id: str
    olds: tuple[str, ...]
    """What stood there before, one for each parent that had something: what all of them lack was added."""
    commit: str = ""
    """The commit that brought it; empty for the index."""


class Hunk(NamedTuple):
    """Lines [start, start + size) of the new blob take the place of so many of the old; 1-based."""

    start: int
    size: int
    old_start: int
    old_size: int


class ChangeBackend(CommandBackend):
    """A `CommandBackend` that also compares. For a hook it looks where git told the hook that objects are."""

    def __init__(self, layout: GitLayout, git: str) -> None:
        super().__init__(layout, git)
        self._environment.update({name: os.environ[name] for name in FROM_HOOK if name in os.environ})
        self._hunks: dict[tuple[str, str], list[Hunk]] = {}

    def merge_heads(self) -> list[str]:
        """Commits that the next commit will have as further parents."""
        with contextlib.suppress(OSError), open(os.path.join(self._layout.git_dir, b"MERGE_HEAD"), "rb") as file:
            return [line.decode("ascii", "replace") for line in file.read().split()]
        return []

    def empty_tree(self) -> str:
        """Id of the tree without entries, in this repository's hash."""
        return self._run("hash-object", "-t", "tree", "--stdin").decode().strip()

    def index_changes(self) -> list[Change]:
        """What the next commit would bring, of a merge only what none of its sides has; paths in conflict left out."""
        head = self.resolve("HEAD^{commit}") or self.empty_tree()
        listed = [self._compared(parent) for parent in (head, *self.merge_heads())]
        changes = []
        for path, (id, old) in listed[0].items():
            others = [other.get(path) for other in listed[1:]]
            if all(other is not None for other in others):
                olds = (old, *(other[1] for other in others if other is not None))
                changes.append(Change(path, id, tuple(item for item in olds if item)))
        return changes

    def conflicts(self) -> list[bytes]:
        """Paths of the index that are in conflict."""
        lines = self._run("ls-files", "-z", "--unmerged").split(b"\0")
        return sorted({line.partition(b"\t")[2] for line in lines if line})

    def commit_changes(self, commits: Iterable[str]) -> Iterator[Change]:
        """What each of *commits* brings, in their order."""
        with self._child("diff-tree", "--stdin", "-r", "-c", "--root", "--raw", "-z", "--no-abbrev", *DIFF,
                         feed=list(commits)) as child:  # fmt: skip
            assert child.stdout is not None
            output = child.stdout.read()
            if child.wait() != 0:
                raise GitFailure("git cannot compare these commits with their parents")
        commit = ""
        for record in _records(output):
            if isinstance(record, str):
                commit = record
            elif record is not None:
                yield record._replace(commit=commit)

    def hunks(self, old: str, new: str) -> list[Hunk]:
        """How blob *new* differs from blob *old*; remembered."""
        known = self._hunks.get((old, new))
        if known is None:
            output = self._run("diff", "--text", "-U0", "--inter-hunk-context=0", *DIFF, old, new, fine=(0, 1))
            known = self._hunks[old, new] = [_hunk(match) for match in _HUNK.finditer(output)]
        return known

    def tree_blobs(self, commit: str) -> dict[bytes, str]:
        """Id of each file of *commit* by path."""
        lines = self._run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
        entries = (line.partition(b"\t") for line in lines if line)
        return {path: fields.split()[2].decode() for fields, _, path in entries}

    def tag_chain(self, id: str) -> list[str]:
        """Tag objects from *id* to what they name in the end; none where it is no tag."""
        chain: list[str] = []
        while len(chain) < _DEEPEST_TAG:
            raws = list(self.objects([id], reported_before))
            if not raws or raws[0].type is not ObjectType.TAG or (tagged := parse_tagged(raws[0].data)) is None:
                break
            chain.append(id)
            id = tagged
        return chain

    def tags_at(self, commit: str) -> list[str]:
        """Ids of the tag objects that name *commit*."""
        lines = self._run("for-each-ref", "--points-at", commit, "--format=%(objectname) %(objecttype)", "refs/tags")
        return [line.split()[0] for line in lines.decode().splitlines() if line.endswith(" tag")]

    def default_branch(self, remote: str) -> str:
        """Name of the branch that *remote* calls its own, where a clone has noted that; else empty."""
        prefix = f"refs/remotes/{remote}/"
        name = self._run("symbolic-ref", "--quiet", f"{prefix}HEAD", fine=(0, 1, 128)).decode().strip()
        return name.removeprefix(prefix) if name.startswith(prefix) else ""

    def merge_base(self, one: str, other: str) -> str:
        """Id of the commit where two histories met last; empty where they never did."""
        return self._run("merge-base", one, other, fine=(0, 1)).decode().strip()

    def listed_commits(self, *arguments: str) -> list[str]:
        """What `git rev-list` answers, newest first."""
        return self._run("rev-list", *arguments).decode().split()

    def _compared(self, parent: str) -> dict[bytes, tuple[str, str]]:
        """By path the staged blob, and the one of *parent* in whose place it comes (or nothing)."""
        output = self._run("diff-index", "--cached", "--raw", "-z", "--no-abbrev", *DIFF, parent, "--")
        changes = (record for record in _records(output) if isinstance(record, Change))
        return {change.path: (change.id, change.olds[0] if change.olds else "") for change in changes}


def added_lines(backend: ChangeBackend, change: Change) -> list[range] | None:
    """Lines of *change* that no parent has; None means all of them."""
    added: list[range] | None = None
    for old in change.olds:
        ranges = [range(hunk.start, hunk.start + hunk.size) for hunk in backend.hunks(old, change.id) if hunk.size]
        added = ranges if added is None else _common(added, ranges)
    return added


def old_line(hunks: Sequence[Hunk], line: int) -> int:
    """Where the unchanged *line* stood before."""
    shift = 0
    for hunk in hunks:
        # git names the line before an empty range.
        first = hunk.start if hunk.size else hunk.start + 1
        if first > line:
            break
        shift = hunk.old_size - hunk.size + shift
    return line + shift


def _common(left: Iterable[range], right: Sequence[range]) -> list[range]:
    both = (range(max(a.start, b.start), min(a.stop, b.stop)) for a in left for b in right)
    return [lines for lines in both if lines]


def _hunk(match: re.Match[bytes]) -> Hunk:
    old_start, old_count, start, count = (1 if field is None else int(field) for field in match.groups())
    return Hunk(start, count, old_start, old_count)


def _records(output: bytes) -> Iterator[Change | str | None]:
    """The records of `--raw -z`: a commit's id, a change, or None for what brings no blob."""
    fields = iter(output.split(b"\0"))
    for field in fields:
        if field.startswith(b"::"):
            yield _combined(field, next(fields))
        elif field.startswith(b":"):
            *modes, old, new, status = field[1:].decode().split()
            path = next(fields)
            if status[0] in "RC":
                path = next(fields)
            yield _change(path, modes, [old], new) if status != "U" else None
        elif field:
            yield field.decode()


def _combined(field: bytes, path: bytes) -> Change | None:
    words = field.lstrip(b":").decode().split()
    parents = len(field) - len(field.lstrip(b":"))
    return _change(path, words[: parents + 1], words[parents + 1 : -2], words[-2])


def _change(path: bytes, modes: Sequence[str], olds: Iterable[str], new: str) -> Change | None:
    """*modes* are those of *olds*, then the new one's."""
    is_link = [int(mode, 8) == GITLINK for mode in modes]
    present = tuple(old for old, link in zip(olds, is_link, strict=False) if not link and not _ZEROS.fullmatch(old))
    if is_link[-1] or _ZEROS.fullmatch(new) or new in present:
        return None
    return Change(path, new, present)
