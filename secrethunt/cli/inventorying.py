# SPDX-License-Identifier: Apache-2.0
"""
Reads exports and code into the store, for `nhi import`; whatever is wrong with a file is told in the answer.

Below a work tree of git a file is first taken for code and then for an export, in other folders the other way round:
manifests that lie in a repository say what somebody wants, those in a folder of exports what there is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from secrethunt.report.escape import escape
from secrethunt.report.quantities import count

if TYPE_CHECKING:
    from secrethunt.identity.contract import Unread
    from secrethunt.identity.declared import CodeTree
    from secrethunt.store import Store

_NAMED = 10
"""Things not read that are named for each file in text."""
_MOST_UNREAD = 1000
"""Those that are named in JSON."""
_CODE = "code"
_UNKNOWN = "no importer knows this kind of file; docs/identity.md lists those that are known"
_EXPORTED = (".json", ".jsonl", ".ndjson", ".csv", ".tfstate", ".yaml", ".yml", ".gz")
"""Endings of files in a work tree that may be exports; of other names too many are something else."""


@dataclass(frozen=True, slots=True)
class Read:
    """How one file, or the code of one folder, was read."""

    path: str
    importer: str
    """Empty where nobody recognised the file."""
    nodes: int
    edges: int
    unread: tuple[Unread, ...]
    """The first of them."""
    unread_count: int
    forgotten: int
    files: int = 1
    """Of code: those that declare something, or should."""
    silent: int = 0
    """Of code: those that say nothing of identities."""

    def entry(self) -> dict[str, object]:
        """The object of JSON."""
        return {
            "file": self.path,
            "importer": self.importer or None,
            "nodes": self.nodes,
            "edges": self.edges,
            "forgotten": self.forgotten,
            "files": self.files,
            "silent": self.silent,
            "unread": self.unread_count,
            "reasons": [{"what": item.what, "why": item.why} for item in self.unread],
        }


@dataclass(frozen=True, slots=True)
class Chosen:
    """Something to read: a work tree, a folder of exports with the files in it, or a single file."""

    path: str
    files: tuple[str, ...] = ()
    is_tree: bool = False


def chosen(paths: Iterable[str], *, is_code: bool = False) -> list[Chosen]:
    """
    What *paths*, as the user gave them, stand for.

    Args:
        paths: Files, folders, `-`.
        is_code: Take every folder among them for a work tree.

    Raises:
        UsageError: There is no such file.
    """
    from secrethunt.identity.inventory.reading import is_work_tree, iter_paths

    found: list[Chosen] = []
    for path in paths:
        if is_work_tree(path) or (is_code and os.path.isdir(path)):
            found.append(Chosen(path, is_tree=True))
            continue
        names = list(iter_paths([path]))
        trees = [name for name in names if os.path.isdir(name)]
        files = [name for name in names if name not in set(trees)]
        found.append(Chosen(path, tuple(files)) if os.path.isdir(path) else Chosen(path))
        found += [Chosen(tree, is_tree=True) for tree in trees]
    return found


def import_all(store: Store, wanted: Iterable[Chosen], as_of: str = "") -> Iterator[Read]:
    """Read *wanted* into *store*; *as_of* (RFC 3339) is when it was written, empty: each file says."""
    for item in wanted:
        if item.is_tree:
            yield from _import_tree(store, item.path, as_of)
        elif os.path.isdir(item.path):
            yield from _import_folder(store, item, as_of)
        else:
            yield import_one(store, item.path, as_of)


def _import_folder(store: Store, folder: Chosen, as_of: str) -> Iterator[Read]:
    """Exports first; the rest as code."""
    others: dict[str, Read] = {}
    for path in folder.files:
        read = import_one(store, path, as_of)
        if read.importer or read.unread[0].why != _UNKNOWN:
            yield read
        else:
            others[os.path.relpath(path, folder.path)] = read
    sorted_files = _Sorted()
    code = _import_code(store, folder.path, as_of, sorted_files, list(others))
    if sorted_files.code:
        yield code
    yield from (others[path] for path in sorted_files.silent)


def _import_tree(store: Store, root: str, as_of: str) -> Iterator[Read]:
    """Code first; then exports that lie in it."""
    from secrethunt.identity.inventory.reading import is_export

    def is_exported(path: str) -> bool:
        return path.lower().endswith(_EXPORTED) and is_export(os.path.join(root, path))

    sorted_files = _Sorted(is_exported)
    code = _import_code(store, root, as_of, sorted_files)
    yield replace(code, silent=len(sorted_files.silent))
    yield from (import_one(store, os.path.join(root, path), as_of) for path in sorted_files.exports)


@dataclass(slots=True)
class _Sorted:
    """What the files of a folder turned out to be, while they are read."""

    is_export: Callable[[str], bool] = lambda _: False
    code: int = 0
    exports: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    """They declare nothing and are no exports."""

    def declared(self, tree: CodeTree, paths: Iterable[str]) -> Iterator[Any]:
        """What *paths* declare."""
        from secrethunt.identity.contract import Unread

        for path in paths:
            items = list(tree.read(path))
            if all(isinstance(item, Unread) for item in items) and self.is_export(path):
                self.exports.append(path)
            elif items:
                self.code += 1
                yield from items
            else:
                self.silent.append(path)


def _import_code(
    store: Store, root: str, as_of: str, sorted_files: _Sorted, paths: Iterable[str] | None = None
) -> Read:
    """Read *paths* below *root*, else all of its files, as code; how many were becomes known in *sorted_files*."""
    from secrethunt.identity.contract import Known
    from secrethunt.identity.declared import CodeTree
    from secrethunt.identity.vendors import with_vendors
    from secrethunt.store import Run, RunKind

    unread: list[Unread] = []
    tree = CodeTree(root)
    with Run(store, RunKind.IMPORT, os.path.realpath(root), importer=_CODE, as_of=as_of) as run:
        declared = sorted_files.declared(tree, tree.iter_files() if paths is None else paths)
        run.add(with_vendors(_noting(declared, unread)), Known.CODE)
        gone = run.finish()
    return Read(root, _CODE, run.nodes, run.edges, tuple(unread), run.unread, gone, sorted_files.code)


def import_one(store: Store, path: str, as_of: str = "") -> Read:
    """Read the file at *path* into *store*; whatever is wrong with it is told in the answer."""
    from secrethunt.identity.attribution import attributed
    from secrethunt.identity.contract import Known, Unread
    from secrethunt.identity.inventory.reading import iter_items, opened_export
    from secrethunt.store import Run, RunKind

    unread: list[Unread] = []
    try:
        with opened_export(path) as export:
            if export.importer is None:
                return Read(path, "", 0, 0, (Unread("the file", _UNKNOWN),), 1, 0)
            name = export.importer.name
            with Run(store, RunKind.IMPORT, export.origin, importer=name, as_of=as_of or export.written_at) as run:
                run.add(attributed(_noting(iter_items(export), unread)), Known.INVENTORY)
                gone = run.finish(replace=export.path != "-")
    except OSError as err:
        return Read(path, "", 0, 0, (Unread("the file", err.strerror or type(err).__name__),), 1, 0)
    return Read(path, name, run.nodes, run.edges, tuple(unread), run.unread, gone)


def _noting(items: Iterator[Any], unread: list[Unread]) -> Iterator[Any]:
    from secrethunt.identity.contract import Unread

    for item in items:
        if isinstance(item, Unread) and len(unread) < _MOST_UNREAD:
            unread.append(item)
        yield item


def iter_lines(read: Read) -> Iterator[str]:
    """How *read* went, for a terminal."""
    path = escape(read.path)
    if not read.importer:
        yield f"{path}: not read: {escape(read.unread[0].why)}"
        return
    gone = f", {read.forgotten} no longer there" if read.forgotten else ""
    of = f" of {count(read.files, 'file')}" if read.importer == _CODE else ""
    silent = f"; {count(read.silent, 'other')} declare nothing that is known" if read.silent else ""
    yield f"{path}: {read.importer}: {read.nodes} nodes, {read.edges} edges{of}{gone}{silent}"
    for item in read.unread[:_NAMED]:
        yield f"  not read: {escape(item.what)}: {escape(item.why)}"
    if read.unread_count > _NAMED:
        yield f"  and {read.unread_count - _NAMED} more"
