# SPDX-License-Identifier: Apache-2.0
"""
Every flow over real HTTP: the answers that its provider documents, and those of everything that stands in between.

No disturbance may ever make a verdict ACTIVE or INACTIVE, and no secret may stand in what a verdict says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from secrethunt.online.contract import HostOrigin
from secrethunt.online.targets import check_label, parse_target
from secrethunt.validate.contract import Outcome, State
from secrethunt.validate.flows.catalogue import FLOWS
from secrethunt.validate.flows.registry import load_flow
from tests.services.provider import DISTURBANCES, Provider, Reply, serve
from tests.services.session import PlainSession
from tests.validate.flows.cases import CASES, Answers, Case, Two

pytest.importorskip("botocore", reason="pip install 'secrethunt[aws]'")
pytest.importorskip("jwt", reason="pip install 'secrethunt[jwt]'")

_AT_FOUND_HOSTS = frozenset({"kubernetes"})
"""Flows that ask only where the scanned text says."""
ELSEWHERE = {"aws-ses-smtp", "private-key", "jwt"}
"""Flows that speak another protocol, or of which nothing is sent; they have tests of their own."""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with serve() as started:
        yield started


def _named(kind: str) -> list[object]:
    return [
        pytest.param(case, answers, id=f"{case.flow}[{case.provider}]-{name}")
        for case in CASES
        for name, answers in getattr(case, kind).items()
    ]


def _set(provider: Provider, answers: Answers) -> None:
    provider.asked.clear()
    if isinstance(answers, Two):
        first, then = answers.first, answers.then
        provider.reply = lambda _asked: first if len(provider.asked) == 1 else then
    else:
        provider.reply = answers


def _check(case: Case, answers: Answers, provider: Provider) -> Outcome:
    _set(provider, answers)
    outcome = load_flow(case.flow)(case.credential(), PlainSession(endpoints={case.provider: provider.url}))
    assert provider.asked
    return outcome


@pytest.mark.parametrize(("case", "answers"), _named("active"))
def test_the_documented_answer_to_a_live_credential_is_active(case: Case, answers: Answers, provider: Provider) -> None:
    outcome = _check(case, answers, provider)
    assert State.ACTIVE == outcome.state, outcome.reason
    assert outcome.evidence[-1].marker


@pytest.mark.parametrize(("case", "answers"), _named("inactive"))
def test_the_documented_rejection_is_inactive(case: Case, answers: Answers, provider: Provider) -> None:
    outcome = _check(case, answers, provider)
    assert State.INACTIVE == outcome.state, outcome.reason
    assert outcome.evidence[-1].marker


@pytest.mark.parametrize(("case", "answers"), _named("unknown"))
def test_other_answers_of_the_provider_prove_nothing(case: Case, answers: Answers, provider: Provider) -> None:
    outcome = _check(case, answers, provider)
    assert State.UNKNOWN == outcome.state
    assert outcome.reason


@pytest.mark.parametrize("name", DISTURBANCES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.flow}[{case.provider}]")
def test_what_stands_in_between_proves_nothing(case: Case, name: str, provider: Provider) -> None:
    outcome = _check(case, DISTURBANCES[name], provider)
    assert State.UNKNOWN == outcome.state
    assert outcome.reason


@pytest.mark.parametrize("name", DISTURBANCES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.flow}[{case.provider}]")
def test_a_disturbance_after_a_first_answer_never_makes_it_active(case: Case, name: str, provider: Provider) -> None:
    """Of flows that ask twice the second answer counts as well: the first is right, then something comes in between."""
    for answers in case.active.values():
        if isinstance(answers, Two):
            assert State.UNKNOWN == _check(case, Two(answers.first, DISTURBANCES[name]), provider).state


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.flow}[{case.provider}]")
def test_no_verdict_holds_the_secret(case: Case, provider: Provider) -> None:
    secret = case.credential().secret.reveal().decode()
    echo = Reply(403, f'{{"message": "{secret[:60]}", "error": "{secret[:60]}"}}'.encode())
    for answers in (*case.active.values(), *case.inactive.values(), echo):
        outcome = _check(case, answers, provider)
        assert secret not in repr(outcome)
        assert secret[:40] not in outcome.reason + repr(outcome.evidence)


class _Everywhere(dict[str, tuple[str, int]]):
    """Every host is the one server."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def get(self, key: str, default: object = None) -> tuple[str, int]:
        return ("127.0.0.1", self._port)


def _is_listed(label: str, endpoints: tuple[str, ...]) -> bool:
    patterns = (re.escape(each.partition("?")[0]) for each in endpoints)
    return any(re.fullmatch(re.sub(r"\\{\\{\w+\\}\\}", ".+", each), label.partition("?")[0]) for each in patterns)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.flow}[{case.provider}]")
def test_all_that_is_asked_is_listed_and_stays_on_the_hosts_of_its_label(case: Case, provider: Provider) -> None:
    for answers in case.active.values():
        _set(provider, answers)
        origin = HostOrigin.FOUND if case.flow in _AT_FOUND_HOSTS else HostOrigin.RULE
        hosts = _Everywhere(int(provider.url.rpartition(":")[2]))
        session = PlainSession(hosts=hosts, allow_found=origin is HostOrigin.FOUND)
        load_flow(case.flow)(case.credential(), session)
        assert session.sent
        for request in session.sent:
            assert origin == request.origin
            check_label(parse_target(request.url, request.origin), request.label, request.origin)
            assert _is_listed(request.label, FLOWS[case.flow].endpoints), request.label


def test_every_flow_has_a_case() -> None:
    assert set(FLOWS) == {case.flow for case in CASES} | ELSEWHERE
