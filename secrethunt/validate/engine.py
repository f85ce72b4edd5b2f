# SPDX-License-Identifier: Apache-2.0
"""
Owns a run of checks: each distinct credential once, in worker threads, what needs no network first.

Nothing that a check does ends the run: no answer and broken checks are UNKNOWN with their reason. An interruption ends
it early and keeps what is done. Results do not depend on the order in which answers come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from secrethunt.online.contract import Session
from secrethunt.records import RuleId
from secrethunt.validate.attempt import attempt
from secrethunt.validate.contract import Check, Credential, Evidence, Outcome, State, Verdict
from secrethunt.validate.control import CONTROL, Controls
from secrethunt.validate.credentials import Subject, SubjectKey
from secrethunt.validate.discretion import without_secrets
from secrethunt.validate.offline import offline_outcome
from secrethunt.validate.spec import NoCheck
from secrethunt.validate.verdict_cache import VerdictCache
from secrethunt.validate.workers import Workers

Tell = Callable[[int, int], None]
"""Told how many credentials are settled, and of how many."""
_GRACE_S = 2.0
"""How long checks under way may take to end after an interruption."""
_POLL_S = 0.2
"""How often the waiting thread looks up: a lock that is waited for without end hears no Ctrl-C on every system."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How a run asks."""

    concurrency: int = 32
    """Worker threads."""
    controls: bool = False
    touches_canaries: bool = False
    is_offline: bool = False
    """Ask nobody: what is known off line and from earlier runs is all there is."""
    check_limit_s: float = 300.0
    """How long the checks of one credential may take before they are given up; far more than all waiting for turns."""
    version: str = ""
    """The program's; what another version found out is asked again."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one credential."""

    verdict: Verdict
    is_offline: bool = False
    failures: tuple[str, ...] = ()
    """Checks that broke, as rule and kind of error."""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of all of them."""

    settled: Mapping[SubjectKey, Settled]
    is_interrupted: bool
    seconds: float


class Engine:
    """Finds out which credentials are live."""

    def __init__(
        self,
        checks: Mapping[RuleId, Check],
        session: Session,
        *,
        cache: VerdictCache,
        options: EngineOptions,
        cancel: Callable[[], None],
    ) -> None:
        """*cancel* makes all that waits for *session* end at once; called when the run is interrupted."""
        self._checks = checks
        self._session = session
        self._cache = cache
        self._options = options
        self._cancel = cancel
        self._controls = Controls()

    def run(self, subjects: Sequence[Subject], tell: Tell | None = None) -> Run:
        """The verdict on each of *subjects*; an interruption (`KeyboardInterrupt`) ends the asking, not the answer."""
        started = time.monotonic()
        settled: dict[SubjectKey, Settled] = {}
        waiting = []
        for subject in subjects:
            known = self._without_asking(subject)
            if isinstance(known, Subject):
                waiting.append(known)
            else:
                settled[subject.key] = known
        is_interrupted = self._ask_all(waiting, settled, len(subjects), tell) if waiting else False
        for subject in waiting:
            if subject.key not in settled:
                settled[subject.key] = Settled(_verdict(_unknown("not asked: the run was interrupted")))
        ordered = {subject.key: settled[subject.key] for subject in subjects}
        return Run(ordered, is_interrupted, time.monotonic() - started)

    # --- without asking -----------------------------------------------------------------------------------------

    def _without_asking(self, subject: Subject) -> Settled | Subject:
        """What is known off line, has no check, was asked before or may not be asked; else the ways left to ask."""
        outcomes = [self._offline(way) for way in subject.ways]
        for outcome in outcomes:
            # Bait is not to be touched with any companion.
            if outcome is not None and (outcome.state is State.UNKNOWN or None not in outcomes):
                return Settled(_verdict(outcome), is_offline=True)
        ways = [way for way, outcome in zip(subject.ways, outcomes, strict=True) if outcome is None]
        ways = [way for way in ways if way.rule.id in self._checks]
        if not ways:
            return Settled(_verdict(_unknown("there is no check for this kind of credential")), is_offline=True)
        if (reason := self._why_none(ways)) is not None:
            return Settled(_verdict(_unknown(reason)), is_offline=True)
        verdict = _settling([self._cache.read(way, self._manner(way)) for way in ways], is_cut=subject.is_cut)
        if verdict is not None:
            return Settled(verdict)
        if self._options.is_offline:
            return Settled(_verdict(_unknown("not asked: off line")), is_offline=True)
        return replace(subject, ways=tuple(ways))

    def _offline(self, way: Credential) -> Outcome | None:
        outcome = offline_outcome(way, touches_canaries=self._options.touches_canaries)
        return None if outcome is None else without_secrets(outcome, way)

    def _why_none(self, ways: Sequence[Credential]) -> str | None:
        """Why nothing harmless tells whether such a credential is live; None where something does."""
        checks = [self._checks[way.rule.id] for way in ways]
        reasons = [check.reason for check in checks if isinstance(check, NoCheck)]
        return reasons[0] if len(reasons) == len(checks) else None

    def _manner(self, credential: Credential) -> str:
        """What a verdict depends on beside the credential: the program, the check, where it asks, how strictly."""
        endpoints = self._checks[credential.rule.id].endpoints
        where = self._session.endpoint(credential.rule.provider)
        return repr((self._options.version, endpoints, where, self._options.controls))

    # --- asking -------------------------------------------------------------------------------------------------

    def _ask_all(
        self, waiting: Sequence[Subject], settled: dict[SubjectKey, Settled], total: int, tell: Tell | None
    ) -> bool:
        """Settle *waiting* in worker threads; whether that was interrupted."""
        limit_s = self._options.check_limit_s
        workers = Workers(waiting, self._settle, count=self._options.concurrency, limit_s=limit_s)
        left = len(waiting)
        try:
            while left:
                for subject in workers.give_up_hanging():
                    settled[subject.key] = Settled(_verdict(_unknown(f"the check did not end in {limit_s:.0f} s")))
                    left -= 1
                if self._keep_next(workers, settled, _POLL_S):
                    left -= 1
                _tell(tell, total - left, total)
        except KeyboardInterrupt:
            workers.stop()
            self._cancel()
            self._drain(workers, settled)
            return True
        return False

    def _drain(self, workers: Workers[_Answer], settled: dict[SubjectKey, Settled]) -> None:
        """Keep what checks under way still answer; those that hang are left behind."""
        deadline = time.monotonic() + _GRACE_S
        while workers.are_busy() and time.monotonic() < deadline:
            self._keep_next(workers, settled, _POLL_S)
        while self._keep_next(workers, settled, 0.0):
            pass

    def _keep_next(self, workers: Workers[_Answer], settled: dict[SubjectKey, Settled], timeout_s: float) -> bool:
        answer = workers.next(timeout_s)
        if answer is not None:
            self._note(answer, settled)
            workers.note_taken()
        return answer is not None

    def _note(self, answer: _Answer, settled: dict[SubjectKey, Settled]) -> None:
        """Take *answer*, and keep it for later runs."""
        settled[answer.key] = answer.settled
        for way, verdict in answer.verdicts:
            self._cache.write(way, self._manner(way), verdict)

    def _settle(self, subject: Subject) -> _Answer:
        """Ask in each way until one is ACTIVE."""
        verdicts: list[tuple[Credential, Verdict]] = []
        failures: list[str] = []
        for way in subject.ways:
            verdict, failure = self._checked(self._checks[way.rule.id], way)
            verdicts.append((way, verdict))
            if failure:
                failures.append(f"{way.rule.id}: {failure}")
            if verdict.outcome.state is State.ACTIVE:
                break
        best = _best([verdict for _, verdict in verdicts], is_cut=subject.is_cut)
        return _Answer(subject.key, Settled(best, failures=tuple(failures)), tuple(verdicts))

    def _checked(self, check: Check, way: Credential) -> tuple[Verdict, str]:
        """The verdict, and the kind of error where the check broke."""
        started = time.monotonic()
        at = _now()
        outcome, failure = attempt(check, way, self._session)
        if self._options.controls:
            outcome = self._controls.confirm(outcome, check, way, self._session)
        outcome = without_secrets(self._placed(outcome, way), way)
        return Verdict(outcome, at, round(time.monotonic() - started, 3)), failure

    def _placed(self, outcome: Outcome, way: Credential) -> Outcome:
        """*outcome* whose evidence says so where the user's own host was asked instead of the rule's."""
        where = self._session.endpoint(way.rule.provider)
        if where is None:
            return outcome
        evidence = tuple(
            item if where in item.endpoint or item.endpoint == CONTROL else replace(item, endpoint=_at(item, where))
            for item in outcome.evidence
        )
        return replace(outcome, evidence=evidence)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a worker found out, way by way."""

    key: SubjectKey
    settled: Settled
    verdicts: tuple[tuple[Credential, Verdict], ...]


def _at(item: Evidence, where: str) -> str:
    return f"{item.endpoint} (at {where})"


def _settling(cached: Sequence[Verdict | None], *, is_cut: bool) -> Verdict | None:
    """What earlier verdicts on the ways of one secret come to; None while one has to be asked."""
    for verdict in cached:
        if verdict is not None and verdict.outcome.state is State.ACTIVE:
            return verdict
    known = [verdict for verdict in cached if verdict is not None]
    return _best(known, is_cut=is_cut) if len(known) == len(cached) else None


def _best(verdicts: Sequence[Verdict], *, is_cut: bool) -> Verdict:
    """ACTIVE where one is, INACTIVE where all are, else the first UNKNOWN."""
    for state in (State.ACTIVE, State.UNKNOWN):
        for verdict in verdicts:
            if verdict.outcome.state is state:
                return verdict
    lead = verdicts[0]
    if is_cut:
        reason = "all companions that were tried are rejected, but more stand near it than are tried"
        return replace(lead, outcome=replace(lead.outcome, state=State.UNKNOWN, reason=reason))
    return lead


def _unknown(reason: str) -> Outcome:
    return Outcome(State.UNKNOWN, reason)


def _verdict(outcome: Outcome) -> Verdict:
    return Verdict(outcome, _now())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tell(tell: Tell | None, done: int, total: int) -> None:
    if tell is not None:
        tell(done, total)
