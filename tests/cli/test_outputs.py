# SPDX-License-Identifier: Apache-2.0
"""One scan writes as many reports as are asked for, and says before it starts which it could not write."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import pytest

from secrethunt.report import FORMATS
from tests.cli.runner import Runner
from tests.rule_samples import acme_key


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder with one secret."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "a.env").write_bytes(b"KEY=" + acme_key("one"))
    return folder


def test_every_format_in_one_run(secrethunt: Runner, target: Path, tmp_path: Path) -> None:
    reports = [word for name in FORMATS for word in ("--report", f"{name}={tmp_path / name}")]
    outcome = secrethunt.scan(str(target), *reports)
    assert (1, "") == (outcome.code, outcome.stderr)
    assert 1 == len(outcome.findings)
    for name in FORMATS:
        file = tmp_path / name
        assert file.stat().st_size > 0
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
        assert name in ("text", "markdown", "markdown-comment") or b"a.env" in file.read_bytes()
    [sarif_run] = json.loads((tmp_path / "sarif").read_bytes())["runs"]
    assert 1 == len(sarif_run["results"])
    with (tmp_path / "csv").open(newline="", encoding="utf-8") as file_with_rows:
        assert [outcome.findings[0]["finding_id"]] == [row["finding_id"] for row in csv.DictReader(file_with_rows)]


def test_the_same_format_may_go_to_several_files(secrethunt: Runner, target: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    outcome = secrethunt.scan(
        str(target), "--report", f"jsonl={one}", "--report", f"jsonl={two}", "--output", "x.jsonl"
    )
    assert (1, b"") == (outcome.code, outcome.stdout)
    assert one.read_bytes().splitlines()[0] == two.read_bytes().splitlines()[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--report", "sarif"], "--report wants FORMAT=FILE, not 'sarif'"),
        (["--report", "sarif="], "--report wants FORMAT=FILE, not 'sarif='"),
        (["--report", "pdf=x"], "no such report format: pdf"),
        (["--report", "csv=x", "--report", "html=./x"], "two reports would go to ./x"),
        (["--output", "x", "--report", "html=x"], "two reports would go to x"),
        (["--report", "html=-"], "two reports would go to standard output"),
        (["--report", "html=no/such/x"], "cannot write no/such/x: there is no folder no/such"),
        (["--output", "no/such/x"], "cannot write no/such/x: there is no folder no/such"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_scanned(
    secrethunt: Runner, options: list[str], said: str
) -> None:
    # Were it scanned, the missing target would be what is complained of.
    outcome = secrethunt.run("scan", "/no/such/target", *options)
    assert (2, b"") == (outcome.code, outcome.stdout)
    assert outcome.stderr.startswith(f"secrethunt: {said}\n  ")


def test_a_report_that_was_cut_is_noted(secrethunt: Runner, tmp_path: Path) -> None:
    target = tmp_path / "many"
    target.mkdir()
    (target / "a.env").write_bytes(b"\n".join(b"KEY=" + acme_key(n) for n in range(300)))
    outcome = secrethunt.scan(str(target), "--report", f"markdown-comment={tmp_path / 'c.md'}")
    assert outcome.stderr.startswith("note: markdown-comment: ")
    assert " of 300 left out, the least severe" in outcome.stderr


def test_a_file_that_could_not_be_finished_leaves_nothing_behind(
    secrethunt: Runner, target: Path, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    outcome = secrethunt.scan(str(target), "--report", f"csv={taken}")
    assert 2 == outcome.code
    assert f"secrethunt: cannot write {taken}: Is a directory\n" in outcome.stderr
    assert [] == [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]
