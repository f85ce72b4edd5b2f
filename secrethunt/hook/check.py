# SPDX-License-Identifier: Apache-2.0
"""
What a hook looks at, and what it finds new there: the index, the commits that are pushed, those that are received.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from secrethunt.coverage import Coverage, Problem, ScanResult
from secrethunt.errors import SourceError, UsageError
from secrethunt.hook.newness import Newness
from secrethunt.pipeline import Scanner
from secrethunt.report.quantities import count
from secrethunt.sources.change_backend import ChangeBackend
from secrethunt.sources.changes import CommittedChanges, StagedChanges, open_changes
from secrethunt.sources.layout import GitLayout, find_layout

ZERO = frozenset({"0" * 40, "0" * 64})


class RefUpdate(NamedTuple):
    """One ref of a push, old and new: a null id where there was nothing, or will be nothing."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a hook found."""

    result: ScanResult
    """With the new findings only."""
    commits: int = 0
    notes: tuple[str, ...] = ()


def find_repository() -> GitLayout:
    """
    The repository that git runs its hook for, else the one around the current directory.

    Raises:
        SourceError: There is none.
    """
    named = os.environ.get("GIT_DIR")
    if named:
        return _named_layout(os.path.abspath(os.fsencode(named)))
    directory = os.getcwdb()
    while (layout := find_layout(directory)) is None:
        parent = os.path.dirname(directory)
        if parent == directory:
            raise SourceError("not in a git repository", hint="Change to the repository's directory first.")
        directory = parent
    return layout


def _named_layout(git_dir: bytes) -> GitLayout:
    layout = find_layout(git_dir)
    if layout is None:
        raise SourceError(f"GIT_DIR names no repository: {os.fsdecode(git_dir)}", hint="Unset GIT_DIR, or correct it.")
    if _is_bare(layout):
        return layout
    # git starts the hooks of a repository with a work tree at its root.
    tree = os.environ.get("GIT_WORK_TREE")
    return replace(layout, work_tree=os.path.abspath(os.fsencode(tree)) if tree else os.getcwdb())


def _is_bare(layout: GitLayout) -> bool:
    return os.path.basename(layout.git_dir) != b".git" and layout.common_dir == layout.git_dir


def check_staged(scanner: Scanner, layout: GitLayout, *, max_size: int) -> Checked:
    """New findings of the next commit."""
    backend = open_changes(layout)
    source = StagedChanges(backend, layout, max_size=max_size)
    conflicts = backend.conflicts()
    notes = (
        (f"{count(len(conflicts), 'path')} in conflict {'was' if len(conflicts) == 1 else 'were'} not looked at",)
        if conflicts
        else ()
    )
    return Checked(_checked(scanner, source), notes=notes)


def check_commits(scanner: Scanner, source: CommittedChanges, commits: int) -> Checked:
    """New findings of the commits of *source*."""
    return Checked(_checked(scanner, source), commits=commits)


def _checked(scanner: Scanner, source: StagedChanges | CommittedChanges) -> ScanResult:
    result = scanner.scan_source(source, source.directory)
    # A secret that was moved on within the range stands, though not where it was added.
    standing = {finding.secret_id for finding in result.findings if finding.at_head}
    new = Newness(scanner, source).new(result.findings)
    return replace(result, findings=tuple(replace(each, at_head=each.secret_id in standing) for each in new))


def check_push(
    scanner: Scanner, layout: GitLayout, lines: Iterable[str], remote: str, *, max_size: int
) -> list[tuple[RefUpdate, Checked]]:
    """
    New findings of what is pushed to *remote*, for each ref that *lines* (git's, on standard input) name.

    Format: `<local ref> <local id> <remote ref> <remote id>`, githooks(5).
    """
    backend = open_changes(layout)
    updates = [RefUpdate(fields[2], fields[3], fields[1]) for fields in _fields(lines, 4)]
    known = [f"--remotes={remote}"] if remote and "/" not in remote and ":" not in remote else []
    return _check_updates(scanner, _Pushed(backend, layout, known, max_size), updates)


def check_receive(
    scanner: Scanner, layout: GitLayout, lines: Iterable[str], *, max_size: int
) -> list[tuple[RefUpdate, Checked]]:
    """
    New findings of what a server is about to take, read from where git quarantines it.

    Format: `<old id> <new id> <ref>`, githooks(5).
    """
    backend = open_changes(layout)
    updates = [RefUpdate(fields[2], fields[0], fields[1]) for fields in _fields(lines, 3)]
    return _check_updates(scanner, _Pushed(backend, layout, ["--all"], max_size), updates)


def _fields(lines: Iterable[str], count: int) -> Iterator[list[str]]:
    for line in lines:
        fields = line.split()
        if fields and len(fields) != count:
            raise UsageError(
                f"not what git tells this hook: {len(fields)} words in a line",
                hint="This command is for git to call, with the refs on standard input.",
            )
        if fields:
            yield fields


@dataclass(frozen=True, slots=True)
class _Pushed:
    """One push."""

    backend: ChangeBackend
    layout: GitLayout
    known: list[str]
    """What the other side has, as `git rev-list` is told."""
    max_size: int


def _check_updates(scanner: Scanner, push: _Pushed, updates: Iterable[RefUpdate]) -> list[tuple[RefUpdate, Checked]]:
    checked = []
    seen: set[str] = set()
    for update in updates:
        if update.new in ZERO:
            checked.append((update, Checked(_nothing(), notes=("deleted, so nothing is sent",))))
            continue
        commits, tags = pushed_commits(push.backend, update, push.known)
        commits = [commit for commit in commits if commit not in seen]
        seen.update(commits)
        source = CommittedChanges(push.backend, push.layout, commits, max_size=push.max_size, tags=tags)
        checked.append((update, check_commits(scanner, source, len(commits))))
    return checked


def pushed_commits(backend: ChangeBackend, update: RefUpdate, known: list[str]) -> tuple[list[str], list[str]]:
    """Commits that the other side does not have, newest first, and the tag objects that lead to them."""
    tags = backend.tag_chain(update.new)
    tip = backend.resolve(f"{update.new}^{{commit}}")
    if tip is None:
        return [], tags
    excluded = [*known]
    # After a forced push by somebody else the old tip may be unknown here.
    if update.old not in ZERO and backend.resolve(f"{update.old}^{{commit}}") is not None:
        excluded.append(f"{update.old}^{{commit}}")
    return backend.listed_commits(tip, *(["--not", *excluded] if excluded else [])), tags


def _nothing() -> ScanResult:
    return ScanResult((), Coverage(), ())


def incomplete(checked: Iterable[Checked]) -> list[Problem]:
    """What belongs to the changes and could not be looked at."""
    return [problem for item in checked for problem in item.result.problems if problem.skip.is_incomplete]
