# SPDX-License-Identifier: Apache-2.0
"""Owns SARIF's notifications: what was not scanned, each thing with its place, each kind with its count."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.report.problems import order
from secrethunt.report.sarif_values import Discretion, message

_OBJECT_ID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


def notification_rules(result: ScanResult) -> list[dict[str, object]]:
    """A descriptor for each kind of thing that was skipped, in the order that `iter_notifications` refers to."""
    return [
        {
            "id": _descriptor_id(skip),
            "shortDescription": message(f"Not scanned: {skip.label}"),
            "defaultConfiguration": {"level": _level(skip)},
        }
        for skip in _kinds(result)
    ]


def iter_notifications(result: ScanResult, discretion: Discretion) -> Iterator[dict[str, object]]:
    """For each kind the things that were kept by name, then how many more there are."""
    for index, skip in enumerate(_kinds(result)):
        listed = [problem for problem in result.problems if problem.skip is skip]
        base: dict[str, object] = {"descriptor": {"id": _descriptor_id(skip), "index": index}, "level": _level(skip)}
        for problem in listed:
            yield base | _notification(problem, discretion)
        more = result.coverage.skipped[skip] - len(listed)
        if more > 0:
            yield base | {"message": message(f"Not scanned, {skip.label}: {more} {'more' if listed else 'in all'}.")}


def _notification(problem: Problem, discretion: Discretion) -> dict[str, object]:
    text = f"Not scanned, {problem.skip.label}"
    if problem.detail:
        text += f": {discretion.text(problem.detail)}"
    if not problem.what:
        return {"message": message(text)}
    if _OBJECT_ID.match(problem.what):
        return {"message": message(f"{text} (object {problem.what.decode('ascii')})")}
    location = {"physicalLocation": {"artifactLocation": discretion.location(problem.what)}}
    return {"message": message(text), "locations": [location]}


def _kinds(result: ScanResult) -> list[Skip]:
    return sorted(result.coverage.skipped, key=order)


def _level(skip: Skip) -> str:
    return "error" if skip.is_incomplete else "note"


def _descriptor_id(skip: Skip) -> str:
    return f"skipped/{skip.name.lower().replace('_', '-')}"
