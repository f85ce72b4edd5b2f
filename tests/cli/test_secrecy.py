# SPDX-License-Identifier: Apache-2.0
"""Nothing that a run leaves behind holds a value: no report, message, trace or cache."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from secrethunt.report import FORMATS
from tests.cli.runner import Runner
from tests.conftest import MakeRepo, RepoBuilder
from tests.rule_samples import acme_key

PLANTED = [acme_key(name) for name in ("file", "history", "message", "author", "ignored", "path", "stash")]


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    """Values wherever a repository can hold them, names of files and people included."""
    repo = make_repo()
    repo.commit({"a.txt": PLANTED[1], ".gitignore": "*.log\n"})
    repo.commit({"a.txt": PLANTED[0]}, message=f"use {PLANTED[2].decode()}")
    repo.commit({f"{PLANTED[5].decode()}.txt": b"x " + PLANTED[5]}, author=(PLANTED[3].decode(), "a@example.com"))
    repo.stash({"a.txt": PLANTED[6]})
    repo.write({"b.log": PLANTED[4]})
    return repo


@pytest.mark.parametrize("name", FORMATS)
def test_no_value_in_a_report_or_message(secrethunt: Runner, repo: RepoBuilder, name: str) -> None:
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules), "--include-ignored", "--format", name)
    outcome = secrethunt.run("scan", repo.target, *options, SECRETHUNT_DEBUG="1")
    assert 1 == outcome.code
    for value in PLANTED:
        for form in (value, base64.b64encode(value).rstrip(b"="), value.hex().encode()):
            assert form not in outcome.stdout
            assert form.decode() not in outcome.stderr


def test_no_value_in_the_cache_or_the_home(secrethunt: Runner, repo: RepoBuilder) -> None:
    assert 1 == secrethunt.scan(repo.target).code
    kept = b"".join(path.read_bytes() for path in secrethunt.home.rglob("*") if path.is_file())
    assert kept
    assert not [value for value in PLANTED if value in kept]


def test_a_scan_writes_nothing_into_the_repository(secrethunt: Runner, repo: RepoBuilder) -> None:
    before = _snapshot(repo.path)
    assert 1 == secrethunt.scan(repo.target).code
    assert before == _snapshot(repo.path)


def _snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file below *root*."""
    files = {str(path): path.stat() for path in root.rglob("*") if path.is_file()}
    return {name: (status.st_size, status.st_mtime_ns) for name, status in files.items()}
