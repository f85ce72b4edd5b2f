# SPDX-License-Identifier: Apache-2.0
"""
Ways to ask the providers of `validate_servers.py` about every candidate of a plan, each in a process of its own.

    python benchmarks/validate_ways.py WAY PLAN

`client` is secrethunt's client with its usual pace, 32 threads and the hosts in turn; `client-hurried` the same without
a rate; `sequential` one request after the other, as a loop around `requests.get` does. Prints how many are live.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from secrethunt.online.client import Client
from secrethunt.online.contract import Request
from secrethunt.online.options import OnlineOptions, Pace


def candidates(plan: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Hosts in turn, each with its next token."""
    for row in itertools.zip_longest(*([(host, token) for token in host["tokens"]] for host in plan["hosts"])):
        yield from filter(None, row)


def ask_with_client(plan: dict[str, Any], rate_per_s: float) -> int:
    options = OnlineOptions(
        resolver=lambda name: ["127.0.0.1"],
        allow_private=("127.0.0.1",),
        ca_file=plan["ca"],
        pace=Pace(rate_per_s=rate_per_s),
    )
    waiting: SimpleQueue[tuple[dict[str, Any], str]] = SimpleQueue()
    for candidate in candidates(plan):
        waiting.put(candidate)
    live: list[str] = []

    def work() -> None:
        while True:
            try:
                host, token = waiting.get_nowait()
            except Empty:
                return
            url = f"https://{host['name']}:{host['secure']}/v1/me"
            answer = client.send(Request("GET", url, f"GET {url}", {"Authorization": f"Bearer {token}"}))
            if answer.status == 200 and json.loads(answer.body).get("login"):
                live.append(token)

    with Client(options) as client:
        threads = [threading.Thread(target=work) for _ in range(options.pace.total)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return len(live)


def ask_in_sequence(plan: dict[str, Any]) -> int:
    import requests

    live = 0
    for host, token in candidates(plan):
        answer = requests.get(
            f"http://127.0.0.1:{host['plain']}/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        live += answer.status_code == 200 and bool(answer.json().get("login"))
    return live


if __name__ == "__main__":
    way, plan_file = sys.argv[1:]
    content = json.loads(Path(plan_file).read_text())
    if way == "sequential":
        print(ask_in_sequence(content))
    else:
        print(ask_with_client(content, {"client": Pace().rate_per_s, "client-hurried": math.inf}[way]))
