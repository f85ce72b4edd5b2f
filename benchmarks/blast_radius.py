# SPDX-License-Identifier: Apache-2.0
"""
What Kingfisher's `blast-radius` and our expander say of the same ten kinds of users on moto's server.

    python -m benchmarks.blast_radius PATH_OF_KINGFISHER

Kingfisher asks the server with each user's key, once as the user is and once with reads of IAM added; ours reads the
exports of the account, which are the same in both. moto answers what AWS would as far as it goes: it applies identity
policies but not their conditions, and no boundary of a user (`tests/services/aws_account.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from secrethunt.identity.aws.authorization_details import AuthorizationDetails
from secrethunt.identity.aws.expander import AwsExpander
from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus
from tests.identity.memory_graph import MemoryGraph
from tests.services.aws_account import ACCOUNT, Account, export, serve_account, user_name

_ADMIN = f"aws:any:*@{ACCOUNT}"
_TAKES = frozenset({EdgeKind.CAN_ASSUME, EdgeKind.CAN_PASS_TO, EdgeKind.CAN_MINT_KEY_FOR})


def _kingfisher(binary: str, account: Account, folder: Path, number: int) -> str:
    keys = account.keys[user_name(number)]
    file = folder / "key.json"
    file.write_text(json.dumps({"access_key_id": keys.key_id, "secret_access_key": keys.secret, "session_token": None}))
    environment = {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{account.port}",
        "AWS_REGION": "eu-west-1",
    }
    command = [binary, "blast-radius", "--allow-internal-ips", "--format", "json", "aws", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    if done.returncode:
        return "failed"
    found = json.loads(done.stdout)
    named = [name for level in ("admin", "privilege_escalation", "risky") for name in found["permissions"][level]]
    return f"{found['severity']} ({', '.join(named[:3]) or 'nothing'})"


def _ours(graph: MemoryGraph, arn: str) -> str:
    start = graph.node("aws:" + arn)
    assert start is not None
    expander, reached, waiting = AwsExpander(), dict[str, Edge](), [(start, "")]
    while waiting:
        node, path = waiting.pop(0)
        for edge in expander.expand(node, graph):
            if edge.status is not EdgeStatus.CONFIRMED or edge.target in reached:
                continue
            reached[edge.target] = edge
            taken = graph.node(edge.target)
            if edge.target == _ADMIN:
                return f"everything{path}"
            if taken is not None and edge.kind in _TAKES:
                waiting.append((taken, f"{path} over {edge.kind.value} {taken.name}"))
    held = [edge for edge in reached.values() if edge.access is not None]
    if not held:
        return "nothing"
    best = max(held, key=lambda edge: edge.access or 0)
    assert best.access is not None
    return f"{best.access.label}: {', '.join(best.actions[:2])} ({len(held)} targets)"


def main(binary: str) -> None:
    """Print one row a kind of user."""
    rows: dict[int, list[str]] = {number: [user_name(number)] for number in range(10)}
    for reads_iam in (False, True):
        with tempfile.TemporaryDirectory() as name, serve_account(Path(name) / "moto", reads_iam=reads_iam) as account:
            folder = Path(name)
            for number, row in rows.items():
                row.append(_kingfisher(binary, account, folder, number))
            if reads_iam:
                continue
            graph = MemoryGraph(AuthorizationDetails().read(str(export(account, folder / "export")[0])))
            for number, row in rows.items():
                path = "team/" if number % 2 else ""
                row.append(_ours(graph, f"arn:aws:iam::{ACCOUNT}:user/{path}{user_name(number)}"))
    for user, as_is, ours, reading in rows.values():
        sys.stdout.write(f"| {user} | {as_is} | {reading} | {ours} |\n")


if __name__ == "__main__":
    main(sys.argv[1])
