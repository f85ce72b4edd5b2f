# SPDX-License-Identifier: Apache-2.0
"""Every provider whose identification is all data, against servers on loopback that answer as documented."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from secrethunt.diskcache import DiskCache
from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus, Known, Node
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.declared import DeclaredIdentifier
from secrethunt.identity.live.spec import Identifiers, load_identifiers
from secrethunt.online.client import Client
from secrethunt.online.options import OnlineOptions, Pace
from secrethunt.records import Rule, RuleId, Secret
from secrethunt.ruleset import RuleSelection, load_ruleset
from secrethunt.validate.contract import Credential
from tests.identity.live.answers import CASES, Documented
from tests.services.credentials import made
from tests.services.provider import DISTURBANCES, Provider, Reply, json_reply, serve
from tests.services.provider import Asked as Request

AT = "2026-01-01T00:00:00Z"
_BY_RULE = {case.rule_id: case for case in CASES}


@functools.cache
def shipped() -> tuple[dict[str, Rule], Identifiers]:
    rules = {str(rule.id): rule for rule in load_ruleset(RuleSelection(), DiskCache(None)).rules}
    return rules, load_identifiers(RuleSelection(), DiskCache(None))


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with serve() as server:
        yield server


def answer(case: Documented, request: Request) -> Reply:
    """The answer of the longest part that stands in the path; every answer repeats the key, as careless ones do."""
    fitting = [part for part in case.answers if part in request.path]
    if not fitting:
        return Reply(404)
    said = case.answers[max(fitting, key=len)]
    if isinstance(said, int):
        return Reply(said, b"refused", {"Content-Type": "text/plain"})
    headers, body = said if isinstance(said, tuple) else ({}, said)
    # A second page is empty.
    return json_reply(200, [] if "page=2" in request.path and isinstance(body, list) else body, headers)


def identify(provider: Provider, case: Documented) -> tuple[Identification, str]:
    rules, identifiers = shipped()
    secret = made(40)
    parts = {name: Secret(value.encode()) for name, value in case.parts.items()}
    found = Credential(rules[case.rule_id], Secret(secret.encode()), parts)
    endpoints = {found.rule.provider: provider.url}
    options = OnlineOptions(endpoints=endpoints, pace=Pace(rate_per_s=math.inf, retries=0))
    with Client(options) as session:
        return identifiers[RuleId(case.rule_id)](Asked(found, "5" * 32, AT), session), secret


def rights(identification: Identification) -> set[str]:
    return {
        f"{'unknown' if item.status is EdgeStatus.UNKNOWN else item.access.label} {item.target}"
        for item in identification.graph
        if isinstance(item, Edge) and item.access is not None
    }


@pytest.mark.parametrize("rule_id", sorted(_BY_RULE))
def test_identity_and_rights_are_learned_and_no_secret_is(provider: Provider, rule_id: str) -> None:
    case = _BY_RULE[rule_id]
    provider.reply = lambda request: answer(case, request)
    identification, secret = identify(provider, case)
    host = urlsplit(provider.url).netloc
    places = {"host": host, "self": "5" * 16, "port": host.partition(":")[2]}
    edges = [item for item in identification.graph if isinstance(item, Edge)]
    owners = {edge.target for edge in edges if edge.kind is EdgeKind.AUTHENTICATES_AS}
    assert {case.identity.format(**places)} == owners
    assert set() == {right.format(**places) for right in case.rights} - rights(identification)
    assert {(Known.LIVE, AT)} == {(edge.known, edge.seen_at) for edge in edges}
    known = {item.key for item in identification.graph if isinstance(item, Node)}
    assert set() == {key for edge in edges for key in (edge.source, edge.target)} - known
    assert "" == identification.reason
    assert secret not in repr(identification)


@pytest.mark.parametrize("rule_id", sorted(_BY_RULE))
@pytest.mark.parametrize("name", ["firewall 403", "portal 200", "list", "garbage", "error 500"])
def test_an_answer_that_is_none_makes_no_identity_out_of_it(provider: Provider, rule_id: str, name: str) -> None:
    case = _BY_RULE[rule_id]
    provider.reply = DISTURBANCES[name]
    identification, _ = identify(provider, case)
    known = {edge for edge in rights(identification) if not edge.startswith("unknown ")}
    if name in ("firewall 403", "error 500"):
        assert set() == known


def test_a_careless_provider_that_repeats_the_key_gets_it_into_nothing(provider: Provider) -> None:
    secret = made(40)

    def echo(request: Request) -> Reply:
        return json_reply(200, {"login": f"u-{secret}", "type": "User"}, {"X-OAuth-Scopes": f"repo, {secret}"})

    provider.reply = echo
    identification, key = identify(provider, _BY_RULE["github.personal-access-token"])
    assert key == secret
    assert secret not in repr(identification)
    assert "github:user:u-[secret]" in repr(identification)


def test_every_declared_provider_is_tested_and_there_are_at_least_forty_five() -> None:
    rules, identifiers = shipped()
    declared = {
        rules[rule_id].provider for rule_id in identifiers if isinstance(identifiers[rule_id], DeclaredIdentifier)
    }
    assert declared == {rules[case.rule_id].provider for case in CASES}
    providers = {rules[rule_id].provider for rule_id in identifiers}
    assert len(providers) >= 45


def test_endpoints_are_listed_with_their_choices() -> None:
    _, identifiers = shipped()
    assert "GET https://api.eu.mailgun.net/v4/domains" in identifiers[RuleId("mailgun.api-key")].endpoints
