# SPDX-License-Identifier: Apache-2.0
"""
What the real tools leave alone is, after the import of their files, what we leave alone, and nothing else.

The tools are looked for on the path and beside this interpreter (`pip install '.[peers]'`); a test of one that is not
installed is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from secrethunt.ruleset import Ruleset
from tests.cli.runner import Runner
from tests.conftest import MakeRepo, RepoBuilder
from tests.packed_history import Samples

Make = Callable[[RepoBuilder, Path], Path]
ONLY = ("--only", "github.*", "--only", "slack.*")


def tool(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(repo: RepoBuilder, *command: str, fine: tuple[int, ...] = (0,)) -> bytes:
    done = subprocess.run(command, cwd=repo.path, capture_output=True, check=False, timeout=100)
    assert done.returncode in fine, done.stderr
    return done.stdout


def gitleaks_report(repo: RepoBuilder, out: Path, *options: str) -> Path:
    run(repo, tool("gitleaks"), "git", "--no-banner", "-f", "json", "-r", str(out), *options, ".", fine=(0, 1))
    return out


def gitleaks_redacted(repo: RepoBuilder, out: Path) -> Path:
    return gitleaks_report(repo, out, "--redact")


def gitleaks_of_files(repo: RepoBuilder, out: Path) -> Path:
    run(repo, tool("gitleaks"), "dir", "--no-banner", "-f", "json", "-r", str(out), ".", fine=(0, 1))
    return out


def gitleaks_ignore_file(repo: RepoBuilder, out: Path) -> Path:
    report = json.loads(gitleaks_report(repo, out).read_text())
    out.write_text("".join(f"{item['Fingerprint']}\n" for item in report))
    return out


def betterleaks_report(repo: RepoBuilder, out: Path) -> Path:
    run(repo, tool("betterleaks"), "git", "-o", str(out), ".", fine=(0, 1))
    return out


def detect_secrets_baseline(repo: RepoBuilder, out: Path) -> Path:
    out.write_bytes(run(repo, tool("detect-secrets"), "scan"))
    return out


def _kingfisher(repo: RepoBuilder, *options: str) -> None:
    command = (tool("kingfisher"), "scan", ".", "--no-validate", "--no-update-check", *options)
    run(repo, *command, fine=(0, 200, 205))


def kingfisher_baseline(repo: RepoBuilder, out: Path) -> Path:
    out = out.with_suffix(".yaml")
    _kingfisher(repo, "--manage-baseline", "--baseline-file", str(out))
    return out


def kingfisher_report(repo: RepoBuilder, out: Path) -> Path:
    _kingfisher(repo, "--format", "json", "-o", str(out))
    return out


@pytest.fixture
def repo(make_repo: MakeRepo, ruleset: Ruleset) -> RepoBuilder:
    """Credentials that all these tools know, at HEAD and in history."""
    samples = Samples(ruleset.rules)
    github = [samples.value("github.personal-access-token", number).decode() for number in range(2)]
    slack = samples.value("slack.user-token", 1).decode()
    repo = make_repo()
    text = f'x = 1\n\ntoken = "{github[1]}"\n'
    repo.commit({"old.py": f'first = 1\ntoken = "{github[0]}"\n', "a/conf.py": text})
    repo.commit({"old.py": "first = 1\n", "a/conf.py": f"# moved\n{text}", "b/slack.py": f'a = "{slack}"\n'})
    return repo


@pytest.mark.parametrize(
    "make",
    [
        gitleaks_report,
        gitleaks_redacted,
        gitleaks_of_files,
        gitleaks_ignore_file,
        betterleaks_report,
        detect_secrets_baseline,
        kingfisher_baseline,
        kingfisher_report,
    ],
)
def test_import_leaves_alone_what_the_tool_left_alone(
    secrethunt: Runner,
    repo: RepoBuilder,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    ruleset: Ruleset,
    make: Make,
) -> None:
    file = make(repo, tmp_path / "foreign.json")
    # One cache for all: each home of its own would compile the rules again.
    cache = str(tmp_path_factory.getbasetemp() / "rules")
    done = secrethunt.run("import", str(file), "--reason", "known", *ONLY, cwd=repo.path, SECRETHUNT_CACHE_DIR=cache)
    named = {path for path in ("old.py", "a/conf.py", "b/slack.py") if f"{path}:".encode() in done.stdout}
    assert {"a/conf.py"} <= named, done.stdout + done.stderr.encode()
    assert ("old.py" in named) is (make not in (gitleaks_of_files, detect_secrets_baseline))

    # New: the value of a known place in another file, and a new value where a known one stood.
    fresh = Samples(ruleset.rules).value("github.personal-access-token", 9).decode()
    known = (repo.path / "a" / "conf.py").read_text()
    repo.commit({"new/conf.py": known, "a/conf.py": f'# moved\nx = 1\n\ntoken = "{fresh}"\n'})

    options = ("--format", "jsonl", "--show-suppressed", "--show-secrets", *ONLY)
    report = secrethunt.run("scan", *options, cwd=repo.path, SECRETHUNT_CACHE_DIR=cache)
    found = [json.loads(line) for line in report.stdout.splitlines()][:-1]
    reported = {(item["path"], item["secret"] == fresh) for item in found if not item["suppression"]}
    assert named == {item["path"] for item in found if item["suppression"]}
    others = {(path, False) for path in {"old.py", "a/conf.py", "b/slack.py"} - named}
    assert {("new/conf.py", False), ("a/conf.py", True), *others} == reported
