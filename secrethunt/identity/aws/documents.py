# SPDX-License-Identifier: Apache-2.0
"""
Reads policy documents. Source: IAM User Guide, IAM JSON policy elements reference.

A statement that breaks the grammar is left out and said, as AWS would refuse it; it never grants or denies silently.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key: all of a statement's conditions must hold, one of the values is enough."""

    operator: str
    """Without prefix and suffix, lower case: `stringequals`."""
    key: str
    """Lower case: `aws:sourceip`."""
    values: tuple[str, ...]
    quantifier: str = ""
    """`foranyvalue`, `forallvalues` or empty."""
    if_exists: bool = False

    def describe(self) -> str:
        """In the document's own words, shortened."""
        shown = ", ".join(self.values[:3]) + (", …" if len(self.values) > 3 else "")
        return f"{self.key} {self.operator} {shown}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; of actions and resources exactly one of the pair is set."""

    allows: bool
    source: str
    """Evidence: policy and statement id or number, `policy/ci#AllowDeploy`."""
    actions: tuple[str, ...] = ()
    """Patterns in lower case: `s3:get*`."""
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    """(type, value): (`aws`, `arn:aws:iam::123456789012:root`), (`service`, `lambda.amazonaws.com`), (`aws`, `*`)."""
    not_principals: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A document with its name."""

    name: str
    statements: tuple[Statement, ...]
    unread: tuple[str, ...] = ()
    """Statements that could not be read, and why."""


class DocumentError(ValueError):
    """It is no policy document at all."""


def parse_policy(name: str, document: Any) -> Policy:
    """
    Args:
        name: What evidence calls it.
        document: A mapping, or the JSON text of one; URL-encoded text as IAM's API gives it is decoded first.

    Raises:
        DocumentError: Neither.
    """
    if isinstance(document, str):
        document = _loaded(document)
    if not isinstance(document, Mapping):
        raise DocumentError("a policy document is a JSON object")
    raw = document.get("Statement", [])
    statements: list[Statement] = []
    unread: list[str] = []
    for number, item in enumerate(raw if isinstance(raw, list) else [raw], 1):
        label = f"{name}#{item['Sid']}" if isinstance(item, Mapping) and item.get("Sid") else f"{name}#{number}"
        try:
            statements.append(_statement(label, item))
        except ValueError as err:
            unread.append(f"{label}: {err}")
    return Policy(name, tuple(statements), tuple(unread))


def _loaded(text: str) -> Any:
    try:
        return json.loads(urllib.parse.unquote(text) if text.lstrip().startswith("%7B") else text)
    except (ValueError, RecursionError) as err:
        raise DocumentError("it is not JSON") from err


def _statement(label: str, raw: Any) -> Statement:
    if not isinstance(raw, Mapping):
        raise ValueError("a statement is a JSON object")
    effect = raw.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise ValueError(f"Effect must be Allow or Deny, not {effect!r}")
    statement = Statement(
        allows=effect == "Allow",
        source=label,
        actions=_patterns(raw, "Action", lower=True),
        not_actions=_patterns(raw, "NotAction", lower=True),
        resources=_patterns(raw, "Resource"),
        not_resources=_patterns(raw, "NotResource"),
        principals=_principals(raw.get("Principal")),
        not_principals=_principals(raw.get("NotPrincipal")),
        conditions=_conditions(raw.get("Condition", {})),
    )
    if bool(statement.actions) == bool(statement.not_actions):
        raise ValueError("give Action or NotAction")
    if statement.resources and statement.not_resources:
        raise ValueError("give Resource or NotResource")
    return statement


def _patterns(raw: Mapping[str, Any], key: str, *, lower: bool = False) -> tuple[str, ...]:
    value = raw.get(key, [])
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise ValueError(f"{key} must be text or a list of texts")
    return tuple(item.lower() if lower else item for item in items)


def _principals(raw: Any) -> tuple[tuple[str, str], ...]:
    if raw is None:
        return ()
    if raw == "*":
        return (("aws", "*"),)
    if not isinstance(raw, Mapping):
        raise ValueError("Principal must be * or a mapping")
    found = []
    for kind, value in raw.items():
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, str):
                raise ValueError("a principal must be text")
            found.append((str(kind).lower(), item))
    return tuple(found)


def _conditions(raw: Any) -> tuple[Condition, ...]:
    if not isinstance(raw, Mapping):
        raise ValueError("Condition must be a mapping")
    return tuple(
        _condition(str(operator), str(key), values)
        for operator, tests in raw.items()
        if isinstance(tests, Mapping) or _refuse("a condition operator holds a mapping")
        for key, values in tests.items()
    )


def _refuse(message: str) -> bool:
    raise ValueError(message)


def _condition(operator: str, key: str, values: Any) -> Condition:
    name = operator.lower()
    quantifier, colon, rest = name.partition(":")
    name, quantifier = (rest, quantifier) if colon else (name, "")
    if_exists = name.endswith("ifexists")
    items = values if isinstance(values, list) else [values]
    return Condition(
        operator=name.removesuffix("ifexists"),
        key=key.lower(),
        values=tuple(("true" if item else "false") if isinstance(item, bool) else str(item) for item in items),
        quantifier=quantifier,
        if_exists=if_exists,
    )
