# SPDX-License-Identifier: Apache-2.0
"""
Owns where a repository's parts lie on disk: git directory, common directory, work tree. Reads a few small files, no
object and no configuration. Format: gitrepository-layout(5).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

_HEX_ID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class GitLayout:
    """Absolute paths of one repository's parts."""

    git_dir: bytes
    """Holds HEAD and the index; of a linked work tree its own directory below `worktrees/`."""
    common_dir: bytes
    """Holds objects, refs and configuration; differs from `git_dir` in a linked work tree only."""
    work_tree: bytes | None
    """None for a bare repository, and when the target was the git directory itself."""

    @property
    def name(self) -> bytes:
        """What the folder is called: the work tree's name, else the git directory's without `.git`."""
        if self.work_tree is not None:
            return os.path.basename(self.work_tree)
        name = os.path.basename(self.git_dir)
        return os.path.basename(os.path.dirname(self.git_dir)) if name == b".git" else name.removesuffix(b".git")

    def callers_index(self) -> str | None:
        """
        The index that our caller wants read in place of the repository's own, if it is one of this repository's.

        A partial commit (`git commit FILE`, `git commit -a`) hands its hook an index of its own that way.
        """
        named = os.environ.get("GIT_INDEX_FILE")
        if not named:
            return None
        path = os.path.abspath(named)
        is_ours = os.path.realpath(os.path.dirname(path)) == os.path.realpath(os.fsdecode(self.git_dir))
        return path if is_ours else None

    def is_partial(self) -> bool:
        """Some pack came from a partial clone, so objects may be absent by promise."""
        return any(name.endswith(b".promisor") for name in _names(os.path.join(self.common_dir, b"objects", b"pack")))

    def shallow_commits(self) -> list[str]:
        """Ids of commits whose parents a shallow clone left out."""
        return [line.decode() for line in _lines(os.path.join(self.common_dir, b"shallow")) if _HEX_ID.fullmatch(line)]

    def other_heads(self) -> list[tuple[bytes, str]]:
        """Name and commit of each detached HEAD of the linked work trees."""
        directory = os.path.join(self.common_dir, b"worktrees")
        heads = []
        for name in sorted(_names(directory)):
            for line in _lines(os.path.join(directory, name, b"HEAD"))[:1]:
                if _HEX_ID.fullmatch(line):
                    heads.append((b"worktrees/" + name + b"/HEAD", line.decode()))
        return heads

    def stash_entries(self) -> list[tuple[bytes, str]]:
        """Name and commit of each stash entry, newest first; only `refs/stash` itself is a ref to git."""
        lines = _lines(os.path.join(self.common_dir, b"logs", b"refs", b"stash"))
        fields = [line.split(b" ", 2) for line in reversed(lines)]
        commits = [field[1].decode() for field in fields if len(field) == 3 and _HEX_ID.fullmatch(field[1])]
        return [(b"refs/stash@{%d}" % number, commit) for number, commit in enumerate(commits)]


def find_layout(directory: bytes) -> GitLayout | None:
    """The repository whose work tree root or git directory *directory* is, or None."""
    directory = os.path.abspath(directory)
    dot_git = os.path.join(directory, b".git")
    if os.path.isdir(dot_git) and is_git_dir(dot_git):
        return GitLayout(dot_git, _common_dir(dot_git), directory)
    if os.path.isfile(dot_git) and (git_dir := _linked_git_dir(dot_git)) is not None:
        return GitLayout(git_dir, _common_dir(git_dir), directory)
    if is_git_dir(directory):
        return GitLayout(directory, _common_dir(directory), None)
    return None


def is_git_dir(directory: bytes) -> bool:
    """*directory* holds what every git directory holds."""
    common = _common_dir(directory)
    return (
        os.path.isfile(os.path.join(directory, b"HEAD"))
        and os.path.isdir(os.path.join(common, b"objects"))
        and os.path.isdir(os.path.join(common, b"refs"))
    )


def enclosing_work_tree(path: bytes) -> bytes | None:
    """Root of the work tree that *path* lies in, itself excluded, or None."""
    child = os.path.abspath(path)
    while (parent := os.path.dirname(child)) != child:
        layout = find_layout(parent)
        if layout is not None:
            return layout.work_tree
        child = parent
    return None


def _linked_git_dir(dot_git: bytes) -> bytes | None:
    lines = _lines(dot_git)
    if not lines or not lines[0].startswith(b"gitdir:"):
        return None
    target = lines[0].removeprefix(b"gitdir:").strip()
    git_dir = os.path.normpath(os.path.join(os.path.dirname(dot_git), target))
    return git_dir if is_git_dir(git_dir) else None


def _common_dir(git_dir: bytes) -> bytes:
    lines = _lines(os.path.join(git_dir, b"commondir"))
    return os.path.normpath(os.path.join(git_dir, lines[0])) if lines else git_dir


def _names(directory: bytes) -> list[bytes]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _lines(path: bytes) -> list[bytes]:
    """Lines of a small file of git's; none when it is absent or unreadable, as git itself takes it."""
    if not os.path.isfile(path):
        return []
    try:
        with open(path, "rb") as file:
            return file.read().splitlines()
    except OSError:
        return []
