# SPDX-License-Identifier: Apache-2.0
"""
Owns what a target on the command line is: standard input, a file, a plain directory or a repository.
"""

from __future__ import annotations

import errno
import functools
import os
import stat
import sys

from secrethunt.errors import SourceError
from secrethunt.sources.contract import Scope, Source, SourceOptions
from secrethunt.sources.layout import enclosing_work_tree, find_layout
from secrethunt.sources.stream import StreamSource
from secrethunt.sources.tree import TreeSource

_REPOSITORY_OPTIONS = {
    Scope.HEAD: "--head",
    Scope.RANGE: "--range",
    Scope.BRANCH: "--branch",
    Scope.STAGED: "--staged",
}


def open_source(target: str, options: SourceOptions) -> Source:
    """
    The source that *target* names: `-`, a path of a file or directory, of a work tree's root or a git directory.

    A directory inside a work tree, below its root, is a plain directory: it has no history of its own.

    Raises:
        SourceError: It is not there, cannot be opened, or an option makes no sense for it.
    """
    if target == "-":
        _refuse_repository_options(target, options)
        return StreamSource(b"-", _read_standard_input, max_size=options.max_size)
    path = os.fsencode(target)
    mode = _mode(target, path)
    if stat.S_ISDIR(mode):
        return _open_directory(target, path, options)
    _refuse_repository_options(target, options)
    if stat.S_ISREG(mode):
        # A name that is a link means what it points to: the reader itself follows none.
        directory, name = os.path.split(path)
        is_link = os.path.islink(path)
        root, file = os.path.split(os.path.realpath(path)) if is_link else (directory or b".", name)
        return TreeSource(root, file=file, prefix=_prefix(directory), max_size=options.max_size)
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return StreamSource(path, functools.partial(_read_pipe, path), max_size=options.max_size)
    raise SourceError(f"{target}: neither a file nor a directory", hint="Name a file, a directory, or - for a stream.")


def _open_directory(target: str, path: bytes, options: SourceOptions) -> Source:
    layout = find_layout(path)
    if layout is not None:
        from secrethunt.sources.repository import open_repository

        return open_repository(layout, options)
    _refuse_repository_options(target, options)
    return TreeSource(path, file=None, prefix=_prefix(path), max_size=options.max_size)


def _mode(target: str, path: bytes) -> int:
    try:
        mode = os.stat(path).st_mode
    except OSError as err:
        raise SourceError(f"{target}: {err.strerror}", hint="Check the path, and that you may read it.") from err
    needed = os.R_OK | os.X_OK if stat.S_ISDIR(mode) else os.R_OK
    if not os.access(path, needed, effective_ids=os.access in os.supports_effective_ids):
        raise SourceError(f"{target}: permission denied", hint="Run as a user who may read it.")
    return mode


def _refuse_repository_options(target: str, options: SourceOptions) -> None:
    option = _REPOSITORY_OPTIONS.get(options.scope)
    if option is None:
        return
    root = None if target == "-" else enclosing_work_tree(os.fsencode(target))
    hint = f"Leave {option} out, or name the root of a git repository."
    if root is not None:
        hint = f"It lies in the work tree {root.decode(errors='backslashreplace')}; name that instead."
    raise SourceError(f"{target}: {option} needs a git repository", hint=hint)


def _prefix(directory: bytes) -> bytes:
    """What leads from here to *directory*: ends in a slash, and says nothing for `.`."""
    while directory.startswith(b"./"):
        directory = directory[2:].lstrip(b"/")
    if directory in (b"", b"."):
        return b""
    return directory.rstrip(b"/") + b"/"


def _read_standard_input(limit: int) -> bytes:
    if sys.stdin is None:
        raise OSError(errno.EBADF, "standard input is closed")
    return sys.stdin.buffer.read(limit)


def _read_pipe(path: bytes, limit: int) -> bytes:
    """Open without waiting for a writer, then read as usual: a pipe that nobody writes to is empty."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    with open(descriptor, "rb") as file:
        return file.read(limit)
