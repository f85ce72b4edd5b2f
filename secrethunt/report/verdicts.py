# SPDX-License-Identifier: Apache-2.0
"""
Owns how a verdict is written, for all formats: its badge, its rows, its sentence, its members in JSON and SARIF.

A report that nobody asked to validate has none of this, so that it stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from secrethunt.coverage import Validation
from secrethunt.records import Finding
from secrethunt.report.quantities import count, duration
from secrethunt.verdict import Evidence, State, Verdict

BADGE_STYLES = {State.ACTIVE: "\x1b[1;37;41m", State.INACTIVE: "\x1b[32m", State.UNKNOWN: "\x1b[33m"}
_NAMED = 5
"""Reasons for UNKNOWN that a summary for people names."""


class Shown(Protocol):
    """What makes raw text fit to be shown."""

    def text(self, raw: bytes | str) -> str:
        """*raw* decoded, without secrets."""


def is_active(finding: Finding) -> bool:
    """Whether *finding* was found to be live."""
    return finding.verdict is not None and finding.verdict.outcome.state is State.ACTIVE


def badge(state: State) -> str:
    """The word that stands out: `ACTIVE`."""
    return state.name


def state_word(verdict: Verdict | None) -> str:
    """`active`, `inactive` or `unknown`; empty where nobody asked. For tables and attributes."""
    return "" if verdict is None else verdict.outcome.state.value


def iter_verdict_rows(verdict: Verdict | None, shown: Shown) -> Iterator[tuple[str, str]]:
    """Label and text of the rows that a report for people has on a verdict; not yet escaped."""
    if verdict is None:
        return
    outcome = verdict.outcome
    when = f"asked {verdict.checked_at}" if outcome.evidence else f"as of {verdict.checked_at}"
    cached = ", from an earlier run" if verdict.is_cached else ""
    took = f", {verdict.duration_s:.1f} s" if verdict.duration_s and not verdict.is_cached else ""
    yield "Verdict", f"{badge(outcome.state)}: {shown.text(outcome.reason)} ({when}{took}{cached})"
    for item in outcome.evidence:
        yield "Evidence", evidence_text(item, shown)
    said = [f"{shown.text(name).replace('_', ' ')} {shown.text(value)}" for name, value in outcome.facts]
    if said:
        yield "Live as" if outcome.state is State.ACTIVE else "Known", "; ".join(said)


def evidence_text(item: Evidence, shown: Shown) -> str:
    """`GET https://api.acme.com/v1/me: 200, json login`."""
    said = ", ".join(text for text in (str(item.status or ""), shown.text(item.marker)) if text)
    endpoint = shown.text(item.endpoint)
    return f"{endpoint}: {said}" if said else endpoint


def verdict_sentence(verdict: Verdict | None, shown: Shown) -> str:
    """A sentence to put behind others, with a space before it; empty where nobody asked."""
    if verdict is None:
        return ""
    return f" {badge(verdict.outcome.state)}: {shown.text(verdict.outcome.reason)}."


def verdict_member(verdict: Verdict | None, shown: Shown) -> dict[str, object]:
    """The member `verdict` of a finding's object; no member where nobody asked."""
    if verdict is None:
        return {}
    outcome = verdict.outcome
    return {
        "verdict": {
            "state": outcome.state.value,
            "reason": shown.text(outcome.reason),
            "evidence": [
                {"endpoint": shown.text(item.endpoint), "status": item.status, "marker": shown.text(item.marker)}
                for item in outcome.evidence
            ],
            "facts": _facts(outcome.facts, shown),
            "checked_at": verdict.checked_at,
            "duration_s": verdict.duration_s,
            "cached": verdict.is_cached,
        }
    }


def verdict_columns(verdict: Verdict | None, shown: Shown) -> dict[str, object]:
    """The verdict for a table, a value a column; empty where nobody asked."""
    names = ("verdict", "verdict_reason", "verdict_evidence", "verdict_facts", "verdict_checked_at")
    if verdict is None:
        return dict.fromkeys(names, "")
    outcome = verdict.outcome
    evidence = "; ".join(evidence_text(item, shown) for item in outcome.evidence)
    values = (
        outcome.state.value,
        shown.text(outcome.reason),
        evidence,
        _facts(outcome.facts, shown),
        verdict.checked_at,
    )
    return dict(zip(names, values, strict=True))


def _facts(facts: Iterable[tuple[str, str]], shown: Shown) -> dict[str, str]:
    """Facts by name, the first of each name."""
    named: dict[str, str] = {}
    for name, value in facts:
        named.setdefault(shown.text(name), shown.text(value))
    return named


def validation_member(validation: Validation | None, shown: Shown) -> dict[str, object]:
    """The member `validation` of a summary; no member where nobody asked."""
    if validation is None:
        return {}
    return {
        "validation": {
            "credentials": validation.credentials,
            "active": validation.active,
            "inactive": validation.inactive,
            "unknown": validation.unknown,
            "offline": validation.offline,
            "cached": validation.cached,
            "requests": validation.requests,
            "reasons": {shown.text(reason): number for reason, number in validation.reasons},
            "failed": [shown.text(item) for item in validation.failed],
            "unread": [shown.text(item) for item in validation.unread],
            "not_shown": validation.not_shown,
            "interrupted": validation.is_interrupted,
            "seconds": round(validation.seconds, 3),
        }
    }


def iter_validation(validation: Validation | None) -> Iterator[str]:
    """Sentences for the end of a report for people; none where nobody asked."""
    if validation is None:
        return
    yield (
        f"Checked {count(validation.credentials, 'credential')}: {validation.active:,} active, "
        f"{validation.inactive:,} inactive, {validation.unknown:,} unknown; {count(validation.requests, 'request')}, "
        f"{validation.cached:,} from earlier runs, {validation.offline:,} settled off line, "
        f"in {duration(validation.seconds)}."
    )
    if validation.reasons:
        named = [f"{number:,} {reason}" for reason, number in validation.reasons[:_NAMED]]
        more = sum(number for _, number in validation.reasons[_NAMED:])
        yield f"Unknown because: {'; '.join(named)}{f'; {more:,} for other reasons' if more else ''}."
    if validation.not_shown:
        yield f"Not shown: {count(validation.not_shown, 'place')} whose credential is not known to be active."
    if validation.is_interrupted:
        yield "INTERRUPTED: not all were checked; what was found out is kept, so the next run goes on from there."
