# SPDX-License-Identifier: Apache-2.0
"""
The pre-commit framework, as PyPI ships it, with a clone of this repository's own hooks.

Its environments are made by pip from an index; tests have none, so the environment is a virtual one that sees what is
installed here (`language: system` would not test `.pre-commit-hooks.yaml`'s entry). The entry, stages and arguments are
read from the file that users get.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import MakeRepo, RepoBuilder
from tests.hook.conftest import Home
from tests.rule_samples import acme_key

_HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


@pytest.fixture
def repo(make_repo: MakeRepo, home: Home, tmp_path: Path) -> RepoBuilder:
    """A repository whose `.pre-commit-config.yaml` takes both hooks from a local clone."""
    hooks = yaml.safe_load(_HOOKS.read_text())
    source = make_repo("hooks")
    # Everything as users get it, but for the environment, which would have to be downloaded.
    source.commit({".pre-commit-hooks.yaml": yaml.safe_dump([{**hook, "language": "system"} for hook in hooks])})
    repo = make_repo("work")
    config = {
        "repos": [
            {"repo": str(source.path), "rev": source.head(), "hooks": [{"id": hook["id"]} for hook in hooks]},
        ]
    }
    repo.commit({".pre-commit-config.yaml": yaml.safe_dump(config)})
    binary = tmp_path / "bin"
    binary.mkdir()
    (binary / "secrethunt").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m secrethunt "$@"\n')
    (binary / "secrethunt").chmod(0o755)
    return repo


def _framework(home: Home, repo: RepoBuilder, *arguments: str) -> str:
    program = [sys.executable, "-m", "pre_commit"]
    outcome = home.run(*program, *arguments, cwd=repo.path, **_environment(home, repo))
    assert 0 == outcome.code, outcome.stdout + outcome.stderr
    return outcome.stdout


def _environment(home: Home, repo: RepoBuilder) -> dict[str, str]:
    return {
        "PATH": f"{repo.path.parent / 'bin'}:{home.environment['PATH']}",
        "PRE_COMMIT_HOME": str(home.path / "pre-commit"),
    }


def test_the_framework_runs_the_commit_hook(home: Home, repo: RepoBuilder) -> None:
    _framework(home, repo, "install")
    environment = _environment(home, repo)
    repo.write({"a": f"{acme_key(1).decode()}\n"})
    repo.git("add", "a")
    stopped = home.git("commit", "-m", "x", cwd=repo.path, **environment)
    assert 1 == stopped.code
    assert "a:1:1" in stopped.stdout + stopped.stderr
    repo.write({"a": "fine\n"})
    repo.git("add", "a")
    assert 0 == home.git("commit", "-m", "x", cwd=repo.path, **environment).code


def test_the_framework_runs_the_push_hook(home: Home, repo: RepoBuilder, tmp_path: Path) -> None:
    _framework(home, repo, "install", "--hook-type", "pre-push")
    environment = _environment(home, repo)
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    assert 0 == home.git("push", "origin", "main", cwd=repo.path, **environment).code
    repo.commit({"a": f"{acme_key(1).decode()}\n"})
    repo.commit({"a": "gone\n"})
    refused = home.git("push", "origin", "main", cwd=repo.path, **environment)
    assert 0 != refused.code
    assert "a:1:1" in refused.stdout + refused.stderr


def test_ours_and_the_framework_s_hook_live_together(home: Home, repo: RepoBuilder) -> None:
    _framework(home, repo, "install")
    assert "runs first" in home.secrethunt("hook", "install", cwd=repo.path).stdout
    repo.write({"a": f"{acme_key(1).decode()}\n"})
    repo.git("add", "a")
    assert 1 == home.git("commit", "-m", "x", cwd=repo.path, **_environment(home, repo)).code
