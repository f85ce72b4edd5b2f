# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runner import Outcome, Runner
from tests.conftest import MakeRepo, RepoBuilder
from tests.rule_samples import acme_key

ONE, TWO = acme_key("one"), acme_key("two")


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    repo = make_repo()
    repo.commit({"a.env": b"KEY=" + ONE + b"\n", "b.env": b"KEY=" + TWO + b"\n"})
    return repo


def run(secrethunt: Runner, repo: RepoBuilder, *arguments: str, stdin: bytes = b"") -> Outcome:
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules))
    return secrethunt.run(*arguments, *options, stdin=stdin, cwd=repo.path)


def scan(secrethunt: Runner, repo: RepoBuilder, *options: str) -> Outcome:
    return secrethunt.scan(*options, cwd=repo.path)


def test_id_of_a_report_is_allowed_with_its_reason(secrethunt: Runner, repo: RepoBuilder) -> None:
    first = scan(secrethunt, repo).findings[0]
    done = run(secrethunt, repo, "allow", first["secret_id"][:12], "--reason", "a fixture", "--author", "Ann")
    assert 0 == done.code, done.stderr
    outcome = scan(secrethunt, repo, "--show-suppressed")
    assert 1 == outcome.code
    assert {"comment": 0, "ignore-file": 1, "baseline": 0} == outcome.summary["suppressed"]
    (shown,) = [item for item in outcome.findings if item["suppression"]]
    assert first["secret"] == shown["secret"]
    assert ("a fixture", "Ann") == (shown["suppression"]["reason"], shown["suppression"]["author"])
    assert ".secrethuntignore merge=union\n" == (repo.path / ".gitattributes").read_text()


def test_report_on_standard_input_is_allowed_whole(secrethunt: Runner, repo: RepoBuilder) -> None:
    report = scan(secrethunt, repo).stdout
    assert 0 == run(secrethunt, repo, "allow", "--stdin", "--expires", "30d", stdin=report).code
    assert 0 == scan(secrethunt, repo).code
    listed = secrethunt.run("allow", "list", "--format", "json", cwd=repo.path)
    entries = json.loads(listed.stdout)["entries"]
    assert 2 == len(entries) and all(entry["expires"] for entry in entries)


def test_staged_secret_can_be_allowed_before_it_is_committed(secrethunt: Runner, repo: RepoBuilder) -> None:
    repo.write({"c.env": b"KEY=" + acme_key("staged") + b"\n"})
    repo.git("add", "c.env")
    repo.write({"c.env": b"nothing\n"})
    (found,) = scan(secrethunt, repo, "--staged").findings
    assert 0 == run(secrethunt, repo, "allow", found["finding_id"]).code
    assert [] == scan(secrethunt, repo, "--staged").findings


def test_id_is_found_from_any_directory_of_the_work_tree(secrethunt: Runner, repo: RepoBuilder) -> None:
    first = scan(secrethunt, repo).findings[0]
    (repo.path / "deep" / "down").mkdir(parents=True)
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules))
    done = secrethunt.run("allow", first["secret_id"], *options, cwd=repo.path / "deep" / "down")
    assert 0 == done.code, done.stderr
    assert (repo.path / ".secrethuntignore").exists()


def test_link_in_place_of_the_ignore_file_stops_no_scan(secrethunt: Runner, repo: RepoBuilder) -> None:
    (repo.path / ".secrethuntignore").symlink_to("/etc/passwd")
    outcome = scan(secrethunt, repo)
    assert (1, 2) == (outcome.code, outcome.summary["secrets"])
    assert "does not count" in outcome.stderr


def test_id_that_nothing_has_is_named_and_fails(secrethunt: Runner, repo: RepoBuilder) -> None:
    done = run(secrethunt, repo, "allow", "0123456789abcdef")
    assert 1 == done.code
    assert "nothing with the id 0123456789abcdef" in done.stderr
    assert not (repo.path / ".secrethuntignore").exists()


@pytest.mark.parametrize(
    "arguments", [("xyz",), (), ("0123456789ab", "--expires", "soon"), ("12345678", "--expires", "2001-01-01")]
)
def test_wrong_usage_is_refused(secrethunt: Runner, repo: RepoBuilder, arguments: tuple[str, ...]) -> None:
    assert 2 == run(secrethunt, repo, "allow", *arguments).code


def test_prune_removes_what_is_of_no_use(secrethunt: Runner, repo: RepoBuilder) -> None:
    run(secrethunt, repo, "allow", "--stdin", stdin=scan(secrethunt, repo).stdout)
    path = repo.path / ".secrethuntignore"
    lines = path.read_text().splitlines()
    expired = lines[1].replace(" kind", " expires=2001-01-01 path=x kind")
    path.write_text("\n".join([*lines, expired]) + "\n")
    unknown = "hmac:" + lines[1].split(":")[1] + ":" + "0" * 32
    path.write_text(path.read_text() + unknown + "\n")
    tried = run(secrethunt, repo, "allow", "prune", "--dry-run")
    assert ["expired", "unused"] == sorted(line.split()[0] for line in tried.stdout.decode().splitlines())
    assert 5 == len(path.read_text().splitlines())
    assert 0 == run(secrethunt, repo, "allow", "prune").code
    assert sorted(lines[1:]) == sorted(path.read_text().splitlines()[1:])


def test_baseline_is_made_compared_and_brought_up_to_date(secrethunt: Runner, repo: RepoBuilder) -> None:
    assert 0 == run(secrethunt, repo, "baseline", "create", "b.json").code
    assert 2 == run(secrethunt, repo, "baseline", "create", "b.json").code
    assert 0 == scan(secrethunt, repo, "--baseline", "b.json").code
    new = acme_key("new")
    repo.commit({"c.env": b"KEY=" + new + b"\n", "moved.env": b"KEY=" + ONE + b"\n"}, remove=("a.env",))
    outcome = scan(secrethunt, repo, "--baseline", "b.json")
    assert (1, [new.decode()]) == (outcome.code, [item["secret"] for item in outcome.findings])
    compared = run(secrethunt, repo, "baseline", "diff", "b.json")
    assert 1 == compared.code
    assert ["also", "new"] == sorted(line.split()[0] for line in compared.stdout.decode().splitlines())
    assert 0 == run(secrethunt, repo, "baseline", "update", "b.json").code
    assert 0 == scan(secrethunt, repo, "--baseline", "b.json").code
    assert ONE.decode() not in (repo.path / "b.json").read_text()


def test_baseline_forgets_what_is_gone_and_takes_up_nothing(secrethunt: Runner, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.env").write_bytes(b"KEY=" + ONE + b"\n")
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules))
    secrethunt.run("baseline", "create", "b.json", str(tree), *options)
    (tree / "a.env").write_bytes(b"KEY=" + TWO + b"\n")
    done = secrethunt.run("baseline", "update", "--gone-only", "b.json", str(tree), *options)
    assert (0, "gone") == (done.code, done.stdout.decode().split()[0])
    assert [] == json.loads((secrethunt.home / "b.json").read_text())["findings"]


def test_options_that_exclude_each_other_are_refused(secrethunt: Runner, repo: RepoBuilder) -> None:
    assert 2 == scan(secrethunt, repo, "--ignore-from", "main", "--no-ignore-file").code
    assert 2 == scan(secrethunt, repo, "--ignore-from", "nowhere").code
    assert 2 == scan(secrethunt, repo, "--baseline", "nowhere").code


def test_sarif_says_what_allows_a_result(secrethunt: Runner, repo: RepoBuilder) -> None:
    repo.commit({"a.env": b"KEY=" + ONE + b" # secrethunt:allow made up\n"})
    first = next(item for item in scan(secrethunt, repo).findings if item["path"] == "b.env")
    run(secrethunt, repo, "allow", first["secret_id"], "--author", "Ann Author")
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules), "--format", "sarif", "--show-suppressed")
    log = json.loads(secrethunt.run("scan", *options, cwd=repo.path).stdout)
    kinds = {
        item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: item["suppressions"][0]["kind"]
        for item in log["runs"][0]["results"]
    }
    assert {"a.env": "inSource", "b.env": "external"} == kinds
    assert "Ann Author" not in json.dumps(log)
