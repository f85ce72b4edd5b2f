# SPDX-License-Identifier: Apache-2.0
"""
What a cold start costs: `--version`, and a scan of one small file with warm and with empty caches.

    python benchmarks/startup.py [--runs 20]

User and system CPU milliseconds of the whole process, median and extremes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
from collections.abc import Sequence

from tools import own_command


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "settings.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write("DEBUG = True\nNAME = 'service'\n" * 20)
        tool = own_command()
        warm = {**os.environ, "SECRETHUNT_CACHE_DIR": os.path.join(directory, "cache")}
        cold = {**os.environ, "SECRETHUNT_CACHE_DIR": "/dev/null/none"}
        _report("--version", [tool, "--version"], warm, runs)
        _report("scan of one small file", [tool, "scan", path], warm, runs)
        _report("the same without a cache", [tool, "scan", path], cold, max(runs // 5, 2))


def _report(label: str, command: Sequence[str], environment: dict[str, str], runs: int) -> None:
    times = sorted(_cpu(command, environment) for _ in range(runs + 1))[:-1]
    print(f"{label:28} {statistics.median(times):7.0f} ms CPU  (min {times[0]:.0f}, max {times[-1]:.0f}, {runs} runs)")


def _cpu(command: Sequence[str], environment: dict[str, str]) -> float:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return (usage.ru_utime + usage.ru_stime) * 1000


if __name__ == "__main__":
    main()
