# SPDX-License-Identifier: Apache-2.0
"""
Owns the contract between our reading of git and what reads the repository's files: the `git` command, or libgit2.

A backend hands over raw objects, names and lists. What they mean (commits, trees, selection, provenance) is decided
above it, once for all backends. Object ids are lower-case hex, of SHA-1 or SHA-256.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from secrethunt.coverage import Skip

Report = Callable[[Skip, bytes, str], None]
"""Takes note of an object that cannot be read: why, its id, what the system said."""

GITLINK = 0o160000


def reported_before(skip: Skip, what: bytes, detail: str) -> None:
    """The `Report` of who reads again what was read before, or asks about absence itself."""


class ObjectType(enum.Enum):
    """The four types of git object; the value is the word git writes in an object's header."""

    BLOB = b"blob"
    TREE = b"tree"
    COMMIT = b"commit"
    TAG = b"tag"


class ObjectHeader(NamedTuple):
    """An object as it is listed."""

    id: str
    type: ObjectType
    size: int


class RawObject(NamedTuple):
    """An object as it is stored, without its header."""

    id: str
    type: ObjectType
    data: bytes


class Ref(NamedTuple):
    """A name and what it names: a commit, a tag object, or (rarely) a tree or blob."""

    name: bytes
    target: str


class IndexEntry(NamedTuple):
    """An entry of the index; a path in conflict has up to three."""

    path: bytes
    id: str
    mode: int


@dataclass(frozen=True, slots=True)
class Head:
    """What HEAD says."""

    branch: bytes | None
    """Full name of the branch that is checked out; None when detached."""
    commit: str | None
    """None before the first commit."""


@dataclass(frozen=True, slots=True)
class WorktreeListing:
    """What git knows of a work tree; paths are relative to its root."""

    tracked: Sequence[IndexEntry]
    untracked: Sequence[bytes]
    """Not ignored; a directory that is a repository of its own ends in a slash."""


class GitFailure(Exception):
    """A backend could not do what it was asked; the message is what git said. Never leaves this room."""


class GitBackend(Protocol):
    """One opened repository. Reading never runs anything that the repository names, and never fetches."""

    def all_headers(self, report: Report) -> Iterator[ObjectHeader]:
        """Every object of the store, alternates included, in the order that is cheapest to read."""

    def headers(self, ids: Iterable[str], report: Report) -> Iterator[ObjectHeader]:
        """Type and size of *ids*, in their order; what is not there is reported."""

    def objects(self, ids: Iterable[str], report: Report) -> Iterator[RawObject]:
        """Contents of *ids*, in their order; what is missing or corrupt is reported and left out."""

    def resolve(self, revision: str) -> str | None:
        """Id of the object that a revision (gitrevisions(7)) names, or None."""

    def head(self) -> Head:
        """What HEAD says."""

    def refs(self) -> Sequence[Ref]:
        """All refs under `refs/`, sorted by name."""

    def commits_between(self, include: str, exclude: str) -> Sequence[str]:
        """Commits that *include* reaches and *exclude* does not.

        Raises:
            GitFailure: History is broken between them.
        """

    def reachable(self, tip: str, report: Report) -> Iterator[str]:
        """Ids of all objects that *tip* reaches, itself included, trees too; absent ones are reported."""

    def absent(self) -> Iterator[str]:
        """Ids of objects that refs reach and the store lacks."""

    def staged(self, commit: str | None) -> Sequence[IndexEntry]:
        """Index entries that differ from *commit*'s tree (all, for None); of a conflict, all sides that do."""

    def worktree(self) -> WorktreeListing:
        """Tracked files, and untracked ones that are not ignored."""

    def ignored(self, *, as_directories: bool) -> Sequence[bytes]:
        """Ignored files; or, cheaper, a wholly ignored directory once, ending in a slash."""

    def config(self, key: str) -> bytes | None:
        """Value of a configuration variable of this repository."""
