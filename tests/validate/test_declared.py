# SPDX-License-Identifier: Apache-2.0
"""Every declarative check of the shipped rules against every way of answering, over real HTTP."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from secrethunt.online.options import Bounds
from secrethunt.records import RuleId
from secrethunt.validate.contract import State
from tests.online.servers import Reply, Seen, Server, raw_server
from tests.validate.contract_suite import (
    answering,
    ask,
    client_of,
    credential_for,
    declared_rules,
    rule_and_check,
    scenarios,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


class Provider:
    """A server that answers as the scenario at hand says."""

    def __init__(self) -> None:
        self.answer: Callable[[Seen], Reply] = lambda seen: Reply()
        self.server = Server(answer=self._reply)

    def _reply(self, seen: Seen) -> Reply:
        return self.answer(seen)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()
    with made.server.running():
        yield made


@pytest.mark.parametrize("rule_id", declared_rules())
def test_no_answer_is_mistaken_for_another(rule_id: RuleId, provider: Provider) -> None:
    rule, check = rule_and_check(rule_id)
    credential = credential_for(rule, check)
    mistaken = {}
    with client_of(check, provider.server.port) as client:
        for scenario in scenarios(check):
            provider.answer = answering(check, scenario.reply)
            outcome = ask(check, credential, client)
            if outcome.state not in scenario.allowed:
                mistaken[scenario.name] = f"{outcome.state.value}: {outcome.reason}"
    assert {} == mistaken


@pytest.mark.parametrize("rule_id", declared_rules())
def test_what_is_asked_holds_the_secret_in_no_label(rule_id: RuleId, provider: Provider) -> None:
    rule, check = rule_and_check(rule_id)
    credential = credential_for(rule, check)
    provider.server.seen.clear()
    provider.answer = answering(check, Reply())
    with client_of(check, provider.server.port) as client:
        outcome = ask(check, credential, client)
    secret = credential.secret.reveal().decode()
    assert provider.server.seen, outcome.reason
    assert secret not in repr(outcome) + repr(check.endpoints)


def test_a_slow_drip_and_a_giant_body_are_unknown() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.02)

    def flood(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        for _ in range(64):
            connection.sendall(b" " * 65536)

    bounds = Bounds(connect_s=5.0, read_s=5.0, total_s=0.4, max_body=1 << 16)
    for script in (drip, flood):
        with raw_server(script) as server, ThreadPoolExecutor(16) as pool:
            port = server.port

            def state(rule_id: RuleId, port: int = port) -> tuple[RuleId, State]:
                rule, check = rule_and_check(rule_id)
                with client_of(check, port, bounds) as client:
                    return rule_id, ask(check, credential_for(rule, check), client).state

            found = dict(pool.map(state, declared_rules()))
        assert {} == {rule_id: state.value for rule_id, state in found.items() if state is not State.UNKNOWN}
