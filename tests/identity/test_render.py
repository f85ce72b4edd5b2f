# SPDX-License-Identifier: Apache-2.0
"""Blast radii as text, JSON, page and OpenGraph."""

from __future__ import annotations

import json
import re
from importlib import resources

import jsonschema
import pytest

from secrethunt.identity.blast import BlastRadii, BlastRadius
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Node, NodeKind
from secrethunt.identity.memory import MemoryGraph
from secrethunt.identity.render.document import document
from secrethunt.identity.render.opengraph import SOURCE_KIND, opengraph
from secrethunt.identity.render.picture import picture
from secrethunt.identity.render.text import TextOptions, iter_text
from secrethunt.identity.weights import load_weights

HOSTILE = "<b>\u202eevil\x1b[2J</b>"
WEIGHTS = load_weights()


def radius(things: int) -> BlastRadius:
    """Of a key that reaches so many things, one of them by a role, one not for sure, one only if nothing stopped it."""
    me = Node("me", NodeKind.IDENTITY, "acme", HOSTILE, "", {"permissions_known": True, "type": "bot"})
    role = Node("role", NodeKind.ROLE, "acme", "admin", "", {"permissions_known": True})
    crown = Node("crown", NodeKind.RESOURCE, "acme", "everything", "", {"tier0": True, "sensitivity": 1.0})
    stopped = Edge("me", "crown", EdgeKind.CAN_ACCESS, EdgeStatus.BLOCKED, detail="deny#1", access=Access.ADMIN)
    unknown = Edge("me", "gone", EdgeKind.CAN_ACCESS, EdgeStatus.UNKNOWN, detail="import it", access=Access.ADMIN)
    items: list[Node | Edge] = [Node("key", NodeKind.CREDENTIAL, "acme", "key"), me, role, crown, stopped, unknown]
    items += [Edge("key", "me", EdgeKind.AUTHENTICATES_AS, evidence="same key id")]
    items += [Edge("me", "role", EdgeKind.CAN_ASSUME, EdgeStatus.CONDITIONAL, detail="aws:SourceIp 10.0.0.0/8")]
    items += [Edge("role", "crown", EdgeKind.CAN_ACCESS, evidence="policy#1", access=Access.ADMIN, actions=("*",))]
    for number in range(things):
        items.append(Node(f"thing{number}", NodeKind.RESOURCE, "acme", f"thing {number}"))
        items.append(Edge("me", f"thing{number}", EdgeKind.CAN_ACCESS, evidence="p#2", access=Access(number % 4)))
    graph = MemoryGraph(items)
    start = graph.node("key")
    assert start is not None
    return BlastRadii(graph).of(start)


@pytest.mark.parametrize("things", [0, 5, 500])
def test_the_document_keeps_its_schema(things: int) -> None:
    schema = json.loads(resources.files("secrethunt.report").joinpath("schema/blast-radius.schema.json").read_bytes())
    entry = document(radius(things), WEIGHTS, rotate="Rotate it.", tool_version="1")
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(entry)))
    assert things + 1 == len(entry["reached"])


def test_the_score_can_be_worked_out_again_from_the_document() -> None:
    entry = document(radius(1), WEIGHTS)
    kept = 1.0
    for item in entry["reached"]:
        assert item["share"] == pytest.approx(item["reach"] * item["impact"] * item["k"], abs=1e-5)
        kept *= 1 - item["share"]
    assert entry["blast"]["lo"] == pytest.approx(100 * (1 - kept), abs=0.06)


def test_text_is_a_tree_with_ways_evidence_and_what_to_do() -> None:
    lines = list(iter_text(radius(3), WEIGHTS, TextOptions(rotate="Rotate it.")))
    text = "\n".join(lines)
    assert re.match(r"(HIGH|CRITICAL|MEDIUM)  blast radius of credential key: [\d.]+ to [\d.]+ of 100", lines[0])
    assert "├─ " in text and "└─ " in text
    for said in (
        "can assume role admin",
        "conditional, ×0.5: aws:SourceIp",
        "[policy#1]",
        "TIER 0",
        "deny#1",
        "import it",
    ):
        assert said in text
    assert "1. Rotate it." in text


def test_text_names_a_few_of_many_and_counts_the_rest() -> None:
    short = list(iter_text(radius(500), WEIGHTS, TextOptions()))
    assert len(short) < 120
    assert any(re.search(r"can read 1\d\d more", line) for line in short)
    full = list(iter_text(radius(500), WEIGHTS, TextOptions(show_all=True)))
    assert 500 == sum(bool(re.search(r"─ can .*thing \d", line)) for line in full)


def test_nothing_hostile_gets_through() -> None:
    text = "\n".join(iter_text(radius(1), WEIGHTS, TextOptions()))
    page = picture(radius(1), WEIGHTS)
    for shown in (text, page):
        assert "\u202e" not in shown and "\x1b" not in shown
    assert "<b>" not in page


def test_the_page_asks_nobody_for_anything() -> None:
    page = picture(radius(5), WEIGHTS)
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe)|@import|url\(", page)
    assert ["http://www.w3.org/2000/svg"] == re.findall(r"https?://[^\"<\s]+", page)


def test_the_drawing_of_many_things_stays_small_and_the_table_has_them_all() -> None:
    page = picture(radius(500), WEIGHTS)
    assert page.count("<rect") < 40
    assert 500 == len(set(re.findall(r"<tr><td>(?:resource )?(thing \d+)</td>", page)))
    height = int(re.search(r'height="(\d+)" role="img"', page)[1])  # type: ignore[index]
    assert height < 2000


def test_opengraph_keeps_what_bloodhound_asks_for() -> None:
    """SpecterOps, node.json and edge.json of BloodHound's ingest: types of properties, kinds, endpoints."""
    graph = opengraph([radius(20), radius(20)])
    assert {"metadata": {"source_kind": SOURCE_KIND}} == {"metadata": graph["metadata"]}
    nodes, edges = graph["graph"]["nodes"], graph["graph"]["edges"]
    ids = [node["id"] for node in nodes]
    assert len(ids) == len(set(ids))
    for entry in (*nodes, *edges):
        for name, value in entry["properties"].items():
            assert name == name.lower() and name != "objectid"
            assert isinstance(value, str | int | float | bool) or all(isinstance(item, str) for item in value)
    for node in nodes:
        assert 1 <= len(node["kinds"]) <= 3
    for item in edges:
        assert re.fullmatch(r"[A-Za-z0-9_]+", item["kind"])
        assert {item["start"]["value"], item["end"]["value"]} <= set(ids)
        assert "id" == item["start"]["match_by"] == item["end"]["match_by"]
