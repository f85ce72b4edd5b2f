# SPDX-License-Identifier: Apache-2.0
"""How much it hurts when a kind of resource is reached: `sensitivity.json`, from 0.1 (public) to 1 (everything)."""

from __future__ import annotations

import functools
import json
from pathlib import Path


@functools.cache
def _table() -> dict[str, float]:
    text = (Path(__file__).parent / "sensitivity.json").read_text(encoding="utf-8")
    return {service: float(value) for service, value in json.loads(text)["services"].items()}


def sensitivity_of(service: str) -> float:
    """Of the resources of a service, by its prefix; those that nobody rated are in the middle."""
    table = _table()
    return table.get(service, table["default"])
