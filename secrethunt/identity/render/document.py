# SPDX-License-Identifier: Apache-2.0
"""Owns the blast radius as JSON: every factor of the score, so that anybody can work it out again."""

from __future__ import annotations

from typing import Any

from secrethunt.identity.blast import BlastRadius, Counted
from secrethunt.identity.contract import Edge, Node
from secrethunt.identity.reach import Reached, Step
from secrethunt.identity.render.words import iter_first_things
from secrethunt.identity.weights import Weights

SCHEMA_ID = "urn:secrethunt:blast-radius:1"
"""`$id` of `report/schema/blast-radius.schema.json`; the number changes when a field changes its meaning or goes."""
_SHOWN_PROPERTIES = ("type", "environment", "is_human", "created", "last_used", "expires", "sensitivity", "tier0")

Entry = dict[str, Any]


def document(radius: BlastRadius, weights: Weights, *, rotate: str = "", tool_version: str = "") -> Entry:
    """The object of one blast radius."""
    around = radius.circumstances
    exposures = [weights.exposure[around.exposure or word] for word in ("private", "public")]
    return {
        "schema": SCHEMA_ID,
        "version": tool_version,
        "start": _node(radius.start),
        "band": radius.band,
        "risk_band": radius.risk_band,
        "blast": _interval(radius.blast),
        "risk": _interval(radius.risk),
        "factors": {
            "validity": _factor(around.validity, weights.validity[around.validity], around.validity_why),
            "constraint": _factor(around.constraint, weights.constraint[around.constraint], around.constraint_why),
            "exposure": {
                "is": around.exposure or "unknown",
                "lo": exposures[0],
                "hi": exposures[1],
                "why": around.exposure_why,
            },
            "hops": radius.hops,
            "complete": not radius.is_cut,
        },
        "identities": [_taken(item) for item in radius.identities],
        "owners": [
            {
                "key": item.key,
                "name": item.name,
                "suggested": item.is_suggested,
                "evidence": item.evidence,
                "why": item.why,
            }
            for item in radius.owners
        ],
        "taken": [_taken(item) for item in radius.held],
        "reached": [_counted(one) for one in radius.counted],
        "assumed": [_counted(one) for one in radius.assumed],
        "blocked": [_edge(edge) for edge in radius.blocked],
        "unknown": [_edge(edge) for edge in radius.unknown],
        "remedies": [{"cut": _edge(item.edge), "left": _interval(item.left)} for item in radius.remedies],
        "do_first": list(iter_first_things(radius, rotate)),
    }


def _interval(ends: tuple[float, float]) -> Entry:
    return {"lo": ends[0], "hi": ends[1]}


def _factor(word: str, value: float, why: str) -> Entry:
    return {"is": word, "factor": value, "why": why}


def _node(node: Node) -> Entry:
    return {
        "key": node.key,
        "kind": node.kind.value,
        "provider": node.provider,
        "name": node.name,
        "account": node.account,
        "properties": {name: node.properties[name] for name in _SHOWN_PROPERTIES if name in node.properties},
    }


def _edge(edge: Edge) -> Entry:
    return {
        "source": edge.source,
        "target": edge.target,
        "kind": edge.kind.value,
        "status": edge.status.value,
        "known": edge.known.value,
        "access": None if edge.access is None else edge.access.label,
        "actions": list(edge.actions),
        "evidence": edge.evidence,
        "detail": edge.detail,
        "seen_at": edge.seen_at or None,
    }


def _way(way: tuple[Step, ...]) -> list[Entry]:
    return [{**_edge(step.edge), "weight": step.weight, "name": step.node.name} for step in way]


def _taken(item: Reached) -> Entry:
    return {**_node(item.node), "reach": round(item.reach, 6), "way": _way(item.way)}


def _counted(one: Counted) -> Entry:
    return {
        **_node(one.reached.node),
        "access": one.reached.access.label,
        "reach": round(one.reached.reach, 6),
        "sensitivity": one.sensitivity,
        "impact": round(one.impact, 6),
        "k": one.k,
        "share": round(one.share, 6),
        "way": _way(one.reached.way),
    }
