# SPDX-License-Identifier: Apache-2.0
"""Runs the scripts in `benchmarks/` as a developer would, with one made-up rule and this checkout's secrethunt."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.rule_samples import ACME_YAML

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "benchmarks"
OWN = f"secrethunt={sys.executable} -m secrethunt"
"""The value of `--peer` that measures this checkout."""


@dataclass(frozen=True)
class Outcome:
    """How a script ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def rows(self) -> list[dict[str, str]]:
        """The table's rows by the names of its columns."""
        cells = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in self.stdout.splitlines() if "|" in line
        ]
        head, _, *rows = cells
        return [dict(zip(head, row, strict=True)) for row in rows]


def run_script(home: Path, name: str, *arguments: str) -> Outcome:
    """Run `benchmarks/NAME` with *arguments*; its home is *home*, where `acme.yaml` is the only rule in force."""
    config = home / "config" / "secrethunt"
    config.mkdir(parents=True, exist_ok=True)
    (config / "acme.yaml").write_text(ACME_YAML)
    (config / "secrethunt.toml").write_text('rules = ["acme.yaml"]\nbuiltin-rules = false\n')
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / name), *arguments],
        capture_output=True,
        check=False,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "PYTHONPATH": str(ROOT),
        },
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
