# SPDX-License-Identifier: Apache-2.0
"""
How fast, how evenly and with how much memory candidates are validated: distinct candidates over many local hosts.

    python benchmarks/validate.py [--candidates 1000] [--hosts 50] [--latency-ms 100] [--peer kingfisher=PATH]…
    python benchmarks/validate.py --peer 'kingfisher-more=PATH --jobs 32'

Every second candidate is live. *Rate* is the most requests that one host got within any second, *excess* how many more
than its bucket (burst and rate of secrethunt's usual pace) ever lets through, both by the servers' clock; *at once* the
most requests in flight at one host. `client` goes over TLS, the other tools ask the same servers without it, with rules
of one kind. The loop around `requests.get` asks about some 200 only.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import json
import math
import random
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import own_command, time_command

from secrethunt.online.options import Pace

HERE = Path(__file__).parent
SAMPLE = 200
"""Candidates for the way that takes a tenth of a second for each."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=1000)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--latency-ms", type=float, default=100.0)
    parser.add_argument("--secrethunt", default=own_command(), metavar="PATH", help="the command to run")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        plan = make_plan(options.hosts, options.candidates, options.latency_ms / 1000)
        print(f"{options.candidates} candidates, {options.hosts} hosts, {options.latency_ms:g} ms")
        print(f"{'way':16} {'wall s':>7} {'per s':>6} {'cpu s':>6} {'MiB':>5} {'asked':>6} {'live':>5}", end="")
        print(f" {'rate':>4} {'excess':>6} {'at once':>7} {'connections':>11}")
        with serving(folder / "plan.json", plan) as served:
            (folder / "sample.json").write_text(json.dumps(sampled(served)))
            for name, command in ways(folder, served, options):
                show(name, command, folder, served)


def make_plan(hosts: int, candidates: int, latency_s: float) -> dict[str, Any]:
    """Hosts with their tokens, of which every second is live."""
    chance = random.Random(5)
    entries = []
    for number in range(hosts):
        size = len(range(number, candidates, hosts))
        tokens = [f"acme{number:02}_{chance.getrandbits(160):040x}" for _ in range(size)]
        entries.append({"name": f"api.host{number:02}.test", "tokens": tokens, "live": tokens[::2]})
    return {"hosts": entries, "latency_s": latency_s}


def sampled(plan: dict[str, Any]) -> dict[str, Any]:
    share = SAMPLE / max(sum(len(host["tokens"]) for host in plan["hosts"]), SAMPLE)
    hosts = [{**host, "tokens": host["tokens"][: math.ceil(len(host["tokens"]) * share)]} for host in plan["hosts"]]
    return {**plan, "hosts": hosts}


@contextmanager
def serving(plan_file: Path, plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The plan with its servers' ports."""
    plan_file.write_text(json.dumps(plan))
    command = [sys.executable, str(HERE / "validate_servers.py"), str(plan_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                raise SystemExit("the servers did not start")
            yield json.loads(plan_file.read_text())
        finally:
            process.terminate()


def ways(folder: Path, plan: dict[str, Any], options: argparse.Namespace) -> Iterator[tuple[str, Sequence[str]]]:
    """Command lines by name."""
    script = str(HERE / "validate_ways.py")
    for name in ("client", "client-hurried"):
        yield name, [sys.executable, script, name, str(folder / "plan.json")]
    yield "sequential", [sys.executable, script, "sequential", str(folder / "sample.json")]
    (folder / "src").mkdir()
    lines = [f"TOKEN={token}\n" for host in plan["hosts"] for token in host["tokens"]]
    (folder / "src" / "tokens.env").write_text("".join(lines))
    (folder / "secrethunt").mkdir()
    yield "secrethunt", [options.secrethunt, *_secrethunt(folder / "secrethunt", plan, str(folder / "src"))]
    for peer in options.peer:
        name, _, command = peer.partition("=")
        tool, *more = shlex.split(command)
        (folder / name).mkdir()
        arguments = {"kingfisher": _kingfisher, "betterleaks": _betterleaks}[name.partition("-")[0]]
        yield name, [tool, *arguments(folder / name, plan, str(folder / "src")), *more]


def _secrethunt(folder: Path, plan: dict[str, Any], source: str) -> list[str]:
    (folder / "rules").mkdir()
    endpoints = []
    for number, host in enumerate(plan["hosts"]):
        endpoints += ["--endpoint", f"acme{number:02}=http://127.0.0.1:{host['plain']}"]
        (folder / "rules" / f"acme{number:02}.yaml").write_text(_OWN.replace("NN", f"{number:02}"))
    rules = ["--no-builtin-rules", "--rules", str(folder / "rules")]
    more = ["--no-verdict-cache", "--no-progress", "--format", "jsonl", "--output", str(folder / "report.jsonl")]
    return ["scan", "--no-history", *rules, "--validate", *endpoints, *more, source]


def _kingfisher(folder: Path, plan: dict[str, Any], source: str) -> list[str]:
    rules = [
        _KINGFISHER.replace("NN", f"{number:02}").replace("PORT", str(host["plain"]))
        for number, host in enumerate(plan["hosts"])
    ]
    (folder / "rules.yml").write_text("rules:\n" + "".join(rules))
    more = ["--load-builtins=false", "--allow-internal-ips", "--no-update-check", "--format", "jsonl"]
    return ["scan", source, "--rules-path", str(folder / "rules.yml"), *more, "-o", str(folder / "report.jsonl")]


def _betterleaks(folder: Path, plan: dict[str, Any], source: str) -> list[str]:
    rules = [
        _BETTERLEAKS.replace("NN", f"{number:02}").replace("PORT", str(host["plain"]))
        for number, host in enumerate(plan["hosts"])
    ]
    (folder / "rules.toml").write_text("".join(rules))
    report = str(folder / "report.json")
    return ["fs", source, "-c", str(folder / "rules.toml"), "--validate", "--exit-code=0", "-o", report]


_OWN = """provider: acmeNN
rules:
  - id: acmeNN.token
    name: Acme NN token
    nhi: api-key
    severity: high
    confidence: high
    pattern: '\\b(?P<secret>acmeNN_[0-9a-f]{40})\\b'
    references: ['https://docs.acme.example/NN']
    examples: ['TOKEN={{secret}}']
    negative_examples: [{text: 'TOKEN=acmeNN_', why: no value}]
    validate:
      request: {url: 'https://api.hostNN.test/v1/me', bearer: '{{secret}}'}
      active: {status: 200, json: {login: '.+'}}
      inactive: {status: 401, json: {error.code: invalid_token}}
      references: ['https://docs.acme.example/NN']
"""
_KINGFISHER = r"""
  - name: Acme NN
    id: kingfisher.acme.NN
    pattern: '\b(acmeNN_[0-9a-f]{40})\b'
    min_entropy: 1.0
    confidence: medium
    examples: [acmeNN_0123456789abcdef0123456789abcdef01234567]
    validation:
      type: Http
      content:
        request:
          method: GET
          url: http://127.0.0.1:PORT/v1/me
          headers: {Authorization: 'Bearer {{ TOKEN }}'}
          response_matcher:
            - {type: StatusMatch, status: [200], report_response: true}
            - {type: WordMatch, words: ['"login"']}
"""
_BETTERLEAKS = r"""
[[rules]]
id = "acme-NN"
description = "Acme NN"
regex = '''\b(acmeNN_[0-9a-f]{40})\b'''
keywords = ["acmeNN_"]
validate = '''
let r = http.get("http://127.0.0.1:PORT/v1/me", {"Authorization": "Bearer " + finding["secret"]});
r.status == 200 && (r.body contains "\"login\"") ? {"result": "valid"} : {"result": "invalid"}
'''
"""


def show(name: str, command: Sequence[str], folder: Path, plan: dict[str, Any]) -> None:
    """Run one way and print its line."""
    ask_servers(plan)
    out, said = folder / f"{name}.out", folder / f"{name}.err"
    run, code = time_command(command, stdout=str(out), stderr=str(said), limit_s=300)
    seen = ask_servers(plan)
    live = count_live(name, folder, out)
    if live is None:
        print(f"{name:16} exit code {code}: {said.read_text()[-300:].strip()}")
        return
    times = [host["times"] for host in seen]
    asked = sum(map(len, times))
    figures = (
        f"{run.wall:7.2f} {asked / run.wall:6.0f} {run.cpu:6.2f} {run.memory:5.0f} {asked:6} {live:5}",
        f"{max(map(in_a_second, times)):4} {max(map(excess, times)):6.2f}",
        f"{max(host['most'] for host in seen):7} {sum(host['connections'] for host in seen):11}",
    )
    print(f"{name:16}", *figures, flush=True)


def ask_servers(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """What each host saw since it was last asked."""
    with (
        socket.create_connection(("127.0.0.1", plan["control"]), timeout=30) as control,
        control.makefile("rb") as told,
    ):
        seen: list[dict[str, Any]] = json.loads(told.read())
    return seen


def count_live(name: str, folder: Path, out: Path) -> int | None:
    """Distinct candidates that were called live; None where the way gave no result."""
    if name.startswith(("client", "sequential")):
        text = out.read_text().strip()
        return int(text) if text else None
    report = next(iter(folder.glob(f"{name}/report.json*")), None)
    if report is None:
        return None
    text = report.read_text()
    if report.suffix == ".jsonl":
        return sum(is_live(json.loads(line)) for line in text.splitlines())
    return sum(map(is_live, json.loads(text)["findings"]))


def is_live(record: dict[str, Any]) -> bool:
    """Does a finding of any tool say so?"""
    if "finding" in record:
        return record["finding"]["validation"]["status"] == "Active Credential"
    verdict = record.get("verdict") or {}
    return verdict.get("state") == "active" or (record.get("analysis") or {}).get("status") == "valid"


def in_a_second(times: Sequence[float]) -> int:
    """Most of *times* (sorted) within one second."""
    return max((bisect.bisect_left(times, at + 1.0) - place for place, at in enumerate(times)), default=0)


def excess(times: Sequence[float]) -> float:
    """By how many requests any stretch of *times* goes beyond burst and rate."""
    pace = Pace()
    most = 0.0
    for (i, first), (j, later) in itertools.combinations(enumerate(times), 2):
        most = max(most, j - i + 1 - pace.burst - pace.rate_per_s * (later - first))
    return most


if __name__ == "__main__":
    main()
