# SPDX-License-Identifier: Apache-2.0
"""Owns the findings and checks that the tests of this room work with; values are made at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.online.contract import Address, Answer, HostOrigin, NoAnswer, Request, Session
from secrethunt.records import Finding, Rule, RuleId, Secret, SecretId
from secrethunt.validate.contract import Check, Credential, Evidence, Outcome, State
from secrethunt.validate.engine import Engine, EngineOptions
from secrethunt.validate.verdict_cache import VerdictCache
from tests.report.samples import digest, make_finding, make_rule

ACME = RuleId("acme.api-key")


def finding_of(value: bytes, path: bytes = b"a.env", **changes: Any) -> Finding:
    """A finding whose secret id is that of *value* alone, without facts."""
    settings: dict[str, Any] = {"facts": (), "secret_id": SecretId(digest(repr(value)))}
    return make_finding(path, value=value, **(settings | changes))


def credential_of(
    value: bytes, *, rule: Rule | None = None, facts: Mapping[str, str] = {}, **parts: bytes
) -> Credential:
    """A credential with *parts* by name."""
    secrets = {name: Secret(part) for name, part in parts.items()}
    return Credential(rule or make_rule(), Secret(value), secrets, facts)


@dataclass(frozen=True)
class FunctionCheck:
    """A check that is a function of the credential."""

    decide: Callable[[Credential], Outcome]
    endpoints: tuple[str, ...] = ("GET https://api.acme.example/v1/me",)
    allows_control: bool = True

    def __call__(self, credential: Credential, session: Session) -> Outcome:
        return self.decide(credential)


class NoSession:
    """A session for checks that ask nobody."""

    def send(self, request: Request) -> Answer:
        """
        Raises:
            NoAnswer: Always.
        """
        raise NoAnswer("nobody is there")

    def reach(self, host: str, port: int, origin: HostOrigin) -> Address:
        """
        Raises:
            NoAnswer: Always.
        """
        raise NoAnswer("nobody is there")

    def endpoint(self, provider: str) -> str | None:
        """None."""
        return None


def active(reason: str = "known") -> Outcome:
    """An ACTIVE outcome."""
    return Outcome(State.ACTIVE, reason, (Evidence("GET https://api.acme.example/v1/me", 200, "json login"),))


def inactive(reason: str = "rejected") -> Outcome:
    """An INACTIVE outcome."""
    return Outcome(State.INACTIVE, reason, (Evidence("GET https://api.acme.example/v1/me", 401, "json error"),))


def make_engine(
    check: Check | None, *, cache: VerdictCache | None = None, cancel: Callable[[], None] = lambda: None, **options: Any
) -> Engine:
    """An engine with one check for `acme.api-key`, or none, that keeps nothing unless it gets a *cache*."""
    checks = {} if check is None else {ACME: check}
    return Engine(
        checks, NoSession(), cache=cache or VerdictCache(None), options=EngineOptions(**options), cancel=cancel
    )
