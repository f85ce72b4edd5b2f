# SPDX-License-Identifier: Apache-2.0
"""The real client, allowed to go to the loopback, and credentials as a scan makes them from text."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

from secrethunt.online.client import Client
from secrethunt.online.contract import NoAnswer
from secrethunt.online.options import OnlineOptions, Pace
from secrethunt.records import Rule, Secret
from secrethunt.rulefile import read_rule_file
from secrethunt.rulesection import read_section
from secrethunt.ruleset import builtin_directory
from secrethunt.validate.contract import Credential, Outcome
from secrethunt.validate.spec import make_check
from tests.rule_samples import make_blob, make_detector

LOOPBACK = ("127.0.0.0/8", "::1")


def checked(
    credential: Credential,
    *,
    authority: Path | None = None,
    endpoint: str = "",
    allow_found_hosts: bool = True,
    **more: Any,
) -> tuple[str, str, Outcome | None]:
    """
    The state and the reason that the check of the credential's own rule comes to, and the outcome where there is one.

    Args:
        credential: What to check.
        authority: Trusted besides the usual ones.
        endpoint: Given for the rule's provider.
        allow_found_hosts: As the option.
        more: Other options of the client.
    """
    options = OnlineOptions(
        allow_found_hosts=allow_found_hosts,
        allow_private=LOOPBACK,
        pace=Pace(rate_per_s=math.inf, retries=0),
        ca_file=str(authority or ""),
        endpoints={credential.rule.provider: endpoint} if endpoint else {},
        **more,
    )
    _, _, _, raw = _checks(_file(credential.rule.id))[credential.rule.id]
    with Client(options) as session:
        try:
            outcome = make_check(credential.rule.provider, raw)(credential, session)
        except NoAnswer as err:
            return "unknown", err.reason, None
    return outcome.state.value, outcome.reason, outcome


def state(credential: Credential, **options: Any) -> str:
    """The state alone."""
    return checked(credential, **options)[0]


def facts(credential: Credential, **options: Any) -> dict[str, str]:
    """What the server said of the credential."""
    outcome = checked(credential, **options)[2]
    assert outcome is not None
    return dict(outcome.facts)


def credential_in(text: str, rule: str, path: str = "a.txt") -> Credential:
    """
    The credential that the shipped rule with the id *rule* finds in *text*, as a scan hands it on.

    Args:
        text: What stands in a file.
        rule: Only the rules of its file take part.
        path: The file's path, for rules that look at it.
    """
    detector = make_detector(*_rules(_file(rule)))
    found = [item for item in detector.scan_bytes(make_blob(text.encode(), path.encode())) if item.rule.id == rule]
    assert len(found) == 1, f"{rule} finds {len(found)} in the text"
    parts = {part.name: part.value for part in found[0].parts}
    return Credential(found[0].rule, found[0].secret, parts, dict(found[0].facts))


def with_parts(credential: Credential, **parts: str) -> Credential:
    """*credential* with what `--part` adds."""
    named = {name: Secret(value.encode()) for name, value in parts.items()}
    return Credential(credential.rule, credential.secret, {**credential.parts, **named}, credential.facts)


def _file(rule: str) -> str:
    return str(Path(builtin_directory()) / f"{rule.partition('.')[0]}.yaml")


@cache
def _rules(path: str) -> tuple[Rule, ...]:
    return tuple(rule for rule, _ in read_rule_file(path))


@cache
def _checks(path: str) -> dict[str, tuple[str, str, int, object]]:
    return dict(read_section(path, "validate", "validators"))
