# SPDX-License-Identifier: Apache-2.0
"""Help is there for every command, and what the documents tell people to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secrethunt import __version__
from tests.cli.runner import Runner

ROOT = Path(__file__).parents[2]


COMMANDS = [
    (),
    ("scan",),
    ("allow",),
    ("allow", "add"),
    ("allow", "list"),
    ("allow", "prune"),
    ("baseline",),
    ("baseline", "create"),
    ("baseline", "diff"),
    ("baseline", "update"),
    ("import",),
    ("explain",),
    ("completion",),
    ("man",),
    ("validate",),
    ("nhi",),
    ("nhi", "import"),
    ("nhi", "list"),
    ("nhi", "show"),
    ("nhi", "export"),
    ("rules",),
    ("rules", "list"),
    ("rules", "show"),
    ("rules", "check"),
    ("rules", "convert"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(secrethunt: Runner, command: tuple[str, ...]) -> None:
    long, short = secrethunt.run(*command, "--help"), secrethunt.run(*command, "-h")
    assert (0, "") == (long.code, long.stderr)
    assert long.stdout == short.stdout
    assert long.stdout.startswith(b"Usage: secrethunt")


def test_version(secrethunt: Runner) -> None:
    assert f"secrethunt {__version__}\n".encode() == secrethunt.run("--version").stdout


def test_documented_options_exist(secrethunt: Runner) -> None:
    helps = "".join(secrethunt.run(*command, "--help").stdout.decode() for command in COMMANDS)
    for page in ("README.md", "docs/scanning.md", "docs/suppression.md", "docs/validation.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--unordered", "--batch"}
        assert named
        assert set() == {option for option in named if option not in helps}
