# SPDX-License-Identifier: Apache-2.0
"""What only happens where standard error is a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.cli.runner import Runner
from tests.rule_samples import acme_key


def test_a_scan_on_a_terminal_ends_as_any_other(secrethunt: Runner, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"A=" + acme_key("a"))
    ours, theirs = pty.openpty()
    options = ("--no-builtin-rules", "--rules", str(secrethunt.rules), "--format", "jsonl", str(tmp_path / "a"))
    done = subprocess.run(
        [sys.executable, "-m", "secrethunt", "scan", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
        cwd=secrethunt.home,
        env={"PATH": os.environ["PATH"], "HOME": str(secrethunt.home), "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    os.close(theirs)
    os.close(ours)
    assert (1, 2) == (done.returncode, len(done.stdout.splitlines()))
