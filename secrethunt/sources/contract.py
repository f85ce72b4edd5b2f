# SPDX-License-Identifier: Apache-2.0
"""
Owns the contract of a source: where bytes come from, and where a blob was seen. Knows nothing of rules.

A scan asks a source twice: `iter_blobs()` hands over every byte string once, and after matching `resolve()` says where
those few that hold a candidate were seen. What cannot be read becomes a `Problem` in the ledger, never an exception.
"""

from __future__ import annotations

import builtins
import enum
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from secrethunt.coverage import Problem, Skip
from secrethunt.errors import SourceError
from secrethunt.records import Blob, BlobId, BlobKind, Provenance

if TYPE_CHECKING:
    from secrethunt.pack import Packs

DEFAULT_MAX_SIZE = 64 * 1024 * 1024


class Scope(enum.Enum):
    """Which part of a repository is scanned."""

    ALL = "all"
    """Work tree, and every object: all refs, notes, stash, and what no ref reaches."""
    WORKTREE = "worktree"
    """`--no-history`: files only."""
    HEAD = "head"
    """`--head`: the files of the HEAD commit as committed."""
    RANGE = "range"
    """`--range A..B`, `--since REV` (= REV..HEAD): what those commits add, with their messages."""
    BRANCH = "branch"
    """`--branch NAME`: everything that this branch or tag reaches; no work tree."""
    STAGED = "staged"
    """`--staged`: index entries that differ from HEAD."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What to read; lowered once from the command line."""

    scope: Scope = Scope.ALL
    revision: str = ""
    """`A..B` for RANGE, a name for BRANCH."""
    include_ignored: bool = False
    max_size: int = DEFAULT_MAX_SIZE
    """Largest blob read, in bytes."""
    use_packs: bool = True
    """Leave packed history to a scan of its deltas; without, every object is written out and read whole: the
    reference, slower by an order of magnitude."""
    threads: int = 1
    """Threads in which trees are read for provenance; never changes what is found."""


@dataclass(slots=True)
class Ledger:
    """Counts what was read and what was not, while a source is read. The one mutable record of a scan."""

    files: int = 0
    blobs: int = 0
    commits: int = 0
    tags: int = 0
    bytes: int = 0
    known: int = 0
    """Objects of history that were not read because a state file knows them."""
    decoded: int = 0
    """Pieces that were decoded and searched, and containers that were opened; see `coverage.Coverage`."""
    containers: int = 0
    total_bytes: int = 0
    """Best estimate of all bytes to come, for the progress bar; 0 while unknown."""
    problems: list[Problem] = field(default_factory=list)
    """The first `MAX_LISTED` problems of each kind; all are counted in `skipped`."""
    skipped: dict[Skip, int] = field(default_factory=dict)
    on_skip: Callable[[builtins.bytes], None] | None = None
    """Told of everything that is skipped, listed or not."""

    MAX_LISTED = 1000

    def skip(self, skip: Skip, what: builtins.bytes, detail: str = "") -> None:
        """Count one thing that is not scanned, and list it while there is room."""
        if self.on_skip is not None:
            self.on_skip(what)
        count = self.skipped.get(skip, 0)
        self.skipped[skip] = count + 1
        if count < self.MAX_LISTED:
            self.problems.append(Problem(skip, what, detail))


class BlobKey(NamedTuple):
    """Names a blob that holds candidates: by id for history, by path for files, index entries and streams."""

    kind: BlobKind
    id: BlobId
    path: bytes


class Choice(Protocol):
    """Which objects of a history are read this time, and what became of them."""

    def wants(self, id: str) -> bool:
        """Asked once of each object that stands by itself; answered for good."""

    def wanted(self, packed: PackedObjects) -> builtins.bytes:
        """Binary ids, joined, of the packed objects to read."""

    def note_read(self, ids: Iterable[builtins.bytes]) -> None:
        """These were scanned."""

    def note_pointer(self, id: builtins.bytes, oid: str) -> None:
        """This blob stands for another, which may come and go."""


class PackedObjects(Protocol):
    """The packed part of a repository's history, for whoever scans packs instead of blobs."""

    packs: Packs
    hash_size: int
    max_size: int

    def iter_again(self, skips: Iterable[tuple[bytes, int]], ledger: Ledger) -> Iterator[Blob]:
        """Objects that a scan of the packs had to pass over, (id, `pack.Reason`), read another way if possible."""

    def iter_pointed(self, pointers: Iterable[tuple[BlobId, bytes]], ledger: Ledger) -> Iterator[Blob]:
        """What those of the given blobs stand for that are Git LFS pointers."""


def no_revisions(target: str) -> SourceError:
    """What to raise where a revision is asked for and there are none."""
    return SourceError(f"{target}: only a git repository has revisions", hint="Name the root of a repository.")


class Source(Protocol):
    """One target of a scan."""

    @property
    def packed(self) -> PackedObjects | None:
        """What `iter_blobs` leaves to whoever scans packs."""

    @property
    def repository(self) -> str:
        """Name for reports and ids: the remote's host and path where there is one (never userinfo), else the
        folder's name; for a stream `-`."""

    @property
    def prefix(self) -> bytes:
        """What the reader of a report puts before a blob's path to open it from here: `data/` when the directory was
        named `data`, empty for repositories and for `.`. Ids are made of paths without it."""

    def iter_blobs(self, ledger: Ledger) -> Iterator[Blob]:
        """Every byte string of the target once, in the order that is cheapest to read."""

    def iter_beside(self, path: bytes) -> Iterator[Blob]:
        """Once more the small files of the directory in which the FILE at *path* lies, in order of name, that one
        included; nothing where that cannot be had cheaply."""

    def resolve(self, keys: Collection[BlobKey], ledger: Ledger) -> Mapping[BlobKey, tuple[Provenance, ...]]:
        """Where each of *keys* was seen; a key without an entry was seen nowhere (a bug, not an input)."""

    def read(self, ids: Collection[BlobId]) -> Iterator[tuple[BlobId, builtins.bytes]]:
        """Contents of objects of history, again, in any order; what cannot be read is left out."""

    def committed(self, revision: str, path: str) -> builtins.bytes | None:
        """
        Contents of the file *path* as *revision* has it; None where that has none.

        Raises:
            SourceError: There is no such revision here.
        """
