# SPDX-License-Identifier: Apache-2.0
"""Which ignore file counts, with real repositories."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import pytest

from secrethunt.coverage import ScanResult
from secrethunt.errors import UsageError
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.ruleset import RuleSelection
from secrethunt.sources.contract import Scope, SourceOptions
from secrethunt.suppress import (
    IGNORE_FILE,
    Grant,
    IgnoreFile,
    SuppressOptions,
    add_entries,
    load_ignore_file,
    write_ignore_file,
)
from tests.conftest import MakeRepo, RepoBuilder
from tests.report.samples import make_finding
from tests.rule_samples import ACME_YAML, acme_key

KEY = acme_key("allowed")
OTHER = acme_key("other")


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "acme.yaml"
    path.write_text(ACME_YAML)
    return str(path)


def scan(rules: str, *targets: str, scope: Scope = Scope.ALL, **options: object) -> ScanResult:
    suppress = SuppressOptions(**options)  # type: ignore[arg-type]  # keywords of the test
    scanner = Scanner(ScannerOptions(RuleSelection(files=(rules,), builtin=False), suppress=suppress))
    return scanner.scan(targets, SourceOptions(scope=scope))


def allow(directory: Path, value: bytes, path: str = "") -> None:
    name = str(directory / IGNORE_FILE)
    finding = make_finding(value=value)
    file, _ = add_entries(load_ignore_file(name), [finding], Grant("known", path=path), today=datetime.date(2026, 1, 1))
    write_ignore_file(name, file)


def values(result: ScanResult) -> list[bytes]:
    return sorted({finding.secret.reveal() for finding in result.findings})


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    repo = make_repo()
    repo.commit({"src/a.env": b"KEY=" + KEY + b"\n", "b.env": b"KEY=" + OTHER + b"\n"})
    return repo


def test_file_at_the_root_counts_for_files_and_history(repo: RepoBuilder, rules: str) -> None:
    allow(repo.path, KEY)
    repo.git("rm", "-q", "--cached", "src/a.env")
    assert [OTHER] == values(scan(rules, repo.target))
    assert [OTHER] == values(scan(rules, repo.target, scope=Scope.HEAD))
    assert sorted([KEY, OTHER]) == values(scan(rules, repo.target, ignore_file=False))


def test_entry_survives_move_squash_and_rewritten_authors(repo: RepoBuilder, rules: str) -> None:
    allow(repo.path, KEY)
    repo.commit()
    repo.rename("src/a.env", "deep/down/z.txt")
    repo.git("reset", "--soft", "--quiet", repo.git("rev-list", "--max-parents=0", "HEAD"))
    repo.git("commit", "--quiet", "--amend", "--message", "all", author=("Someone Else", "else@example.com"))
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    result = scan(rules, repo.target)
    assert [OTHER] == values(result)
    assert [b"deep/down/z.txt"] == [finding.path for finding in result.suppressed]


def test_directory_below_a_work_tree_is_covered_by_its_root(repo: RepoBuilder, rules: str) -> None:
    allow(repo.path, KEY, path="src/*.env")
    assert [] == values(scan(rules, str(repo.path / "src")))
    assert [] == values(scan(rules, str(repo.path / "src" / "a.env")))
    assert () == scan(rules, str(repo.path / "src")).unused


def test_bare_repository_takes_the_copy_at_head(repo: RepoBuilder, rules: str, tmp_path: Path) -> None:
    allow(repo.path, KEY)
    repo.commit()
    bare = repo.clone(tmp_path / "bare", "--bare")
    assert [OTHER] == values(scan(rules, bare.target))


def test_branch_cannot_allow_its_own_secret(repo: RepoBuilder, rules: str) -> None:
    allow(repo.path, OTHER)
    repo.commit()
    repo.branch("topic")
    allow(repo.path, KEY)
    repo.commit()
    assert [] == values(scan(rules, repo.target))
    assert [KEY] == values(scan(rules, repo.target, revision="main"))
    with pytest.raises(UsageError, match="no revision 'gone'"):
        scan(rules, repo.target, revision="gone")


def test_named_file_counts_in_place_of_the_tree_s(repo: RepoBuilder, rules: str, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    allow(tmp_path / "own", KEY)
    allow(repo.path, OTHER)
    assert [OTHER] == values(scan(rules, repo.target, file=str(tmp_path / "own" / IGNORE_FILE)))
    with pytest.raises(UsageError, match="no such ignore file"):
        scan(rules, repo.target, file="gone")


def test_unused_and_expired_entries_are_named_in_whole_scans_alone(make_repo: MakeRepo) -> None:
    repo = make_repo()
    allow(repo.path, acme_key("nowhere"))
    scanner = Scanner()
    assert ["acme.api-key"] == [entry.split()[1] for entry in scanner.scan([repo.target]).unused]
    assert () == scanner.scan([repo.target], SourceOptions(scope=Scope.WORKTREE)).unused
    expired = Grant("known", expires="2025-12-31")
    name = str(repo.path / IGNORE_FILE)
    file, _ = add_entries(IgnoreFile(name), [make_finding(value=KEY)], expired, today=datetime.date(2025, 1, 1))
    write_ignore_file(name, file)
    result = scanner.scan([repo.target], SourceOptions(scope=Scope.WORKTREE))
    assert ["2025-12-31"] == [entry.split()[3] for entry in result.expired]


def test_comments_can_be_refused(repo: RepoBuilder, rules: str) -> None:
    repo.commit({"b.env": b"KEY=" + OTHER + b" # secrethunt:allow\n", "src/a.env": b"# gone\n"})
    result = scan(rules, repo.target)
    assert [KEY] == values(result)
    assert ["secrethunt:allow"] == [item.suppression.detail for item in result.suppressed if item.suppression]
    assert sorted([KEY, OTHER]) == values(scan(rules, repo.target, comments=False))


@pytest.mark.parametrize("use_packs", [True, False])
def test_comment_that_a_change_brings_allows_what_it_left_alone(
    make_repo: MakeRepo, rules: str, use_packs: bool
) -> None:
    """In a pack, the version with the comment is a delta that does not touch the secret, nor the other way round."""
    repo = make_repo()
    filler = b"".join(b"line %d of a long file\n" % number for number in range(400))
    repo.commit({"a.env": filler + b"KEY=" + KEY + b"\n" + filler})
    repo.commit({"a.env": filler + b"# secrethunt:allow-next-line\nKEY=" + KEY + b"\n" + filler})
    repo.git("rm", "-q", "a.env")
    repo.commit()
    repo.pack()
    scanner = Scanner(ScannerOptions(RuleSelection(files=(rules,), builtin=False)))
    result = scanner.scan([str(repo.git_dir)], SourceOptions(use_packs=use_packs))
    assert ([], [KEY]) == (values(result), [item.secret.reveal() for item in result.suppressed])


def test_state_file_remembers_comments_and_no_ignore_file(repo: RepoBuilder, rules: str, tmp_path: Path) -> None:
    repo.commit({"b.env": b"KEY=" + OTHER + b" # secrethunt:allow\n"})
    repo.git("rm", "-q", "b.env", "src/a.env")
    repo.commit()
    selection = RuleSelection(files=(rules,), builtin=False)
    state = str(tmp_path / "state")

    def run(**options: object) -> tuple[list[bytes], list[bytes]]:
        suppress = SuppressOptions(**options)  # type: ignore[arg-type]  # keywords of the test
        result = Scanner(ScannerOptions(selection, suppress=suppress)).scan([repo.target], state=state)
        return values(result), sorted(item.secret.reveal() for item in result.suppressed)

    assert ([KEY], [OTHER]) == run() == run()
    assert (sorted([KEY, OTHER]), []) == run(comments=False)
    allow(repo.path, KEY)
    assert ([], sorted([KEY, OTHER])) == run()


def test_stream_is_covered_by_comments_and_the_work_tree_around(
    repo: RepoBuilder, rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(repo.path, KEY)
    monkeypatch.chdir(repo.path / "src")
    text = b"KEY=" + KEY + b"\nKEY=" + OTHER + b" # gitleaks:allow\n"
    monkeypatch.setattr("sys.stdin", type("In", (), {"buffer": io.BytesIO(text)}))
    result = scan(rules, "-")
    assert ([], 2) == (values(result), len(result.suppressed))
