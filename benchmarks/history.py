# SPDX-License-Identifier: Apache-2.0
"""
What does the whole history of a repository cost: secrethunt beside its peers, and beside the bare walk?

    python benchmarks/history.py REPO.git… [--runs 5] [--peer kingfisher=/path/to/kingfisher]…
    python benchmarks/history.py REPO.git… --growth     CPU against the length of history, at four cut points
    python benchmarks/history.py REPO.git… --threads    --jobs 1 against --jobs 2
    python benchmarks/history.py REPO.git… --state      the first scan, the next one of the same, and a start-up

Complete bare clones only: what lacks objects is refused, as peers stop early there. CPU is user and system of the whole
process and its children; every figure is the median of the runs, in which the tools take turns. `--peer
secrethunt=COMMAND` measures another secrethunt than the one beside this interpreter. Of a tool that `--limit` stopped,
the table says what it had taken by then.

The floor is one thread of the same native walk over every blob, tree, commit and tag, each inflated once, with no
matching, no provenance and no report, without the interpreter's start: `pack_walk.py --kind all`.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from clones import GitFailure, cut_history, hash_size, object_directory, pack_bytes, why_incomplete
from tools import Run, ToolFailure, chosen_tools, median_run, run_once, time_command

_FRACTIONS = (0.25, 0.5, 0.75, 1.0)
_FLOOR = "floor"


def main() -> int:
    """0 when every repository was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", metavar="REPO.git")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limit", type=float, default=0, metavar="MINUTES", help="stop a tool's run after so long")
    for name in _MEASUREMENTS:
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be 1 or more")
    tools = chosen_tools(options.peer)
    chosen = [measurement for name, measurement in _MEASUREMENTS.items() if getattr(options, name)] or [compare]
    failures = 0
    for repository in options.repositories:
        if why := why_incomplete(repository):
            print(f"{repository}: not measured: {why}", file=sys.stderr)
            failures += 1
            continue
        for measurement in chosen:
            try:
                measurement(repository, tools, options)
            except (GitFailure, ToolFailure) as err:
                print(f"{repository}: {err}", file=sys.stderr)
                failures += 1
    return 1 if failures else 0


# --- beside peers and the floor ----------------------------------------------------------------------------------


def compare(repository: str, tools: Mapping[str, str], options: argparse.Namespace) -> None:
    """Every tool and the floor, in turn."""
    measured: dict[str, list[Run]] = {name: [] for name in (*tools, _FLOOR)}
    _warm_up(tools)
    limit_s = options.limit * 60 if options.limit else None
    for _ in range(options.runs):
        for name, tool in tools.items():
            measured[name].append(run_once(name, tool, "history", repository, limit_s=limit_s))
        measured[_FLOOR].append(_walk(repository))
    rows = {name: median_run(done) for name, done in measured.items()}
    _print_head(repository, options.runs)
    _print_row("repository", "tool", "CPU s", "wall s", "MiB", "findings", "secrets", "blobs", "MB read")
    _print_row(*["---"] * 9)
    for name, run in rows.items():
        costs = [("> " if run.is_stopped else "") + cost for cost in (*_costs(run), f"{run.memory:.0f}")]
        read = (_number(run.blobs), _number(run.bytes, 10**6))
        _print_row(Path(repository).stem, name, *costs, *_found(name, run), *read)
    if not rows["secrethunt"].is_stopped:
        _print_ratios(rows)


def _walk(repository: str) -> Run:
    """The floor, in a process of its own."""
    script = Path(__file__).with_name("pack_walk.py")
    command = [sys.executable, str(script), str(object_directory(repository)), "--kind", "all"]
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as out, tempfile.NamedTemporaryFile("r") as err:
        run, code = time_command(
            [*command, "--hash-size", str(hash_size(repository))], stdout=out.name, stderr=err.name
        )
        said, end = out.read(), err.read()
    told = re.search(r"written out (\d+),.*skipped (\d+)\nCPU of opening and walking ([\d.]+) s", said)
    if code or told is None or told[2] != "0":
        raise ToolFailure(f"{script.name} ended with {code}: {said[-600:]}{end[-600:]}")
    return replace(run, cpu=float(told[3]), bytes=int(told[1]))


def _found(name: str, run: Run) -> tuple[str, str]:
    """Findings and distinct values, where the tool has come to report any."""
    if name == _FLOOR or run.is_stopped:
        return "", ""
    return f"{len(run.hits):,}", f"{len({hit.secret for hit in run.hits}):,}"


def _print_ratios(rows: Mapping[str, Run]) -> None:
    own, floor = rows["secrethunt"], rows[_FLOOR]
    peers = {name: run.cpu for name, run in rows.items() if name not in ("secrethunt", _FLOOR)}
    print()
    if peers:
        best = min(peers, key=peers.__getitem__)
        who = "every peer takes at least" if rows[best].is_stopped else f"the best peer ({best}) takes"
        print(f"CPU: {who} {peers[best] / own.cpu:.1f} times as much as secrethunt.")
    print(f"CPU: secrethunt takes {own.cpu / floor.cpu:.2f} times as much as the floor.")


# --- length of history -------------------------------------------------------------------------------------------


def grow(repository: str, tools: Mapping[str, str], options: argparse.Namespace) -> None:
    """Cost at four lengths of the same history, and whether it follows the packs or what is written out of them."""
    with tempfile.TemporaryDirectory() as directory:
        clones = cut_history(repository, _FRACTIONS, directory)
        packs = [pack_bytes(clone) for clone in clones]
        commands = [(tools["secrethunt"], str(clone), ()) for clone in clones]
        _warm_up({"secrethunt": tools["secrethunt"]})
        measured = _own_in_turn(commands, options.runs)
    whole, pack = measured[-1], packs[-1]
    _print_head(repository, options.runs)
    _print_row("first-parent history", "pack MB", "written out MB", "blobs", "CPU s", "pack", "written out", "CPU")
    _print_row(*["---"] * 8)
    for fraction, size, run in zip(_FRACTIONS, packs, measured, strict=True):
        shares = (size / pack, (run.bytes or 0) / (whole.bytes or 1), run.cpu / whole.cpu)
        _print_row(
            f"{fraction:.0%}",
            f"{size / 10**6:.1f}",
            _number(run.bytes, 10**6),
            _number(run.blobs),
            f"{run.cpu:.2f}",
            *[f"{share:.0%}" for share in shares],
        )


# --- threads -----------------------------------------------------------------------------------------------------


def compare_threads(repository: str, tools: Mapping[str, str], options: argparse.Namespace) -> None:
    """One thread against two."""
    tool = tools["secrethunt"]
    _warm_up({"secrethunt": tool})
    one, two = _own_in_turn([(tool, repository, ("--jobs", str(jobs))) for jobs in (1, 2)], options.runs)
    _print_head(repository, options.runs)
    _print_row("--jobs", "CPU s", "wall s", "MiB")
    _print_row(*["---"] * 4)
    for jobs, run in enumerate((one, two), start=1):
        _print_row(str(jobs), *_costs(run), f"{run.memory:.0f}")
    print(f"\nWall clock: two threads are {one.wall / two.wall:.2f} times as fast as one.")


# --- the next scan of the same -----------------------------------------------------------------------------------


def rescan(repository: str, tools: Mapping[str, str], options: argparse.Namespace) -> None:
    """The first scan that leaves a state file, the next one, and a scan of next to nothing."""
    tool = tools["secrethunt"]
    if (
        "--state"
        not in subprocess.run(
            [*shlex.split(tool), "scan", "--help"], capture_output=True, check=False, text=True
        ).stdout
    ):
        print(f"{repository}: --state is not measured: this secrethunt has no such option", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as directory:
        firsts: list[Run] = []
        nexts: list[Run] = []
        starts: list[Run] = []
        nothing = _small_tree(directory)
        for number in range(options.runs + 1):
            state = Path(directory) / f"state-{number}"
            more = ("--state", str(state))
            firsts.append(run_once("secrethunt", tool, "history", repository, more=more))
            nexts.append(run_once("secrethunt", tool, "history", repository, more=more))
            starts.append(run_once("secrethunt", tool, "tree", nothing))
        size = state.stat().st_size
    _print_head(repository, options.runs)
    _print_row("scan", "CPU s", "wall s", "MiB", "findings", "blobs")
    _print_row(*["---"] * 6)
    for name, done in (("first", firsts), ("next, unchanged", nexts), ("of one small file", starts)):
        run = median_run(done[1:])
        _print_row(name, *_costs(run), f"{run.memory:.0f}", f"{len(run.hits):,}", _number(run.blobs))
    print(f"\nThe state file has {_number(size, 1000)} kB.")


# --- what they share ---------------------------------------------------------------------------------------------


def _own_in_turn(commands: Sequence[tuple[str, str, Sequence[str]]], runs: int) -> list[Run]:
    """Medians of secrethunt's (command, target, options), which take turns."""
    measured: list[list[Run]] = [[] for _ in commands]
    for _ in range(runs):
        for done, (tool, target, more) in zip(measured, commands, strict=True):
            done.append(run_once("secrethunt", tool, "history", target, more=more))
    return [median_run(done) for done in measured]


def _warm_up(tools: Mapping[str, str]) -> None:
    """Let tools compile and keep what they do once. The packs are in memory, as their objects were listed before."""
    with tempfile.TemporaryDirectory() as directory:
        nothing = _small_tree(directory)
        for name, tool in tools.items():
            run_once(name, tool, "tree", nothing)


def _small_tree(directory: str) -> str:
    tree = Path(directory) / "tree"
    tree.mkdir()
    (tree / "settings.py").write_text("DEBUG = True\nNAME = 'service'\n" * 20, encoding="utf-8")
    return str(tree)


def _print_head(repository: str, runs: int) -> None:
    size, load, cpus = pack_bytes(repository) / 10**6, os.getloadavg()[0], os.cpu_count()
    print(f"\n{Path(repository).name}: {size:.0f} MB of packs, median of {runs} runs, load {load:.1f} on {cpus} CPUs\n")


def _print_row(*cells: str) -> None:
    print("|", " | ".join(cells), "|", flush=True)


def _costs(run: Run) -> tuple[str, str]:
    return f"{run.cpu:.2f}", f"{run.wall:.2f}"


def _number(number: int | None, unit: int = 1) -> str:
    return "" if number is None else f"{round(number / unit):,}"


_MEASUREMENTS: dict[str, Callable[[str, Mapping[str, str], argparse.Namespace], None]] = {
    "growth": grow,
    "threads": compare_threads,
    "state": rescan,
}
"""Those that take the place of the comparison, by the option that asks for them."""


if __name__ == "__main__":
    sys.exit(main())
