# SPDX-License-Identifier: Apache-2.0
"""
Owns the numbers of the score: `weights.json`, or a file of the user laid over it, checked and put into one record.

Nothing here decides what is reached; it only says how much each step and each thing counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secrethunt.errors import UsageError
from secrethunt.identity.contract import Access, Edge, EdgeStatus, Known, Node

_OWN = Path(__file__).parent / "weights.json"
_HINT = "docs/blast-radius.md names the sections and what each number means."
_ABOVE_ONE = frozenset({"hops", "reach.wildcard", "bands", "unknown.floor"})
"""What is no share between 0 and 1."""
_MFA_WORDS = ("multifactorauth", "mfa")


@dataclass(frozen=True, slots=True)
class Weights:
    """All numbers of one calculation; each section by name, as `weights.json` has them."""

    edges: Mapping[str, float]
    facts: frozenset[str]
    hops: Mapping[str, int]
    access: Mapping[str, float]
    sensitivity: Mapping[str, float]
    reach: Mapping[str, float]
    validity: Mapping[str, float]
    constraint: Mapping[str, float]
    exposure: Mapping[str, float]
    floor: float
    """Where something that matters is unknown, no score says less than this."""
    contents: float
    """Prior for secrets that can be read and that nobody listed."""
    priors: Mapping[str, float]
    bands: tuple[tuple[str, float], ...]
    """(name, least score), the highest first."""

    def of_edge(self, edge: Edge) -> float:
        """How likely the step works, from 0 to 1; what is unknown counts nothing here (see `prior`)."""
        if edge.status in (EdgeStatus.BLOCKED, EdgeStatus.UNKNOWN):
            return self.edges["blocked"]
        if edge.weight is not None:
            return max(0.0, min(1.0, edge.weight))
        if edge.status is EdgeStatus.CONDITIONAL:
            text = edge.detail.lower()
            return self.edges["mfa" if any(word in text for word in _MFA_WORDS) else "conditional"]
        if edge.status is EdgeStatus.POTENTIAL:
            return self.edges["potential"]
        if edge.known is Known.LIVE:
            return self.edges["live"]
        return self.edges["fact" if edge.kind.value in self.facts else "policy"]

    def of_access(self, access: Access) -> float:
        """How much a kind of access counts."""
        return self.access[access.label]

    def of_node(self, node: Node) -> float:
        """Sensitivity of what is reached: its own where the graph says, else that of its kind."""
        own = node.properties.get("sensitivity")
        if isinstance(own, int | float) and not isinstance(own, bool):
            return max(0.1, min(1.0, float(own)))
        return self.sensitivity.get(node.kind.value, self.sensitivity["default"])

    def prior(self, node: Node) -> float:
        """What an identity or credential whose rights nobody knows is taken to reach."""
        kind = str(node.properties.get("type") or node.properties.get("nhi") or "")
        names = (f"{node.provider}:{kind}", node.provider, kind, str(node.properties.get("nhi") or ""))
        found = [self.priors[name] for name in names if name in self.priors]
        return found[0] if found else self.priors["default"]

    def band(self, score: float) -> str:
        """`critical`, `high`, `medium`, `low` or `info`."""
        return next((name for name, least in self.bands if score >= least), self.bands[-1][0])


def load_weights(path: str = "") -> Weights:
    """
    The weights that come with the tool, with those of the file at *path* laid over them.

    Raises:
        UsageError: The file cannot be read, or says something that is no weight.
    """
    table = json.loads(_OWN.read_text(encoding="utf-8"))
    if path:
        _lay_over(table, _read(path), "")
    return Weights(
        **{name: table[name] for name in ("edges", "hops", "access", "sensitivity", "reach")},
        **{name: table[name] for name in ("validity", "constraint", "exposure")},
        facts=frozenset(table["facts"]),
        floor=table["unknown"]["floor"],
        contents=table["unknown"]["contents"],
        priors=table["unknown"]["priors"],
        bands=tuple(sorted(table["bands"].items(), key=lambda item: -item[1])),
    )


def _read(path: str) -> dict[str, Any]:
    try:
        document = json.loads(Path(path).read_bytes())
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}", hint="Check the path given to --weights.") from err
    except ValueError as err:
        raise UsageError(f"{path} is no JSON: {err}", hint=_HINT) from err
    if not isinstance(document, dict):
        raise UsageError(f"{path} is no JSON object", hint=_HINT)
    return document


def _lay_over(table: dict[str, Any], other: Mapping[str, Any], where: str) -> None:
    """Puts the numbers of *other* into *table*; new names are allowed only among priors and sensitivities."""
    for name, value in other.items():
        place = f"{where}{name}"
        if place == "about":
            continue
        is_open = where in ("unknown.priors.", "sensitivity.")
        if name not in table and not is_open:
            raise UsageError(f"weights: {place} is no weight", hint=_HINT)
        known = table.get(name, 0.0)
        if isinstance(known, dict) and isinstance(value, dict):
            _lay_over(known, value, f"{place}.")
        elif isinstance(known, list) and isinstance(value, list) and all(isinstance(item, str) for item in value):
            table[name] = value
        else:
            table[name] = _number(value, place)


def _number(value: Any, place: str) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"weights: {place} is no number", hint=_HINT)
    most = 100 if place in _ABOVE_ONE or place.split(".", 1)[0] in _ABOVE_ONE else 1
    if not 0 <= value <= most:
        raise UsageError(f"weights: {place} is {value}, not between 0 and {most}", hint=_HINT)
    return value
