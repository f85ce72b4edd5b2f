# SPDX-License-Identifier: Apache-2.0
"""Shells complete what there is, and manual pages say what `--help` says, in a form that man reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import Runner

_COMMANDS = ("completion", "explain", "man", "rules", "scan")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("secrethunt ", set(_COMMANDS)),
        ("secrethunt s", {"scan"}),
        ("secrethunt scan --form", {"--format"}),
        ("secrethunt scan --format gitlab", {"gitlab-codequality", "gitlab-secret-detection"}),
        ("secrethunt rules ", {"check", "list", "show"}),
        ("secrethunt completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_bash_completes(secrethunt: Runner, tmp_path: Path, words: str, expected: set[str]) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash to complete in: `apt-get install bash`")
    script = tmp_path / "secrethunt.bash"
    script.write_bytes(secrethunt.run("completion", "bash").stdout)
    command = tmp_path / "secrethunt"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from secrethunt.cli.main import main; main()"\n')
    command.chmod(0o755)
    *before, last = words.split(" ")
    quoted = " ".join(f"'{word}'" for word in [*before, last])
    program = (
        f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(before)}; "
        f"_secrethunt_completion secrethunt; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(
        [bash, "--norc", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert expected <= set(done.stdout.split())
    assert all(word.startswith(last) for word in done.stdout.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_asks_the_command_itself(secrethunt: Runner, shell: str) -> None:
    outcome = secrethunt.run("completion", shell)
    assert (0, "") == (outcome.code, outcome.stderr)
    assert f"_SECRETHUNT_COMPLETE={shell}_complete" in outcome.stdout.decode()


def test_all_pages_are_written_and_mandoc_complains_of_none(secrethunt: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "man1"
    assert 0 == secrethunt.run("man", "--output", str(folder)).code
    pages = sorted(folder.iterdir())
    names = {path.stem for path in pages}
    assert {"secrethunt", "secrethunt-rules-check", *(f"secrethunt-{name}" for name in _COMMANDS)} <= names
    mandoc = shutil.which("mandoc")
    if mandoc is None:
        pytest.skip("no mandoc to check the pages: `apt-get install mandoc`")
    done = subprocess.run([mandoc, "-T", "lint", "-W", "warning", *pages], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout)


def test_a_page_names_every_option_that_help_names(secrethunt: Runner) -> None:
    page = secrethunt.run("man", "scan").stdout.decode().replace("\\-", "-")
    help_text = secrethunt.run("scan", "--help").stdout.decode()
    options = {word.strip(",") for word in help_text.split() if word.startswith("--")}
    assert set() == {option for option in options if option.partition("/")[0] not in page}
    assert ".SH EXIT STATUS" in page
    assert "secrethunt scan --since origin/main" in page


def test_a_subcommand_has_a_page_by_its_words(secrethunt: Runner) -> None:
    assert secrethunt.run("man", "rules check").stdout.startswith(b'.TH "SECRETHUNT-RULES-CHECK" "1"')


def test_an_unknown_page_and_an_unwritable_folder_are_usage_errors(secrethunt: Runner, tmp_path: Path) -> None:
    unknown = secrethunt.run("man", "nothing")
    assert (2, True) == (unknown.code, "there is no command 'nothing'\n  Choose one of " in unknown.stderr)
    file = tmp_path / "file"
    file.touch()
    blocked = secrethunt.run("man", "--output", str(file / "x"))
    assert (2, True) == (blocked.code, f"cannot write into {file}/x: Not a directory" in blocked.stderr)
    assert 2 == secrethunt.run("man", "scan", "--output", str(tmp_path)).code
