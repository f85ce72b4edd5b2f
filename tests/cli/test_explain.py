# SPDX-License-Identifier: Apache-2.0
"""`explain` shows all there is to know of one finding, and nothing of any value."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import Outcome, Runner
from tests.conftest import MakeRepo, RepoBuilder
from tests.rule_samples import acme_key

_FILE = b"first\n# other: %s\nsecond\nKEY=%s\nthird\n\x1b[2Jfourth\nfifth\nsixth\n"


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    """Two values in a file at HEAD, one that only history has, one in a commit message."""
    repo = make_repo()
    repo.commit({"old.txt": b"KEY=" + acme_key("gone")})
    repo.commit({"old.txt": "clean\n", "app.env": _FILE % (acme_key("beside"), acme_key("one"))})
    repo.commit({}, message=f"use {acme_key('said').decode()}")
    repo.commit({"copy.env": b"KEY=" + acme_key("one")})
    return repo


def _findings(secrethunt: Runner, target: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Findings by value and path."""
    return {(finding["secret"], finding["path"]): finding for finding in secrethunt.scan(target).findings}


def _explain(secrethunt: Runner, *arguments: str, stdin: bytes = b"") -> Outcome:
    return secrethunt.run(
        "explain", *arguments, "--no-builtin-rules", "--rules", str(secrethunt.rules), stdin=stdin, COLUMNS="100"
    )


def _key(seed: str) -> str:
    return acme_key(seed).decode()


def test_a_finding_is_shown_with_its_lines_history_and_advice(secrethunt: Runner, repo: RepoBuilder) -> None:
    finding = _findings(secrethunt, repo.target)[_key("one"), "app.env"]
    outcome = _explain(secrethunt, finding["finding_id"][:10], repo.target)
    assert (0, "") == (outcome.code, outcome.stderr)
    shown = outcome.stdout.decode()
    for said in (
        "HIGH  Acme API key, high confidence, 1 place\n",
        f"  Finding    {finding['finding_id']}\n  Place      app.env:4:5\n",
        "    1 | first\n    2 | # other: ********\n    3 | second\n  > 4 | KEY=********\n    5 | third\n"
        "    6 | \\x1b[2Jfourth\n    7 | fifth\n",
        "  State      on disk and at HEAD\n",
        f"  Added      {finding['date']} by A U Thor <author@example.com> in\n             {finding['commit']}\n",
        "  Refs       refs/heads/main\n",
        "  Do first   Roll the key.\n  See        https://docs.acme.example/auth#keys\n",
    ):
        assert said in shown
    assert [] == [seed for seed in ("one", "beside") if _key(seed)[6:] in shown]


def test_a_secret_id_shows_all_of_its_places(secrethunt: Runner, repo: RepoBuilder) -> None:
    finding = _findings(secrethunt, repo.target)[_key("one"), "app.env"]
    shown = _explain(secrethunt, finding["secret_id"], repo.target).stdout.decode()
    assert "high confidence, 2 places\n" in shown
    assert "  Place      app.env:4:5\n" in shown
    assert "  Place      copy.env:1:5\n" in shown


@pytest.mark.parametrize(("seed", "path"), [("gone", "old.txt"), ("said", "(commit)")])
def test_lines_of_history_are_read_from_history(secrethunt: Runner, repo: RepoBuilder, seed: str, path: str) -> None:
    finding = _findings(secrethunt, repo.target)[_key(seed), path]
    outcome = _explain(secrethunt, finding["finding_id"], repo.target, "--format", "json", "--context", "0")
    [shown] = json.loads(outcome.stdout)["findings"]
    assert finding["finding_id"] == shown["finding_id"]
    expected = {"gone": "KEY=********", "said": "use ********"}[seed]
    assert [(expected, True)] == [(line["text"], line["finding"]) for line in shown["context"]]


def test_the_encoded_form_of_a_value_is_masked_too(secrethunt: Runner, tmp_path: Path) -> None:
    encoded = base64.b64encode(b"KEY=" + acme_key("one") + b"\n").decode()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.txt").write_text(f"(before)\nblob: {encoded}\n(after)\n")
    [finding] = secrethunt.scan(str(tmp_path / "code")).findings
    shown = _explain(secrethunt, finding["finding_id"], str(tmp_path / "code")).stdout.decode()
    assert "a.txt:2:7 (base64)\n" in shown
    assert "    1 | (before)\n  > 2 | blob: ********\n    3 | (after)\n" in shown


@pytest.mark.parametrize("format_name", ["json", "jsonl"])
def test_a_report_is_explained_even_one_that_shows_values(
    secrethunt: Runner, repo: RepoBuilder, tmp_path: Path, format_name: str
) -> None:
    report = tmp_path / "report"
    secrethunt.scan(repo.target, "--report", f"{format_name}={report}")
    assert acme_key("one") in report.read_bytes()
    finding = _findings(secrethunt, repo.target)[_key("one"), "app.env"]
    named = (finding["finding_id"], repo.target, "--from")
    from_file = _explain(secrethunt, *named, str(report))
    from_stream = _explain(secrethunt, *named, "-", stdin=report.read_bytes())
    assert (0, from_file.stdout) == (from_stream.code, from_stream.stdout)
    assert "  > 4 | KEY=********\n" in from_file.stdout.decode()
    assert _key("one")[6:].encode() not in from_file.stdout


def test_without_the_repository_a_report_is_explained_without_lines(
    secrethunt: Runner, repo: RepoBuilder, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    secrethunt.scan(repo.target, "--report", f"json={report}")
    finding = _findings(secrethunt, repo.target)[_key("one"), "app.env"]
    shown = _explain(secrethunt, finding["finding_id"], "--from", str(report)).stdout.decode()
    blob = finding["occurrences"][0]["blob"][:10]
    assert f"  Lines      not shown: blob {blob} is not in .; name its repository as PATH\n" in shown


def test_a_prefix_of_several_ids_is_refused_and_names_them(
    secrethunt: Runner, make_repo: MakeRepo, tmp_path: Path
) -> None:
    target = tmp_path / "many"
    target.mkdir()
    (target / "a.env").write_bytes(b"\n".join(b"KEY=" + acme_key(n) for n in range(2000)))
    ids = [finding["finding_id"] for finding in secrethunt.scan(str(target)).findings]
    starts = [id[:4] for id in ids]
    twice = next(start for start in starts if starts.count(start) == 2)
    outcome = _explain(secrethunt, twice, str(target))
    assert (2, b"") == (outcome.code, outcome.stdout)
    assert f"secrethunt: {twice} begins several ids\n  Give more digits: finding {twice}" in outcome.stderr


@pytest.mark.parametrize("wanted", ["abc", "xyzw", "../x", "12345g", "0" * 65])
def test_what_is_no_id_is_refused_at_once(secrethunt: Runner, wanted: str) -> None:
    outcome = _explain(secrethunt, wanted, "/no/such/place")
    assert 2 == outcome.code
    assert outcome.stderr.startswith(f"secrethunt: {wanted!r} is no id\n")


def test_an_unknown_id_says_how_much_was_looked_at(secrethunt: Runner, repo: RepoBuilder) -> None:
    outcome = _explain(secrethunt, "0000000000", repo.target)
    assert 2 == outcome.code
    assert "nothing that was found has an id beginning with 0000000000\n  5 findings were looked at;" in outcome.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON or JSONL report of secrethunt, or was cut off"),
        (b"[]", "is no JSON or JSONL report of secrethunt, or was cut off"),
        (b"<xml/>", "is no JSON or JSONL report"),
        (b'{"version": "2.1.0", "runs": []}', "is no JSON or JSONL report of secrethunt, or was cut off"),
        (b'{"schema": "urn:secrethunt:report:1", "findings": [{}]}', "finding 1: type is missing"),
        (b'{"schema": "urn:secrethunt:report:1", "findings": 3}', "is no JSON or JSONL report of secrethunt"),
        (b'{"type": "finding"}\n', "was cut off"),
        (b"\xff\xfe", "is no JSON or JSONL report"),
    ],
)
def test_a_file_that_is_no_report_is_refused(secrethunt: Runner, tmp_path: Path, content: bytes, said: str) -> None:
    report = tmp_path / "report"
    report.write_bytes(content)
    outcome = _explain(secrethunt, "abcd", "--from", str(report))
    assert (2, b"") == (outcome.code, outcome.stdout)
    assert said in outcome.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"occurrences": 3}, "finding 1: occurrences is no array"),
        ({"occurrences": [{}]}, "finding 1: occurrences: blob is missing"),
        ({"parts": ["x"]}, "finding 1: parts: no part"),
        ({"finding_id": 7}, "finding 1: finding_id is no string"),
    ],
)
def test_a_report_that_somebody_changed_is_refused(
    secrethunt: Runner, repo: RepoBuilder, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    document = json.loads(secrethunt.scan(repo.target, "--format", "json").stdout)
    document["findings"][0] |= change
    report = tmp_path / "report.json"
    report.write_text(json.dumps(document))
    outcome = _explain(secrethunt, "abcd", "--from", str(report))
    assert (2, True) == (outcome.code, said in outcome.stderr)


def test_a_report_that_is_not_there_is_refused(secrethunt: Runner) -> None:
    outcome = _explain(secrethunt, "abcd", "--from", "/no/such/report")
    assert (2, True) == (outcome.code, "cannot read /no/such/report: No such file" in outcome.stderr)
