# SPDX-License-Identifier: Apache-2.0
"""A session that reaches the loopback and remembers what it was asked for, and credentials as a scan makes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from secrethunt.online.contract import Address, Answer, HostOrigin, NoAnswer, Request
from secrethunt.records import Rule, Secret
from secrethunt.rulefile import read_rule_file
from secrethunt.ruleset import builtin_directory
from secrethunt.validate.contract import Credential
from tests.rule_samples import make_blob, make_detector


class LoopbackSession:
    """Lets through what the real client lets through with `--allow-found-hosts --allow-private`."""

    def __init__(self, endpoints: Mapping[str, str] | None = None) -> None:
        self.reached: list[tuple[str, int, HostOrigin]] = []
        self._endpoints = endpoints or {}

    def reach(self, host: str, port: int, origin: HostOrigin) -> Address:
        self.reached.append((host, port, origin))
        if host not in ("localhost", "127.0.0.1", "::1"):
            raise NoAnswer("this host may not be asked")
        return Address(host, "127.0.0.1" if host == "localhost" else host, port)

    def send(self, request: Request) -> Answer:
        raise NoAnswer(f"{request.label} is not sent")

    def endpoint(self, provider: str) -> str | None:
        return self._endpoints.get(provider)


def credential_in(text: str, rule: str, path: str = "") -> Credential:
    """
    The credential that the shipped rule with the id *rule* finds in *text*, as a scan hands it on.

    Args:
        text: What stands in a file.
        rule: Only the rules of its file take part.
        path: The file's path, for rules that look at it.
    """
    rules = _rules(rule.partition(".")[0])
    detector = make_detector(*rules)
    found = [item for item in detector.scan_bytes(make_blob(text.encode(), path.encode())) if item.rule.id == rule]
    assert len(found) == 1, f"{rule} finds {len(found)} in the text"
    parts = {part.name: part.value for part in found[0].parts}
    return Credential(found[0].rule, found[0].secret, parts, dict(found[0].facts))


@cache
def _rules(name: str) -> tuple[Rule, ...]:
    return tuple(rule for rule, _ in read_rule_file(str(Path(builtin_directory()) / f"{name}.yaml")))


def with_parts(credential: Credential, **parts: str) -> Credential:
    """*credential* with what `--part` adds."""
    named = {name: Secret(value.encode()) for name, value in parts.items()}
    return Credential(credential.rule, credential.secret, {**credential.parts, **named}, credential.facts)
