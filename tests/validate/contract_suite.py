# SPDX-License-Identifier: Apache-2.0
"""
Owns what every declarative check is asked: a credential for its rule, and the ways in which a provider, or something in
front of it, may answer.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.online.client import Client
from secrethunt.online.contract import Answer, NoAnswer
from secrethunt.online.options import Bounds, OnlineOptions, Pace
from secrethunt.records import Blob, BlobKind, Rule, RuleId, Secret
from secrethunt.ruleset import RuleSelection, Ruleset, load_ruleset
from secrethunt.samples import SampleError, fill_template, sample_secret, sample_text
from secrethunt.validate.contract import Credential, Outcome, State
from secrethunt.validate.declared import DeclaredCheck, Step, wanted_names
from secrethunt.validate.spec import Checks, load_checks
from tests.online.servers import Reply, Seen
from tests.validate.synthesis import answer_for, answer_with

FIREWALL_PAGE = (
    b"<html><head><title>Access denied</title></head><body><h1>Request blocked</h1>Invalid request</body></html>"
)
LOGIN_PAGE = (
    b"<html><head><title>Sign in</title></head><body><form action='/login'>login name id user</form></body></html>"
)

GATEWAY_BODIES = (
    b'{"message": "Forbidden"}',
    b'{"error": "Access denied"}',
    b'{"message": "Request blocked", "code": 403, "status": 403}',
    b'{"error": {"code": 403, "message": "Forbidden", "status": "PERMISSION_DENIED"}}',
    b'{"errors": [{"code": "403", "status": "403", "title": "Forbidden", "message": "Forbidden"}]}',
)
"""What gateways and firewalls in front of an API say in JSON."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """How the provider answers the last request, and the states that may come of it."""

    name: str
    reply: Reply
    allowed: frozenset[State]


@functools.cache
def shipped() -> tuple[Ruleset, Checks]:
    """The built-in rules and how they are checked."""
    return load_ruleset(RuleSelection(), DiskCache(None)), load_checks(RuleSelection(), DiskCache(None))


def declared_rules() -> list[RuleId]:
    """Ids of the built-in rules whose check is all data."""
    ruleset, checks = shipped()
    return [rule.id for rule in ruleset.rules if isinstance(checks.get(rule.id), DeclaredCheck)]


def rule_and_check(rule_id: RuleId) -> tuple[Rule, DeclaredCheck]:
    """One built-in rule with its check."""
    ruleset, checks = shipped()
    check = checks[rule_id]
    assert isinstance(check, DeclaredCheck)
    return next(rule for rule in ruleset.rules if rule.id == rule_id), check


def scenarios(check: DeclaredCheck) -> Iterator[Scenario]:
    """All ways of answering the last request of *check*."""
    step = check.steps[-1]
    for number, marker in enumerate(step.active):
        yield Scenario(f"active {number}", _reply(answer_for(marker)), frozenset({State.ACTIVE}))
    for number, marker in enumerate(step.inactive):
        yield Scenario(f"inactive {number}", _reply(answer_for(marker)), frozenset({State.INACTIVE}))
    unknown = frozenset({State.UNKNOWN})
    for status in (401, 403):
        yield Scenario(f"a firewall's {status}", _page(status, FIREWALL_PAGE), unknown)
        yield Scenario(f"a bare {status}", Reply(status, {"Content-Type": "text/plain"}, b""), unknown)
        yield Scenario(f"empty JSON with {status}", Reply(status), unknown)
    for body in GATEWAY_BODIES:
        yield Scenario(f"a gateway's 403 {body!r}", Reply(403, {"Server": "gateway"}, body), unknown)
        not_active = frozenset({State.UNKNOWN, State.INACTIVE})
        yield Scenario(f"a gateway's 401 {body!r}", Reply(401, {"Server": "gateway"}, body), not_active)
    yield from _unheard_of()
    yield Scenario("a captive portal", _page(200, LOGIN_PAGE), unknown)
    yield Scenario("an empty 200", Reply(200, {"Content-Type": "text/plain"}, b""), unknown)
    yield Scenario("JSON null with 200", Reply(200, {}, b"null"), unknown)
    yield Scenario("broken JSON with 200", Reply(200, {}, b'{"id": "1", "login":'), unknown)
    for status in (500, 502, 503):
        yield Scenario(f"a {status}", Reply(status, {"Content-Type": "text/html"}, b"<h1>Oops</h1>"), unknown)
    yield Scenario("a redirect", Reply(302, {"Location": "https://elsewhere.example/login"}, b""), unknown)
    if not check.loose_type:
        for number, marker in enumerate(step.active):
            if marker.json or marker.xml:
                answer = answer_for(marker)
                wrong = Reply(answer.status, {"Content-Type": "text/html"}, answer.body)
                yield Scenario(f"active {number} as a web page", wrong, unknown)
    # Behind this the client leaves the host alone.
    limited = Reply(429, {"Retry-After": "3600"}, json.dumps({"detail": "slow down"}).encode())
    yield Scenario("a rate limit", limited, unknown)


def _unheard_of() -> Iterator[Scenario]:
    """Errors in the usual shapes, with a text that no provider's rejection has: a marker that takes any is none."""
    word = "zq17 policy"
    flat = {"code": word, "error": word, "message": word, "reason": word, "status": word, "title": word, "detail": word}
    nested = {"code": word, "message": word, "name": word, "title": word, "detail": word, "type": word, "status": 401}
    for body in (flat, {"error": nested}, {"errors": [nested]}, {"errors": [word]}, {"status": 401, "message": word}):
        for status in (400, 401, 403, 429):
            reply = Reply(status, {}, json.dumps(body).encode())
            yield Scenario(f"an unheard-of {status} {reply.body!r}", reply, frozenset({State.UNKNOWN}))


def credential_for(rule: Rule, check: DeclaredCheck) -> Credential:
    """A credential as a scan finds it in one of the rule's examples, with what the check needs beside it."""
    ruleset, _ = shipped()
    rules: dict[str, Rule] = {item.id: item for item in ruleset.rules}
    secret, facts = _found(rule, rules)
    parts = {
        part.name: Secret(_sample_part(part.pattern, part.rules, rules))
        for part in reversed(rule.parts)
        if part.name in wanted_names(check)
    }
    return Credential(rule, Secret(secret), parts, facts)


def client_of(check: DeclaredCheck, port: int, bounds: Bounds | None = None) -> Client:
    """A client for which the provider of *check* is on loopback."""
    return Client(
        OnlineOptions(
            endpoints={check.provider: f"http://127.0.0.1:{port}"},
            pace=Pace(rate_per_s=math.inf, retries=0),
            bounds=bounds or Bounds(connect_s=2.0, read_s=2.0, total_s=3.0),
        )
    )


def ask(check: DeclaredCheck, credential: Credential, client: Client) -> Outcome:
    """What *check* finds; no answer is UNKNOWN, as the engine has it."""
    try:
        return check(credential, client)
    except NoAnswer as err:
        return Outcome(State.UNKNOWN, err.reason)


def answering(check: DeclaredCheck, last: Reply) -> Callable[[Seen], Reply]:
    """A provider that gives every step but the last what it saves, and the last step what *last* says."""
    asked = [0]

    def answer(_: Seen) -> Reply:
        step = check.steps[min(asked[0], len(check.steps) - 1)]
        asked[0] += 1
        return last if step is check.steps[-1] else _saved(step)

    return answer


def _saved(step: Step) -> Reply:
    base = answer_for(step.active[0]) if step.active else Answer(200, {"content-type": "application/json"}, b"")
    return _reply(answer_with(base, step.save))


def _reply(answer: Answer) -> Reply:
    headers = {"-".join(word.capitalize() for word in name.split("-")): value for name, value in answer.headers.items()}
    return Reply(answer.status, headers, answer.body)


def _page(status: int, page: bytes) -> Reply:
    return Reply(status, {"Content-Type": "text/html; charset=utf-8", "Server": "shield"}, page)


@functools.cache
def _detector() -> Detector:
    return Detector(shipped()[0], DiskCache(None))


def _found(rule: Rule, rules: dict[str, Rule]) -> tuple[bytes, dict[str, str]]:
    for seed, example in enumerate(rule.examples):
        try:
            text, _ = fill_template(example, rule, rules, seed=seed)
        except SampleError:
            continue
        for candidate in _detector().scan_bytes(Blob(text, BlobKind.STREAM, b"example")):
            if candidate.rule.id == rule.id:
                return candidate.secret.reveal(), dict(candidate.facts)
    return sample_secret(rule), {}


def _sample_part(pattern: str, rule_ids: tuple[str, ...], rules: dict[str, Rule]) -> bytes:
    if pattern:
        value = sample_text(pattern)
        match = _named_value(pattern, value)
        return match.encode()
    owners = [rule for rule in rules.values() if rule.id in rule_ids or rule.family in rule_ids]
    return sample_secret(owners[0])


def _named_value(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None
    return match["value"] if "value" in match.re.groupindex else match[0]
