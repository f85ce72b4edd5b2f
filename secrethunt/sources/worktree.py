# SPDX-License-Identifier: Apache-2.0
"""
Owns which files of a work tree are scanned: tracked ones, untracked ones that are not ignored, those of submodules
and other repositories checked out below. The file on disk is read; no filter of git's runs on it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from secrethunt.coverage import Skip
from secrethunt.records import Blob
from secrethunt.sources.contract import Ledger, Scope, SourceOptions
from secrethunt.sources.files import FileReader
from secrethunt.sources.git_backend import GITLINK, GitBackend, GitFailure
from secrethunt.sources.layout import GitLayout, find_layout
from secrethunt.sources.lfs import LfsStore
from secrethunt.sources.tree import iter_files

OpenBackend = Callable[[GitLayout], GitBackend | None]
"""Opens a repository met below the work tree; None when it cannot be opened."""


class WorktreeReader:
    """Reads one repository's work tree with all that is checked out below it."""

    def __init__(self, options: SourceOptions, open_backend: OpenBackend, ledger: Ledger) -> None:
        self._options = options
        self._open_backend = open_backend
        self._ledger = ledger
        self._nested: list[tuple[GitLayout, bytes]] = []

    def iter_blobs(self, backend: GitBackend | None, layout: GitLayout) -> Iterator[Blob]:
        """Files in sorted order; those of nested repositories after them. Without *backend* nothing is ignored."""
        yield from self._iter_own(backend, layout, b"")
        while self._nested:
            below, prefix = self._nested.pop()
            yield from self._iter_own(self._open_backend(below), below, prefix)

    def _iter_own(self, backend: GitBackend | None, layout: GitLayout, prefix: bytes) -> Iterator[Blob]:
        root = layout.work_tree
        if root is None:
            return
        reader = FileReader(self._ledger, self._options.max_size, LfsStore(layout.common_dir))
        if backend is None:
            files = iter_files(root, prefix, self._ledger, is_repository=True)
        else:
            files = self._iter_listed(backend, root, prefix)
        for file, path in files:
            yield from reader.iter_blobs(file, path)

    def _iter_listed(self, backend: GitBackend, root: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        try:
            listing = backend.worktree()
        except GitFailure as err:
            self._ledger.skip(Skip.UNREADABLE, prefix + b".git/index", str(err))
            yield from iter_files(root, prefix, self._ledger, is_repository=True)
            return
        paths = {entry.path for entry in listing.tracked if entry.mode != GITLINK}
        paths.update(listing.untracked)
        if self._options.include_ignored:
            paths.update(backend.ignored(as_directories=False))
        else:
            self._note_ignored(backend.ignored(as_directories=True), prefix)
        links = _LinkedDirectories(root)
        for path in sorted(paths):
            if path.endswith(b"/"):
                self._enter(root, path.rstrip(b"/"), prefix)
            elif not links.hide(path):
                yield os.path.join(root, path), prefix + path
        for path in sorted({entry.path for entry in listing.tracked if entry.mode == GITLINK}):
            self._enter(root, path, prefix)

    def _enter(self, root: bytes, path: bytes, prefix: bytes) -> None:
        """Put a submodule or other nested repository in line; one that is not checked out is named."""
        layout = find_layout(os.path.join(root, path))
        if layout is None or layout.work_tree is None:
            self._ledger.skip(Skip.SUBMODULE, prefix + path, "not checked out")
            return
        self._nested.append((layout, prefix + path + b"/"))
        if self._options.scope is Scope.ALL:
            self._ledger.skip(Skip.NESTED_REPOSITORY, prefix + path, "history not scanned; scan it by itself")

    def _note_ignored(self, paths: Iterable[bytes], prefix: bytes) -> None:
        # git lists a directory and then what lies in it when only its contents match a pattern, not itself.
        directory = b"\0"
        for path in sorted(paths):
            if not path.startswith(directory):
                self._ledger.skip(Skip.IGNORED, prefix + path)
                directory = path if path.endswith(b"/") else directory


def files_by_directory(backend: GitBackend, options: SourceOptions) -> dict[bytes, list[bytes]]:
    """Paths of the work tree's own files, as `WorktreeReader` chooses them, by directory; empty when git fails."""
    try:
        listing = backend.worktree()
    except GitFailure:
        return {}
    paths = {entry.path for entry in listing.tracked if entry.mode != GITLINK}
    paths.update(listing.untracked)
    if options.include_ignored:
        paths.update(backend.ignored(as_directories=False))
    directories: dict[bytes, list[bytes]] = {}
    for path in paths:
        directories.setdefault(os.path.dirname(path), []).append(path)
    return directories


class _LinkedDirectories:
    """Knows which paths of the index lie behind a symbolic link; those are not files of the work tree."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._known = {b"": False}

    def hide(self, path: bytes) -> bool:
        """Some directory of *path* is a link."""
        end = path.rfind(b"/")
        if end < 0:
            return False
        if path[:end] not in self._known:
            self._learn(path[:end])
        return self._known[path[:end]]

    def _learn(self, directory: bytes) -> None:
        above = b""
        for part in directory.split(b"/"):
            here = above + b"/" + part if above else part
            if here not in self._known:
                self._known[here] = self._known[above] or os.path.islink(os.path.join(self._root, here))
            above = here
