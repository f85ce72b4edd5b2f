# SPDX-License-Identifier: Apache-2.0
"""From keys in a git history to what they reach, on moto's server: asked live, and told from the exports alone."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from secrethunt.identity.aws.access_keys import AccessKeys
from secrethunt.identity.aws.authorization_details import AuthorizationDetails
from secrethunt.identity.aws.conditions import Truth
from secrethunt.identity.aws.decide import decide
from secrethunt.identity.aws.expander import AwsExpander
from secrethunt.identity.aws.principals import Principals
from secrethunt.identity.aws.resources import Resources
from secrethunt.identity.blast import BlastRadii
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Importer, Node
from secrethunt.store import StoreGraph, open_store
from tests.cli.runner import Runner
from tests.identity.memory_graph import MemoryGraph
from tests.services.aws_account import ACCOUNT, Account, export, kind_of, serve_account, user_name

pytest.importorskip("moto", reason="pip install 'moto[server,iam,sts]'")
pytest.importorskip("botocore", reason="pip install 'secrethunt[aws]'")

PLANTED = tuple(range(10))
ADMIN = f"aws:any:*@{ACCOUNT}"
IMPORTERS: tuple[Importer, ...] = (AuthorizationDetails(), AccessKeys(), Resources())
_TAKES = frozenset({EdgeKind.CAN_ASSUME, EdgeKind.CAN_PASS_TO, EdgeKind.CAN_MINT_KEY_FOR})


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with serve_account(tmp_path_factory.mktemp("moto")) as started:
        yield started


@pytest.fixture(scope="module")
def graph(account: Account, tmp_path_factory: pytest.TempPathFactory) -> MemoryGraph:
    """The account from its exports alone."""
    made = MemoryGraph()
    for path in export(account, tmp_path_factory.mktemp("export") / "account"):
        head = path.read_bytes()[:65536]
        [importer] = [item for item in IMPORTERS if item.recognises(head, path.name)]
        made.add(importer.read(str(path)))
    assert [] == made.unread
    return made


def history(folder: Path, account: Account) -> None:
    """Each key is committed and then taken out again, but for the last."""
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for number in PLANTED:
        keys = account.keys[user_name(number)]
        lines = f"[default]\naws_access_key_id = {keys.key_id}\naws_secret_access_key = {keys.secret}\n"
        (folder / "credentials.ini").write_text(lines)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"deploy {number}"], check=True)


def owner(graph: MemoryGraph, key_id: str) -> Node:
    [edge] = graph.edges_from(f"aws:access-key:{key_id}", EdgeKind.AUTHENTICATES_AS)
    return Principals(graph).itself(edge.target) or pytest.fail(edge.target)


@dataclass(frozen=True, slots=True)
class Live:
    """One scan that asked, and what it kept."""

    runner: Runner
    folder: Path
    database: str
    pairs: list[dict[str, Any]]
    kinds: dict[str, str]
    """Kind of user by secret id."""


@pytest.fixture(scope="module")
def live(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Live:
    base = tmp_path_factory.mktemp("live")
    history(base / "repository", account)
    runner, database = Runner(base / "home"), str(base / "live.sqlite")
    where = ("--endpoint", f"aws=http://127.0.0.1:{account.port}", "--rate", "500", "--db", database)
    options = ("--validate", "--identify", "--only", "aws", "--format", "jsonl", "--show-secrets")
    findings = runner.run("scan", *options, *where, str(base / "repository")).findings
    pairs = [finding for finding in findings if finding["rule_id"] == "aws.key-pair"]
    by_key = {account.keys[user_name(number)].key_id: kind_of(number) for number in PLANTED}
    kinds = {finding["secret_id"]: by_key[_key_id(finding)] for finding in pairs}
    return Live(runner, base / "repository", database, pairs, kinds)


def _key_id(finding: dict[str, Any]) -> str:
    [key_id] = [part["value"] for part in finding["parts"] if part["name"] == "access_key_id"]
    return str(key_id)


def test_found_keys_are_live_and_belong_to_whom_the_exports_say(live: Live, graph: MemoryGraph) -> None:
    assert len(PLANTED) == len(live.pairs)
    assert {"active"} == {finding["verdict"]["state"] for finding in live.pairs}
    for finding in live.pairs:
        facts = finding["verdict"]["facts"]
        told = owner(graph, _key_id(finding))
        assert (facts["account"], facts["account_id"]) == (told.key.removeprefix("aws:"), ACCOUNT)


def walked(graph: MemoryGraph, start: Node) -> dict[str, Edge]:
    """The edges over which everything that follows from *start* is reached first."""
    expander, reached, waiting = AwsExpander(), dict[str, Edge](), [start]
    while waiting:
        for edge in expander.expand(waiting.pop(0), graph):
            if edge.status is not EdgeStatus.CONFIRMED or edge.target in reached:
                continue
            reached[edge.target] = edge
            node = graph.node(edge.target)
            if node is not None and edge.kind in _TAKES:
                waiting.append(node)
    return reached


def strength(graph: MemoryGraph, start: Node) -> float:
    """Everything, then secrets, then data, then nothing: a ranking that needs no weights."""
    reached = walked(graph, start)
    if ADMIN in reached:
        return 5.0
    found = [edge.access for edge in reached.values() if edge.access is not None]
    return float(max(found) + 0.01 * min(len(found), 90)) if found else 0.0


def test_users_are_ranked_by_what_follows_from_their_keys(account: Account, graph: MemoryGraph) -> None:
    ranks = {number: strength(graph, owner(graph, account.keys[user_name(number)].key_id)) for number in PLANTED}
    by_kind = {kind_of(number): rank for number, rank in ranks.items()}
    # taker-3 takes a role that may everything, and so does fenced-5, whom only IAM is denied; passer-4 gives one to a
    # function, minter-7 makes keys for admins.
    assert {"admin", "taker", "passer", "fenced", "minter"} == {kind for kind, rank in by_kind.items() if rank == 5.0}
    assert by_kind["bounded"] > by_kind["secrets"] >= Access.SECRET_READ
    assert Access.READ <= by_kind["reader"] < Access.SECRET_READ
    assert by_kind["idle"] == by_kind["guest"] == 0.0


CALLS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("iam", "list_users", "iam:ListUsers", {}),
    ("iam", "list_roles", "iam:ListRoles", {}),
    ("secretsmanager", "list_secrets", "secretsmanager:ListSecrets", {}),
    ("dynamodb", "list_tables", "dynamodb:ListTables", {}),
    ("s3", "list_buckets", "s3:ListAllMyBuckets", {}),
)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5, 7, 9])
def test_what_the_exports_say_is_what_the_server_does(account: Account, graph: MemoryGraph, number: int) -> None:
    import botocore.exceptions

    keys = account.keys[user_name(number)]
    principal = Principals(graph).principal(owner(graph, keys.key_id))
    for service, method, action, arguments in CALLS:
        try:
            getattr(account.client(service, keys), method)(**arguments)
            is_allowed = True
        except botocore.exceptions.ClientError as err:
            assert re.search("AccessDenied|not authorized", str(err)), err
            is_allowed = False
        assert (action, is_allowed) == (action, decide(principal, action, "*").truth is Truth.YES)


def test_found_keys_rank_alike_live_and_from_exports_alone(account: Account, tmp_path: Path, live: Live) -> None:
    export(account, tmp_path / "exports")
    databases = {"live": (live.runner, live.database), "offline": (Runner(tmp_path), str(tmp_path / "offline.sqlite"))}
    options = ("--only", "aws", "--format", "jsonl", "--db", databases["offline"][1])
    databases["offline"][0].run("scan", *options, str(live.folder))
    ranked = {}
    for name, (runner, database) in databases.items():
        assert 0 == runner.run("nhi", "import", "--db", database, str(tmp_path / "exports")).code
        ranked[name] = _ranked(database, live.kinds)
    scores = ranked["offline"]
    # moto gives the guest without a second factor what the policy gives only with one: what was seen counts.
    assert ranked["live"].pop("guest") > scores["guest"]
    assert ranked["live"] == {kind: score for kind, score in scores.items() if kind != "guest"}
    assert {kind for kind, (low, _) in scores.items() if low >= 80} == {"admin", "taker", "passer", "fenced", "minter"}
    assert scores["bounded"] > scores["reader"] > scores["idle"] == scores["guest"] == (0.0, 0.0)


def _ranked(database: str, kinds: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Interval of the blast radius by kind of user."""
    with open_store(database) as store:
        graph = StoreGraph(store)
        radii = BlastRadii(graph)
        found = {}
        for secret, kind in kinds.items():
            node = graph.node(f"secret:{secret}")
            assert node is not None
            blast = radii.of(node).blast
            found[kind] = (blast[0], blast[1])
    return found
