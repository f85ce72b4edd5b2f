# SPDX-License-Identifier: Apache-2.0
"""CI jobs: real repositories and remotes, and the environment that a provider would set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from tests.conftest import MakeRepo, RepoBuilder
from tests.hook.conftest import Home, Outcome
from tests.rule_samples import acme_key


def key(seed: object) -> str:
    """A made-up secret."""
    return acme_key(seed).decode()


class Job:
    """A checkout of a remote, in which jobs are run."""

    def __init__(self, home: Home, upstream: RepoBuilder, checkout: RepoBuilder) -> None:
        self.home = home
        self.upstream = upstream
        self.checkout = checkout

    def clone(self, name: str, *options: str) -> Job:
        """A job in another clone of the same remote."""
        path = self.checkout.path.parent / name
        return Job(self.home, self.upstream, self.upstream.clone(path, *options))

    def push(self, *refspecs: str) -> None:
        """Bring commits of the checkout to the remote."""
        self.checkout.git("push", "--quiet", "--force", "origin", *refspecs)

    def run(self, *options: str, **environment: str) -> Outcome:
        """`secrethunt ci` in the checkout."""
        return self.home.secrethunt("ci", *options, cwd=self.checkout.path, **environment)

    def findings(self, *options: str, **environment: str) -> list[tuple[str, int, bool]]:
        """Path, line and whether it stands of each finding that the job reports, by a JSONL report."""
        report = self.home.path / "report.jsonl"
        outcome = self.run("--report", f"jsonl={report}", *options, **environment)
        assert outcome.code in (0, 1), outcome.stderr
        lines = [json.loads(line) for line in report.read_text().splitlines()]
        found = [line for line in lines if line["type"] == "finding"]
        assert outcome.code == (1 if found else 0)
        return sorted((line["path"], line["line"], line["at_head"]) for line in found)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rules and cache of all jobs: most of a cold job is compiling rules."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def home(tmp_path: Path, shared: Path) -> Home:
    """A home whose cache is warm."""
    path = tmp_path / "home"
    path.mkdir()
    return Home(path, shared)


@pytest.fixture
def job(make_repo: MakeRepo, home: Home, tmp_path: Path) -> Job:
    """A remote with two commits on main, one of which holds an old secret; and a full clone of it."""
    upstream = make_repo("upstream")
    upstream.commit({"a": f"old {key('old')}\n", "b": "b\n"})
    upstream.commit({"a": f"more\nold {key('old')}\n"})
    upstream.git("checkout", "--quiet", "--detach")
    return Job(home, upstream, upstream.clone(tmp_path / "checkout"))


class Branch:
    """A branch `topic` with a secret at head, one added then removed, and nothing else new."""

    def __init__(self, job: Job) -> None:
        repo = job.checkout
        self.base = repo.head()
        repo.branch("topic")
        repo.commit({"b": f"b\n{key('removed')}\n"})
        repo.commit({"b": "b\n", "c": f"{key('new')}\n"})
        self.head = repo.commit({"a": f"top\nmore\nold {key('old')}\n"})
        job.push("topic")

    FOUND: ClassVar = [("b", 2, False), ("c", 1, True)]
    """What is new on it."""


@pytest.fixture
def topic(job: Job) -> Branch:
    """The branch, pushed and checked out."""
    return Branch(job)
