# SPDX-License-Identifier: Apache-2.0
"""
Owns the choice of what reads a repository: the `git` command where there is one, else libgit2. Imports neither before
it is needed: each costs more than scanning a small tree.
"""

from __future__ import annotations

from secrethunt.errors import SourceError
from secrethunt.sources.git_backend import GitBackend, GitFailure
from secrethunt.sources.layout import GitLayout


def open_backend(layout: GitLayout) -> GitBackend | None:
    """
    A backend for the repository; None when there is no git and libgit2 does not know its format.

    Raises:
        SourceError: git refuses the repository.
    """
    from secrethunt.sources.git_cli import CommandBackend
    from secrethunt.sources.hardening import find_git

    git = find_git()
    if git is None:
        return _open_library(layout)
    try:
        return CommandBackend(layout, git)
    except GitFailure as err:
        raise SourceError(
            f"{layout.git_dir.decode(errors='backslashreplace')}: git cannot open this repository: {err}",
            hint="Repair it (git fsck tells more), or name a directory below its root to scan files alone.",
        ) from err


def open_nested_backend(layout: GitLayout) -> GitBackend | None:
    """A backend for a repository met inside another; None when it cannot be opened, whatever the reason."""
    try:
        return open_backend(layout)
    except SourceError:
        return None


def _open_library(layout: GitLayout) -> GitBackend | None:
    from secrethunt.sources.git_lib import LibraryBackend

    try:
        return LibraryBackend(layout)
    except GitFailure:
        return None
