# SPDX-License-Identifier: Apache-2.0
"""Real git repositories, built with the real git in a temporary directory, and the shipped rules."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from secrethunt.diskcache import DiskCache
from secrethunt.ruleset import RuleSelection, Ruleset, load_ruleset

pytest_plugins = ["tests.services.fixtures"]

START = 1_700_000_000
"""When the first commit of every repository is made; each following one comes a minute later."""

_GIT = shutil.which("git") or "git"
_AUTHOR = ("A U Thor", "author@example.com")


class RepoBuilder:
    """One repository and what a test does to it. Dates and names are fixed, so object ids are too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._clock = START

    @property
    def target(self) -> str:
        """The repository as a target of a scan."""
        return str(self.path)

    @property
    def git_dir(self) -> Path:
        """The git directory, also of a bare repository."""
        inside = self.path / ".git"
        return inside if inside.is_dir() else self.path

    def git(
        self,
        *arguments: str | bytes,
        stdin: bytes = b"",
        author: tuple[str, str] = _AUTHOR,
        date: str | None = None,
        fails: bool = False,
    ) -> str:
        """Run git here and return what it prints, stripped; *date* is in git's raw format, else the clock's."""
        date = date or f"{self._clock} +0000"
        name, email = author
        done = subprocess.run(
            [_GIT, *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            check=False,
            env={
                "PATH": os.defpath,
                "HOME": os.devnull,
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": name,
                "GIT_AUTHOR_EMAIL": email,
                "GIT_AUTHOR_DATE": date,
                "GIT_COMMITTER_NAME": name,
                "GIT_COMMITTER_EMAIL": email,
                "GIT_COMMITTER_DATE": date,
            },
        )
        assert fails or done.returncode == 0, (arguments, done.stderr)
        return done.stdout.decode(errors="surrogateescape").strip()

    def write(self, files: Mapping[str | bytes, str | bytes]) -> None:
        """Write *files* into the work tree."""
        for name, data in files.items():
            path = Path(os.fsdecode(os.path.join(os.fsencode(self.path), os.fsencode(name))))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())

    def commit(
        self,
        files: Mapping[str | bytes, str | bytes] | None = None,
        message: str = "change",
        *,
        author: tuple[str, str] = _AUTHOR,
        date: str | None = None,
        remove: Iterable[str] = (),
    ) -> str:
        """Write *files*, remove others, commit all of the work tree; the new commit's id."""
        self._clock += 60
        self.write(files or {})
        for name in remove:
            (self.path / name).unlink()
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message, author=author, date=date)
        return self.head()

    def head(self) -> str:
        """Id of the commit that HEAD names."""
        return self.id("HEAD")

    def id(self, revision: str | bytes) -> str:
        """Id of what *revision* names."""
        return self.git("rev-parse", "--verify", revision)

    def branch(self, name: str, at: str = "HEAD") -> None:
        """Create and check out a branch."""
        self.git("checkout", "--quiet", "-b", name, at)

    def switch(self, name: str) -> None:
        """Check out a branch, or detach HEAD at a commit."""
        self.git("checkout", "--quiet", name)

    def merge(self, *names: str, files: Mapping[str | bytes, str | bytes] | None = None) -> str:
        """Merge branches; *files* are changed in the merge itself, whatever the parents have."""
        self._clock += 60
        self.git("merge", "--quiet", "--no-ff", "--no-commit", *names, fails=True)
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "merge")
        return self.head()

    def tag(self, name: str, message: str = "", at: str = "HEAD") -> str:
        """Tag; with a *message* through a tag object, whose id is returned."""
        if message:
            self.git("tag", "--annotate", "--message", message, name, at)
        else:
            self.git("tag", name, at)
        return self.id(f"refs/tags/{name}")

    def stash(self, files: Mapping[str | bytes, str | bytes]) -> str:
        """Change files and stash the change; the stash commit's id."""
        self._clock += 60
        self.write(files)
        self.git("stash", "push", "--quiet", "--include-untracked")
        return self.id("refs/stash")

    def note(self, text: str, at: str = "HEAD") -> str:
        """Attach a note; the id of its blob."""
        self.git("notes", "add", "--message", text, at)
        return self.git("notes", "list", at)

    def amend(self, files: Mapping[str | bytes, str | bytes]) -> str:
        """Replace the last commit; what it was stays behind, reached by no ref."""
        self._clock += 60
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--amend", "--no-edit")
        return self.head()

    def rename(self, old: str, new: str) -> str:
        """Move a file and commit that."""
        (self.path / new).parent.mkdir(parents=True, exist_ok=True)
        self.git("mv", old, new)
        return self.commit(message=f"move {old}")

    def pack(self) -> None:
        """Put all objects, unreachable ones too, into one pack."""
        self.git("repack", "-a", "-d", "--quiet", "--keep-unreachable")

    def clone(self, path: Path, *options: str) -> RepoBuilder:
        """Clone over the file protocol, so that filters and depths count."""
        self.git("config", "uploadpack.allowFilter", "true")
        self.git("clone", "--quiet", *options, self.path.as_uri(), str(path))
        return RepoBuilder(path)


@pytest.fixture(scope="session")
def ruleset() -> Ruleset:
    """The shipped rules, read once."""
    return load_ruleset(RuleSelection(), DiskCache(None))


MakeRepo = Callable[..., RepoBuilder]


@pytest.fixture
def make_repo(tmp_path: Path) -> MakeRepo:
    """Builds empty repositories: `make_repo(name="repo", *options_of_git_init)`."""

    def make(name: str = "repo", *options: str) -> RepoBuilder:
        path = tmp_path / name
        path.mkdir(parents=True)
        repo = RepoBuilder(path)
        repo.git("init", "--quiet", "--initial-branch=main", *options)
        return repo

    return make
