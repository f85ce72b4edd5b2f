# SPDX-License-Identifier: Apache-2.0
"""
The counter-check of `--control`: does a random key of the same shape pass too? Then the answer proved nothing.

One random key for each rule and set of companions: what it shows is a property of the endpoint, not of one secret.
"""

from __future__ import annotations

import random
import threading
from dataclasses import replace

from secrethunt.online.contract import Session
from secrethunt.records import Rule, Secret
from secrethunt.samples import SampleError, sample_secret
from secrethunt.validate.attempt import attempt
from secrethunt.validate.contract import Check, Credential, Evidence, Outcome, State

CONTROL = "control"
"""Stands where evidence names an endpoint."""
_Key = tuple[str, tuple[tuple[str, Secret], ...], tuple[tuple[str, str], ...]]
_TRIES = 4


class Controls:
    """Asks with random keys, and remembers what came back. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[_Key, threading.Lock] = {}
        self._known: dict[_Key, tuple[State | None, Evidence]] = {}

    def confirm(self, outcome: Outcome, check: Check, credential: Credential, session: Session) -> Outcome:
        """*outcome*, but UNKNOWN where a random key is ACTIVE as well; the control is its last evidence."""
        if outcome.state is not State.ACTIVE:
            return outcome
        if not check.allows_control:
            evidence = Evidence(CONTROL, marker="not tried: this check takes no random key")
            return replace(outcome, evidence=(*outcome.evidence, evidence))
        state, evidence = self._result(check, credential, session)
        outcome = replace(outcome, evidence=(*outcome.evidence, evidence))
        if state is State.ACTIVE:
            return replace(outcome, state=State.UNKNOWN, reason="a random key of the same shape passes too", facts=())
        return outcome

    def _result(self, check: Check, credential: Credential, session: Session) -> tuple[State | None, Evidence]:
        key = (credential.rule.id, tuple(sorted(credential.parts.items(), key=_name)), _places(credential))
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            if key not in self._known:
                self._known[key] = _ask(check, credential, session)
            return self._known[key]


def _name(item: tuple[str, Secret]) -> str:
    return item[0]


def _places(credential: Credential) -> tuple[tuple[str, str], ...]:
    """Where the credential is used, as far as the scan knows: another host has another answer."""
    return tuple(
        sorted((name, value) for name, value in credential.facts.items() if name in ("host", "region", "user"))
    )


def _ask(check: Check, credential: Credential, session: Session) -> tuple[State | None, Evidence]:
    key = random_key(credential.rule, credential.secret)
    if key is None:
        return None, Evidence(CONTROL, marker="not tried: no key of the same shape can be made")
    outcome, _ = attempt(check, replace(credential, secret=key), session)
    if not outcome.evidence:
        return outcome.state, Evidence(CONTROL, marker=f"a random key is {outcome.state.value}: {outcome.reason}")
    return outcome.state, Evidence(CONTROL, outcome.evidence[-1].status, f"a random key is {outcome.state.value}")


def random_key(rule: Rule, secret: Secret) -> Secret | None:
    """A key that *rule* would find and that is not *secret*; None where none can be made."""
    for _ in range(_TRIES):
        try:
            key = Secret(sample_secret(rule, seed=random.SystemRandom().getrandbits(64)))
        except SampleError:
            return None
        if key != secret:
            return key
    return None
