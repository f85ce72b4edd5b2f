# SPDX-License-Identifier: Apache-2.0
"""Owns the sentences that end a text report: what was found, and always what was covered and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from secrethunt.coverage import Coverage, ScanResult, Skip
from secrethunt.records import Severity
from secrethunt.report.escape import escape
from secrethunt.report.groups import SecretGroup
from secrethunt.report.problems import order
from secrethunt.report.quantities import count, duration, size
from secrethunt.report.shown import allowed_sentence
from secrethunt.report.verdicts import iter_validation

_MOST_ENTRIES = 5
"""Entries of an ignore file that are named; all are counted."""


def iter_totals(result: ScanResult, groups: Sequence[SecretGroup]) -> Iterator[str]:
    """The sentences, each to be wrapped on its own; numbers that are zero are said too."""
    yield _found(groups) if groups or not _left_out(result) else "No secrets found that are known to be live."
    if sentence := allowed_sentence(result):
        yield sentence
    yield from iter_validation(result.validation)
    yield _scanned(result.coverage)
    skipped = sorted(result.coverage.skipped.items(), key=lambda item: order(item[0]))
    yield f"Skipped: {_listed(skipped)}." if skipped else "Skipped: nothing."
    yield from _entries("no longer of use", result.unused)
    yield from _entries("expired", result.expired)
    if result.is_incomplete:
        yield "INCOMPLETE: a secret in what could not be scanned would not have been found."


def _entries(what: str, entries: Sequence[str]) -> Iterator[str]:
    if entries:
        listed = "; ".join(escape(entry) for entry in entries[:_MOST_ENTRIES])
        more = f"; and {len(entries) - _MOST_ENTRIES:,} more" if len(entries) > _MOST_ENTRIES else ""
        number = f"{len(entries):,} {'entry' if len(entries) == 1 else 'entries'}"
        yield f"Ignore file: {number} {what} (`secrethunt allow prune` removes such): {listed}{more}."


def _left_out(result: ScanResult) -> int:
    return result.validation.not_shown if result.validation else 0


def _found(groups: Sequence[SecretGroup]) -> str:
    if not groups:
        return "No secrets found."
    places = sum(len(group.findings) for group in groups)
    severities = [group.severity for group in groups]
    by_severity = [
        f"{severities.count(severity)} {severity.label}" for severity in reversed(Severity) if severity in severities
    ]
    history_only = sum(not group.is_present for group in groups)
    tail = f"; {history_only:,} only in history" if history_only else ""
    return f"Found {count(len(groups), 'secret')} in {count(places, 'place')}: {', '.join(by_severity)}{tail}."


def _scanned(coverage: Coverage) -> str:
    things = [count(coverage.commits, "commit"), count(coverage.blobs, "blob"), count(coverage.files, "file")]
    if coverage.tags:
        things.insert(1, count(coverage.tags, "tag"))
    read = f"{', '.join(things[:-1])} and {things[-1]}"
    opened = f", {count(coverage.containers, 'archive')} opened" if coverage.containers else ""
    known = f"; {count(coverage.known, 'object')} known from the state file" if coverage.known else ""
    rules = count(coverage.rules, "rule")
    return f"Scanned {read} ({size(coverage.bytes)}{opened}) with {rules} in {duration(coverage.seconds)}{known}."


def _listed(skipped: Iterable[tuple[Skip, int]]) -> str:
    return ", ".join(f"{number:,} {skip.label}" for skip, number in skipped)
