# SPDX-License-Identifier: Apache-2.0
"""What the user may decide is checked at once."""

from __future__ import annotations

import math
from typing import Any

import pytest

from secrethunt.errors import UsageError
from secrethunt.online.options import Bounds, OnlineOptions, Pace, system_resolver


@pytest.mark.parametrize(
    "fields",
    [
        {"rate_per_s": 0.0},
        {"rate_per_s": -1.0},
        {"rate_per_s": math.nan},
        {"burst": 0},
        {"per_host": 0},
        {"total": 0},
        {"retries": -1},
        {"max_requests": -1},
        {"breaker_failures": 0},
    ],
)
def test_a_pace_that_makes_no_sense_is_an_error(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Pace(**fields)


@pytest.mark.parametrize("field", ["resolve_s", "connect_s", "read_s", "total_s", "max_body", "max_headers"])
def test_bounds_are_greater_than_nothing(field: str) -> None:
    with pytest.raises(UsageError, match="must be greater than 0"):
        Bounds(**{field: 0})


def test_endpoints_and_networks_are_checked_when_given() -> None:
    with pytest.raises(UsageError, match="endpoint of 'acme'"):
        OnlineOptions(endpoints={"acme": "acme.example"})
    with pytest.raises(UsageError, match="is no address or network"):
        OnlineOptions(allow_private=("intern",))


def test_the_system_resolver_knows_this_machine() -> None:
    assert "127.0.0.1" in system_resolver("localhost")
