# SPDX-License-Identifier: Apache-2.0
"""
Owns the export to BloodHound: OpenGraph, the generic format that its upload takes.

What the format asks for (SpecterOps, "OpenGraph: Schema", "Nodes", "Edges", read in 2026): `graph.nodes` with `id`, one
to three `kinds`, flat properties with names in lower case and lists of one type; `graph.edges` with `start` and `end`
matched by id, and a `kind` of letters, digits and underscores, best with a prefix of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from secrethunt.identity.blast import BlastRadius
from secrethunt.identity.contract import Edge, Node

SOURCE_KIND = "SecrethuntBase"
_PREFIX = "SH_"
_MOST_ACTIONS = 6

Entry = dict[str, Any]


def opengraph(radii: Iterable[BlastRadius]) -> Entry:
    """The document of all ways of *radii*; what several have in common is there once."""
    nodes: dict[str, Entry] = {}
    edges: dict[tuple[str, str, str], Entry] = {}
    for radius in radii:
        nodes[radius.start.key] = _node(radius.start, _scores(radius))
        reached = [one.reached for one in (*radius.counted, *radius.assumed)]
        for item in (*reached, *radius.held):
            for step in item.way:
                nodes.setdefault(step.node.key, _node(step.node, {}))
                edge = _edge(step.edge, step.weight)
                edges.setdefault((step.edge.source, edge["kind"], step.edge.target), edge)
    return {
        "metadata": {"source_kind": SOURCE_KIND},
        "graph": {"nodes": list(nodes.values()), "edges": list(edges.values())},
    }


def _scores(radius: BlastRadius) -> Entry:
    return {
        "band": radius.band,
        "blast_lo": radius.blast[0],
        "blast_hi": radius.blast[1],
        "risk_lo": radius.risk[0],
        "risk_hi": radius.risk[1],
    }


def _node(node: Node, more: Entry) -> Entry:
    properties: Entry = {
        "name": node.name,
        "displayname": node.name,
        "provider": node.provider,
        "type": str(node.properties.get("type") or node.kind.value),
        "account": node.account,
        "tier0": bool(node.properties.get("tier0")),
    }
    for name in ("environment", "created", "last_used", "expires"):
        value = node.properties.get(name)
        if isinstance(value, str) and value:
            properties[name] = value
    kind = "".join(word.capitalize() for word in node.kind.value.split("-"))
    return {"id": node.key, "kinds": [f"{_PREFIX}{kind}", SOURCE_KIND], "properties": properties | more}


def _edge(edge: Edge, weight: float) -> Entry:
    kind = "".join(word.capitalize() for word in edge.kind.value.lower().split("_"))
    if edge.access is not None:
        kind += "".join(word.capitalize() for word in edge.access.label.split("-"))
    properties: Entry = {
        "status": edge.status.value,
        "known": edge.known.value,
        "weight": weight,
        "evidence": edge.evidence,
        "detail": edge.detail,
    }
    if edge.actions:
        properties["actions"] = list(edge.actions[:_MOST_ACTIONS])
    return {
        "kind": f"{_PREFIX}{kind}",
        "start": {"match_by": "id", "value": edge.source},
        "end": {"match_by": "id", "value": edge.target},
        "properties": properties,
    }
