# SPDX-License-Identifier: Apache-2.0
"""Makes an identification of what a rule file says. Format: `docs/identity.md`, Live."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from secrethunt.identity.contract import Access
from secrethunt.identity.live.answered import RESERVED, Expression, Text, parse_expression, parse_text
from secrethunt.identity.live.declared import DeclaredIdentifier, Naming, Permissions, Question, Resources
from secrethunt.identity.live.rights import LEVELS, RightError, Table, parse_right, parse_rights, parse_table
from secrethunt.online.answers import ExpressionError
from secrethunt.online.asking import RequestError, compile_asking
from secrethunt.validate.declared import CheckError, Choices, read_choices

_CREDENTIAL = ("expires", "last_used", "created", "scopes")
_KEYS = frozenset(
    {
        "provider",
        "requests",
        "choices",
        "identity",
        "account",
        "permissions",
        "resources",
        "properties",
        "loose_type",
        "references",
        *_CREDENTIAL,
    }
)
_MOST_PAGES = 10
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands at the top of a rule file and an identification may name."""

    validators: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)
    """`scopes`: rights by permission."""


def compile_identifier(provider: str, raw: Any, around: Surroundings) -> DeclaredIdentifier:
    """
    Args:
        provider: The rule's.
        raw: The mapping under `identify`.
        around: What it may name.

    Raises:
        CheckError: What is wrong with it.
    """
    given = _mapping(raw, "identify", _KEYS)
    choices = _choices(given, around)
    try:
        questions = _questions(given.get("requests"), around, [name for name, _ in choices])
        return DeclaredIdentifier(
            provider=_text(given.get("provider", provider), "provider"),
            asks=provider,
            questions=questions,
            choices=choices,
            identity=_naming(given.get("identity"), "identity"),
            account=_naming(given["account"], "account") if "account" in given else None,
            permissions=tuple(_permissions(item, around) for item in _list(given, "permissions")),
            resources=tuple(_resources(item) for item in _list(given, "resources")),
            credential=_credential(given),
            loose_type=bool(given.get("loose_type", False)),
            references=tuple(given.get("references", ())),
        )
    except (ExpressionError, RequestError, RightError) as err:
        raise CheckError(str(err)) from err


def wanted_names(identifier: DeclaredIdentifier) -> set[str]:
    """What must be known beside the secret."""
    made = {"secret", "item", "page", *(name for name, _ in identifier.choices)}
    return {name for question in identifier.questions for name in question.asking.names()} - made


def unknown_words(identifier: DeclaredIdentifier) -> set[str]:
    """Names at the start of expressions that no request has: they would find nothing, ever."""
    known = {question.name for question in identifier.questions} | RESERVED
    naming = [item for item in (identifier.identity, identifier.account) if item is not None]
    texts = [text for item in naming for text in (*item.key, *item.name)]
    expressions = [expression for text in texts for expression in text.expressions()]
    expressions += [expression for item in naming for _, expression in item.properties]
    expressions += [item.source for item in identifier.permissions if item.source is not None]
    expressions += [item.when for item in identifier.permissions if item.when is not None]
    expressions += [item.source for item in identifier.resources] + [item for _, item in identifier.credential]
    return {item.source for item in expressions if not item.words() & known}


def _choices(raw: Mapping[str, Any], around: Surroundings) -> Choices:
    """Its own, else those of the validator whose request it makes first."""
    if "choices" in raw:
        return read_choices(raw["choices"])
    requests = raw.get("requests")
    first = requests[0] if isinstance(requests, list) and requests and isinstance(requests[0], Mapping) else {}
    name = first.get("request")
    named = around.validators.get(name) if isinstance(name, str) else None
    return read_choices(named.get("choices", {})) if isinstance(named, Mapping) else ()


def _questions(raw: Any, around: Surroundings, chosen: Sequence[str]) -> tuple[Question, ...]:
    if not isinstance(raw, list) or not raw:
        raise CheckError("`requests` must be a list")
    questions = tuple(_question(item, around, chosen) for item in raw)
    names = [question.name for question in questions]
    if len(set(names)) < len(names):
        raise CheckError("two requests have the same name")
    return questions


def _question(raw: Any, around: Surroundings, chosen: Sequence[str]) -> Question:
    given = _mapping(raw, "requests", frozenset({"name", "request", "each", "pages"}))
    name = _text(given.get("name"), "name")
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise CheckError(f"a request cannot be called {name!r}")
    request = given.get("request")
    if isinstance(request, str):
        validator = around.validators.get(request)
        if not isinstance(validator, Mapping) or "request" not in validator:
            raise CheckError(f"no validator {request!r} with one request stands under `validators`")
        request = validator["request"]
    pages = given.get("pages", 1)
    if not isinstance(pages, int | float) or not 1 <= pages <= _MOST_PAGES:
        raise CheckError(f"`pages` is from 1 to {_MOST_PAGES}")
    each = parse_expression(_text(given["each"], "each")) if "each" in given else None
    return Question(name, compile_asking(request, chosen), each, int(pages))


def _naming(raw: Any, key: str) -> Naming:
    given = _mapping(raw, key, frozenset({"key", "name", "type", "human", "properties"}))
    human = given.get("human")
    return Naming(
        key=_texts(given.get("key"), f"{key}.key"),
        name=_texts(given.get("name", []), f"{key}.name"),
        type=_text(given.get("type"), f"{key}.type"),
        properties=_expressions(given.get("properties", {}), f"{key}.properties"),
        is_human=human if human is None or isinstance(human, bool) else parse_expression(_text(human, f"{key}.human")),
    )


def _permissions(raw: Any, around: Surroundings) -> Permissions:
    given = _mapping(raw, "permissions", frozenset({"from", "split", "map", "when", "grants", "unknown"}))
    if ("from" in given) != ("map" in given) or sum(key in given for key in ("from", "grants", "unknown")) != 1:
        raise CheckError("permissions have `from` and `map`, or `grants`, or `unknown`")
    split = given.get("split")
    return Permissions(
        source=parse_expression(_text(given["from"], "from")) if "from" in given else None,
        split=re.compile(_text(split, "split")) if split is not None else None,
        table=_table(given["map"], around) if "map" in given else None,
        when=parse_expression(_text(given["when"], "when")) if "when" in given else None,
        grants=parse_rights(given.get("grants", [])),
        unknown=_text(given["unknown"], "unknown") if "unknown" in given else "",
    )


def _table(raw: Any, around: Surroundings) -> Table:
    if isinstance(raw, str):
        if raw not in around.tables:
            raise CheckError(f"no table {raw!r} stands under `scopes`")
        raw = around.tables[raw]
    return parse_table(raw)


def _resources(raw: Any) -> Resources:
    given = _mapping(raw, "resources", frozenset({"from", "key", "name", "right", "access"}))
    right = parse_right(given.get("right"))
    levels = _mapping(given.get("access", {}), "access", frozenset(LEVELS))
    return Resources(
        source=parse_expression(_text(given.get("from"), "from")),
        key=parse_text(_text(given.get("key"), "resources.key")),
        name=parse_text(_text(given.get("name", given.get("key")), "resources.name")),
        kind=right.kind,
        sensitivity=right.sensitivity,
        tier0=right.tier0,
        levels=tuple((LEVELS[level], parse_expression(_text(item, "access"))) for level, item in levels.items()),
        access=right.access if not levels else min(right.access, Access.READ),
    )


def _credential(raw: Mapping[str, Any]) -> tuple[tuple[str, Expression], ...]:
    named = {name: raw[name] for name in _CREDENTIAL if name in raw}
    return _expressions({**named, **_mapping(raw.get("properties", {}), "properties")}, "properties")


def _expressions(raw: Any, key: str) -> tuple[tuple[str, Expression], ...]:
    return tuple((name, parse_expression(_text(item, key))) for name, item in _mapping(raw, key).items())


def _texts(raw: Any, key: str) -> tuple[Text, ...]:
    return tuple(parse_text(_text(item, key)) for item in (raw if isinstance(raw, list) else [raw]))


def _text(raw: Any, key: str) -> str:
    if not isinstance(raw, str) or not raw:
        raise CheckError(f"`{key}` must be text")
    return raw


def _list(raw: Mapping[str, Any], key: str) -> list[Any]:
    value = raw.get(key, [])
    if not isinstance(value, list):
        raise CheckError(f"`{key}` must be a list")
    return value


def _mapping(raw: Any, key: str, known: frozenset[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise CheckError(f"`{key}` must be a mapping")
    unknown = set(raw) - known if known is not None else set()
    if unknown:
        raise CheckError(f"unknown key {sorted(unknown)[0]!r} in `{key}`")
    return raw
