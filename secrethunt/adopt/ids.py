# SPDX-License-Identifier: Apache-2.0
"""
From the ids of a report back to findings with their values, by scanning again: what is staged, then the files, then
all of history.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secrethunt.errors import SourceError, UsageError
from secrethunt.pipeline import Scanner
from secrethunt.records import Finding
from secrethunt.sources.contract import Scope, SourceOptions

LEAST_DIGITS = 8
_ID = re.compile(r"[0-9a-f]{8,64}")
_PHASES = (Scope.STAGED, Scope.WORKTREE, Scope.ALL)
"""Cheapest first: whoever allows something has mostly just been told of it by a hook."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What ids came to."""

    findings: tuple[Finding, ...]
    """One for each secret."""
    missing: tuple[str, ...]
    """Ids that nothing was found for."""


def iter_ids(text: str) -> Iterator[str]:
    """
    The ids in *text*: one a line, or a report of ours as JSON or JSON Lines.

    Raises:
        UsageError: Something else.
    """
    stripped = text.strip()
    if stripped.startswith("{"):
        yield from _iter_reported(stripped)
        return
    for line in stripped.splitlines():
        word = line.split("#")[0].strip()
        if word:
            yield check_id(word)


def check_id(text: str) -> str:
    """
    *text* if it may be an id, or the beginning of one.

    Raises:
        UsageError: It may not.
    """
    if not _ID.fullmatch(text.lower()):
        raise UsageError(
            f"{text[:80]!r} is no id",
            hint=f"Give at least {LEAST_DIGITS} hexadecimal digits of a secret or finding id.",
        )
    return text.lower()


def resolve_ids(scanner: Scanner, target: str, ids: Iterable[str], source: SourceOptions = SourceOptions()) -> Resolved:  # noqa: B008
    """
    The findings in *target* that *ids* mean, whether of a secret or of one place of it.

    Raises:
        UsageError: The beginning of an id fits several secrets.
    """
    wanted = list(dict.fromkeys(ids))
    found: dict[str, Finding] = {}
    missing = wanted
    for findings in _iter_scans(scanner, target, source):
        for id in missing:
            named = {item.secret_id: item for item in findings if _is_named(item, id)}
            if len(named) > 1:
                raise UsageError(f"{id} fits {len(named)} secrets", hint="Give more of its digits.")
            found.update({item.secret_id: item for item in named.values()})
        missing = [id for id in missing if not any(_is_named(item, id) for item in findings)]
        if not missing:
            break
    return Resolved(tuple(found.values()), tuple(missing))


def _is_named(finding: Finding, id: str) -> bool:
    return finding.secret_id.startswith(id) or finding.finding_id.startswith(id)


def _iter_scans(scanner: Scanner, target: str, source: SourceOptions) -> Iterator[tuple[Finding, ...]]:
    for scope in _PHASES:
        options = SourceOptions(scope=scope, include_ignored=source.include_ignored, max_size=source.max_size)
        try:
            result = scanner.scan([target], options)
        except SourceError:
            # No repository, or one without a work tree: only what comes last makes sense.
            if scope is Scope.ALL:
                raise
            continue
        yield (*result.findings, *result.suppressed)


def _iter_reported(text: str) -> Iterator[str]:
    try:
        entries = json.loads(text).get("findings", [])
    except ValueError:
        entries = _json_lines(text)
    for entry in entries:
        id = entry.get("finding_id") if isinstance(entry, dict) else None
        if isinstance(id, str):
            yield check_id(id)


def _json_lines(text: str) -> list[object]:
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        raise UsageError(
            "standard input is neither ids nor a report", hint="Pipe ids, or a report of --format json or jsonl."
        ) from None
