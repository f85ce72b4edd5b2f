# SPDX-License-Identifier: Apache-2.0
"""
How long a whole organisation takes to import, how much memory, and how long a blast radius takes in it.

Makes accounts of 250 identities (200 users, 50 roles) and 25,000 policy statements each, as
`aws iam get-account-authorization-details` writes them; 200 of them are the organisation of issue 6. Each size runs in
a process of its own; times are CPU seconds.

    python -m benchmarks.identity 2 8 20        accounts
    python -m benchmarks.identity --edges 1000000
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any, TextIO

from secrethunt.cli.inventorying import import_one
from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.privilege import band_of
from secrethunt.store import Run, RunKind, StoreGraph, open_store
from secrethunt.store.joining import join_store

USERS, ROLES, MANAGED = 200, 50, 100
INLINE_STATEMENTS, MANAGED_STATEMENTS = 60, 100
STATEMENTS = (USERS + ROLES) * INLINE_STATEMENTS + MANAGED * MANAGED_STATEMENTS
"""Of one account: 25,000."""
ASKED = 100
"""Identities whose blast radius is worked out."""
_VERBS = (("s3", "GetObject"), ("sqs", "SendMessage"), ("dynamodb", "GetItem"), ("lambda", "InvokeFunction"))


def statement(number: int, account: str) -> dict[str, Any]:
    """The usual kind: two actions on resources with a common beginning; one in fifty with a condition."""
    service, verb = _VERBS[number % len(_VERBS)]
    made: dict[str, Any] = {
        "Sid": f"Statement{number}",
        "Effect": "Deny" if number % 40 == 39 else "Allow",
        "Action": [f"{service}:{verb}", f"{service}:List*"],
        "Resource": f"arn:aws:{service}:eu-west-1:{account}:team-{number % 97}/app-{number % 1009}/*",
    }
    if number % 50 == 0:
        made["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": f"t{number % 7}"}}
    return made


def document(count: int, seed: int, account: str) -> dict[str, Any]:
    """A policy of *count* statements."""
    return {"Version": "2012-10-17", "Statement": [statement(seed * 31 + number, account) for number in range(count)]}


def write_account(file: TextIO, account: str, rng: random.Random) -> None:
    """One export, list by list."""
    base = f"arn:aws:iam::{account}:"

    def attached() -> list[dict[str, str]]:
        names = [f"managed-{rng.randrange(MANAGED)}" for _ in range(3)]
        return [{"PolicyName": name, "PolicyArn": f"{base}policy/{name}"} for name in names]

    def write(key: str, entries: Iterator[dict[str, Any]], end: str) -> None:
        file.write(f'"{key}": [')
        for number, entry in enumerate(entries):
            file.write(("," if number else "") + json.dumps(entry))
        file.write(f"]{end}")

    def holders(kind: str, count: int) -> Iterator[dict[str, Any]]:
        for number in range(count):
            name = f"{kind}-{number}"
            entry: dict[str, Any] = {
                "Arn": f"{base}{kind}/{name}",
                f"{kind.title()}Name": name,
                f"{kind.title()}Id": f"ID{account}{number}",
                "CreateDate": "2024-01-01T00:00:00Z",
                "AttachedManagedPolicies": attached(),
                f"{kind.title()}PolicyList": [
                    {
                        "PolicyName": "inline",
                        "PolicyDocument": document(INLINE_STATEMENTS, rng.randrange(5000), account),
                    }
                ],
            }
            if kind == "role":
                principal = {"AWS": f"{base}user/user-{rng.randrange(USERS)}"}
                trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
                entry["AssumeRolePolicyDocument"] = {"Version": "2012-10-17", "Statement": [trust]}
            yield entry

    def managed() -> Iterator[dict[str, Any]]:
        for number in range(MANAGED):
            body = document(MANAGED_STATEMENTS, number, account)
            version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": body}
            name = f"managed-{number}"
            arn = f"{base}policy/{name}"
            yield {"Arn": arn, "PolicyName": name, "AttachmentCount": 1, "PolicyVersionList": [version]}

    file.write("{")
    write("UserDetailList", holders("user", USERS), ",")
    write("GroupDetailList", iter(()), ",")
    write("RoleDetailList", holders("role", ROLES), ",")
    write("Policies", managed(), "}")


def measure(accounts: int) -> dict[str, Any]:
    """Generate, import and ask; in this process."""
    rng = random.Random(6)
    with tempfile.TemporaryDirectory() as folder:
        with open_store(os.path.join(folder, "store.sqlite")) as store:
            size, spent, wall, nodes, edges = 0, 0.0, 0.0, 0, 0
            for number in range(accounts):
                path = os.path.join(folder, "account.json")
                with open(path, "w", encoding="ascii") as file:
                    write_account(file, f"{100_000_000_000 + number}", rng)
                size += os.path.getsize(path)
                renamed = os.path.join(folder, f"account-{number}.json")
                os.rename(path, renamed)
                start, since = time.process_time(), time.perf_counter()
                read = import_one(store, renamed)
                spent += time.process_time() - start
                wall += time.perf_counter() - since
                assert not read.unread_count
                nodes, edges = nodes + read.nodes, edges + read.edges
                os.unlink(renamed)
            start = time.process_time()
            join_store(store)
            joined = time.process_time() - start
            asked = _ask(StoreGraph(store), rng, accounts)
        stored = os.path.getsize(os.path.join(folder, "store.sqlite"))
    return {
        "accounts": accounts,
        "identities": accounts * (USERS + ROLES),
        "statements": accounts * STATEMENTS,
        "exports_mib": size >> 20,
        "import_cpu_s": round(spent, 1),
        "import_wall_s": round(wall, 1),
        "us_per_statement": round(spent / accounts / STATEMENTS * 1e6, 1),
        "nodes": nodes,
        "edges": edges,
        "store_mib": stored >> 20,
        "join_s": round(joined, 2),
        **asked,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def _ask(graph: StoreGraph, rng: random.Random, accounts: int) -> dict[str, Any]:
    """Blast radii of identities taken at random, all with one graph as `nhi list` does."""
    band = band_of(graph)
    times = []
    for _ in range(ASKED):
        account = f"{100_000_000_000 + rng.randrange(accounts)}"
        node = graph.node(f"aws:arn:aws:iam::{account}:user/user-{rng.randrange(USERS)}")
        assert node is not None
        start = time.process_time()
        band(node)
        times.append(time.process_time() - start)
    times.sort()
    return {"blast_median_ms": round(times[len(times) // 2] * 1e3, 1), "blast_worst_ms": round(times[-1] * 1e3, 1)}


def measure_edges(count: int) -> dict[str, Any]:
    """Load *count* edges, and read around 1,000 nodes."""

    def items() -> Iterator[Node | Edge]:
        for number in range(count // 20):
            account = f"{100_000_000_000 + number % 200}"
            key = f"aws:arn:aws:iam::{account}:user/service/user-{number}"
            yield Node(key, NodeKind.IDENTITY, "aws", f"user-{number}", f"aws:account:{account}", {"type": "iam-user"})
            yield Edge(key, f"aws:account:{account}", EdgeKind.IN_ACCOUNT)
            for other in range(19):
                target = f"aws:arn:aws:iam::aws:policy/P{(number * 7 + other * 13) % 5000}"
                yield Edge(key, target, EdgeKind.HAS_GRANT, evidence=f"attached to {key}")

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "store.sqlite")
        with open_store(path) as store:
            start, since = time.process_time(), time.perf_counter()
            with Run(store, RunKind.IMPORT, "benchmark") as run:
                run.add(items())
            loaded, wall = time.process_time() - start, time.perf_counter() - since
            graph = StoreGraph(store)
            start = time.process_time()
            for number in range(0, count // 20, max(1, count // 20_000)):
                key = f"aws:arn:aws:iam::{100_000_000_000 + number % 200}:user/service/user-{number}"
                assert graph.node(key) is not None
                assert len(list(graph.edges_from(key))) == 20
            read = time.process_time() - start
        size = os.path.getsize(path)
    return {
        "edges": run.edges,
        "load_cpu_s": round(loaded, 1),
        "load_wall_s": round(wall, 1),
        "us_per_edge": round(loaded / run.edges * 1e6, 1),
        "read_1000_nodes_with_edges_s": round(read, 2),
        "store_mib": size >> 20,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("accounts", nargs="*", type=int)
    parser.add_argument("--edges", type=int)
    parser.add_argument("--here", action="store_true", help="in this process, as one line of JSON")
    options = parser.parse_args()
    if options.edges:
        print(json.dumps(measure_edges(options.edges)))
    for accounts in options.accounts:
        if options.here:
            print(json.dumps(measure(accounts)))
        else:
            subprocess.run([sys.executable, "-m", "benchmarks.identity", "--here", str(accounts)], check=True)


if __name__ == "__main__":
    main()
