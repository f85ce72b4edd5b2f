# SPDX-License-Identifier: Apache-2.0
"""Repositories with hooks in force, in a home of their own whose configuration names made-up rules alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from secrethunt.hook.check import Checked, check_staged
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.ruleset import RuleSelection
from secrethunt.sources.layout import GitLayout, find_layout
from tests.conftest import RepoBuilder
from tests.rule_samples import ACME_YAML, digits

SPLIT_YAML = """\
  - id: acme.split-key
    name: Acme key below its name
    nhi: api-key
    pattern: 'acme_split:\\s{0,8}(?P<secret>[0-9a-f]{32})\\b'
    examples: ['acme_split: {{secret}}']
    negative_examples:
      - {text: 'acme_split: 00000000000000000000000000000000', why: placeholder}
"""
LIMIT = 1 << 26
_ROOT = Path(__file__).parents[2]


def split_value(seed: object) -> str:
    """A value that counts below `acme_split:` only."""
    return digits(seed, 32)


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


class Home:
    """A user's home: configuration, cache, and git with an identity."""

    def __init__(self, path: Path, shared: Path | None = None) -> None:
        """*shared* keeps rules and cache of several homes."""
        self.path = path
        self.cache = (shared or path) / "cache"
        (path / "config" / "secrethunt").mkdir(parents=True)
        self.rules = (shared or path) / "acme.yaml"
        if not self.rules.exists():
            self.rules.write_text(ACME_YAML + SPLIT_YAML)
        self.config = path / "config" / "secrethunt" / "secrethunt.toml"
        self.config.write_text(f'builtin_rules = false\nrules = ["{self.rules}"]\n')

    @property
    def environment(self) -> dict[str, str]:
        """Of all commands."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "XDG_CACHE_HOME": str(self.cache),
            "XDG_CONFIG_HOME": str(self.path / "config"),
            "PYTHONPATH": str(_ROOT),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A U Thor",
            "GIT_AUTHOR_EMAIL": "author@example.com",
            "GIT_COMMITTER_NAME": "A U Thor",
            "GIT_COMMITTER_EMAIL": "author@example.com",
        }

    def run(self, *command: str, cwd: Path, stdin: str = "", **environment: str) -> Outcome:
        """Run any command."""
        done = subprocess.run(
            command,
            cwd=cwd,
            input=stdin,
            capture_output=True,
            check=False,
            text=True,
            errors="surrogateescape",
            env={**self.environment, **environment},
            timeout=60,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def secrethunt(self, *arguments: str, cwd: Path, stdin: str = "", **environment: str) -> Outcome:
        """Run secrethunt."""
        return self.run(sys.executable, "-m", "secrethunt", *arguments, cwd=cwd, stdin=stdin, **environment)

    def git(self, *arguments: str, cwd: Path, **environment: str) -> Outcome:
        """Run git with hooks in force."""
        return self.run("git", *arguments, cwd=cwd, **environment)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A fresh home."""
    path = tmp_path / "home"
    path.mkdir()
    return Home(path)


@pytest.fixture(scope="session")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Scanner:
    """Scans with the made-up rules alone."""
    rules = tmp_path_factory.mktemp("rules") / "acme.yaml"
    rules.write_text(ACME_YAML + SPLIT_YAML)
    return Scanner(ScannerOptions(selection=RuleSelection(files=(str(rules),), builtin=False)))


def layout_of(path: Path) -> GitLayout:
    """Where the parts of the repository at *path* are."""
    layout = find_layout(os.fsencode(path))
    assert layout is not None
    return layout


Staged = Callable[[RepoBuilder], list[tuple[str, int]]]


@pytest.fixture
def staged(scanner: Scanner) -> Staged:
    """Path and line of each finding of what is staged."""

    def check(repo: RepoBuilder) -> list[tuple[str, int]]:
        return places(check_staged(scanner, layout_of(repo.path), max_size=LIMIT))

    return check


def places(checked: Checked) -> list[tuple[str, int]]:
    """Path and line of each finding, sorted."""
    return sorted((os.fsdecode(item.path), item.span.line) for item in checked.result.findings)
