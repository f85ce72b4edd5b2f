# SPDX-License-Identifier: Apache-2.0
"""
How long does a blast radius take in a graph of a million edges, in memory and in the store?

    python benchmarks/blast.py [EDGES]      1,000,000 by default

A made-up provider: identities that assume roles, run machines, read stores that hold credentials of others, and reach
resources; every edge is stored, so that the search alone is measured.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from secrethunt.identity.blast import BlastRadii
from secrethunt.identity.contract import Access, Edge, EdgeKind, Graph, Known, Node, NodeKind
from secrethunt.identity.memory import MemoryGraph
from secrethunt.store import Run, RunKind, StoreGraph, open_store

ASKED = 50
PER_IDENTITY = 20


def organisation(edges: int, seed: int = 1) -> Iterator[Node | Edge]:
    """Identities of about `PER_IDENTITY` edges each."""
    pick = random.Random(seed)
    count = edges // PER_IDENTITY
    rights = {"permissions_known": True}
    for number in range(count):
        key = f"acme:user:{number}"
        yield Node(key, NodeKind.IDENTITY, "acme", f"user {number}", "", rights)
        yield Node(f"acme:key:{number}", NodeKind.CREDENTIAL, "acme", f"key {number}")
        yield Node(f"acme:store:{number}", NodeKind.SECRET_STORE, "acme", f"store {number}")
        yield Edge(f"acme:key:{number}", key, EdgeKind.AUTHENTICATES_AS)
        yield Edge(f"acme:store:{number}", f"acme:key:{pick.randrange(count)}", EdgeKind.STORES)
        yield Edge(key, f"acme:user:{pick.randrange(count)}", EdgeKind.CAN_ASSUME)
        yield Edge(key, f"acme:store:{pick.randrange(count)}", EdgeKind.CAN_ACCESS, access=Access.SECRET_READ)
        for _ in range(PER_IDENTITY - 4):
            target, access = f"acme:thing:{pick.randrange(count)}", Access(pick.randrange(3))
            yield Edge(key, target, EdgeKind.CAN_ACCESS, access=access)


def ask(name: str, graph: Graph, count: int) -> None:
    """Times `ASKED` secrets, each with nothing remembered of those before."""
    pick = random.Random(2)
    seconds, reached = [], 0
    for _ in range(ASKED):
        start = graph.node(f"acme:key:{pick.randrange(count)}")
        assert start is not None
        began = time.process_time()
        reached += len(BlastRadii(graph).of(start).counted)
        seconds.append(time.process_time() - began)
    middle, most = statistics.median(seconds), max(seconds)
    print(
        f"{name}: median {middle * 1000:.1f} ms, most {most * 1000:.1f} ms, {reached / ASKED:.0f} things reached each"
    )


def main() -> None:
    """Builds both graphs and asks them."""
    edges = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    count = edges // PER_IDENTITY
    began = time.process_time()
    memory = MemoryGraph(organisation(edges))
    print(f"{edges:,} edges; loaded into memory in {time.process_time() - began:.1f} s CPU")
    ask("memory", memory, count)
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        with open_store(str(Path(folder) / "db")) as store:
            with Run(store, RunKind.IMPORT, "benchmark") as run:
                run.add(organisation(edges), Known.INVENTORY)
            print(f"written to the store in {time.process_time() - began:.1f} s CPU")
            ask("store", StoreGraph(store), count)


if __name__ == "__main__":
    main()
