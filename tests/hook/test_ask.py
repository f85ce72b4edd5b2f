# SPDX-License-Identifier: Apache-2.0
"""Questions on a real terminal, asked by a real commit."""

from __future__ import annotations

import os
import pty
import select
import time
from pathlib import Path

import pytest

from tests.conftest import MakeRepo, RepoBuilder
from tests.hook.conftest import Home
from tests.rule_samples import acme_key

_PROMPT = b"stop the commit: "


def _key(seed: object) -> str:
    return acme_key(seed).decode()


def _commit_at_terminal(home: Home, repo: Path, keys: bytes, *arguments: str) -> tuple[int, str]:
    """Exit code and screen of `git commit`, each of *keys* pressed when it is asked for."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(repo)
        os.execvpe("git", ["git", "commit", "-q", "-m", "x", *arguments], {**home.environment, "TERM": "dumb"})
    screen = b""
    asked = 0
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        screen += piece
        while screen.count(_PROMPT) > asked:
            os.write(terminal, keys[asked : asked + 1])
            asked += 1
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert len(keys) == asked, screen
    return code, screen.decode(errors="replace")


@pytest.fixture
def repo(make_repo: MakeRepo, home: Home) -> RepoBuilder:
    repo = make_repo()
    repo.commit({"start": "x\n"})
    assert 0 == home.secrethunt("hook", "install", cwd=repo.path).code
    return repo


def _stage(repo: RepoBuilder, files: dict[str | bytes, str | bytes]) -> None:
    repo.write(files)
    repo.git("add", "--all")


def test_a_false_positive_is_written_and_committed_with_the_change(repo: RepoBuilder, home: Home) -> None:
    _stage(repo, {"a": f"{_key(1)}\n"})
    code, screen = _commit_at_terminal(home, repo.path, b"f")
    assert 0 == code, screen
    assert [".secrethuntignore", "a", "start"] == repo.git("ls-tree", "--name-only", "HEAD").split()
    assert "" == repo.git("status", "--porcelain")
    committed = repo.git("show", "HEAD:.secrethuntignore")
    assert "false positive" in committed
    assert _key(1) not in committed
    repo.git("reset", "--quiet", "--soft", "HEAD~1")
    assert 0 == home.secrethunt("hook", "run", cwd=repo.path).code


def test_a_fixture_may_stand_in_its_file_only(repo: RepoBuilder, home: Home) -> None:
    _stage(repo, {"tests/a": f"{_key(1)}\n"})
    assert 0 == _commit_at_terminal(home, repo.path, b"t")[0]
    _stage(repo, {"src/a": f"{_key(1)}\n"})
    assert 1 == home.secrethunt("hook", "run", cwd=repo.path).code


def test_skipping_leaves_no_trace(repo: RepoBuilder, home: Home) -> None:
    _stage(repo, {"a": f"{_key(1)}\n"})
    assert 0 == _commit_at_terminal(home, repo.path, b"s")[0]
    assert not (repo.path / ".secrethuntignore").exists()


@pytest.mark.parametrize("key", [b"q", b"\r", b"\x03", b"\xff"])
def test_any_other_key_stops_the_commit(repo: RepoBuilder, home: Home, key: bytes) -> None:
    _stage(repo, {"a": f"{_key(1)}\n"})
    head = repo.head()
    code, screen = _commit_at_terminal(home, repo.path, key)
    assert 1 == code
    assert "Nothing was committed" in screen
    assert head == repo.head()


def test_each_secret_is_asked_about_once(repo: RepoBuilder, home: Home) -> None:
    _stage(repo, {"a": f"{_key(1)}\n{_key(2)}\n{_key(1)}\n"})
    code, _ = _commit_at_terminal(home, repo.path, b"fq")
    assert 1 == code
    assert _message_places(home, repo) in (["  a:2:1"], ["  a:1:1", "  a:3:1"])


def _message_places(home: Home, repo: RepoBuilder) -> list[str]:
    """Places that are still reported; what was allowed was staged."""
    told = home.secrethunt("hook", "run", cwd=repo.path).stderr
    return [line for line in told.splitlines() if line.startswith("  a:")]


def test_an_interrupt_takes_back_earlier_answers(repo: RepoBuilder, home: Home) -> None:
    _stage(repo, {"a": f"{_key(1)}\n{_key(2)}\n"})
    assert 1 == _commit_at_terminal(home, repo.path, b"f\x03")[0]
    assert not (repo.path / ".secrethuntignore").exists()


def test_commit_all_takes_the_entry_along(repo: RepoBuilder, home: Home) -> None:
    _stage(repo, {"a": "one\n"})
    assert 0 == home.git("commit", "-q", "-m", "a", cwd=repo.path).code
    repo.write({"a": f"one\n{_key(1)}\n"})
    code, screen = _commit_at_terminal(home, repo.path, b"f", "-a")
    assert 0 == code, screen
    assert "" == repo.git("status", "--porcelain")
    assert ".secrethuntignore" in repo.git("ls-tree", "--name-only", "HEAD")


def test_a_commit_of_one_file_leaves_staging_to_its_author(repo: RepoBuilder, home: Home) -> None:
    _stage(repo, {"a": f"{_key(1)}\n"})
    code, screen = _commit_at_terminal(home, repo.path, b"f", "a")
    assert 0 == code, screen
    assert "stage it yourself" in screen
    assert "?? .secrethuntignore" == repo.git("status", "--porcelain")


def test_without_a_terminal_nothing_is_asked(repo: RepoBuilder, home: Home) -> None:
    _stage(repo, {"a": f"{_key(1)}\n"})
    outcome = home.git("commit", "-q", "-m", "x", cwd=repo.path)
    assert 1 == outcome.code
    assert "[f]" not in outcome.stderr
