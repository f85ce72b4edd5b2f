# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

from hypothesis import HealthCheck, event, given, settings

from secrethunt.anchors import derive_anchor
from secrethunt.match.confirm import Confirmer
from secrethunt.match.database import ExpressionError, compile_database
from tests.property.patterns import patterns_with_text
from tests.rule_samples import iter_places


def captured(pattern: str, data: bytes) -> list[tuple[int, int]]:
    """Spans of what Hyperscan's anchors and the confirming pattern find together."""
    anchor = derive_anchor(pattern)
    ends: list[int] = []
    try:
        database = compile_database([anchor.expression])
    except ExpressionError as err:
        # Hyperscan proves that of a pattern such as `a\bb`; nothing may be lost with it.
        assert "can never match" in str(err)
        return []
    # The separator of an arena stands behind a blob that is not the last.
    database.scan(data + b"\n", lambda _id, _start, end, _flags, _context: ends.append(end), database.scratch())
    captures = Confirmer([pattern], [anchor]).captures(data, 0, sorted(ends))
    return [(capture.start, capture.end) for capture in captures]


@given(patterns_with_text())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_anchors_find_every_match_and_nothing_else(case: tuple[str, bytes]) -> None:
    pattern, data = case
    expected = list(iter_places(pattern, data))
    event(f"matches: {min(len(expected), 2)}")
    found = captured(pattern, data)
    assert set(expected) <= set(found)
    assert found == sorted(found)
    assert expected == found
    in_turn = [match.span() for match in re.finditer(pattern.encode(), data) if match.start("secret") >= 0]
    assert set(in_turn) <= set(found)
