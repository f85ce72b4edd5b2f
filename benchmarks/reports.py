# SPDX-License-Identifier: Apache-2.0
"""
What a report of many findings costs: CPU time, peak memory and size, for each format.

    python benchmarks/reports.py [--findings 25000] [--runs 3]

Each format is rendered in a process of its own, from records made at run time: a third of the findings stand in history
with three versions each, four findings share a secret. Memory is what the report needs beyond the records; the finished
report, which is kept in memory here, is part of it. Median of the runs.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import resource
import statistics
import subprocess
import sys
import time

from secrethunt.report import FORMATS, ReportOptions, render
from secrethunt.report.quantities import size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=25_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", choices=FORMATS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_measured(options.one, options.findings)))
        return
    print(f"{options.findings:,} findings, median of {options.runs} runs")
    print(f"| {'format':24} | CPU s | MiB more | size | gzip | left out |")
    print("|---|---|---|---|---|---|")
    for name in FORMATS:
        print(_row(name, options.findings, options.runs))


def _row(name: str, findings: int, runs: int) -> str:
    command = [sys.executable, __file__, "--one", name, "--findings", str(findings)]
    done = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(runs)]
    seconds = statistics.median(run["seconds"] for run in done)
    more = statistics.median(run["memory"] for run in done)
    first = done[0]
    cut = re.split(r" left out|, (?=[a-z])", first["note"])[0] or "nothing"
    return f"| {name:24} | {seconds:5.2f} | {more:8.0f} | {size(first['size'])} | {size(first['gzip'])} | {cut} |"


def _measured(name: str, number: int) -> dict[str, object]:
    from report_records import make_many

    result = make_many(number)
    options = ReportOptions(tool_version="0", written_at=time.time())
    out = io.BytesIO()
    before = _peak_mib()
    started = time.process_time()
    note = render(result, name, options=options, out=out)
    seconds = time.process_time() - started
    return {
        "seconds": seconds,
        "memory": _peak_mib() - before,
        "size": len(out.getvalue()),
        "gzip": len(gzip.compress(out.getvalue(), 6)),
        "note": note,
    }


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
