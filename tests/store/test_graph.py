# SPDX-License-Identifier: Apache-2.0
"""What is written comes back; what several sources say of one thing is put together by trust and time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from secrethunt.identity.clues import Clue, hint
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind, Unread
from secrethunt.store import Run, RunKind, Store, StoreGraph, open_store

ACCOUNT = "aws:account:123456789012"
USER = "aws:arn:aws:iam::123456789012:user/ci"


def user(**properties: object) -> Node:
    return Node(USER, NodeKind.IDENTITY, "aws", "ci", ACCOUNT, properties)


def write(
    store: Store, *items: Node | Edge | Unread, origin: str = "a.json", known: Known = Known.INVENTORY, as_of: str = ""
) -> Run:
    with Run(store, RunKind.IMPORT, origin, importer="test", as_of=as_of) as run:
        run.add(items, known)
    return run


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "store.sqlite")) as opened:
        yield opened


def test_a_node_and_an_edge_come_back_as_they_were(store: Store) -> None:
    node = user(type="iam-user", tags={"team": "büro"}, document={"Statement": [{"Effect": "Allow"}]})
    edge = Edge(
        USER,
        "aws:arn:aws:s3:::data",
        EdgeKind.CAN_ACCESS,
        EdgeStatus.CONDITIONAL,
        Known.LIVE,
        "policy p, statement 1",
        "aws:SourceIp",
        Access.SECRET_READ,
        ("s3:GetObject", "s3:*"),
        0.5,
        "2026-01-01T00:00:00Z",
    )
    write(store, node, edge)
    graph = StoreGraph(store)
    assert node == graph.node(USER)
    assert [edge] == graph.edges_from(USER)
    assert [edge] == graph.edges_to("aws:arn:aws:s3:::data", EdgeKind.CAN_ACCESS)
    assert [] == graph.edges_from(USER, EdgeKind.MEMBER_OF)
    assert graph.node("aws:arn:aws:s3:::data") is None


def test_inventory_beats_offline_whichever_comes_first(store: Store) -> None:
    write(store, user(type="iam-user", name="from inventory"), as_of="2020-01-01T00:00:00Z")
    write(store, user(type="guess", created="2019"), known=Known.OFFLINE, origin="b")
    node = StoreGraph(store).node(USER)
    assert node is not None
    assert {"type": "iam-user", "name": "from inventory", "created": "2019"} == node.properties


def test_the_newer_of_two_exports_wins_property_by_property(store: Store) -> None:
    write(store, user(type="new", created=""), origin="new.json", as_of="2026-02-01T00:00:00Z")
    write(store, user(type="old", created="2019"), origin="old.json", as_of="2026-01-01T00:00:00Z")
    node = StoreGraph(store).node(USER)
    assert node is not None
    assert {"type": "new", "created": "2019"} == node.properties


def test_a_policy_is_replaced_whole(store: Store) -> None:
    write(store, user(document={"Id": "x", "Statement": []}))
    write(store, user(document={"Statement": [1]}))
    node = StoreGraph(store).node(USER)
    assert node is not None
    assert {"Statement": [1]} == node.properties["document"]


def test_edges_are_one_for_each_piece_of_evidence(store: Store) -> None:
    edges = [Edge(USER, "g", EdgeKind.MEMBER_OF, evidence=evidence) for evidence in ("a", "b", "a")]
    write(store, *edges)
    assert ["a", "b"] == [edge.evidence for edge in StoreGraph(store).edges_from(USER)]


@pytest.mark.parametrize(
    ("known", "as_of", "winner"),
    [
        (Known.LIVE, "2020-01-01T00:00:00Z", EdgeStatus.BLOCKED),
        (Known.INVENTORY, "2030-01-01T00:00:00Z", EdgeStatus.BLOCKED),
        (Known.INVENTORY, "2020-01-01T00:00:00Z", EdgeStatus.CONFIRMED),
        (Known.OFFLINE, "2030-01-01T00:00:00Z", EdgeStatus.CONFIRMED),
    ],
)
def test_of_contradicting_edges_the_more_trusted_then_the_newer_stays(
    store: Store, known: Known, as_of: str, winner: EdgeStatus
) -> None:
    write(store, Edge(USER, "r", EdgeKind.CAN_ASSUME), as_of="2026-01-01T00:00:00Z")
    write(store, Edge(USER, "r", EdgeKind.CAN_ASSUME, EdgeStatus.BLOCKED, known), origin="b", as_of=as_of)
    assert [winner] == [edge.status for edge in StoreGraph(store).edges_from(USER)]


def test_importing_a_file_again_forgets_what_it_no_longer_says(store: Store) -> None:
    gone, stays = Edge(USER, "gone", EdgeKind.HAS_GRANT), Edge(USER, "stays", EdgeKind.HAS_GRANT)
    write(store, user(), Node("aws:group", NodeKind.GROUP, "aws", "g"), gone, stays)
    write(store, Edge(USER, "other", EdgeKind.HAS_GRANT), origin="other file")
    write(store, user(), stays)
    graph = StoreGraph(store)
    assert ["other", "stays"] == [edge.target for edge in graph.edges_from(USER)]
    assert graph.node("aws:group") is None
    assert graph.node(USER) is not None


def test_a_run_that_breaks_off_keeps_what_it_wrote_and_forgets_nothing(store: Store) -> None:
    write(store, user(), Edge(USER, "old", EdgeKind.HAS_GRANT))
    with pytest.raises(KeyError), Run(store, RunKind.IMPORT, "a.json", importer="test") as run:
        run.add([Edge(USER, "new", EdgeKind.HAS_GRANT)])
        run.flush()
        raise KeyError
    assert ["new", "old"] == [edge.target for edge in StoreGraph(store).edges_from(USER)]
    assert [("",)] == list(store.rows("SELECT finished FROM runs WHERE id = ?", (run.id,)))


def test_evaluated_edges_are_not_kept(store: Store) -> None:
    write(store, Edge(USER, "r", EdgeKind.CAN_ACCESS, known=Known.EVALUATED))
    assert [] == StoreGraph(store).edges_from(USER)


def test_nodes_are_chosen_by_kind_provider_and_account_in_order_of_key(store: Store) -> None:
    other = Node("gcp:service-account:a@b", NodeKind.IDENTITY, "gcp", "a@b", "gcp:project:p")
    role = Node("aws:arn:aws:iam::123456789012:role/r", NodeKind.ROLE, "aws", "r", ACCOUNT)
    write(store, user(), other, role)
    graph = StoreGraph(store)
    assert [role.key, USER, other.key] == [node.key for node in graph.nodes()]
    assert [USER, other.key] == [node.key for node in graph.nodes(kind=NodeKind.IDENTITY)]
    assert [USER] == [node.key for node in graph.nodes(kind=NodeKind.IDENTITY, provider="aws", account=ACCOUNT)]
    assert [] == list(graph.nodes(kind=NodeKind.ROLE, provider="gcp"))


def test_nodes_are_recognised_by_their_clues(store: Store) -> None:
    key = Node("aws:access-key:KEYID", NodeKind.CREDENTIAL, "aws", "KEYID", ACCOUNT)
    write(store, key, user(unique_id="AIDAX", email="CI@Example.com"))
    graph = StoreGraph(store)
    assert [key] == graph.recognised(hint(Clue.KEY_ID, "KEYID"))
    for found in (hint(Clue.CLAIM, "ci@example.COM"), hint(Clue.CLAIM, "AIDAX"), hint(Clue.NAME, "CI")):
        assert [USER] == [node.key for node in graph.recognised(found)]
    assert [] == graph.recognised(hint(Clue.NAME, "nobody"))


def test_what_no_file_can_hold_does_not_stop_an_import(store: Store) -> None:
    half = Node("aws:\ud800", NodeKind.GROUP, "aws", "\udfff", "", {"text": "\ud800", "number": Decimal("1.5")})
    bad: list[Node | Edge] = [
        Node("", NodeKind.GROUP, "aws", ""),
        Edge(USER, "", EdgeKind.MEMBER_OF),
        user(number=math.nan),
    ]
    run = write(store, half, *bad, Edge(USER, half.key, EdgeKind.MEMBER_OF), Unread("a", "b"))
    assert 4 == run.unread
    graph = StoreGraph(store)
    (edge,) = graph.edges_from(USER)
    node = graph.node(edge.target)
    assert node is not None
    assert ("aws:\\ud800", "\\udfff", "1.5") == (node.key, node.name, node.properties["number"])
