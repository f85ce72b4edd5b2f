# SPDX-License-Identifier: Apache-2.0
"""
Owns a git repository as one source: which of its parts a scope means, and who answers for them.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, assert_never

from secrethunt.coverage import Skip
from secrethunt.errors import SourceError
from secrethunt.records import Blob, BlobId, BlobKind, Provenance
from secrethunt.sources.beside import iter_directory, iter_named
from secrethunt.sources.contract import BlobKey, Choice, Ledger, Scope, SourceOptions, no_revisions
from secrethunt.sources.git_backend import GitBackend, ObjectType, Ref, reported_before
from secrethunt.sources.history import History, ObjectReader, ReferenceHistory
from secrethunt.sources.index import iter_staged
from secrethunt.sources.layout import GitLayout
from secrethunt.sources.naming import repository_name
from secrethunt.sources.opening import open_backend, open_nested_backend
from secrethunt.sources.revisions import (
    CommitRange,
    commits_in,
    iter_added,
    iter_tree_blobs,
    resolve_branch,
    resolve_range,
)
from secrethunt.sources.worktree import WorktreeReader, files_by_directory

if TYPE_CHECKING:
    from secrethunt.sources.packed import PackedHistory

_IN_HISTORY = (BlobKind.HISTORY, BlobKind.COMMIT, BlobKind.TAG)
_NEEDS_WORKTREE = {Scope.WORKTREE: "--no-history", Scope.STAGED: "--staged"}
_NEEDS_NO_HISTORY = (Scope.ALL, Scope.WORKTREE)


def open_repository(layout: GitLayout, options: SourceOptions) -> RepositorySource | UnreadableRepository:
    """
    The repository at *layout*, read through whatever can read it.

    Raises:
        SourceError: It cannot be opened, or has not what the options ask for.
    """
    if layout.work_tree is None and options.scope in _NEEDS_WORKTREE:
        raise SourceError(
            f"{_shown(layout.git_dir)}: has no work tree, so {_NEEDS_WORKTREE[options.scope]} makes no sense",
            hint="Leave the option out to scan its history, or name the work tree's root.",
        )
    backend = open_backend(layout)
    if backend is not None:
        return RepositorySource(layout, backend, options)
    if options.scope in _NEEDS_NO_HISTORY:
        return UnreadableRepository(layout, options)
    raise SourceError(
        f"{_shown(layout.git_dir)}: this repository's format can only be read with git",
        hint="Install git, or scan the files alone with --no-history.",
    )


class RepositorySource:
    """One repository: what its scope selects of work tree, index and history."""

    prefix = b""

    def __init__(self, layout: GitLayout, backend: GitBackend, options: SourceOptions) -> None:
        self._layout = layout
        self._backend = backend
        self._options = options
        self._objects = ObjectReader(backend, layout, max_size=options.max_size)
        self._selected = self._resolve_revision()
        self._by_directory: Mapping[bytes, list[bytes]] | None = None
        self.repository = repository_name(backend.config("remote.origin.url"), layout.name)

    @functools.cached_property
    def packed(self) -> PackedHistory | None:
        """Opened when first asked for. Only all of history is worth scanning as packs; parts are read one by one."""
        return self._open_packs() if self._options.scope is Scope.ALL else None

    @functools.cached_property
    def _history(self) -> History:
        return self.packed or ReferenceHistory(self._backend, self._layout, max_size=self._options.max_size)

    def _open_packs(self) -> PackedHistory | None:
        if not self._options.use_packs:
            return None
        from secrethunt.sources.packed import open_packs

        return open_packs(self._backend, self._layout, max_size=self._options.max_size, threads=self._options.threads)

    def iter_blobs(self, ledger: Ledger) -> Iterator[Blob]:
        """What the scope selects and `packed` does not hold: files first, then objects as is cheapest to read."""
        scope = self._options.scope
        match scope:
            case Scope.ALL:
                return itertools.chain(self._iter_worktree(ledger), self._history.iter_blobs(ledger))
            case Scope.WORKTREE:
                return self._iter_worktree(ledger)
            case Scope.STAGED:
                return iter_staged(self._backend, self._layout, max_size=self._options.max_size, ledger=ledger)
            case Scope.HEAD | Scope.RANGE | Scope.BRANCH:
                headers = self._backend.headers(self._iter_selected(ledger), ledger.skip)
                return self._objects.iter_blobs(headers, ledger)
            case _:
                assert_never(scope)

    def iter_beside(self, path: bytes) -> Iterator[Blob]:
        """Files of the same directory of the work tree that git does not ignore; not those of nested repositories."""
        root = self._layout.work_tree
        if root is None or self._options.scope not in _NEEDS_NO_HISTORY:
            return iter(())
        if self._by_directory is None:
            self._by_directory = files_by_directory(self._backend, self._options)
        return iter_named(root, self._by_directory.get(os.path.dirname(path), ()))

    @property
    def hash_size(self) -> int:
        """Bytes of an object id."""
        return 32 if self._backend.config("extensions.objectformat") == b"sha256" else 20

    def iter_files(self, ledger: Ledger) -> Iterator[Blob]:
        """Of a scan of everything, the part that is not history."""
        return self._iter_worktree(ledger)

    def iter_objects(self, ledger: Ledger, choice: Choice) -> Iterator[Blob]:
        """Of a scan of everything, those objects of *choice* that `packed` does not hold."""
        return self._history.iter_blobs(ledger, choice)

    def iter_again(self, ids: Iterable[str]) -> Iterator[Blob]:
        """Objects that were read in an earlier scan; those that cannot be read now are left out."""
        headers = self._backend.headers(ids, reported_before)
        return self._objects.iter_blobs(headers, Ledger())

    def snapshot(self, pointed: Iterable[str]) -> bytes:
        """Changes with whatever a scan of history depends on: objects, refs, and the LFS objects *pointed* to."""
        from secrethunt.sources.snapshot import take_snapshot

        return take_snapshot(self._backend, self._layout, pointed)

    def resolve(self, keys: Collection[BlobKey], ledger: Ledger) -> Mapping[BlobKey, tuple[Provenance, ...]]:
        """Where each of *keys* was seen; git is asked only when one of them is of its history."""
        places: dict[BlobKey, tuple[Provenance, ...]] = {
            key: (Provenance(key.path, key.kind),) for key in keys if key.kind not in _IN_HISTORY
        }
        in_history = [key for key in keys if key.kind in _IN_HISTORY]
        if in_history:
            places.update(self._resolve_history(in_history, ledger))
        return places

    def read(self, ids: Collection[BlobId]) -> Iterator[tuple[BlobId, bytes]]:
        """Contents of *ids*, again; what cannot be read was reported when it was scanned."""
        for id, _, data in self._backend.objects(ids, reported_before):
            yield BlobId(id), data

    def committed(self, revision: str, path: str) -> bytes | None:
        """
        Contents of *path* in *revision*, whatever the work tree holds.

        Raises:
            SourceError: There is no such revision.
        """
        commit = self._backend.resolve(revision + "^{commit}")
        if commit is None:
            raise SourceError(
                f"{_shown(self._layout.work_tree or self._layout.git_dir)}: there is no revision {revision!r} here",
                hint="Fetch it first, or name one that is here.",
            )
        blob = self._backend.resolve(f"{commit}:{path}")
        objects = self._backend.objects([blob], reported_before) if blob is not None else ()
        return next((item.data for item in objects if item.type is ObjectType.BLOB), None)

    def _resolve_history(self, keys: Collection[BlobKey], ledger: Ledger) -> Mapping[BlobKey, tuple[Provenance, ...]]:
        from secrethunt.sources.provenance import HistoryProvenance

        noted = {problem.what for problem in ledger.problems}

        def report(skip: Skip, what: bytes, detail: str) -> None:
            if what not in noted:
                noted.add(what)
                ledger.skip(skip, what, detail)

        head = self._backend.head()
        refs = [*self._backend.refs(), *(Ref(*named) for named in self._layout.other_heads())]
        refs.extend(Ref(*named) for named in self._layout.stash_entries()[1:])
        if head.branch is None and head.commit is not None:
            refs.append(Ref(b"HEAD", head.commit))
        history = self.packed or self._open_packs() or self._history
        return HistoryProvenance(self._backend, history, refs=refs, head=head.commit, report=report).resolve(keys)

    def _iter_worktree(self, ledger: Ledger) -> Iterator[Blob]:
        return WorktreeReader(self._options, open_nested_backend, ledger).iter_blobs(self._backend, self._layout)

    def _iter_selected(self, ledger: Ledger) -> Iterator[str]:
        """Ids of what the revision selects: its commits, and the blobs that they hold or add."""
        selected = self._selected
        if isinstance(selected, CommitRange):
            commits = commits_in(self._backend, selected)
            yield from commits
            yield from iter_added(self._backend, commits, ledger.skip)
        elif self._options.scope is Scope.HEAD:
            yield from iter_tree_blobs(self._backend, selected, ledger.skip)
        else:
            yield from self._backend.reachable(selected, ledger.skip)

    def _resolve_revision(self) -> CommitRange | str:
        """What the options name, empty when nothing; done first, so that a mistake stops no scan in its middle."""
        scope, revision = self._options.scope, self._options.revision
        if scope is Scope.RANGE:
            return resolve_range(self._backend, revision)
        if scope is Scope.BRANCH:
            return resolve_branch(self._backend, revision)
        if scope is not Scope.HEAD:
            return ""
        commit = self._backend.head().commit
        if commit is None:
            raise SourceError(
                f"{_shown(self._layout.work_tree or self._layout.git_dir)}: HEAD names no commit",
                hint="Commit something first, or leave --head out to scan the files.",
            )
        return commit


class UnreadableRepository:
    """A repository whose objects nothing here can read: its files are scanned, the rest is named."""

    prefix = b""
    packed = None

    def __init__(self, layout: GitLayout, options: SourceOptions) -> None:
        self._layout = layout
        self._options = options
        self.repository = repository_name(None, layout.name)

    def iter_blobs(self, ledger: Ledger) -> Iterator[Blob]:
        """All files of the work tree, ignored ones too."""
        if self._options.scope is Scope.ALL:
            ledger.skip(Skip.BACKEND_LIMIT, b".git", "history not scanned: this format can only be read with git")
        yield from WorktreeReader(self._options, open_nested_backend, ledger).iter_blobs(None, self._layout)

    def iter_beside(self, path: bytes) -> Iterator[Blob]:
        """Files of the same directory."""
        root = self._layout.work_tree
        return iter(()) if root is None else iter_directory(root, path)

    def resolve(self, keys: Collection[BlobKey], ledger: Ledger) -> Mapping[BlobKey, tuple[Provenance, ...]]:
        """Each file stands at its own path."""
        return {key: (Provenance(key.path, key.kind),) for key in keys}

    def read(self, ids: Collection[BlobId]) -> Iterator[tuple[BlobId, bytes]]:
        """Nothing of history was read."""
        return iter(())

    def committed(self, revision: str, path: str) -> bytes | None:
        """
        Raises:
            SourceError: Always: no revision can be read here.
        """
        raise no_revisions(_shown(self._layout.git_dir))


def _shown(path: bytes) -> str:
    return path.decode(errors="backslashreplace")
