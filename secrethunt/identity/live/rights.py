# SPDX-License-Identifier: Apache-2.0
"""
Reads what rule files say permissions open: `write repository 0.8 tier0`, and tables of such texts by permission.

Access levels are those of the graph; sensitivity is from 0.1 to 1, where nothing is said 0.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.identity.contract import Access
from secrethunt.identity.live.drawing import Right

LEVELS = {access.label: access for access in Access}
_RIGHT = re.compile(
    r"(?P<access>[a-z-]+) (?P<kind>[a-z0-9][a-z0-9-]*)(?: (?P<sensitivity>0?\.\d+|1))?(?P<tier0> tier0)?"
)


class RightError(ValueError):
    """A right that cannot be read."""


@dataclass(frozen=True, slots=True)
class Table:
    """Which permission opens what; the first pattern that fits a permission as a whole counts."""

    rows: tuple[tuple[re.Pattern[str], tuple[Right, ...]], ...]

    def rights(self, permission: str) -> tuple[Right, ...] | None:
        """What *permission* opens, perhaps nothing; None where the table does not know it."""
        return next((rights for pattern, rights in self.rows if pattern.fullmatch(permission)), None)


def parse_right(text: Any) -> Right:
    """
    Raises:
        RightError: It is not `ACCESS KIND [SENSITIVITY] [tier0]`.
    """
    match = _RIGHT.fullmatch(text) if isinstance(text, str) else None
    if match is None or match["access"] not in LEVELS:
        raise RightError(f"{text!r} is not `ACCESS KIND [SENSITIVITY] [tier0]` with one of {', '.join(LEVELS)}")
    sensitivity = float(match["sensitivity"] or 0.5)
    if not 0.1 <= sensitivity <= 1:
        raise RightError(f"the sensitivity in {text!r} is not from 0.1 to 1")
    return Right(LEVELS[match["access"]], match["kind"], sensitivity, bool(match["tier0"]))


def parse_rights(raw: Any) -> tuple[Right, ...]:
    """
    One right or a list of them; an empty list for a permission that opens nothing worth naming.

    Raises:
        RightError: One that cannot be read.
    """
    return tuple(parse_right(item) for item in (raw if isinstance(raw, list) else [raw]))


def parse_table(raw: Any) -> Table:
    """
    Raises:
        RightError: It does not map patterns to rights.
    """
    if not isinstance(raw, Mapping) or not raw:
        raise RightError("a table maps patterns of permissions to rights")
    rows = []
    for source, said in raw.items():
        try:
            rows.append((re.compile(source), parse_rights(said)))
        except (re.error, TypeError) as err:
            raise RightError(f"{source!r} does not compile: {err}") from err
    return Table(tuple(rows))
