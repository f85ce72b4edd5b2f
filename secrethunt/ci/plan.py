# SPDX-License-Identifier: Apache-2.0
"""
From an event to commits: what is scanned, and what that is measured against. Refuses to plan what would scan nothing
although something happened.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from secrethunt.ci.event import Event, EventKind
from secrethunt.errors import UsageError
from secrethunt.sources.change_backend import ChangeBackend
from secrethunt.sources.git_backend import GitFailure
from secrethunt.sources.hardening import find_git
from secrethunt.sources.layout import GitLayout

_FIRST_DEEPENING = 50
_DEEPENINGS = 12
"""Doublings: 50 commits at first, in the end 100,000 at once."""
_COMMON_BASES = ("main", "master")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is scanned."""

    head: str
    """Id of the commit that is scanned up to; empty where nothing is."""
    base: str | None
    """Id of the commit whose history is left out; None: all of it is scanned."""
    base_name: str
    """What the base is called."""
    commits: tuple[str, ...]
    """Newest first; empty where *base* is None."""
    tags: tuple[str, ...] = ()
    """Ids of tag objects."""
    note: str = ""
    """Why nothing, or everything, is scanned."""

    @property
    def is_whole(self) -> bool:
        """All of the history of `head`."""
        return bool(self.head) and self.base is None


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the command line says of it."""

    base: str = ""
    """A revision in place of the event's own base."""
    head: str = ""
    since: str = ""
    """For a scheduled run: commits after this time, as git reads it."""
    deepen: bool = False
    """Fetch more history from the remote where a shallow checkout lacks it."""
    remote: str = "origin"


class Planner:
    """Plans for one repository."""

    def __init__(self, backend: ChangeBackend, layout: GitLayout, options: PlanOptions) -> None:
        self._backend = backend
        self._layout = layout
        self._options = options

    def plan(self, event: Event) -> Plan:
        """
        What *event* asks to be scanned.

        Raises:
            UsageError: The commits are not here, or there are none although there should be.
        """
        if event.kind is EventKind.DELETED:
            return Plan("", None, "", (), note="A branch or tag was deleted: there is nothing to scan.")
        head = self._head(event)
        tags = self._tags(event)
        if event.kind is EventKind.WHOLE and not self._options.base:
            return self._whole(event, head, tags)
        base, name = self._base(event, head)
        if base is None:
            self._must_be_deep(event, f"all of the history of {head[:10]} is scanned", [head])
            note = (
                f"{event.provider} does not say what was there before this {event.kind.value}: all history is scanned."
            )
            return Plan(head, None, "", (), tags, note)
        commits = self._between(event, base, head)
        if event.kind is EventKind.PUSH:
            commits = self._without_known(event, base, head) or commits
        if commits or self._brings_nothing(event, base, head):
            return Plan(head, base, name, tuple(commits), tags, "" if commits else _nothing(event, name))
        raise UsageError(
            f"{event.provider}: no commits between {name} ({base[:10]}) and {head[:10]}: nothing would be scanned",
            hint="Check out the commit that is to be checked, or name what it is measured against with --base.",
        )

    def _head(self, event: Event) -> str:
        named = self._options.head or event.head
        head = self._backend.resolve(f"{named}^{{commit}}")
        if head is None and self._options.deepen:
            self._fetch(named)
            head = self._backend.resolve(f"{named}^{{commit}}")
        if head is None:
            raise UsageError(
                f"{event.provider}: commit {named} is not in this checkout",
                hint=f"Check out the {event.kind.value}'s own commit. {event.depth_advice}".strip(),
            )
        return head

    def _tags(self, event: Event) -> tuple[str, ...]:
        if event.kind is not EventKind.TAG:
            return ()
        pointing = self._backend.tags_at(self._head(event))
        return tuple(tag for name in pointing for tag in self._backend.tag_chain(name))

    def _whole(self, event: Event, head: str, tags: tuple[str, ...]) -> Plan:
        if not self._options.since:
            self._must_be_deep(event, "a scheduled run scans all history", [head])
            return Plan(head, None, "", (), tags, "All history is scanned.")
        self._must_be_deep(event, f"commits since {self._options.since} may be missing", [head])
        commits = self._backend.listed_commits(f"--since={self._options.since}", head)
        note = "" if commits else f"No commits since {self._options.since}: there is nothing to scan."
        return Plan(head, head, f"since {self._options.since}", tuple(commits), tags, note)

    def _base(self, event: Event, head: str) -> tuple[str | None, str]:
        """What was there before, and its name."""
        if self._options.base:
            base = self._resolved(self._options.base)
            if base is None:
                raise UsageError(
                    f"--base {self._options.base}: no such commit here", hint=event.depth_advice or "Fetch it first."
                )
            return base, self._options.base
        for name in event.bases:
            base = self._resolved(name)
            if base is not None:
                return base, event.base_branch or name[:10]
        own = event.branch or self._current_branch()
        for branch in self._branches(event):
            # What was pushed to a branch cannot be measured against that branch.
            if event.kind is EventKind.PUSH and branch == own:
                break
            base = self._branch(branch)
            if base is not None:
                return base, branch
        if event.kind in (EventKind.PULL_REQUEST, EventKind.MERGE_QUEUE):
            raise UsageError(
                f"{event.provider}: the target branch {event.base_branch or '(not named)'} is not in this checkout",
                hint=f"Fetch it too, or name it with --base. {event.depth_advice}".strip(),
            )
        return None, ""

    def _current_branch(self) -> str:
        return (self._backend.head().branch or b"").decode(errors="replace").removeprefix("refs/heads/")

    def _resolved(self, name: str) -> str | None:
        base = self._backend.resolve(f"{name}^{{commit}}")
        if base is None and self._options.deepen:
            self._fetch(name)
            base = self._backend.resolve(f"{name}^{{commit}}")
        return base

    def _branches(self, event: Event) -> tuple[str, ...]:
        if event.base_branch:
            return (event.base_branch,)
        default = self._backend.default_branch(self._options.remote)
        return (default,) if default else _COMMON_BASES

    def _branch(self, branch: str) -> str | None:
        remote = f"refs/remotes/{self._options.remote}/{branch}"
        found = self._backend.resolve(remote) or self._backend.resolve(f"refs/heads/{branch}")
        if found is None and self._options.deepen:
            self._fetch(f"+refs/heads/{branch}:{remote}")
            found = self._backend.resolve(remote)
        return found

    def _between(self, event: Event, base: str, head: str) -> list[str]:
        commits = self._listed(base, head)
        depth = _FIRST_DEEPENING
        for _ in range(_DEEPENINGS if self._options.deepen else 0):
            if not self._is_cut(base, head, commits):
                return commits
            self._fetch(f"--deepen={depth}")
            depth *= 2
            commits = self._listed(base, head)
        if self._is_cut(base, head, commits):
            raise UsageError(
                f"{event.provider}: this checkout is shallow and ends before {base[:10]}..{head[:10]} does",
                hint=f"{event.depth_advice} Or let secrethunt fetch more with --deepen.".strip(),
            )
        return commits

    def _without_known(self, event: Event, base: str, head: str) -> list[str]:
        """Without what the default branch has already: a push often brings that back into its branch."""
        own = event.branch or self._current_branch()
        known = [id for name in self._branches(event) if name != own and (id := self._branch(name)) is not None]
        return self._backend.listed_commits(head, f"^{base}", *(f"^{id}" for id in known)) if known else []

    def _listed(self, base: str, head: str) -> list[str]:
        try:
            return self._backend.listed_commits(head, f"^{base}")
        except GitFailure as err:
            raise UsageError(f"the range cannot be walked: {err}", hint="Fetch more history, or run git fsck.") from err

    def _is_cut(self, base: str, head: str, commits: list[str]) -> bool:
        """Whether the range ends where the checkout does, not where the two histories met."""
        shallow = set(self._layout.shallow_commits())
        if not shallow:
            return False
        return bool(shallow.intersection(commits)) or not self._backend.merge_base(base, head)

    def _must_be_deep(self, event: Event, why: str, tips: list[str]) -> None:
        if not self._layout.shallow_commits():
            return
        if self._options.deepen:
            self._fetch("--unshallow")
        if self._layout.shallow_commits():
            raise UsageError(
                f"{event.provider}: this checkout is shallow, and {why}",
                hint=f"{event.depth_advice} Or let secrethunt fetch more with --deepen.".strip(),
            )

    def _brings_nothing(self, event: Event, base: str, head: str) -> bool:
        """Whether the event truly has no commits: a tag on known ones, a branch at a known one, or set back."""
        if event.kind is EventKind.TAG:
            return True
        if event.kind is EventKind.PUSH and not self._options.base:
            return base == head or self._backend.merge_base(base, head) == head
        return False

    def _fetch(self, what: str) -> None:
        """Ask the remote, with the user's own configuration and credentials; what fails shows in what is missing."""
        git = find_git()
        if git is None:
            return
        arguments = [what, self._options.remote] if what.startswith("--") else [self._options.remote, what]
        subprocess.run(
            [git, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", *arguments],
            cwd=self._layout.work_tree or self._layout.git_dir,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=600,
        )


def _nothing(event: Event, name: str) -> str:
    return f"This {event.kind.value} brings no commits that {name} does not have: there is nothing to scan."
