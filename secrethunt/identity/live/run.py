# SPDX-License-Identifier: Apache-2.0
"""
Owns a run of identifications: each live credential once, in worker threads, under the guards of the checks.

Only credentials that were found ACTIVE are asked who they are: others have no identity that anybody would tell. Nothing
that an identification does ends the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from secrethunt.coverage import ScanResult
from secrethunt.identity.contract import Edge, Node
from secrethunt.identity.live.contract import Asked, Identification, Identifier
from secrethunt.identity.memory import merged
from secrethunt.online.contract import NoAnswer, Session
from secrethunt.records import RuleId
from secrethunt.report.verdicts import is_active
from secrethunt.validate.credentials import Subject, SubjectKey, subject_key
from secrethunt.validate.workers import Workers
from secrethunt.verdict import Verdict

_POLL_S = 0.2
_LIMIT_S = 600.0

Tell = Callable[[int, int], None]
"""Told how many credentials are identified, and of how many."""


@dataclass(frozen=True, slots=True)
class Identified:
    """What became of all of them."""

    by_subject: Mapping[SubjectKey, Identification]
    failed: tuple[str, ...] = ()
    """Identifications that broke: rule and kind of error, never a value."""
    is_interrupted: bool = False


def identify_all(
    identifiers: Mapping[RuleId, Identifier],
    subjects: Sequence[Subject],
    session: Session,
    *,
    concurrency: int = 8,
    cancel: Callable[[], None] = lambda: None,
    tell: Tell | None = None,
) -> Identified:
    """
    Ask who each of *subjects* is, those that a rule says how to ask.

    Args:
        session: Sends, within all guards; *cancel* makes what waits for it end.
        concurrency: Worker threads.
    """
    waiting = [subject for subject in subjects if any(way.rule.id in identifiers for way in subject.ways)]
    found: dict[SubjectKey, Identification] = {}
    failed: list[str] = []
    if not waiting:
        return Identified(found)

    def settle(subject: Subject) -> tuple[SubjectKey, Identification, str]:
        return (subject.key, *_identified(identifiers, subject, session))

    workers = Workers(waiting, settle, count=concurrency, limit_s=_LIMIT_S)
    left = len(waiting)
    try:
        while left:
            for subject in workers.give_up_hanging():
                found[subject.key] = Identification(reason=f"the provider did not say within {_LIMIT_S:.0f} s")
                left -= 1
            answer = workers.next(_POLL_S)
            if answer is not None:
                key, found[key], failure = answer
                failed += [failure] if failure else []
                workers.note_taken()
                left -= 1
            if tell is not None:
                tell(len(waiting) - left, len(waiting))
    except KeyboardInterrupt:
        workers.stop()
        cancel()
        return Identified(found, tuple(failed), is_interrupted=True)
    return Identified(found, tuple(failed))


def live_subjects(result: ScanResult, subjects: Sequence[Subject]) -> list[Subject]:
    """Those of *subjects* whose findings in *result* are ACTIVE."""
    active = {subject_key(finding) for finding in result.findings if is_active(finding)}
    return [subject for subject in subjects if subject.key in active]


def with_identities(result: ScanResult, identified: Identified) -> ScanResult:
    """*result* with what was learned: facts on the verdicts of its findings, nodes and edges beside them."""
    findings = []
    for finding in result.findings:
        known = identified.by_subject.get(subject_key(finding))
        if known is not None and finding.verdict is not None:
            finding = replace(finding, verdict=_with_facts(finding.verdict, known))
        findings.append(finding)
    graph: dict[tuple[str, ...], Node | Edge] = {}
    for identification in identified.by_subject.values():
        for item in identification.graph:
            before = graph.get(_place(item))
            graph[_place(item)] = merged(before, item) if isinstance(before, Node) and isinstance(item, Node) else item
    validation = result.validation
    if validation is not None:
        validation = replace(
            validation,
            failed=(*validation.failed, *identified.failed),
            is_interrupted=validation.is_interrupted or identified.is_interrupted,
        )
    return replace(result, findings=tuple(findings), graph=(*result.graph, *graph.values()), validation=validation)


def identify(identifier: Identifier, asked: Asked, session: Session) -> tuple[Identification, str]:
    """What *identifier* finds out, and the kind of error where it broke."""
    try:
        return identifier(asked, session), ""
    except NoAnswer as err:
        return Identification(reason=err.reason), ""
    except Exception as err:  # noqa: BLE001 - the worker's boundary: one broken identification must not end the run
        failure = type(err).__name__
        return Identification(reason=f"asking failed: {failure}"), failure


def now() -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _identified(
    identifiers: Mapping[RuleId, Identifier], subject: Subject, session: Session
) -> tuple[Identification, str]:
    """The first way of *subject* that has an identity, else what the last one said."""
    identification, failure = Identification(reason="no rule says how to ask"), ""
    for way in subject.ways:
        if way.rule.id not in identifiers:
            continue
        asked = Asked(way, str(subject.key[0]), now())
        identification, kind = identify(identifiers[way.rule.id], asked, session)
        failure = f"{way.rule.id}: identify: {kind}" if kind else ""
        if not identification.reason:
            break
    return identification, failure


def _with_facts(verdict: Verdict, known: Identification) -> Verdict:
    said = {name for name, _ in verdict.outcome.facts}
    facts = tuple((name, value) for name, value in known.facts if name not in said)
    if known.reason:
        facts += (("not_identified", known.reason),)
    return replace(verdict, outcome=replace(verdict.outcome, facts=(*verdict.outcome.facts, *facts)))


def _place(item: Node | Edge) -> tuple[str, ...]:
    if isinstance(item, Node):
        return (item.key,)
    return item.source, item.target, item.kind.value
