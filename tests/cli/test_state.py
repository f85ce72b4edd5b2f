# SPDX-License-Identifier: Apache-2.0
"""`scan --state`: what a user sees of it, and that no value gets into the file."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import pytest

from secrethunt.state.file import read_state
from tests.cli.runner import Runner
from tests.conftest import MakeRepo, RepoBuilder
from tests.rule_samples import acme_key


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    repo = make_repo()
    repo.commit({"old.txt": acme_key("gone"), "plain.txt": "plain\n"})
    repo.commit({"old.txt": b"key = " + acme_key("later") + b"\n"}, message=f"say {acme_key('message').decode()}")
    return repo


def test_second_scan_says_the_same_and_what_was_known(secrethunt: Runner, repo: RepoBuilder) -> None:
    state = str(repo.git_dir / "secrethunt-state")
    plain = secrethunt.scan(repo.target)
    first = secrethunt.scan(repo.target, "--state", state)
    second = secrethunt.scan(repo.target, "--state", state)
    assert plain.findings == first.findings == second.findings
    assert (1, 1, 1) == (plain.code, first.code, second.code)
    assert (0, 5, 0) == (first.summary["known"], second.summary["known"], second.summary["blobs"])
    assert "" == second.stderr


@pytest.mark.parametrize("format", ["text", "json", "sarif"])
def test_every_format_shows_and_masks_values_as_ever(secrethunt: Runner, repo: RepoBuilder, format: str) -> None:
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules), "--format", format, repo.target)
    state = ("--state", str(secrethunt.home / "state"))
    secrethunt.run("scan", *options, *state)
    for extra in ((), ("--show-secrets",)):
        plain = secrethunt.run("scan", *options, *extra).stdout
        known = secrethunt.run("scan", *options, *extra, *state).stdout
        assert findings_of(plain, format) == findings_of(known, format)
        assert (acme_key("gone") in plain) == (acme_key("gone") in known)


def findings_of(report: bytes, format: str) -> object:
    """What of a report is not about how the scan was done."""
    if format == "json":
        return json.loads(report)["findings"]
    if format == "sarif":
        return json.loads(report)["runs"][0]["results"]
    return report.partition(b"\nScanned")[0]


def test_text_report_names_what_was_known(secrethunt: Runner, repo: RepoBuilder) -> None:
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules), repo.target, "--state", "state")
    assert b"known from the state file" not in secrethunt.run("scan", *options).stdout
    assert b"5 objects known from the state file." in b" ".join(secrethunt.run("scan", *options).stdout.split())


def test_no_value_is_in_the_file(secrethunt: Runner, repo: RepoBuilder) -> None:
    secrethunt.scan(repo.target, "--state", "state")
    path = secrethunt.home / "state"
    state = read_state(str(path))
    assert state is not None
    known, finished = state.section("known"), state.section("finished")
    head = zlib.decompress(known[4 : 4 + int.from_bytes(known[:4], "big")])
    texts = [path.read_bytes(), state.section("about"), head, zlib.decompress(finished[32:])]
    assert b"old.txt" in texts[-1]
    for seed in ("gone", "later", "message"):
        value = acme_key(seed)
        for form in (value, value[5:], value[10:20], value[::-1], value.hex().encode(), base64.b64encode(value)[:-4]):
            assert [False] * len(texts) == [form in text for text in texts]


@pytest.mark.parametrize(
    "options",
    [
        ["--no-history"],
        ["--head"],
        ["--staged"],
        ["--since", "HEAD"],
        ["--range", "HEAD~1..HEAD"],
        ["--branch", "main"],
    ],
)
def test_parts_of_a_repository_are_refused(secrethunt: Runner, repo: RepoBuilder, options: list[str]) -> None:
    outcome = secrethunt.scan(repo.target, "--state", "state", *options)
    assert 2 == outcome.code
    assert "--state" in outcome.stderr
    assert not (secrethunt.home / "state").exists()


def test_what_has_no_history_is_refused(secrethunt: Runner, repo: RepoBuilder, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for targets in (["-"], [str(tmp_path / "folder")], [str(repo.path / "old.txt")], [repo.target, repo.target]):
        outcome = secrethunt.scan("--state", "state", *targets, stdin=acme_key("in"))
        assert 2 == outcome.code
        assert "repository" in outcome.stderr
        assert not (secrethunt.home / "state").exists()


def test_repository_read_without_git_is_known_too(secrethunt: Runner, repo: RepoBuilder) -> None:
    plain = secrethunt.scan(repo.target, PATH="/nowhere")
    known = [secrethunt.scan(repo.target, "--state", "state", PATH="/nowhere") for _ in range(2)]
    assert [plain.findings] * 2 == [outcome.findings for outcome in known]
    assert [0, 5] == [outcome.summary["known"] for outcome in known]


def test_foreign_file_is_left_alone(secrethunt: Runner, repo: RepoBuilder) -> None:
    (secrethunt.home / "notes").write_text("mine")
    outcome = secrethunt.scan(repo.target, "--state", "notes")
    assert 2 == outcome.code
    assert "notes" in outcome.stderr
    assert "mine" == (secrethunt.home / "notes").read_text()


def test_damaged_state_is_said(secrethunt: Runner, repo: RepoBuilder) -> None:
    secrethunt.scan(repo.target, "--state", "state")
    path = secrethunt.home / "state"
    path.write_bytes(path.read_bytes()[:-40])
    outcome = secrethunt.scan(repo.target, "--state", "state", "--min-confidence", "low")
    assert 1 == outcome.code
    assert "note: the state file was not used" in outcome.stderr
    assert 0 == outcome.summary["known"]
