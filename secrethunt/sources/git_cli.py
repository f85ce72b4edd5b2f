# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns the backend that reads through the `git` command's plumbing, and how such a child process is made harmless.

A scanned repository is hostile: its configuration names programs (hooks, fsmonitor, filters, diff drivers, ssh). Only
commands that run none of them are used, everything that could is switched off besides, no protocol is allowed, and
the caller's own `GIT_*` variables do not pass.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence, Set
from typing import IO, TypeVar

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
from secrethunt.sources.hardening import ENVIRONMENT, HARMLESS
from secrethunt.sources.layout import GitLayout

_TYPES = {kind.value: kind for kind in ObjectType}
_ID = re.compile("[0-9a-f]{40,64}")
_FEED_SLICE = 4096
_MAX_RESTARTS = 2000
_PIPE_SIZE = 1 << 20


_Answer = TypeVar("_Answer")
_Question = Callable[[Sequence[str], Report, int], Generator[_Answer, None, int]]
"""Asks git about ids; takes how many were done before and returns how many are done when git stops."""


class CommandBackend:
    """A repository read through child processes of *git*, one for each question."""

    def __init__(self, layout: GitLayout, git: str) -> None:
        self._layout = layout
        self._directory = layout.work_tree or layout.git_dir
        self._command: list[str | bytes] = [git, *HARMLESS, b"--git-dir=" + layout.git_dir]
        if layout.work_tree is not None:
            self._command.append(b"--work-tree=" + layout.work_tree)
        self._environment = _child_environment(layout)
        self._is_partial = layout.is_partial()
        self._present: Set[str] | None = None
        self._run("rev-parse", "--git-dir")

    def all_headers(self, report: Report) -> Iterator[ObjectHeader]:
        """Every object of the store in pack order; one that is there but broken is reported as corrupt."""
        present: set[str] = set()
        with self._child("cat-file", "--batch-all-objects", "--unordered", "--batch-check") as child:
            for line in _stdout(child):
                fields = line.split()
                if len(fields) == 3:
                    id = fields[0].decode()
                    if self._is_partial:
                        present.add(id)
                    yield ObjectHeader(id, _TYPES[fields[1]], int(fields[2]))
                else:
                    report(Skip.CORRUPT_OBJECT, fields[0], "git cannot read its header")
            if child.wait() != 0:
                report(Skip.CORRUPT_OBJECT, b"objects", "git stopped listing them")
        self._present = present

    def headers(self, ids: Iterable[str], report: Report) -> Iterator[ObjectHeader]:
        """Type and size of *ids*; what is not there is reported."""
        return self._restarting(self._headers_from, self._without_absent(ids, report), report)

    def objects(self, ids: Iterable[str], report: Report) -> Iterator[RawObject]:
        """Contents of *ids*."""
        return self._restarting(self._objects_from, self._without_absent(ids, report), report)

    def _restarting(self, ask: _Question[_Answer], wanted: Sequence[str], report: Report) -> Iterator[_Answer]:
        """All that *ask* yields; git gives up at some broken objects, so it is asked again behind each of them."""
        done = 0
        for _ in range(_MAX_RESTARTS):
            if done == len(wanted):
                return
            done = yield from ask(wanted[done:] if done else wanted, report, done)
            if done < len(wanted):
                report(Skip.CORRUPT_OBJECT, wanted[done].encode(), "git cannot read it")
                done += 1
        for id in wanted[done:]:
            report(Skip.CORRUPT_OBJECT, id.encode(), f"not read: git gave up {_MAX_RESTARTS} times before it")

    def _headers_from(self, wanted: Sequence[str], report: Report, done: int) -> Generator[ObjectHeader, None, int]:
        with self._child("cat-file", "--batch-check", "--buffer", feed=wanted) as child:
            for line in _stdout(child):
                fields = line.split()
                if len(fields) == 3:
                    yield ObjectHeader(fields[0].decode(), _TYPES[fields[1]], int(fields[2]))
                else:
                    report(Skip.MISSING_OBJECT, fields[0], "")
                done += 1
        return done

    def _objects_from(self, wanted: Sequence[str], report: Report, done: int) -> Generator[RawObject, None, int]:
        with self._child("cat-file", "--batch", "--buffer", feed=wanted) as child:
            stdout = _stdout(child)
            readline, read = stdout.readline, stdout.read
            while line := readline():
                fields = line.split()
                if len(fields) == 3:
                    size = int(fields[2])
                    data = read(size + 1)
                    if len(data) != size + 1:
                        break
                    yield RawObject(fields[0].decode(), _TYPES[fields[1]], data[:-1])
                else:
                    report(Skip.MISSING_OBJECT, fields[0], "")
                done += 1
        return done

    def resolve(self, revision: str) -> str | None:
        """Id of what *revision* names; never taken for an option."""
        if not revision or revision.startswith("-"):
            return None
        answer = self._run("rev-parse", "--verify", "--quiet", revision, fine=(0, 1, 128)).decode().strip()
        # A range or an exclusion has an answer too, but not one id.
        return answer if _ID.fullmatch(answer) else None

    def head(self) -> Head:
        """What HEAD says."""
        branch = self._run("symbolic-ref", "--quiet", "HEAD", fine=(0, 1)).strip()
        return Head(branch or None, self.resolve("HEAD^{commit}"))

    def refs(self) -> Sequence[Ref]:
        """All refs, sorted by name."""
        lines = self._run("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
        return [Ref(name, id.decode()) for id, _, name in (line.partition(b" ") for line in lines)]

    def commits_between(self, include: str, exclude: str) -> Sequence[str]:
        """Commits that *include* reaches and *exclude* does not, newest first."""
        return self._run("rev-list", include, f"^{exclude}").decode().split()

    def reachable(self, tip: str, report: Report) -> Iterator[str]:
        """Ids of all objects that *tip* reaches."""
        for id, is_present in self._walk(report, tip):
            if is_present:
                yield id
            else:
                report(Skip.MISSING_OBJECT, id.encode(), "")

    def absent(self) -> Iterator[str]:
        """Ids of objects that refs and HEAD reach and the store lacks."""
        return (id for id, is_present in self._walk(reported_before, "--all") if not is_present)

    def staged(self, commit: str | None) -> Sequence[IndexEntry]:
        """Index entries that differ from *commit*'s tree; of a conflict, all sides that do."""
        if commit is None:
            return [entry for _, entry in _parse_listing(self._run("ls-files", "-z", "-t", "--stage")) if entry]
        options = "--cached --raw -z --no-abbrev --no-renames --no-ext-diff --ignore-submodules=none --diff-filter=AMTU"
        raw = self._run("diff-index", *options.split(), commit, "--").split(b"\0")
        entries = []
        in_conflict = {}
        for line, path in zip(raw[::2], raw[1::2], strict=False):
            _, mode, committed, staged, status = line.split()
            if status == b"U":
                in_conflict[path] = committed.decode()
            else:
                entries.append(IndexEntry(path, staged.decode(), int(mode, 8)))
        if in_conflict:
            unmerged = _parse_listing(self._run("ls-files", "-z", "-t", "--unmerged"))
            entries += [entry for path, entry in unmerged if entry and entry.id != in_conflict.get(path)]
        return entries

    def worktree(self) -> WorktreeListing:
        """Tracked and untracked files, in one walk over the work tree."""
        options = "-z -t --stage --cached --others --exclude-standard"
        listing = _parse_listing(self._run("ls-files", *options.split()))
        return WorktreeListing(
            [entry for _, entry in listing if entry is not None],
            [path for path, entry in listing if entry is None],
        )

    def ignored(self, *, as_directories: bool) -> Sequence[bytes]:
        """Ignored files, or whole ignored directories."""
        options = ["-z", "--others", "--ignored", "--exclude-standard"]
        if as_directories:
            options.append("--directory")
        return [path for path in self._run("ls-files", *options).split(b"\0") if path]

    def config(self, key: str) -> bytes | None:
        """Last value of *key* in the repository's own configuration."""
        return self._run("config", "--null", "--local", "--get", key, fine=(0, 1)).rstrip(b"\0") or None

    def _walk(self, report: Report, *tips: str) -> Iterator[tuple[str, bool]]:
        """Ids of what *tips* reach, and whether each is present."""
        with self._child("rev-list", "--objects", "--no-object-names", "--missing=print", *tips) as child:
            for line in _stdout(child):
                id = line.decode().strip()
                yield id.removeprefix("?"), not id.startswith("?")
            if child.wait() != 0:
                report(Skip.CORRUPT_OBJECT, tips[0].encode(), "git stopped walking history here")

    def _without_absent(self, ids: Iterable[str], report: Report) -> Sequence[str]:
        """*ids* as a sequence; in a partial clone without the absent ones, for which git would try to fetch."""
        wanted = ids if isinstance(ids, list) else list(ids)
        if not self._is_partial:
            return wanted
        present = self._present
        if present is None:
            present = {header.id for header in self.all_headers(reported_before)}
        for id in wanted:
            if id not in present:
                report(Skip.MISSING_OBJECT, id.encode(), "left out by a partial clone")
        return [id for id in wanted if id in present]

    def _run(self, *arguments: str, fine: tuple[int, ...] = (0,)) -> bytes:
        done = subprocess.run(
            [*self._command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self._directory,
            env=self._environment,
            check=False,
        )
        if done.returncode not in fine:
            message = done.stderr.decode(errors="backslashreplace").strip().splitlines()
            raise GitFailure(message[0].removeprefix("fatal: ") if message else f"git exited {done.returncode}")
        return done.stdout

    @contextlib.contextmanager
    def _child(self, *arguments: str, feed: Sequence[str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """A child whose output is read as it comes; *feed* is written to it by a thread, so neither side can block."""
        child = subprocess.Popen(
            [*self._command, *arguments],
            bufsize=_PIPE_SIZE,
            stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._directory,
            env=self._environment,
        )
        feeder = threading.Thread(target=_feed, args=(child.stdin, feed), daemon=True) if feed is not None else None
        try:
            if feeder is not None:
                feeder.start()
            yield child
        finally:
            child.kill()
            child.wait()
            if feeder is not None:
                feeder.join()
            _stdout(child).close()


def _child_environment(layout: GitLayout) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment.update(ENVIRONMENT)
    if (index := layout.callers_index()) is not None:
        environment["GIT_INDEX_FILE"] = index
    return environment


def _feed(stdin: IO[bytes], ids: Sequence[str]) -> None:
    with contextlib.suppress(BrokenPipeError), stdin:
        for start in range(0, len(ids), _FEED_SLICE):
            stdin.write("".join([f"{id}\n" for id in ids[start : start + _FEED_SLICE]]).encode())


def _stdout(child: subprocess.Popen[bytes]) -> IO[bytes]:
    assert child.stdout is not None
    return child.stdout


def _parse_listing(output: bytes) -> list[tuple[bytes, IndexEntry | None]]:
    """Lines of `ls-files -z -t --stage`: `? path` of an untracked file, or `TAG mode id stage<TAB>path`."""
    listing: list[tuple[bytes, IndexEntry | None]] = []
    for line in output.split(b"\0"):
        if line.startswith(b"? "):
            listing.append((line[2:], None))
        elif line:
            fields, _, path = line.partition(b"\t")
            _, mode, id, _ = fields.split(b" ")
            listing.append((path, IndexEntry(path, id.decode(), int(mode, 8))))
    return listing
