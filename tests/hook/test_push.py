# SPDX-License-Identifier: Apache-2.0
"""Pushes through real hooks: what the other side does not have yet is checked, on either side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MakeRepo, RepoBuilder
from tests.hook.conftest import Home
from tests.rule_samples import acme_key


def _key(seed: object) -> str:
    return acme_key(seed).decode()


@pytest.fixture
def pushed(make_repo: MakeRepo, home: Home, tmp_path: Path) -> RepoBuilder:
    """A repository with an old secret that its remote has, and the hook in force."""
    repo = make_repo()
    repo.commit({"a": f"old {_key('old')}\n"})
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    assert 0 == home.git("push", "--quiet", "origin", "main", cwd=repo.path).code
    assert 0 == home.secrethunt("hook", "install", "pre-push", cwd=repo.path).code
    return repo


def test_what_the_remote_has_is_not_held_against_a_push(pushed: RepoBuilder, home: Home) -> None:
    pushed.commit({"a": f"more\nold {_key('old')}\n"})
    assert 0 == home.git("push", "--quiet", "origin", "main", cwd=pushed.path).code


def test_a_secret_that_a_later_commit_removes_is_found(pushed: RepoBuilder, home: Home) -> None:
    added = pushed.commit({"b": f"{_key('new')}\n"})
    pushed.commit({"b": "gone\n"})
    outcome = home.git("push", "origin", "main", cwd=pushed.path)
    assert 0 != outcome.code
    assert "b:1:1" in outcome.stderr
    assert f"Added    {added[:10]} by A U Thor" in outcome.stderr


def test_a_new_branch_is_measured_against_what_the_remote_has(pushed: RepoBuilder, home: Home) -> None:
    pushed.branch("topic")
    pushed.commit({"b": "fine\n"})
    assert 0 == home.git("push", "--quiet", "origin", "topic", cwd=pushed.path).code
    pushed.branch("other")
    pushed.commit({"b": f"{_key(1)}\n"})
    assert 0 != home.git("push", "--quiet", "origin", "other", cwd=pushed.path).code


def test_a_deleted_branch_sends_nothing(pushed: RepoBuilder, home: Home) -> None:
    pushed.git("branch", "topic")
    home.git("push", "--quiet", "origin", "topic", cwd=pushed.path)
    outcome = home.git("push", "origin", "--delete", "topic", cwd=pushed.path)
    assert 0 == outcome.code
    assert "refs/heads/topic: deleted, so nothing is sent" in outcome.stderr


def test_a_forced_push_is_checked(pushed: RepoBuilder, home: Home) -> None:
    pushed.commit({"b": "fine\n"})
    home.git("push", "--quiet", "origin", "main", cwd=pushed.path)
    pushed.amend({"b": f"{_key(1)}\n"})
    assert 0 != home.git("push", "--quiet", "--force", "origin", "main", cwd=pushed.path).code
    pushed.amend({"b": "fine again\n"})
    assert 0 == home.git("push", "--quiet", "--force", "origin", "main", cwd=pushed.path).code


def test_messages_of_commits_and_tags_are_read(pushed: RepoBuilder, home: Home) -> None:
    commit = pushed.commit({"b": "fine\n"}, message=f"use {_key('message')}")
    outcome = home.git("push", "origin", "main", cwd=pushed.path)
    assert 0 != outcome.code
    assert f"message of commit {commit[:10]}" in outcome.stderr
    pushed.git("reset", "--quiet", "--hard", "HEAD~1")
    pushed.tag("v1", message=f"use {_key('tag')}")
    assert 0 != home.git("push", "--quiet", "origin", "v1", cwd=pushed.path).code


def test_nothing_new_is_nothing_wrong(pushed: RepoBuilder, home: Home) -> None:
    assert 0 == home.secrethunt("hook", "run", "pre-push", "origin", cwd=pushed.path).code
    head = pushed.head()
    line = f"refs/heads/main {head} refs/heads/main {head}\n"
    assert 0 == home.secrethunt("hook", "run", "pre-push", "origin", cwd=pushed.path, stdin=line).code


def test_what_is_not_git_s_is_a_usage_error(pushed: RepoBuilder, home: Home) -> None:
    assert 2 == home.secrethunt("hook", "run", "pre-push", cwd=pushed.path, stdin="main\n").code


def test_the_hook_before_gets_the_refs_too(pushed: RepoBuilder, home: Home) -> None:
    home.secrethunt("hook", "uninstall", cwd=pushed.path)
    hook = pushed.git_dir / "hooks" / "pre-push"
    hook.write_text('#!/bin/sh\ncat > "$(git rev-parse --git-dir)/refs-seen"\n')
    hook.chmod(0o755)
    home.secrethunt("hook", "install", "pre-push", cwd=pushed.path)
    head = pushed.commit({"b": "fine\n"})
    assert 0 == home.git("push", "--quiet", "origin", "main", cwd=pushed.path).code
    assert f"refs/heads/main {head} refs/heads/main" in (pushed.git_dir / "refs-seen").read_text()


@pytest.fixture
def server(make_repo: MakeRepo, home: Home) -> RepoBuilder:
    """A bare repository that checks what it receives."""
    bare = make_repo("server.git", "--bare")
    assert 0 == home.secrethunt("hook", "install", "pre-receive", cwd=bare.path).code
    return bare


def test_a_server_refuses_what_it_has_in_quarantine(server: RepoBuilder, make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    repo.commit({"a": "fine\n"})
    assert 0 == home.git("push", "--quiet", str(server.path), "main", cwd=repo.path).code
    repo.commit({"a": f"fine\n{_key(1)}\n"})
    outcome = home.git("push", str(server.path), "main", cwd=repo.path)
    assert 0 != outcome.code
    assert "a:2:1" in outcome.stderr
    assert "The push was refused" in outcome.stderr
    assert repo.id("HEAD~1") == server.id("refs/heads/main")


def test_a_server_takes_what_adds_nothing(server: RepoBuilder, make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    repo.commit({"a": "fine\n"})
    assert 0 == home.git("push", "--quiet", str(server.path), "main", "main:other", cwd=repo.path).code
    assert 0 == home.git("push", "--quiet", str(server.path), "main:third", cwd=repo.path).code
    outcome = home.git("push", str(server.path), "--delete", "other", cwd=repo.path)
    assert 0 == outcome.code
