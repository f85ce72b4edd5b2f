# SPDX-License-Identifier: Apache-2.0
"""
Which ignore file counts for a target, and where in that file's directory the target lies.

By default the one at the root of what is scanned: of a work tree, of a directory, of the work tree that a directory or
file lies in; of a repository without a work tree the copy at HEAD. Nothing of it can hide what it does not name.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from secrethunt.errors import SourceError, UsageError
from secrethunt.sources.contract import Source
from secrethunt.sources.layout import enclosing_work_tree, find_layout
from secrethunt.suppress import IGNORE_FILE, IgnoreFile, SuppressOptions, load_ignore_file, parse_ignore_file


@dataclass(frozen=True, slots=True)
class Ignoring:
    """An ignore file at work on one target."""

    file: IgnoreFile | None
    prepend: bytes = b""
    """Leads from the file's directory to the target; ends in a slash."""


def ignoring(target: str, source: Source, options: SuppressOptions) -> Ignoring:
    """
    What *options* mean for *target*, opened as *source*.

    Raises:
        UsageError: A file that was named cannot be read, or a revision is not there.
    """
    if not options.ignore_file:
        return Ignoring(None)
    root, prepend = ignore_root(target)
    if options.revision:
        data = source.committed(options.revision, IGNORE_FILE)
        return Ignoring(parse_ignore_file(data or b"", f"{options.revision}:{IGNORE_FILE}"), prepend)
    if options.file:
        if not os.path.exists(options.file):
            raise UsageError(f"no such ignore file: {options.file}", hint="Check the path given to --ignore-file.")
        return Ignoring(load_ignore_file(options.file), prepend)
    if root is None:
        return Ignoring(_at_head(source), prepend)
    return Ignoring(_in_tree(os.path.join(os.fsdecode(root), IGNORE_FILE)), prepend)


def ignore_root(target: str) -> tuple[bytes | None, bytes]:
    """
    The directory whose ignore file counts for *target*, and the way from there to the target's own paths.

    None for a repository without a work tree.
    """
    if target == "-":
        return enclosing_work_tree(os.path.join(os.getcwdb(), b"-")) or os.getcwdb(), b""
    path = os.path.abspath(os.fsencode(target))
    directory = path if os.path.isdir(path) else os.path.dirname(path)
    layout = find_layout(directory)
    if layout is not None:
        return layout.work_tree, b""
    above = enclosing_work_tree(directory)
    if above is None or os.path.exists(os.path.join(directory, os.fsencode(IGNORE_FILE))):
        return directory, b""
    return above, os.path.relpath(directory, above) + b"/"


def _in_tree(path: str) -> IgnoreFile:
    """The file that a scanned tree holds; what is wrong with it is noted, and stops no scan."""
    try:
        return load_ignore_file(path)
    except UsageError as err:
        return IgnoreFile(path, problems=(f"{err}, so it does not count",))


def _at_head(source: Source) -> IgnoreFile | None:
    try:
        data = source.committed("HEAD", IGNORE_FILE)
    except SourceError:
        # Nothing was committed yet, or nothing here can read it.
        return None
    return parse_ignore_file(data, f"HEAD:{IGNORE_FILE}") if data is not None else None
