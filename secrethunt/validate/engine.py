# SPDX-License-Identifier: Apache-2.0
"""
Owns a run of checks: each distinct credential once, in worker threads, what needs no network first.

Nothing that a check does ends the run: no answer and broken checks are UNKNOWN with their reason. An interruption ends
it early and keeps what is done. Results do not depend on the order in which answers come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from queue import Empty, SimpleQueue

from secrethunt.online.contract import Session
from secrethunt.records import RuleId
from secrethunt.validate.attempt import attempt
from secrethunt.validate.contract import Check, Credential, Outcome, State, Verdict
from secrethunt.validate.control import Controls
from secrethunt.validate.credentials import Subject, SubjectKey
from secrethunt.validate.discretion import without_secrets
from secrethunt.validate.offline import offline_outcome
from secrethunt.validate.turns import Turns
from secrethunt.validate.verdict_cache import VerdictCache

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
        verdict = _settling([self._cache.read(way, self._manner(way)) for way in ways], is_cut=subject.is_cut)
        if verdict is not None:
            return Settled(verdict)
        if self._options.is_offline:
            return Settled(_verdict(_unknown("not asked: off line")), is_offline=True)
        return replace(subject, ways=tuple(ways))

    def _offline(self, way: Credential) -> Outcome | None:
        outcome = offline_outcome(way, touches_canaries=self._options.touches_canaries)
        return None if outcome is None else without_secrets(outcome, way)

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
        workers = min(self._options.concurrency, len(waiting))
        turns = Turns(((subject.group, subject) for subject in waiting), most=max(2, workers // 4))
        answers: SimpleQueue[_Answer] = SimpleQueue()
        threads = [
            threading.Thread(target=self._work, args=(turns, answers), name=f"check-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in threads:
            thread.start()
        left = len(waiting)
        try:
            while left:
                if self._take(answers, settled, _POLL_S):
                    left -= 1
                    _tell(tell, len(settled), total)
        except KeyboardInterrupt:
            turns.stop()
            self._cancel()
            self._drain(threads, answers, settled)
            return True
        return False

    def _drain(
        self, threads: Sequence[threading.Thread], answers: SimpleQueue[_Answer], settled: dict[SubjectKey, Settled]
    ) -> None:
        """Keep what checks under way still answer; those that hang are left behind, as daemons."""
        deadline = time.monotonic() + _GRACE_S
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
            self._take(answers, settled, _POLL_S)
        while self._take(answers, settled, 0.0):
            pass

    def _take(self, answers: SimpleQueue[_Answer], settled: dict[SubjectKey, Settled], timeout_s: float) -> bool:
        """Note one answer, if one comes in time, and keep it for later runs."""
        try:
            answer = answers.get(timeout=timeout_s) if timeout_s else answers.get_nowait()
        except Empty:
            return False
        settled[answer.key] = answer.settled
        for way, verdict in answer.verdicts:
            self._cache.write(way, self._manner(way), verdict)
        return True

    def _work(self, turns: Turns[Subject], answers: SimpleQueue[_Answer]) -> None:
        while (turn := turns.take()) is not None:
            line, subject = turn
            answers.put(self._settle(subject))
            turns.done(line)

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
        evidence = tuple(replace(item, endpoint=f"{item.endpoint} (at {where})") for item in outcome.evidence)
        return replace(outcome, evidence=evidence)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a worker found out, way by way."""

    key: SubjectKey
    settled: Settled
    verdicts: tuple[tuple[Credential, Verdict], ...]


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
