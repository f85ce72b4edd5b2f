# SPDX-License-Identifier: Apache-2.0
"""
Owns which file declares what, and the walk over a work tree. Nothing is executed, included or fetched; no symbolic link
is followed; what cannot be read is an `Unread`.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import Any

from secrethunt.identity.contract import Edge, Node, Unread
from secrethunt.identity.declared.actions import is_workflow, workflow
from secrethunt.identity.declared.cloudformation import is_template, template
from secrethunt.identity.declared.compose import compose, is_compose
from secrethunt.identity.declared.gitlab import is_pipeline, pipeline
from secrethunt.identity.declared.kubernetes import is_manifest, manifest
from secrethunt.identity.declared.place import Place
from secrethunt.identity.declared.yamltree import LARGEST, Block, Malformed, documents, without_templates
from secrethunt.identity.owners import CodeOwners, owned_items

Item = Node | Edge | Unread
_YAML = (".yaml", ".yml", ".tpl")
_JSON = (".json", ".template", ".cfn")
_HCL = (".tf", ".tofu")
_MARKERS = re.compile(
    rb"""(?m)^\s*["']?(?:apiVersion|jobs|services|stages|Resources|script|include|workflow)["']?\s*:"""
    rb"""|"(?:Resources|apiVersion)"\s*:|^\{"""
)
_ACTION = re.compile(rb"(?<!\$)\{\{")
_SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", ".terraform", ".venv", "venv", "__pycache__", ".tox"})
_MOST_FILES = 500_000
_DEEPEST = 64
_REMOTE = re.compile(
    r'\[remote "origin"\][^\[]*?\burl\s*=\s*(?:\w+://(?:[^@/\s]*@)?|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+)?[:/]'
    r"(?P<name>[\w.~/-]+?)(?:\.git)?/?\s*(?:\n|$)"
)


def declared_in(path: bytes, data: bytes, *, repository: str = "", host: str = "") -> Iterator[Item]:
    """
    What one file declares; nothing where it is of no kind that is known here.

    Args:
        path: Behind the root of its repository, as git has it.
        data: The file.
        repository: `owner/name` at its forge, by which pipelines and their secrets are keyed.
        host: The forge's host.
    """
    name = path.decode("utf-8", "backslashreplace").removeprefix("./")
    lower = name.lower()
    place = Place(name, repository, host)
    try:
        if lower.endswith(_HCL):
            yield from _terraform(place, data)
        elif lower.endswith((".tf.json", ".tofu.json")):
            yield Unread(name, "Terraform's JSON syntax is not read; `nhi import` reads the plan or the state instead")
        elif lower.endswith(_YAML + _JSON) and _MARKERS.search(data[:LARGEST]):
            yield from _trees(place, data)
    except Malformed as err:
        yield Unread(name, str(err))
    except RecursionError:
        yield Unread(name, "nested too deep")


def _terraform(place: Place, data: bytes) -> Iterator[Item]:
    from secrethunt.identity.declared.terraform import configuration

    if len(data) > LARGEST:
        raise Malformed(f"larger than {LARGEST >> 20} MiB")
    yield from configuration(place, data)


_READERS: tuple[tuple[Callable[[Place, Any], bool], Callable[[Place, Block], Iterator[Node | Edge]]], ...] = (
    (is_workflow, workflow),
    (lambda place, document: is_manifest(document), manifest),
    (lambda place, document: is_template(document), template),
    (is_compose, compose),
    (is_pipeline, pipeline),
)


def _trees(place: Place, data: bytes) -> Iterator[Item]:
    is_chart = bool(_ACTION.search(data)) and "/workflows/" not in place.path
    text = without_templates(data) if is_chart else data
    for document in _documents(place, text):
        for recognises, read in _READERS:
            if recognises(place, document):
                yield from read(place, document)
                break


def _documents(place: Place, data: bytes) -> Iterator[Any]:
    try:
        yield from documents(data)
    except Malformed:
        if not place.path.lower().endswith(_JSON):
            raise
        yield _from_json(data)


def _from_json(data: bytes) -> Any:
    """JSON that is no YAML, by its tabs; lines are not known then."""
    try:
        return json.loads(data, object_pairs_hook=_block)
    except (ValueError, RecursionError) as err:
        raise Malformed("is neither JSON nor YAML") from err


def _block(pairs: list[tuple[str, Any]]) -> Block:
    block = Block(0)
    block.update(pairs)
    return block


def iter_declared(root: str, *, repository: str = "") -> Iterator[Item]:
    """
    What the files below *root* declare, in order of path, and who owns it by tags and by CODEOWNERS.

    Args:
        root: A work tree or any directory.
        repository: `owner/name`; where it is empty, that of the remote
            `origin` in `.git/config`, else the name of the folder.
    """
    tree = CodeTree(root, repository=repository)
    for path in tree.iter_files():
        yield from tree.read(path)


class CodeTree:
    """A work tree or any directory, read file by file."""

    def __init__(self, root: str, *, repository: str = "") -> None:
        self._root = root
        self._host, remote = remote_of(root)
        self._repository = repository or remote or os.path.basename(os.path.realpath(root))
        self._owners = CodeOwners.of_tree(root)

    def iter_files(self) -> Iterator[str]:
        """Regular files behind the root, in order; without what holds others' code."""
        return _iter_files(self._root)

    def read(self, path: str) -> Iterator[Item]:
        """What the file *path* declares, and who owns it; nothing where it is of no kind that is known here."""
        if not path.lower().endswith(_YAML + _JSON + _HCL):
            return
        data = _read(os.path.join(self._root, path))
        if isinstance(data, Unread):
            yield Unread(path, data.why)
            return
        for item in declared_in(os.fsencode(path), data, repository=self._repository, host=self._host):
            yield item
            if isinstance(item, Node):
                yield from owned_items(item, self._owners, path)


def remote_of(root: str) -> tuple[str, str]:
    """Host and `owner/name` of the remote `origin`, from the configuration file alone; empty where there is none."""
    data = _read(os.path.join(root, ".git", "config"))
    match = _REMOTE.search(data.decode("utf-8", "replace")) if isinstance(data, bytes) else None
    return (match["host"].lower(), match["name"].strip("/")) if match else ("", "")


def _iter_files(root: str) -> Iterator[str]:
    """Paths of regular files below *root*, behind it; directories that hold others' code are left out."""
    waiting = [("", 0)]
    count = 0
    while waiting:
        folder, depth = waiting.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            continue
        folders = []
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_file(follow_symlinks=False):
                count += 1
                yield path
            elif entry.is_dir(follow_symlinks=False) and entry.name not in _SKIPPED and depth < _DEEPEST:
                folders.append((path, depth + 1))
            if count >= _MOST_FILES:
                return
        waiting.extend(reversed(folders))


def _read(path: str) -> bytes | Unread:
    """A regular file's bytes; no link, no device, none that is too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Unread(path, "no regular file")
            if status.st_size > LARGEST:
                return Unread(path, f"larger than {LARGEST >> 20} MiB")
            return file.read(LARGEST + 1)
    except OSError as err:
        return Unread(path, err.strerror or "cannot be read")
