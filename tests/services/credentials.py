# SPDX-License-Identifier: Apache-2.0
"""Credentials as the engine hands them to a check, made at run time: none is anybody's."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping

from secrethunt.records import Confidence, Rule, RuleId, Secret, Severity
from secrethunt.validate.contract import Credential

_LETTERS = string.ascii_letters + string.digits


def made(length: int, alphabet: str = _LETTERS, *, seed: int = 1) -> str:
    """*length* characters, the same for the same *seed*."""
    source = random.Random(f"{seed}/{length}/{alphabet}")
    return "".join(source.choice(alphabet) for _ in range(length))


def credential(
    rule_id: str,
    secret: str | bytes,
    parts: Mapping[str, str] | None = None,
    facts: Mapping[str, str] | None = None,
    *,
    family: str = "",
) -> Credential:
    """What the rule *rule_id* found."""
    rule = Rule(
        id=RuleId(rule_id),
        name=rule_id,
        provider=rule_id.partition(".")[0],
        nhi="api-key",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        pattern="(?P<secret>x)",
        family=family,
    )
    value = secret if isinstance(secret, bytes) else secret.encode()
    companions = {name: Secret(text.encode()) for name, text in (parts or {}).items()}
    return Credential(rule, Secret(value), companions, dict(facts or {}))
