# SPDX-License-Identifier: Apache-2.0
"""Every way out of the command has its documented code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.runner import Runner
from tests.conftest import MakeRepo
from tests.rule_samples import acme_key


def test_nothing_found_is_clean(secrethunt: Runner, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.txt").write_text("nothing here\n")
    assert 0 == secrethunt.scan(str(tmp_path / "tree")).code


def test_a_finding_is_one(secrethunt: Runner) -> None:
    assert 1 == secrethunt.scan("-", stdin=acme_key(1)).code


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "--no-such-option"),
        ("no-such-command",),
        ("scan", "/no/such/path"),
        ("scan", "--head", "--staged"),
        ("scan", "--max-size", "many"),
        ("scan", "--max-size", "2G"),
        ("scan", "--max-size", "0"),
        ("scan", "--fail-on", "sometimes"),
        ("scan", "--jobs", "-1"),
        ("scan", "--format", "xml"),
        ("scan", "--only", "no.such-rule"),
        ("scan", "--rules", "/no/such/rules.yaml"),
        ("scan", "--no-builtin-rules"),
        ("scan", "--config", "/no/such/config.toml"),
        ("scan", "--output", "/no/such/directory/report", "-"),
        ("rules", "show", "no.such-rule"),
        ("rules", "check", "--cost", "/no/such/file"),
        (),
        ("rules",),
    ],
)
def test_wrong_usage_is_two_and_says_what_to_do(secrethunt: Runner, arguments: tuple[str, ...]) -> None:
    outcome = secrethunt.run(*arguments)
    assert 2 == outcome.code
    assert b"" == outcome.stdout
    assert outcome.stderr.strip()
    assert "Traceback" not in outcome.stderr


def test_an_unreadable_part_is_three(secrethunt: Runner, tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_bytes(b"x" * 2048)
    outcome = secrethunt.scan("--max-size", "1K", str(tmp_path / "big.txt"))
    assert 3 == outcome.code
    assert {"over the size limit": 1} == outcome.summary["skipped"]
    assert "big.txt" in outcome.stderr


def test_findings_come_before_gaps(secrethunt: Runner, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "big.txt").write_bytes(b"x" * 2048)
    (tree / "key.txt").write_bytes(acme_key(1))
    outcome = secrethunt.scan("--max-size", "1K", str(tree))
    assert 1 == outcome.code
    assert outcome.summary["incomplete"]


def test_an_internal_error_is_seventy_and_shows_no_value(secrethunt: Runner, tmp_path: Path) -> None:
    """A module that breaks in the middle of a scan, as a bug would."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import secrethunt.candidates.judge as judge\n"
        "def broken(self, data, *others):\n"
        "    raise ValueError(data)\n"
        "judge.Judge.candidates = broken\n"
    )
    path = f"{broken}:{Path(__file__).parents[2]}"
    outcome = secrethunt.scan("-", stdin=acme_key(1), PYTHONPATH=path)
    assert 70 == outcome.code
    assert "internal error: ValueError at" in outcome.stderr
    assert acme_key(1).decode() not in outcome.stderr


def test_a_reader_that_goes_away_is_no_error(secrethunt: Runner, make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({f"{n}.txt": acme_key(n) for n in range(400)})
    command = (
        f"'{__import__('sys').executable}' -m secrethunt scan --no-builtin-rules --rules '{secrethunt.rules}' "
        f"'{repo.path}' --format json | head -c 10"
    )
    import subprocess

    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        check=False,
        env={
            "PATH": __import__("os").environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HOME": str(repo.path),
        },
    )
    assert b"Traceback" not in done.stderr
    assert b"internal error" not in done.stderr


@pytest.mark.parametrize(
    ("level", "code"),
    [
        ("critical", 0),
        ("high", 1),
        ("severity:high", 1),
        ("confidence:high", 1),
        ("never", 0),
        ("at-head", 1),
    ],
)
def test_fail_on_decides_what_counts(secrethunt: Runner, level: str, code: int) -> None:
    outcome = secrethunt.scan("-", "--fail-on", level, stdin=acme_key(1))
    assert code == outcome.code
    assert 1 == len(outcome.findings)


def test_fail_on_at_head_forgives_what_is_gone(secrethunt: Runner, make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.txt": acme_key(1)})
    repo.commit({"a.txt": "clean\n"})
    assert 1 == secrethunt.scan(repo.target).code
    assert 0 == secrethunt.scan(repo.target, "--fail-on", "at-head").code
    assert 0 == secrethunt.scan(repo.target, "--fail-on", "critical", "--fail-on", "confidence:high").code
