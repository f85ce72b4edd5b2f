# SPDX-License-Identifier: Apache-2.0
"""Each tool's own report is read into findings, blobs and bytes; medians are taken column by column."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.benchmarks.scripts import SCRIPTS

VALUE = "v" * 8
KINGFISHER = [
    {"rule": {"id": "acme.1"}, "finding": {"path": "a.py", "line": 3, "snippet": VALUE}},
    {"audit": {"repositories": [{"stats": {"blobs_scanned": 5, "bytes_scanned": 70}}]}},
]
BETTERLEAKS = {
    "findings": [{"rule_id": "acme", "location": {"path": "a.py", "start_line": 3}, "match": {"value": VALUE}}],
    "scan": {"bytes_scanned": 70},
}
GITLEAKS = [{"File": "a.py", "StartLine": 3, "Secret": VALUE, "RuleID": "acme"}]
OWN = [
    {"type": "finding", "path": "a.py", "line": 3, "secret": VALUE, "rule_id": "acme.key"},
    {"type": "summary", "blobs": 5, "bytes": 70},
]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module that the benchmarks share."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield importlib.import_module("tools")
    sys.modules.pop("tools", None)


def write_tool(path: Path, report: str, said: str, code: int = 0) -> str:
    """A program that leaves *report* where its last but one argument says, and ends."""
    (path / "report").write_text(report)
    (path / "said").write_text(said)
    script = path / "tool.sh"
    script.write_text(
        "for word; do before=$out; out=$last; last=$word; done\n"
        f'cp "{path}/report" "$out"; cat "{path}/said" >&2; exit {code}\n'
    )
    return f"sh {script}"


@pytest.mark.parametrize(
    ("name", "report", "said", "code", "rule", "coverage"),
    [
        ("secrethunt", "\n".join(map(json.dumps, OWN)), "", 1, "acme.key", (5, 70)),
        ("kingfisher", "\n".join(map(json.dumps, KINGFISHER)), "", 200, "acme.1", (5, 70)),
        ("betterleaks", json.dumps(BETTERLEAKS), "", 0, "acme", (None, 70)),
        ("gitleaks", json.dumps(GITLEAKS), "INF scanned ~70 bytes (70 bytes) in 1s\n", 0, "acme", (None, 70)),
    ],
)
def test_report_is_read(  # noqa: PLR0917
    tools: ModuleType,
    tmp_path: Path,
    name: str,
    report: str,
    said: str,
    code: int,
    rule: str,
    coverage: tuple[int | None, int | None],
) -> None:
    command = write_tool(tmp_path, report, said, code)
    run = tools.run_once(name, command, "history", str(tmp_path))
    assert [("a.py", 3, VALUE, rule)] == run.hits
    assert coverage == (run.blobs, run.bytes)
    assert run.wall > 0


def test_exit_code_that_means_no_scan_is_a_failure(tools: ModuleType, tmp_path: Path) -> None:
    command = write_tool(tmp_path, "[]", "fatal: no such thing\n", 1)
    with pytest.raises(tools.ToolFailure, match=r"ended with 1: fatal: no such thing"):
        tools.run_once("gitleaks", command, "history", str(tmp_path))


def test_medians_are_taken_by_column(tools: ModuleType) -> None:
    runs = [tools.Run(3.0, 1.0, 20.0, []), tools.Run(1.0, 2.0, 30.0, []), tools.Run(2.0, 9.0, 10.0, [], 5, 70)]
    assert tools.Run(2.0, 2.0, 20.0, [], 5, 70) == tools.median_run(runs)


def test_named_peer_replaces_ours(tools: ModuleType) -> None:
    assert {"secrethunt": "other scan=1", "gitleaks": "/opt/gitleaks"} == tools.chosen_tools(
        ["gitleaks=/opt/gitleaks", "secrethunt=other scan=1"]
    )


def test_tool_that_takes_too_long_is_stopped_with_what_it_started(tools: ModuleType, tmp_path: Path) -> None:
    script = tmp_path / "slow.sh"
    script.write_text(f'(sleep 3; echo > "{tmp_path}/outlived") & while :; do :; done\n')
    run = tools.run_once("gitleaks", f"sh {script}", "history", str(tmp_path), limit_s=0.3)
    time.sleep(max(3.2 - run.wall, 0))
    assert run.is_stopped
    assert not (tmp_path / "outlived").exists()
