# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from secrethunt.coverage import ScanResult
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import BlobKind
from secrethunt.report import FORMATS, ReportOptions
from secrethunt.ruleset import RuleSelection
from tests.conftest import MakeRepo
from tests.rule_samples import acme_key, digits
from tests.validate.provider import PROVIDER_YAML


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    rules = tmp_path / "acme.yaml"
    rules.write_text(PROVIDER_YAML)
    return Scanner(ScannerOptions(RuleSelection(files=(str(rules),), builtin=False)))


def write_report(tmp_path: Path, result: ScanResult, format_name: str) -> str:
    path = tmp_path / f"report.{format_name}"
    path.write_bytes(b"".join(FORMATS[format_name](result, ReportOptions())))
    return str(path)


def values(result: ScanResult) -> dict[str, bytes]:
    return {finding.finding_id: finding.secret.reveal() for finding in result.findings}


def unread(result: ScanResult) -> tuple[str, ...]:
    assert result.validation is not None
    return result.validation.unread


@pytest.mark.parametrize("format_name", ["json", "jsonl", "sarif"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_values_of_files_history_and_messages_are_read_again(
    make_repo: MakeRepo, tmp_path: Path, scanner: Scanner, format_name: str, is_packed: bool
) -> None:
    repo = make_repo()
    repo.commit({"old.env": b"A=" + acme_key("old")})
    repo.commit({"old.env": b"A=none", "kept.env": b"A=" + acme_key("kept")}, f"say {acme_key('said').decode()}")
    repo.write({"new.env": b"A=" + acme_key("new"), "deep/x.txt": base64.b64encode(b"key: " + acme_key("wrapped"))})
    if is_packed:
        repo.pack()
    result = scanner.scan([repo.target])
    assert {BlobKind.FILE, BlobKind.HISTORY, BlobKind.COMMIT} == {finding.kind for finding in result.findings}
    again = scanner.read_again(write_report(tmp_path, result, format_name), repo.target)
    assert values(result) == values(again)
    assert 5 == len(set(values(again).values()))
    assert () == unread(again)


def test_the_rest_of_a_finding_comes_back_from_json(make_repo: MakeRepo, tmp_path: Path, scanner: Scanner) -> None:
    repo = make_repo()
    repo.commit({"a.env": b"A=" + acme_key("a")})
    result = scanner.scan([repo.target])
    again = scanner.read_again(write_report(tmp_path, result, "json"), repo.target)
    for before, after in zip(result.findings, again.findings, strict=True):
        for name in ("rule", "path", "span", "kind", "facts", "at_head", "in_worktree", "refs", "repository", "parts"):
            assert getattr(before, name) == getattr(after, name), name


def test_companions_are_read_again_from_the_file_and_from_those_beside_it(tmp_path: Path, scanner: Scanner) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.env").write_bytes(b"region=eu\nA=" + acme_key("a"))
    (tree / "b.env").write_bytes(b"acmepin_" + digits("pin", 16).encode())
    result = scanner.scan([str(tree)])
    again = scanner.read_again(write_report(tmp_path, result, "json"), str(tree))
    parts = {
        part.name: part.value.reveal()
        for finding in again.findings
        for part in finding.parts
        if finding.rule.id == "acme.api-key"
    }
    assert {"region": b"eu", "pin": digits("pin", 16).encode()} == parts


def test_a_file_is_found_from_where_the_scan_ran(
    tmp_path: Path, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("data")
    Path("data", "a.env").write_bytes(b"A=" + acme_key("a"))
    report = write_report(tmp_path, scanner.scan(["data"]), "sarif")
    assert [acme_key("a")] == list(values(scanner.read_again(report, "data")).values())
    assert [acme_key("a")] == list(values(scanner.read_again(report, ".")).values())


def test_what_is_gone_is_said_with_its_reason(tmp_path: Path, scanner: Scanner) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("gone", "changed", "kept"):
        (tree / name).write_bytes(b"A=" + acme_key(name))
    report = write_report(tmp_path, scanner.scan([str(tree)]), "json")
    (tree / "gone").unlink()
    (tree / "changed").write_bytes(b"A=nothing")
    again = scanner.read_again(report, str(tree))
    assert [acme_key("kept")] == list(values(again).values())
    reasons = sorted(line.rpartition(": ")[2] for line in unread(again))
    assert [
        "it is not there any more, or another key or other rules made the report",
        "what held it cannot be read",
    ] == reasons


def test_a_file_that_changed_is_read_from_the_repository_as_it_was(
    make_repo: MakeRepo, tmp_path: Path, scanner: Scanner
) -> None:
    repo = make_repo()
    repo.commit({"a.env": b"A=" + acme_key("a")})
    report = write_report(tmp_path, scanner.scan([repo.target]), "json")
    repo.write({"a.env": b"A=nothing"})
    assert [acme_key("a")] == list(values(scanner.read_again(report, repo.target)).values())


def test_another_value_at_the_same_place_is_not_taken_for_it(tmp_path: Path, scanner: Scanner) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_bytes(b"A=" + acme_key("one"))
    report = write_report(tmp_path, scanner.scan([str(tree)]), "json")
    (tree / "a").write_bytes(b"A=" + acme_key("two"))
    again = scanner.read_again(report, str(tree))
    assert ({}, 1) == (values(again), len(unread(again)))
