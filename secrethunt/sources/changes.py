# SPDX-License-Identifier: Apache-2.0
"""
Owns what is about to be committed, or what some commits bring, as a source; knows which of its lines are added.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Iterator, Mapping, Sequence

from secrethunt.coverage import Skip
from secrethunt.errors import SourceError
from secrethunt.records import Blob, BlobId, BlobKind, CommitInfo, Provenance
from secrethunt.sources.change_backend import Change, ChangeBackend
from secrethunt.sources.contract import BlobKey, Ledger
from secrethunt.sources.git_backend import GitFailure, ObjectType, reported_before
from secrethunt.sources.git_objects import describe
from secrethunt.sources.hardening import find_git
from secrethunt.sources.history import ObjectReader
from secrethunt.sources.index import iter_paths
from secrethunt.sources.layout import GitLayout
from secrethunt.sources.naming import repository_name
from secrethunt.sources.provenance import COMMIT_PATH, TAG_PATH


def open_changes(layout: GitLayout) -> ChangeBackend:
    """
    The repository at *layout*, to be compared.

    Raises:
        SourceError: There is no git, or it refuses the repository.
    """
    git = find_git()
    if git is None:
        raise SourceError("git is not on the path", hint="Install git: what changed can only be told with it.")
    try:
        return ChangeBackend(layout, git)
    except GitFailure as err:
        raise SourceError(f"git cannot open this repository: {err}", hint="Repair it; git fsck tells more.") from err


class _Changes:
    """What both kinds of change have in common."""

    prefix = b""
    packed = None

    def __init__(self, backend: ChangeBackend, layout: GitLayout, max_size: int) -> None:
        self.backend = backend
        self._layout = layout
        self._max_size = max_size
        self.repository = repository_name(backend.config("remote.origin.url"), layout.name)

    @property
    def directory(self) -> str:
        """The root of the work tree, or the git directory where there is none."""
        return os.fsdecode(self._layout.work_tree or self._layout.git_dir)

    def committed(self, revision: str, path: str) -> bytes | None:
        """
        Contents of *path* in *revision*.

        Raises:
            SourceError: There is no such revision.
        """
        commit = self.backend.resolve(revision + "^{commit}")
        if commit is None:
            raise SourceError(f"there is no revision {revision!r} here", hint="Fetch it first, or name one that is.")
        blob = self.backend.resolve(f"{commit}:{path}")
        objects = self.backend.objects([blob], reported_before) if blob is not None else ()
        return next((item.data for item in objects if item.type is ObjectType.BLOB), None)

    def iter_beside(self, path: bytes) -> Iterator[Blob]:
        """Nothing: parts in files that are not touched cannot be had cheaply."""
        return iter(())

    def read(self, ids: Collection[BlobId]) -> Iterator[tuple[BlobId, bytes]]:
        """Contents of *ids*, again."""
        for id, _, data in self.backend.objects(ids, reported_before):
            yield BlobId(id), data


class StagedChanges(_Changes):
    """What the next commit would bring."""

    def __init__(self, backend: ChangeBackend, layout: GitLayout, *, max_size: int) -> None:
        """
        Raises:
            SourceError: The index cannot be read.
        """
        super().__init__(backend, layout, max_size)
        try:
            self.changes: Sequence[Change] = sorted(backend.index_changes())
        except GitFailure as err:
            raise SourceError(f"the index cannot be read: {err}", hint="Run git status on the repository.") from err

    def iter_blobs(self, ledger: Ledger) -> Iterator[Blob]:
        """A blob for each path, in path order; what Git LFS keeps for it too."""
        paths: dict[str, list[bytes]] = {}
        for change in self.changes:
            paths.setdefault(change.id, []).append(change.path)
        return iter_paths(self.backend, self._layout, paths, max_size=self._max_size, ledger=ledger)

    def resolve(self, keys: Collection[BlobKey], ledger: Ledger) -> Mapping[BlobKey, tuple[Provenance, ...]]:
        """Each at its own path."""
        return {key: (Provenance(key.path, key.kind),) for key in keys}


class CommittedChanges(_Changes):
    """What commits bring: their blobs, their messages, and the tags that name them."""

    def __init__(
        self,
        backend: ChangeBackend,
        layout: GitLayout,
        commits: Sequence[str],
        *,
        max_size: int,
        head: str | None = None,
        tags: Sequence[str] = (),
    ) -> None:
        """
        Args:
            commits: Newest first.
            head: The commit whose tree decides what still stands; None: nobody asks.
            tags: Ids of tag objects.

        Raises:
            SourceError: git cannot compare them.
        """
        super().__init__(backend, layout, max_size)
        self._commits = commits
        self._tags = tags
        self._head = head
        try:
            self.changes: Sequence[Change] = list(backend.commit_changes(commits))
        except GitFailure as err:
            raise SourceError(
                f"the commits cannot be compared: {err}", hint="Fetch more history, or run git fsck."
            ) from err

    def iter_blobs(self, ledger: Ledger) -> Iterator[Blob]:
        """Tags and commits first, then each distinct blob."""
        ids = [*self._tags, *self._commits, *dict.fromkeys(change.id for change in self.changes)]
        reader = ObjectReader(self.backend, self._layout, max_size=self._max_size)
        shallow = set(self._layout.shallow_commits()).intersection(self._commits)
        for commit in sorted(shallow):
            ledger.skip(Skip.SHALLOW, commit.encode(), "its parents were not cloned")
        return reader.iter_blobs(self.backend.headers(ids, ledger.skip), ledger)

    def resolve(self, keys: Collection[BlobKey], ledger: Ledger) -> Mapping[BlobKey, tuple[Provenance, ...]]:
        """The commits of this range that brought each of *keys*, by path."""
        return {key: tuple(self._places(key)) for key in keys}

    @functools.cached_property
    def _infos(self) -> dict[str, CommitInfo]:
        """Of each commit and tag, who and when."""
        raws = self.backend.objects([*self._tags, *self._commits], reported_before)
        return {raw.id: describe(raw) for raw in raws if raw.type in (ObjectType.COMMIT, ObjectType.TAG)}

    @functools.cached_property
    def _standing(self) -> frozenset[str]:
        """All blobs of the head: a file that was moved on stands, though not where it was added."""
        return frozenset(self.backend.tree_blobs(self._head).values()) if self._head else frozenset()

    @functools.cached_property
    def _by_blob(self) -> dict[str, dict[bytes, list[str]]]:
        """The commits that brought each blob, by path, newest first."""
        places: dict[str, dict[bytes, list[str]]] = {}
        for change in self.changes:
            places.setdefault(change.id, {}).setdefault(change.path, []).append(change.commit)
        return places

    def _places(self, key: BlobKey) -> Iterator[Provenance]:
        if key.kind is not BlobKind.HISTORY:
            info = self._infos.get(key.id)
            path = COMMIT_PATH if key.kind is BlobKind.COMMIT else TAG_PATH
            yield Provenance(path, key.kind, info, info, at_head=True)
            return
        for path, commits in sorted(self._by_blob.get(key.id, {}).items()):
            yield Provenance(
                path,
                BlobKind.HISTORY,
                first=self._infos.get(commits[-1]),
                last=self._infos.get(commits[0]),
                at_head=key.id in self._standing,
            )
