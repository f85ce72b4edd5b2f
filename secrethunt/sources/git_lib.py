# SPDX-License-Identifier: Apache-2.0
"""
Owns the backend that reads through libgit2, for machines without the `git` command; the one module that knows pygit2.

libgit2 runs no program that a repository names. It does not know SHA-256 repositories.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

import pygit2
from pygit2.enums import ConfigLevel, FileStatus, RepositoryOpenFlag

from secrethunt.coverage import Skip
from secrethunt.sources.git_backend import (
    GitFailure,
    Head,
    IndexEntry,
    ObjectHeader,
    ObjectType,
    RawObject,
    Ref,
    Report,
    WorktreeListing,
    reported_before,
)
from secrethunt.sources.git_objects import parse_commit, parse_tagged, parse_tree
from secrethunt.sources.layout import GitLayout
from secrethunt.sources.loose import LooseObjects

_TYPES = {
    pygit2.enums.ObjectType.BLOB: ObjectType.BLOB,
    pygit2.enums.ObjectType.TREE: ObjectType.TREE,
    pygit2.enums.ObjectType.COMMIT: ObjectType.COMMIT,
    pygit2.enums.ObjectType.TAG: ObjectType.TAG,
}
_FOREIGN_CONFIG = (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL)
_UNREADABLE = (pygit2.GitError, ValueError, OSError)


class LibraryBackend:
    """A repository read through libgit2."""

    def __init__(self, layout: GitLayout) -> None:
        # These are settings of the process; nothing else in it uses libgit2.
        pygit2.settings.owner_validation = False
        for level in _FOREIGN_CONFIG:
            pygit2.settings.search_path[level] = ""
        self._layout = layout
        self._loose = LooseObjects(layout)
        try:
            self._repository = pygit2.Repository(os.fsdecode(layout.git_dir), RepositoryOpenFlag.NO_SEARCH)
        except (pygit2.GitError, KeyError) as err:
            raise GitFailure(str(err)) from err

    def all_headers(self, report: Report) -> Iterator[ObjectHeader]:
        """Every object of the store once; libgit2 does not say in which order they lie."""
        seen = set()
        for oid in self._repository.odb:
            if oid not in seen:
                seen.add(oid)
                yield from self._header(str(oid), Skip.CORRUPT_OBJECT, report)

    def headers(self, ids: Iterable[str], report: Report) -> Iterator[ObjectHeader]:
        """Type and size of *ids*; what is not there is reported."""
        for id in ids:
            yield from self._header(id, Skip.MISSING_OBJECT, report)

    def objects(self, ids: Iterable[str], report: Report) -> Iterator[RawObject]:
        """Contents of *ids*."""
        for id in ids:
            try:
                type, data = self._read(id)
            except KeyError:
                report(Skip.MISSING_OBJECT, id.encode(), "")
            except _UNREADABLE as err:
                report(Skip.CORRUPT_OBJECT, id.encode(), str(err))
            else:
                yield RawObject(id, type, data)

    def resolve(self, revision: str) -> str | None:
        """Id of what *revision* names."""
        try:
            return str(self._repository.revparse_single(revision).id)
        except (KeyError, *_UNREADABLE):
            return None

    def head(self) -> Head:
        """What HEAD says."""
        commit = self.resolve("HEAD^{commit}")
        reference = self._repository.lookup_reference("HEAD")
        branch = reference.raw_target
        return Head(branch if isinstance(branch, bytes) else None, commit)

    def refs(self) -> Sequence[Ref]:
        """All refs, sorted by name; those that lead nowhere are left out, as git does."""
        refs = []
        for name in sorted(self._repository.raw_listall_references()):
            try:
                target = self._repository.lookup_reference(os.fsdecode(name)).resolve().target
            except (KeyError, *_UNREADABLE):
                continue
            refs.append(Ref(name, str(target)))
        return refs

    def commits_between(self, include: str, exclude: str) -> Sequence[str]:
        """Commits that *include* reaches and *exclude* does not."""
        try:
            walker = self._repository.walk(pygit2.Oid(hex=include))
            walker.hide(pygit2.Oid(hex=exclude))
            return [str(commit.id) for commit in walker]
        except (KeyError, *_UNREADABLE) as err:
            raise GitFailure(str(err)) from err

    def reachable(self, tip: str, report: Report) -> Iterator[str]:
        """Ids of all objects that *tip* reaches."""
        for id, is_present in self._walk([tip], report):
            if is_present:
                yield id
            else:
                report(Skip.MISSING_OBJECT, id.encode(), "")

    def absent(self) -> Iterator[str]:
        """Ids of objects that refs and HEAD reach and the store lacks."""
        tips = {ref.target for ref in self.refs()}
        if (commit := self.resolve("HEAD")) is not None:
            tips.add(commit)
        return (id for id, is_present in self._walk(sorted(tips), reported_before) if not is_present)

    def staged(self, commit: str | None) -> Sequence[IndexEntry]:
        """Index entries that differ from *commit*'s tree; of a conflict, all sides that do."""
        committed = self._files_of(commit) if commit is not None else {}
        return [entry for entry in self._index_entries() if committed.get(entry.path) != entry.id]

    def worktree(self) -> WorktreeListing:
        """Tracked and untracked files."""
        return WorktreeListing(self._index_entries(), self._paths_with(FileStatus.WT_NEW))

    def ignored(self, *, as_directories: bool) -> Sequence[bytes]:
        """Ignored files, or whole ignored directories."""
        paths = self._paths_with(FileStatus.IGNORED)
        if as_directories or self._layout.work_tree is None:
            return paths
        files: list[bytes] = []
        for path in paths:
            if path.endswith(b"/"):
                files.extend(_files_below(self._layout.work_tree, path))
            else:
                files.append(path)
        return files

    def config(self, key: str) -> bytes | None:
        """Value of *key* in the repository's own configuration."""
        try:
            value = self._repository.config[key]
        except (KeyError, *_UNREADABLE):
            return None
        return None if value is None else os.fsencode(value)

    def _header(self, id: str, failure: Skip, report: Report) -> Iterator[ObjectHeader]:
        try:
            type, size = self._repository.odb.read_header(pygit2.Oid(hex=id))
        except KeyError:
            report(failure, id.encode(), "")
        except _UNREADABLE as err:
            report(Skip.CORRUPT_OBJECT, id.encode(), str(err))
        else:
            yield ObjectHeader(id, _TYPES[pygit2.enums.ObjectType(type)], size)

    def _read(self, id: str) -> tuple[ObjectType, bytes]:
        loose = self._loose.read(id)
        if loose is not None:
            return loose
        type, data = self._repository.odb.read(id)
        return _TYPES[pygit2.enums.ObjectType(type)], data

    def _walk(self, tips: Iterable[str], report: Report) -> Iterator[tuple[str, bool]]:
        """Ids of what *tips* reach, and whether each is present."""
        waiting = list(tips)
        seen = set(waiting)
        while waiting:
            id = waiting.pop()
            if id not in self._repository.odb:
                yield id, False
                continue
            yield id, True
            for raw in self.objects([id], report):
                fresh = [link for link in _links(raw) if link not in seen]
                seen.update(fresh)
                waiting.extend(fresh)

    def _index_entries(self) -> list[IndexEntry]:
        try:
            named = self._layout.callers_index()
            index = self._repository.index if named is None else pygit2.Index(named)
            index.read()
        except _UNREADABLE as err:
            raise GitFailure(str(err)) from err
        return [IndexEntry(os.fsencode(entry.path), str(entry.id), entry.mode) for entry in index]

    def _files_of(self, commit: str) -> dict[bytes, str]:
        """Id of each file in *commit*'s tree by its path."""
        files: dict[bytes, str] = {}
        waiting = [(str(self._repository[commit].peel(pygit2.Tree).id), b"")]
        while waiting:
            tree, prefix = waiting.pop()
            for raw in self.objects([tree], reported_before):
                for entry in parse_tree(raw.data, len(tree) // 2):
                    if entry.is_tree:
                        waiting.append((entry.id.hex(), prefix + entry.name + b"/"))
                    else:
                        files[prefix + entry.name] = entry.id.hex()
        return files

    def _paths_with(self, flag: FileStatus) -> list[bytes]:
        try:
            status = self._repository.status(untracked_files="all", ignored=flag is FileStatus.IGNORED)
        except _UNREADABLE as err:
            raise GitFailure(str(err)) from err
        return [os.fsencode(path) for path, flags in status.items() if flags & flag]


def _links(raw: RawObject) -> Iterator[str]:
    """Ids of the objects that *raw* refers to."""
    if raw.type is ObjectType.COMMIT and (commit := parse_commit(raw.data)) is not None:
        yield commit.tree
        yield from commit.parents
    elif raw.type is ObjectType.TREE:
        entries = parse_tree(raw.data, len(raw.id) // 2)
        yield from (entry.id.hex() for entry in entries if entry.is_tree or entry.is_blob)
    elif raw.type is ObjectType.TAG and (target := parse_tagged(raw.data)) is not None:
        yield target


def _files_below(root: bytes, directory: bytes) -> Iterator[bytes]:
    for parent, _, names in os.walk(os.path.join(root, directory)):
        yield from (os.path.relpath(os.path.join(parent, name), root) for name in names)
