# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import _thread
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from secrethunt.online.contract import NoAnswer
from secrethunt.records import Finding, PartSpec
from secrethunt.validate.contract import Credential, Outcome, State
from secrethunt.validate.credentials import gather_subjects, subject_key
from secrethunt.validate.engine import Engine, Run, Settled
from secrethunt.validate.spec import NoCheck
from secrethunt.validate.verdict_cache import VerdictCache
from tests.report.samples import make_part, make_rule, make_value
from tests.validate.credentials import ACME, FunctionCheck, active, finding_of, inactive, make_engine


def run(engine: Engine, *findings: Finding) -> Run:
    return engine.run(gather_subjects(findings, {ACME}))


def settled(result: Run, finding: Finding) -> Settled:
    return result.settled[subject_key(finding)]


def outcome_of(engine: Engine, finding: Finding) -> Outcome:
    return settled(run(engine, finding), finding).verdict.outcome


def test_a_secret_in_many_places_is_asked_about_once() -> None:
    asked: list[bytes] = []

    def decide(credential: Credential) -> Outcome:
        asked.append(credential.secret.reveal())
        return active()

    one, other = finding_of(make_value("one"), b"a"), finding_of(make_value("one"), b"b")
    result = run(make_engine(FunctionCheck(decide)), one, other, finding_of(make_value("two")))
    assert sorted([make_value("one"), make_value("two")]) == sorted(asked)
    assert settled(result, one) is settled(result, other)


def test_no_answer_is_unknown_with_its_reason() -> None:
    def decide(credential: Credential) -> Outcome:
        raise NoAnswer("the host is not known")

    outcome = outcome_of(make_engine(FunctionCheck(decide)), finding_of(make_value("one")))
    assert (State.UNKNOWN, "the host is not known") == (outcome.state, outcome.reason)


def test_a_check_that_breaks_is_unknown_and_shows_nothing_of_the_error() -> None:
    def decide(credential: Credential) -> Outcome:
        raise ValueError(credential.secret.reveal())

    finding = finding_of(make_value("one"))
    other = finding_of(make_value("two"))
    result = run(make_engine(FunctionCheck(decide), concurrency=1), finding, other)
    assert "the check failed: ValueError" == settled(result, finding).verdict.outcome.reason
    assert [("acme.api-key: ValueError",)] * 2 == [settled(result, item).failures for item in (finding, other)]
    assert make_value("one").decode() not in repr(result)


def test_a_rule_without_a_check_is_unknown_and_asks_nobody() -> None:
    result = run(make_engine(None), finding := finding_of(make_value("one")))
    assert (State.UNKNOWN, True) == (
        settled(result, finding).verdict.outcome.state,
        settled(result, finding).is_offline,
    )


def with_part(value: bytes, part: bytes, path: bytes) -> Finding:
    return finding_of(value, path, parts=(make_part("account", part),))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({b"a1": inactive(), b"a2": active()}, State.ACTIVE),
        ({b"a1": inactive(), b"a2": inactive()}, State.INACTIVE),
        ({b"a1": inactive(), b"a2": Outcome(State.UNKNOWN, "a firewall")}, State.UNKNOWN),
        ({b"a1": active(), b"a2": inactive()}, State.ACTIVE),
    ],
)
def test_each_companion_is_tried_until_one_fits(answers: dict[bytes, Outcome], expected: State) -> None:
    check = FunctionCheck(lambda credential: answers[credential.parts["account"].reveal()])
    value = make_value("one")
    findings = [with_part(value, part, path) for part, path in ((b"a1", b"x"), (b"a2", b"y"))]
    assert expected is settled(run(make_engine(check), *findings), findings[0]).verdict.outcome.state


def test_a_place_without_its_companion_gets_the_verdict_of_the_place_that_has_it() -> None:
    asked: list[int] = []

    def decide(credential: Credential) -> Outcome:
        asked.append(len(credential.parts))
        return active()

    alone, whole = finding_of(make_value("one"), b"x"), with_part(make_value("one"), b"a1", b"y")
    result = run(make_engine(FunctionCheck(decide)), alone, whole)
    assert [1] == asked
    assert State.ACTIVE is settled(result, alone).verdict.outcome.state


def test_more_companions_than_are_tried_leave_it_open() -> None:
    value = make_value("one")
    findings = [with_part(value, b"a%d" % number, b"%d" % number) for number in range(9)]
    asked: list[Credential] = []

    def decide(credential: Credential) -> Outcome:
        asked.append(credential)
        return inactive()

    assert (
        State.UNKNOWN is settled(run(make_engine(FunctionCheck(decide)), *findings), findings[0]).verdict.outcome.state
    )
    assert 5 == len(asked)


def test_one_password_at_two_hosts_is_two_credentials() -> None:
    check = FunctionCheck(lambda credential: active() if credential.facts["host"] == "db1" else inactive())
    one = finding_of(make_value("one"), facts=(("host", "db1"),))
    other = finding_of(make_value("one"), b"b.env", facts=(("host", "db2"),))
    result = run(make_engine(check), one, other)
    assert [State.ACTIVE, State.INACTIVE] == [settled(result, item).verdict.outcome.state for item in (one, other)]


def test_secrets_are_taken_out_of_what_a_check_says() -> None:
    rule = make_rule(parts=(PartSpec("pin", rules=("acme.pin",)),))

    def decide(credential: Credential) -> Outcome:
        key, pin = (credential.variables()[name].decode() for name in ("secret", "pin"))
        return Outcome(State.ACTIVE, f"knows {key}", active().evidence, (("url", f"https://a/{key}?p={pin}"),))

    finding = finding_of(make_value("one"), rule=rule, parts=(make_part("pin", b"0123-4567", is_secret=True),))
    outcome = outcome_of(make_engine(FunctionCheck(decide)), finding)
    assert ("knows ********", (("url", "https://a/********?p=********"),)) == (outcome.reason, outcome.facts)


def test_results_stand_in_the_order_of_the_findings_whatever_answers_first() -> None:
    def decide(credential: Credential) -> Outcome:
        time.sleep(0.05 if credential.secret.reveal() == make_value("0") else 0)
        return active()

    findings = [finding_of(make_value(str(number)), b"%d" % number) for number in range(20)]
    result = run(make_engine(FunctionCheck(decide), concurrency=8), *findings)
    assert [subject_key(finding) for finding in findings] == list(result.settled)


def test_off_line_no_check_runs_but_earlier_verdicts_count(tmp_path: Path) -> None:
    asked: list[Credential] = []

    def decide(credential: Credential) -> Outcome:
        asked.append(credential)
        return active()

    known, unknown = finding_of(make_value("one")), finding_of(make_value("two"))
    run(make_engine(FunctionCheck(decide), cache=VerdictCache(str(tmp_path))), known)
    offline = make_engine(FunctionCheck(decide), cache=VerdictCache(str(tmp_path)), is_offline=True)
    result = run(offline, known, unknown)
    assert 1 == len(asked)
    assert (State.ACTIVE, True) == (
        settled(result, known).verdict.outcome.state,
        settled(result, known).verdict.is_cached,
    )
    assert "not asked: off line" == settled(result, unknown).verdict.outcome.reason


def test_an_interrupted_run_keeps_what_is_done_and_the_next_goes_on_there(tmp_path: Path) -> None:
    findings = [finding_of(make_value(str(number)), b"%d" % number) for number in range(6)]
    third = threading.Event()
    cancelled = threading.Event()
    asked: list[bytes] = []

    def decide(credential: Credential) -> Outcome:
        asked.append(credential.secret.reveal())
        if len(asked) == 3:
            third.set()
            cancelled.wait(10)
            raise NoAnswer("cancelled")
        return inactive()

    def interrupt() -> None:
        third.wait(10)
        time.sleep(0.3)
        _thread.interrupt_main()

    threading.Thread(target=interrupt).start()
    cache = VerdictCache(str(tmp_path))
    engine = make_engine(FunctionCheck(decide), cache=cache, cancel=cancelled.set, concurrency=1)
    first = run(engine, *findings)
    cache.close()
    states = [settled(first, finding).verdict.outcome.state for finding in findings]
    assert (True, [State.INACTIVE] * 2 + [State.UNKNOWN] * 4) == (first.is_interrupted, states)
    again: list[bytes] = []

    def decide_again(credential: Credential) -> Outcome:
        again.append(credential.secret.reveal())
        return inactive()

    second = run(make_engine(FunctionCheck(decide_again), cache=VerdictCache(str(tmp_path)), concurrency=1), *findings)
    assert [make_value(str(number)) for number in range(2, 6)] == again
    assert {State.INACTIVE} == {settled(second, finding).verdict.outcome.state for finding in findings}


class _Counted:
    """Decides ACTIVE for one key, or for all, and counts."""

    def __init__(self, good: bytes | None) -> None:
        self.good = good
        self.asked: list[bytes] = []

    def __call__(self, credential: Credential) -> Outcome:
        value = credential.secret.reveal()
        self.asked.append(value)
        return active() if self.good in (None, value) else inactive()


def test_a_control_that_is_rejected_confirms_the_verdict() -> None:
    decide = _Counted(make_value("one"))
    outcome = outcome_of(make_engine(FunctionCheck(decide), controls=True), finding_of(make_value("one")))
    assert (State.ACTIVE, "a random key is inactive") == (outcome.state, outcome.evidence[-1].marker)
    assert 2 == len(set(decide.asked))


def test_a_control_that_passes_takes_the_verdict_back() -> None:
    outcome = outcome_of(make_engine(FunctionCheck(_Counted(None)), controls=True), finding_of(make_value("one")))
    assert (State.UNKNOWN, "a random key of the same shape passes too") == (outcome.state, outcome.reason)
    assert () == outcome.facts


def test_one_control_serves_all_keys_of_a_rule() -> None:
    decide = _Counted(None)
    findings = [finding_of(make_value(str(number)), b"%d" % number) for number in range(5)]
    run(make_engine(FunctionCheck(decide), controls=True), *findings)
    assert 6 == len(decide.asked)


def test_no_control_where_it_would_do_harm() -> None:
    decide = _Counted(None)
    check = FunctionCheck(decide, allows_control=False)
    outcome = outcome_of(make_engine(check, controls=True), finding_of(make_value("one")))
    assert (State.ACTIVE, 1) == (outcome.state, len(decide.asked))
    assert "control" == outcome.evidence[-1].endpoint


def test_verdicts_of_another_program_or_without_control_are_asked_again(tmp_path: Path) -> None:
    decide = _Counted(None)

    def ask(**options: Any) -> None:
        cache = VerdictCache(str(tmp_path))
        run(make_engine(FunctionCheck(decide), cache=cache, **options), finding_of(make_value("one")))
        cache.close()

    ask(version="1")
    ask(version="1")
    assert 1 == len(decide.asked)
    ask(version="2")
    assert 2 == len(decide.asked)
    ask(version="2", controls=True)
    assert 4 == len(decide.asked)


def test_progress_counts_every_credential() -> None:
    told: list[tuple[int, int]] = []
    findings = [finding_of(make_value(str(number)), b"%d" % number) for number in range(3)]
    subjects = gather_subjects(findings, {ACME})
    make_engine(FunctionCheck(_Counted(None))).run(subjects, lambda done, total: told.append((done, total)))
    assert [(1, 3), (2, 3), (3, 3)] == list(dict.fromkeys(told))


def test_a_control_that_breaks_leaves_the_verdict_and_says_so() -> None:
    def decide(credential: Credential) -> Outcome:
        if credential.secret.reveal() != make_value("one"):
            raise ValueError("no such shape")
        return active()

    finding = finding_of(make_value("one"))
    result = run(make_engine(FunctionCheck(decide), controls=True), finding)
    outcome = settled(result, finding).verdict.outcome
    assert (State.ACTIVE, ()) == (outcome.state, settled(result, finding).failures)
    assert "a random key is unknown: the check failed: ValueError" == outcome.evidence[-1].marker


def test_a_check_that_hangs_is_given_up_and_the_others_go_on() -> None:
    released = threading.Event()

    def decide(credential: Credential) -> Outcome:
        if credential.secret.reveal() == make_value("0"):
            released.wait(30)
        return active()

    findings = [finding_of(make_value(str(number)), b"%d" % number) for number in range(4)]
    result = run(make_engine(FunctionCheck(decide), concurrency=1, check_limit_s=0.3), *findings)
    released.set()
    reasons = [settled(result, finding).verdict.outcome.reason for finding in findings]
    assert ["the check did not end in 0 s", "known", "known", "known"] == reasons


def test_where_nothing_harmless_tells_the_reason_is_said_and_nobody_asked() -> None:
    finding = finding_of(make_value("one"))
    result = run(make_engine(NoCheck("each use of it is charged"), is_offline=True), finding)
    assert ("each use of it is charged", True) == (
        settled(result, finding).verdict.outcome.reason,
        settled(result, finding).is_offline,
    )
