# SPDX-License-Identifier: Apache-2.0
"""What people do to a repository changes no id of a secret, and of a place only when its file moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.ruleset import RuleSelection
from tests.conftest import MakeRepo, RepoBuilder
from tests.rule_samples import ACME_YAML, acme_key

ONE, TWO = acme_key("one"), acme_key("two")
TEXT = b"first\nkey = '" + ONE + b"'\nkey = '" + TWO + b"'\nagain = '" + ONE + b"'\n"


def ids(scanner: Scanner, repo: RepoBuilder) -> tuple[set[str], set[str]]:
    findings = scanner.scan([repo.target]).findings
    return {finding.secret_id for finding in findings}, {finding.finding_id for finding in findings}


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    path = tmp_path / "acme.yaml"
    path.write_text(ACME_YAML)
    return Scanner(ScannerOptions(RuleSelection(files=(str(path),), builtin=False)))


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    repo = make_repo()
    repo.commit({"src/keys.py": TEXT, "README": b"words\n"})
    repo.commit({"README": b"more words\n"})
    return repo


def insert_lines(repo: RepoBuilder) -> None:
    repo.commit({"src/keys.py": b"# above\n" * 20 + TEXT})


def reformat(repo: RepoBuilder) -> None:
    repo.commit({"src/keys.py": TEXT.replace(b"key = '", b'    key="').replace(b"'\n", b'",\r\n')})


def squash(repo: RepoBuilder) -> None:
    repo.git("reset", "--soft", "--quiet", repo.git("rev-list", "--max-parents=0", "HEAD"))
    repo.git("commit", "--quiet", "--amend", "--message", "one")
    forget(repo)


def rebase(repo: RepoBuilder) -> None:
    repo.branch("topic", "HEAD~1")
    repo.commit({"other": b"x\n"})
    repo.git("rebase", "--quiet", "main")
    forget(repo)


def rewrite_authors(repo: RepoBuilder) -> None:
    repo.git("checkout", "--quiet", "--orphan", "fresh")
    repo.git("commit", "--quiet", "--message", "again", author=("Other", "other@example.com"), date="1200000000 +0000")
    repo.git("branch", "-D", "main")
    forget(repo)


def pack(repo: RepoBuilder) -> None:
    repo.pack()


def forget(repo: RepoBuilder) -> None:
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")


@pytest.mark.parametrize("change", [insert_lines, reformat, squash, rebase, rewrite_authors, pack])
def test_no_id_changes(scanner: Scanner, repo: RepoBuilder, change: Callable[[RepoBuilder], None]) -> None:
    before = ids(scanner, repo)
    change(repo)
    assert (2, 3) == (len(before[0]), len(before[1]))
    assert before == ids(scanner, repo)


def test_move_changes_ids_of_places_once_and_of_secrets_never(scanner: Scanner, repo: RepoBuilder) -> None:
    secrets, places = ids(scanner, repo)
    repo.rename("src/keys.py", "lib/renamed.py")
    squash(repo)
    moved_secrets, moved_places = ids(scanner, repo)
    assert secrets == moved_secrets
    assert not places & moved_places and len(places) == len(moved_places)
    insert = (repo.path / "lib" / "renamed.py").read_bytes()
    repo.commit({"lib/renamed.py": b"\n\n" + insert})
    assert (moved_secrets, moved_places) == ids(scanner, repo)
