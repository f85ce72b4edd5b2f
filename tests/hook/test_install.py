# SPDX-License-Identifier: Apache-2.0
"""Hooks in their place: real commits through them, and what was there before."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeRepo, RepoBuilder
from tests.hook.conftest import Home
from tests.rule_samples import acme_key


def _key(seed: object) -> str:
    return acme_key(seed).decode()


def _stage(repo: RepoBuilder, home: Home, text: str, name: str = "a") -> None:
    repo.write({name: text})
    assert 0 == home.git("add", name, cwd=repo.path).code


def _hook(repo: RepoBuilder, name: str = "pre-commit") -> Path:
    return repo.git_dir / "hooks" / name


def _old_hook(repo: RepoBuilder, text: str) -> None:
    _hook(repo).parent.mkdir(exist_ok=True)
    _hook(repo).write_text(f"#!/bin/sh\n{text}\n")
    _hook(repo).chmod(0o755)


def test_a_commit_with_a_secret_is_stopped_and_one_without_is_made(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    assert 0 == home.secrethunt("hook", "install", cwd=repo.path).code
    _stage(repo, home, f"{_key(1)}\n")
    stopped = home.git("commit", "-m", "secret", cwd=repo.path)
    assert 1 == stopped.code
    assert "a:1:1" in stopped.stderr
    assert _key(1) not in stopped.stderr
    _stage(repo, home, "nothing\n")
    assert 0 == home.git("commit", "-m", "fine", cwd=repo.path).code


def test_commit_all_is_checked_through_its_own_index(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n", "b": "one\n"})
    home.secrethunt("hook", "install", cwd=repo.path)
    repo.write({"a": f"one\n{_key(1)}\n", "b": "two\n"})
    assert 1 == home.git("commit", "-a", "-m", "all", cwd=repo.path).code
    assert 0 == home.git("commit", "-m", "one file", "b", cwd=repo.path).code
    assert 1 == home.git("commit", "-m", "one file", "a", cwd=repo.path).code


def test_a_commit_from_a_subdirectory_is_checked(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    home.secrethunt("hook", "install", cwd=repo.path)
    _stage(repo, home, f"{_key(1)}\n", "sub/dir/a")
    assert 1 == home.git("commit", "-m", "x", cwd=repo.path / "sub" / "dir").code


def test_the_hook_that_was_there_runs_first_and_comes_back(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    _old_hook(repo, "echo before >> ran")
    before = _hook(repo).read_text()
    home.secrethunt("hook", "install", cwd=repo.path)
    _stage(repo, home, "fine\n")
    assert 0 == home.git("commit", "-m", "fine", cwd=repo.path).code
    assert "before\n" == (repo.path / "ran").read_text()
    home.secrethunt("hook", "uninstall", cwd=repo.path)
    assert before == _hook(repo).read_text()
    assert os.access(_hook(repo), os.X_OK)


def test_what_the_hook_before_refuses_stays_refused(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    _old_hook(repo, "exit 3")
    home.secrethunt("hook", "install", cwd=repo.path)
    _stage(repo, home, "fine\n")
    assert 0 != home.git("commit", "-m", "fine", cwd=repo.path).code


def test_installing_twice_changes_nothing(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    _old_hook(repo, "exit 0")
    home.secrethunt("hook", "install", cwd=repo.path)
    files = {path.name: path.read_text() for path in _hook(repo).parent.iterdir()}
    again = home.secrethunt("hook", "install", cwd=repo.path)
    assert "up to date" in again.stdout
    assert files == {path.name: path.read_text() for path in _hook(repo).parent.iterdir()}


def test_uninstalling_leaves_the_hooks_of_others_alone(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    _old_hook(repo, "exit 0")
    before = _hook(repo).read_text()
    outcome = home.secrethunt("hook", "uninstall", cwd=repo.path)
    assert (0, before) == (outcome.code, _hook(repo).read_text())
    assert "pre-commit: not installed" in outcome.stdout


def test_hooks_of_a_linked_work_tree_are_the_repository_s(make_repo: MakeRepo, home: Home, tmp_path: Path) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n"})
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = RepoBuilder(tmp_path / "linked")
    assert 0 == home.secrethunt("hook", "install", cwd=linked.path).code
    assert _hook(repo).exists()
    _stage(linked, home, f"{_key(1)}\n", "b")
    assert 1 == home.git("commit", "-m", "x", cwd=linked.path).code


def test_hooks_go_where_the_repository_s_own_setting_says(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    repo.git("config", "core.hooksPath", "tools/hooks")
    assert 0 == home.secrethunt("hook", "install", cwd=repo.path).code
    assert (repo.path / "tools" / "hooks" / "pre-commit").exists()
    _stage(repo, home, f"{_key(1)}\n")
    assert 1 == home.git("commit", "-m", "x", cwd=repo.path).code


def test_a_directory_of_all_repositories_is_asked_for(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    everybody = home.path / "hooks"
    home.git("config", "--global", "core.hooksPath", str(everybody), cwd=repo.path)
    refused = home.secrethunt("hook", "install", cwd=repo.path)
    assert 2 == refused.code
    assert "--shared" in refused.stderr
    assert not everybody.exists()
    assert 0 == home.secrethunt("hook", "install", "--shared", cwd=repo.path).code
    _stage(repo, home, f"{_key(1)}\n")
    assert 1 == home.git("commit", "-m", "x", cwd=repo.path).code


def test_without_its_interpreter_the_hook_says_what_to_do(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    home.secrethunt("hook", "install", cwd=repo.path)
    text = _hook(repo).read_text()
    line = next(line for line in text.splitlines() if line.startswith("python="))
    _hook(repo).write_text(text.replace(line, "python=/nowhere/python"))
    _stage(repo, home, "fine\n")
    outcome = home.git("commit", "-m", "x", cwd=repo.path)
    assert 1 == outcome.code
    assert "/nowhere/python is gone" in outcome.stderr


def test_outside_of_a_repository_nothing_is_installed(home: Home) -> None:
    outcome = home.secrethunt("hook", "install", cwd=home.path)
    assert 2 == outcome.code
    assert "not in a git repository" in outcome.stderr


def test_an_unknown_hook_is_a_usage_error(make_repo: MakeRepo, home: Home) -> None:
    assert 2 == home.secrethunt("hook", "install", "post-commit", cwd=make_repo().path).code


def test_the_message_names_all_that_is_needed(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    _stage(repo, home, f"one\nkey = {_key(1)}\n")
    told = home.secrethunt("hook", "run", cwd=repo.path).stderr
    for part in ("a:2:7", "Acme API key", "high severity", "acme_********", "fits the format", "Roll the key.",
                 "secrethunt allow ", "--no-verify"):  # fmt: skip
        assert part in told


def test_what_could_not_be_looked_at_is_said(make_repo: MakeRepo, home: Home) -> None:
    home.config.write_text(home.config.read_text() + 'max_size = "1K"\n')
    repo = make_repo()
    _stage(repo, home, "x" * 2000)
    outcome = home.secrethunt("hook", "run", cwd=repo.path)
    assert (0, "secrethunt: not looked at: a: over the size limit (2000 bytes)\n") == (outcome.code, outcome.stderr)
    assert 3 == home.secrethunt("hook", "run", "--strict", "pre-commit", cwd=repo.path).code


def test_the_policy_of_the_configuration_holds(make_repo: MakeRepo, home: Home) -> None:
    home.config.write_text(home.config.read_text() + 'fail_on = ["critical"]\n')
    repo = make_repo()
    _stage(repo, home, f"{_key(1)}\n")
    assert 0 == home.secrethunt("hook", "run", cwd=repo.path).code


def test_an_entry_of_the_ignore_file_and_a_comment_let_a_secret_stand(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    _stage(repo, home, f"{_key(1)} # secrethunt:allow made up\n")
    assert 0 == home.secrethunt("hook", "run", cwd=repo.path).code


@pytest.mark.parametrize("place", ["", "sub/dir"])
def test_the_command_in_the_message_works_when_pasted(make_repo: MakeRepo, home: Home, place: str) -> None:
    repo = make_repo()
    home.secrethunt("hook", "install", cwd=repo.path)
    _stage(repo, home, f"{_key(1)}\n", "sub/dir/a")
    here = repo.path / place
    told = home.git("commit", "-m", "x", cwd=here).stderr
    command = next(line.split(None, 1)[1] for line in told.splitlines() if line.startswith("    Allow"))
    pasted = home.run("sh", "-c", f'secrethunt() {{ "{sys.executable}" -m secrethunt "$@"; }}; {command}', cwd=here)
    assert 0 == pasted.code, pasted.stderr
    assert 0 == home.git("commit", "-m", "x", cwd=here).code
