# SPDX-License-Identifier: Apache-2.0
"""Whom a trust policy or a resource's policy names, as keys of nodes: roles and resources are found by it."""

from __future__ import annotations

import re

from secrethunt.identity.aws.documents import Policy
from secrethunt.identity.aws.principals import PREFIX, account_of

_SESSION = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.+")


def trusted_keys(policy: Policy) -> dict[str, str]:
    """Keys of all that some Allow takes in, with the statement that names it first."""
    found: dict[str, str] = {}
    for statement in policy.statements:
        if not statement.allows:
            continue
        for kind, value in statement.principals:
            found.setdefault(trusted_key(kind, value), statement.source)
        if statement.not_principals:
            found.setdefault(f"{PREFIX}any:principal", statement.source)
    return found


def trusted_key(kind: str, value: str) -> str:
    """The key of one principal: `*` is anybody, an account its root, a session its role."""
    if value == "*":
        return f"{PREFIX}any:principal"
    if kind == "service":
        return f"{PREFIX}service:{value}"
    if value.isdigit():
        return f"{PREFIX}account:{value}"
    if value.endswith(":root"):
        return f"{PREFIX}account:{account_of(value)}"
    session = _SESSION.fullmatch(value)
    if session:
        return f"{PREFIX}arn:{session[1]}:iam::{session[2]}:role/{session[3]}"
    return PREFIX + value
