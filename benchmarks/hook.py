# SPDX-License-Identifier: Apache-2.0
"""
What a commit hook costs: one added line in a large repository, with and without a secret in it.

    python benchmarks/hook.py git=/path/to/git rails=/path/to/rails --peer gitleaks=/path/to/gitleaks \\
        --peer kingfisher=/path/to/kingfisher --peer detect-secrets=/path/to/detect-secrets-hook [--runs 20] [--cold]

Each repository is cloned (shared) and never changed itself. Wall-clock milliseconds of the hook's own process, medians;
peers run the command that their documentation gives for a commit hook, detect-secrets on the changed file. Ours is the
script that `secrethunt hook install` writes, with a warm cache of rules. *cold* drops the kernel's file cache before
each run and needs root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from secrethunt.hook.doctor import canary

_PLAIN = "one more line\n"
_SLOW = 4
"""Of a tool that takes seconds, a quarter of the runs is enough."""


@dataclass(frozen=True)
class Hook:
    """A tool as a commit hook; `{file}` is the changed file."""

    name: str
    command: Sequence[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--cold", action="store_true", help="also with a cold file cache")
    options = parser.parse_args()
    peers = dict(text.split("=", 1) for text in options.peer)
    print("| repository | change | cache | tool | median ms | min | max | found |")
    print("|---|---|---|---|---|---|---|---|")
    for text in options.repositories:
        name, _, path = text.partition("=")
        with tempfile.TemporaryDirectory() as directory:
            _measure(name, path, Path(directory), peers, options)


def _measure(name: str, path: str, directory: Path, peers: dict[str, str], options: argparse.Namespace) -> None:
    clone = directory / "clone"
    subprocess.run(["git", "clone", "--quiet", "--shared", path, str(clone)], check=True)
    environment = {**os.environ, "XDG_CACHE_HOME": str(directory / "cache"), "XDG_CONFIG_HOME": str(directory / "none")}
    own = [sys.executable, "-m", "secrethunt", "hook", "install"]
    subprocess.run(own, cwd=clone, env=environment, check=True, stdout=subprocess.DEVNULL)
    file = _largest_source(clone)
    original = (clone / file).read_bytes()
    secret = canary(str(directory / "cache" / "secrethunt"))
    for change, line in (("plain line", _PLAIN.encode()), ("secret", secret)):
        (clone / file).write_bytes(original + line)
        subprocess.run(["git", "add", file], cwd=clone, check=True)
        for is_cold in (False, True) if options.cold else (False,):
            for hook in _hooks(clone, file, peers):
                label = f"| {name} | {change} | {'cold' if is_cold else 'warm'} | {hook.name}"
                _report(label, hook, clone, environment, is_cold=is_cold, runs=options.runs)


def _hooks(clone: Path, file: str, peers: dict[str, str]) -> list[Hook]:
    known = {
        "gitleaks": ["{tool}", "git", "--pre-commit", "--staged", "--no-banner", "--log-level", "error"],
        "kingfisher": ["{tool}", "scan", ".", "--staged", "--quiet", "--no-validate", "--no-update-check"],
        "detect-secrets": ["{tool}", file],
    }
    hooks = [Hook("secrethunt", [str(clone / ".git" / "hooks" / "pre-commit")])]
    for name, tool in peers.items():
        command = known[name.partition(":")[0]]
        hooks.append(Hook(name, [tool if word == "{tool}" else word for word in command]))
    return hooks


def _report(label: str, hook: Hook, clone: Path, environment: dict[str, str], *, is_cold: bool, runs: int) -> None:
    times: list[float] = []
    codes: set[int] = set()
    # The first is not counted: a tool may leave something behind for the next.
    for number in range(runs + 1):
        if is_cold:
            _drop_caches()
        started = time.perf_counter()
        done = subprocess.run(
            hook.command, cwd=clone, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
        if number:
            times.append((time.perf_counter() - started) * 1000)
        codes.add(done.returncode)
        if len(times) * 2 > runs / _SLOW and statistics.median(times) > 2000:
            break
    found = {frozenset({0}): "nothing"}.get(frozenset(codes), "stopped" if 0 not in codes else "unsteady")
    middle = statistics.median(times)
    print(f"{label} | {middle:.0f} | {min(times):.0f} | {max(times):.0f} | {found} |", flush=True)


def _drop_caches() -> None:
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3\n")


def _largest_source(clone: Path) -> str:
    """The largest C or Ruby file: what is worst for a hook that reads all of it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.c", "*.rb"], cwd=clone, capture_output=True, check=True, text=True
    ).stdout
    return max(filter(None, listed.split("\0")), key=lambda name: (clone / name).stat().st_size)


if __name__ == "__main__":
    if shutil.which("git") is None:
        sys.exit("git is not on the path")
    main()
