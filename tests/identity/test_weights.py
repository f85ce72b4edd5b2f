# SPDX-License-Identifier: Apache-2.0
"""The numbers of the score, and what a user may lay over them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from secrethunt.errors import UsageError
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind
from secrethunt.identity.weights import load_weights


@pytest.mark.parametrize(
    ("edge", "weight"),
    [
        (Edge("a", "b", EdgeKind.CAN_ACCESS, known=Known.LIVE), 1.0),
        (Edge("a", "b", EdgeKind.CAN_ASSUME, known=Known.EVALUATED), 0.95),
        (Edge("a", "b", EdgeKind.AUTHENTICATES_AS), 1.0),
        (Edge("a", "b", EdgeKind.CAN_ASSUME, EdgeStatus.CONDITIONAL, detail="aws:SourceIp"), 0.5),
        (Edge("a", "b", EdgeKind.CAN_ASSUME, EdgeStatus.CONDITIONAL, detail="aws:MultiFactorAuthPresent"), 0.2),
        (Edge("a", "b", EdgeKind.CAN_PASS_TO, EdgeStatus.POTENTIAL), 0.3),
        (Edge("a", "b", EdgeKind.CAN_PASS_TO, EdgeStatus.POTENTIAL, weight=0.6), 0.6),
        (Edge("a", "b", EdgeKind.CAN_ASSUME, EdgeStatus.BLOCKED, weight=0.9), 0.0),
        (Edge("a", "b", EdgeKind.CAN_ASSUME, EdgeStatus.UNKNOWN), 0.0),
    ],
)
def test_an_edge_weighs_what_its_status_and_source_say(edge: Edge, weight: float) -> None:
    assert weight == load_weights().of_edge(edge)


def test_access_weighs_more_the_more_it_allows() -> None:
    weights = load_weights()
    assert [0.1, 0.4, 0.7, 0.8, 1.0] == [weights.of_access(access) for access in Access]


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (100, "critical"),
        (80, "critical"),
        (79.9, "high"),
        (60, "high"),
        (35, "medium"),
        (10, "low"),
        (9.9, "info"),
        (0, "info"),
    ],
)
def test_a_band_begins_at_its_least_score(score: float, band: str) -> None:
    assert band == load_weights().band(score)


def test_no_prior_is_low() -> None:
    weights = load_weights()
    assert weights.floor >= dict(weights.bands)["medium"]
    assert min(weights.priors.values()) * 100 >= dict(weights.bands)["medium"]


def test_a_file_replaces_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_text(json.dumps({"edges": {"policy": 0.5}, "unknown": {"priors": {"acme": 0.9}}}))
    weights = load_weights(str(path))
    assert (0.5, 1.0) == (weights.edges["policy"], weights.edges["live"])
    assert 0.9 == weights.prior(Node("acme:user:1", NodeKind.IDENTITY, "acme", "one"))


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"edge": {}}', '{"edges": {"policy": 2}}', '{"edges": {"new": 1}}'],
)
def test_what_is_no_weight_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "weights.json"
    path.write_text(text)
    with pytest.raises(UsageError):
        load_weights(str(path))
