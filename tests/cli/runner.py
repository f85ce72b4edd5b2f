# SPDX-License-Identifier: Apache-2.0
"""Runs the installed command as a user would: another process, its own environment, no network, no user's files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.rule_samples import ACME_YAML


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The objects of a JSONL report."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings of a JSONL report."""
        return [line for line in self.lines if line["type"] == "finding"]

    @property
    def summary(self) -> dict[str, Any]:
        """The last line of a JSONL report."""
        last = self.lines[-1]
        assert last["type"] == "summary"
        return last


class Runner:
    """The command line in a home of its own, with one made-up rule in `acme.yaml`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(exist_ok=True)
        self.rules = home / "acme.yaml"
        self.rules.write_text(ACME_YAML)

    def run(self, *arguments: str, stdin: bytes = b"", cwd: Path | None = None, **environment: str) -> Outcome:
        """Run `secrethunt` with *arguments*."""
        done = subprocess.run(
            [sys.executable, "-m", "secrethunt", *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            cwd=cwd or self.home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "XDG_CACHE_HOME": str(self.home / "cache"),
                "XDG_CONFIG_HOME": str(self.home / "config"),
                "PYTHONPATH": str(Path(__file__).parents[2]),
                **environment,
            },
        )
        return Outcome(done.returncode, done.stdout, done.stderr.decode())

    def scan(self, *arguments: str, stdin: bytes = b"", cwd: Path | None = None, **environment: str) -> Outcome:
        """Scan with the made-up rule alone and report as JSONL with values."""
        options = ("--no-builtin-rules", "--rules", str(self.rules), "--format", "jsonl", "--show-secrets")
        return self.run("scan", *options, *arguments, stdin=stdin, cwd=cwd, **environment)
