# SPDX-License-Identifier: Apache-2.0
"""Each option of `scan` does what it says, on real repositories."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import Outcome, Runner
from tests.conftest import MakeRepo, RepoBuilder
from tests.rule_samples import acme_key


def places(outcome: Outcome) -> set[tuple[str, str]]:
    """(value, path) of each finding."""
    return {(finding["secret"], finding["path"]) for finding in outcome.findings}


def value(seed: object) -> str:
    return acme_key(seed).decode()


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    """One secret a place: history, HEAD, side branch, stash, index, work tree, untracked, ignored."""
    repo = make_repo()
    repo.commit({"old.txt": acme_key("gone"), "head.txt": acme_key("head"), ".gitignore": "*.log\n"})
    repo.tag("first")
    repo.commit({"old.txt": "clean\n"}, message=f"tidy up {value('message')}")
    repo.branch("side")
    repo.commit({"side.txt": acme_key("side")})
    repo.switch("main")
    repo.commit({"late.txt": acme_key("late")})
    repo.stash({"head.txt": acme_key("stash")})
    repo.write({"staged.txt": acme_key("staged")})
    repo.git("add", "staged.txt")
    repo.write({"staged.txt": acme_key("worktree"), "new.txt": acme_key("untracked"), "x.log": acme_key("ignored")})
    return repo


HISTORY = {
    (value("gone"), "old.txt"),
    (value("head"), "head.txt"),
    (value("side"), "side.txt"),
    (value("late"), "late.txt"),
    (value("stash"), "head.txt"),
    (value("message"), "(commit)"),
}
WORKTREE = {
    (value("head"), "head.txt"),
    (value("late"), "late.txt"),
    (value("worktree"), "staged.txt"),
    (value("untracked"), "new.txt"),
}


def test_everything_is_scanned_by_default(secrethunt: Runner, repo: RepoBuilder) -> None:
    # What is staged is an object already, though no commit and no tree holds it.
    assert HISTORY | WORKTREE | {(value("staged"), "")} == places(secrethunt.scan(repo.target))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--no-history",), WORKTREE),
        (("--no-history", "--include-ignored"), WORKTREE | {(value("ignored"), "x.log")}),
        (("--head",), {(value("head"), "head.txt"), (value("late"), "late.txt")}),
        (("--staged",), {(value("staged"), "staged.txt")}),
        (("--since", "first"), {(value("late"), "late.txt"), (value("message"), "(commit)")}),
        (("--range", "HEAD~1..side"), {(value("side"), "side.txt")}),
        (
            ("--branch", "side"),
            {
                (value("gone"), "old.txt"),
                (value("head"), "head.txt"),
                (value("side"), "side.txt"),
                (value("message"), "(commit)"),
            },
        ),
    ],
)
def test_a_part_of_the_repository(
    secrethunt: Runner, repo: RepoBuilder, options: tuple[str, ...], expected: set[tuple[str, str]]
) -> None:
    assert expected == places(secrethunt.scan(repo.target, *options))


def test_the_current_directory_is_the_default_target(secrethunt: Runner, repo: RepoBuilder) -> None:
    assert places(secrethunt.scan(repo.target)) == places(secrethunt.scan(cwd=repo.path))


def test_several_targets_are_reported_together(secrethunt: Runner, repo: RepoBuilder, tmp_path: Path) -> None:
    (tmp_path / "lone.txt").write_bytes(acme_key("lone"))
    outcome = secrethunt.scan(repo.target, str(tmp_path / "lone.txt"), "-", stdin=acme_key("stream"))
    found = places(outcome)
    assert HISTORY <= found
    assert {(value("lone"), str(tmp_path / "lone.txt")), (value("stream"), "-")} <= found


def test_paths_are_reported_as_the_target_was_named(secrethunt: Runner, tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.txt").write_bytes(acme_key(1))
    assert {(value(1), "data/deep/a.txt")} == places(secrethunt.scan("data", cwd=tmp_path))
    assert {(value(1), f"{tmp_path}/data/deep/a.txt")} == places(secrethunt.scan(str(tmp_path / "data")))
    assert {(value(1), "deep/a.txt")} == places(secrethunt.scan(".", cwd=tmp_path / "data"))


def test_ids_do_not_depend_on_how_the_target_was_named(secrethunt: Runner, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_bytes(acme_key(1))
    outcomes = [
        secrethunt.scan("data", cwd=tmp_path),
        secrethunt.scan(str(tmp_path / "data")),
        secrethunt.scan(cwd=tmp_path / "data"),
    ]
    assert 1 == len({outcome.findings[0]["finding_id"] for outcome in outcomes})


def test_jobs_change_nothing_but_time(secrethunt: Runner, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:02}.txt").write_bytes(b"filler\n" * 50_000 + acme_key(number))
    one, four = secrethunt.scan("--jobs", "1", str(tmp_path)), secrethunt.scan("--jobs", "4", str(tmp_path))
    assert 40 == len(one.findings)
    assert one.findings == four.findings


def test_output_goes_to_a_file_that_only_its_owner_reads(secrethunt: Runner, tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    outcome = secrethunt.scan("-", "--output", str(report), stdin=acme_key(1))
    assert (1, b"") == (outcome.code, outcome.stdout)
    assert 2 == len(report.read_bytes().splitlines())
    assert 0 == stat.S_IMODE(report.stat().st_mode) & 0o077
    assert [report.name] == [path.name for path in tmp_path.iterdir() if path.name.startswith("report")]


def test_output_to_a_pipe_is_written_and_not_replaced(secrethunt: Runner, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(pipe.read_bytes)
        outcome = secrethunt.scan("-", "--output", str(pipe), stdin=acme_key(1))
        assert (1, 2) == (outcome.code, len(received.result(timeout=60).splitlines()))
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_explain_says_what_was_weighed(secrethunt: Runner) -> None:
    text = b'password = "hunter22-kestrel"\n'
    plain = secrethunt.run("scan", "-", stdin=text).stdout
    explained = secrethunt.run("scan", "-", "--explain", stdin=text).stdout
    assert b"Weighed" not in plain
    assert b"named: password (+" in b" ".join(explained.split())
    assert b"hunter22" not in explained


def test_explain_says_when_the_match_alone_decides(secrethunt: Runner) -> None:
    rules = ("--no-builtin-rules", "--rules", str(secrethunt.rules))
    explained = secrethunt.run("scan", "-", "--explain", *rules, stdin=acme_key(1)).stdout
    assert b"nothing: the match alone decides" in explained


def test_values_are_masked_unless_asked_for(secrethunt: Runner) -> None:
    for name in ("text", "json", "jsonl", "sarif"):
        options = ("--no-builtin-rules", "--rules", str(secrethunt.rules), "--format", name)
        masked = secrethunt.run("scan", "-", *options, stdin=acme_key(1))
        shown = secrethunt.run("scan", "-", *options, "--show-secrets", stdin=acme_key(1))
        assert acme_key(1) not in masked.stdout
        # SARIF is made to be uploaded and never holds values.
        assert (name != "sarif") == (acme_key(1) in shown.stdout)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"acme.api-key"}),
        (("--only", "acme"), {"acme.api-key"}),
        (("--only", "acme.*"), {"acme.api-key"}),
        (("--only", "acme.api-key"), {"acme.api-key"}),
        (("--exclude", "acme.api-key"), set()),
    ],
)
def test_rules_are_selected_by_id_provider_or_glob(
    secrethunt: Runner, options: tuple[str, ...], expected: set[str]
) -> None:
    other = secrethunt.rules.with_name("other.yaml")
    other.write_text(secrethunt.rules.read_text().replace("acme", "emca"))
    outcome = secrethunt.scan("-", "--rules", str(other), *options, stdin=acme_key(1))
    assert expected == {finding["rule_id"] for finding in outcome.findings}


def test_built_in_rules_stay_unless_switched_off(secrethunt: Runner) -> None:
    token = b"-".join([b"xoxb", b"2" * 6 + b"48151", b"162342342342", b"qWeRtZuIoPaSdFgHjKlYxCvB"])
    both = secrethunt.run(
        "scan", "-", "--rules", str(secrethunt.rules), "-f", "jsonl", stdin=acme_key(1) + b"\n" + token
    )
    assert {"acme", "slack"} == {finding["provider"] for finding in both.findings}
    assert ["acme"] == [
        finding["provider"] for finding in secrethunt.scan("-", stdin=acme_key(1) + b"\n" + token).findings
    ]


def test_min_confidence_hides_what_is_less_sure(secrethunt: Runner) -> None:
    text = secrethunt.rules.read_text()
    secrethunt.rules.write_text(text.replace("    nhi: api-key", "    nhi: api-key\n    confidence: low"))
    assert [] == secrethunt.scan("-", stdin=acme_key(1)).findings
    assert 1 == len(secrethunt.scan("-", "--min-confidence", "low", stdin=acme_key(1)).findings)


@pytest.mark.parametrize(("size", "code"), [("2048", 1), ("2K", 1), ("2 KiB", 1), ("1K", 3)])
def test_max_size_in_the_ways_people_write_it(secrethunt: Runner, tmp_path: Path, size: str, code: int) -> None:
    (tmp_path / "a.txt").write_bytes(acme_key(1).ljust(2048))
    assert code == secrethunt.scan("--max-size", size, str(tmp_path / "a.txt")).code


def test_color_is_for_terminals_or_on_request(secrethunt: Runner) -> None:
    options = ("scan", "-", "--no-builtin-rules", "--rules", str(secrethunt.rules))
    assert b"\x1b[" not in secrethunt.run(*options, stdin=acme_key(1)).stdout
    assert b"\x1b[" in secrethunt.run(*options, "--color", stdin=acme_key(1)).stdout
    assert b"\x1b[" in secrethunt.run(*options, "--color", stdin=acme_key(1), NO_COLOR="1").stdout


def test_no_progress_is_written_where_nobody_looks(secrethunt: Runner, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(acme_key(1))
    assert "" == secrethunt.scan("--progress", str(tmp_path / "a.txt")).stderr


def test_the_summary_says_what_was_covered(secrethunt: Runner, repo: RepoBuilder) -> None:
    summary = secrethunt.scan(repo.target).summary
    expected: dict[str, Any] = {"rules": 1, "findings": 9, "secrets": 9, "incomplete": False, "tags": 0}
    assert expected == {key: summary[key] for key in expected}
    # Four commits, and what a stash is made of: the change, the index and the untracked files.
    assert 7 == summary["commits"]
    assert summary["files"] == 6
    assert summary["bytes"] > 0
    assert summary["seconds"] > 0


def test_a_file_made_of_secrets_is_cut_and_named(secrethunt: Runner, tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_bytes(b"\n".join(acme_key(number) for number in range(5010)))
    outcome = secrethunt.scan(str(tmp_path / "dump.txt"))
    assert (1, 5000) == (outcome.code, len(outcome.findings))
    assert {"more candidates than are reported": 1} == outcome.summary["skipped"]
    assert "dump.txt" in outcome.stderr
