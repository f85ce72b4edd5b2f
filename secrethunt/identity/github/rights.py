# SPDX-License-Identifier: Apache-2.0
"""
What a token or an app may do by its scopes or permissions (`permissions.json`), before it is asked on which
repositories: one record for classic scopes, fine-grained permissions and installations.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from secrethunt.identity.contract import Access, Node

_ACCESS = {item.label: item for item in Access}
_IMPLIES_ORG = ("organization_", "members")
_CODE = frozenset({"contents", "administration", "workflows"})


@dataclass(frozen=True, slots=True)
class Rights:
    """All that scopes or permissions come to."""

    words: tuple[str, ...] = ()
    """As the export has them: `repo`, `contents:write`."""
    code: Access | None = None
    """To the contents of the repositories."""
    workflows: bool = False
    """Workflow files may be written too."""
    public_only: bool = False
    extra: Mapping[str, Access] = field(default_factory=dict)
    """What else of the repositories."""
    organization: Mapping[str, Access] = field(default_factory=dict)
    user: Mapping[str, Access] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """Scopes that nobody described."""
    is_classic: bool = False

    @property
    def pushes(self) -> bool:
        """Whether it can write code."""
        return self.code is not None and self.code >= Access.WRITE


@functools.cache
def _table() -> dict[str, Any]:
    text = (Path(__file__).parent / "permissions.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def sensitivity_of(what: str) -> float:
    """Of one kind of thing at GitHub, from 0.1 to 1."""
    table = _table()["sensitivity"]
    return float(table.get(what, table["default"]))


def rights_of(node: Node) -> Rights | None:
    """By the properties of a token's or installation's node; None where nothing says what it may."""
    scopes, permissions = node.properties.get("scopes"), node.properties.get("permissions")
    if isinstance(permissions, Mapping) and permissions:
        return _fine_grained(permissions)
    if isinstance(scopes, Sequence) and not isinstance(scopes, str):
        return _classic([str(item) for item in scopes])
    return _fine_grained({}) if isinstance(permissions, Mapping) else None


def _classic(scopes: Sequence[str]) -> Rights:
    table = _table()["scopes"]
    found: dict[str, dict[str, Access]] = {"extra": {}, "organization": {}, "user": {}}
    code: Access | None = None
    entries = [table[scope] for scope in scopes if scope in table]
    for entry in entries:
        for part, into in found.items():
            for what, level in entry.get(part, {}).items():
                into[what] = max(_ACCESS[level], into.get(what, Access.LIST))
        if "code" in entry:
            code = max(_ACCESS[entry["code"]], code or Access.LIST)
    is_private = any("code" in entry and not entry.get("public_only") for entry in entries)
    return Rights(
        tuple(scopes),
        code,
        any(entry.get("workflows") for entry in entries),
        code is not None and not is_private,
        found["extra"],
        found["organization"],
        found["user"],
        tuple(scope for scope in scopes if scope not in table),
        is_classic=True,
    )


def _fine_grained(permissions: Mapping[str, Any]) -> Rights:
    levels = {str(name): _level(str(name), str(level)) for name, level in permissions.items()}
    held = {name: access for name, access in levels.items() if access is not None}
    code = held.get("contents")
    if held.get("administration", Access.LIST) >= Access.WRITE:
        code = Access.ADMIN
    is_org = {name: name.startswith(_IMPLIES_ORG) for name in held}
    return Rights(
        tuple(f"{name}:{level}" for name, level in permissions.items()),
        code,
        held.get("workflows", Access.LIST) >= Access.WRITE,
        False,
        {name: access for name, access in held.items() if not is_org[name] and name not in _CODE},
        {name: access for name, access in held.items() if is_org[name]},
    )


def _level(name: str, level: str) -> Access | None:
    """`read` of what lists secrets in clear is more than `read`; names of Actions secrets are no secrets."""
    if level == "none":
        return None
    if name in _table()["secret_reads"]:
        return Access.SECRET_READ
    if level == "read" and name in ("metadata", "secrets", "organization_secrets", "members"):
        return Access.LIST
    return {"read": Access.READ, "write": Access.WRITE, "admin": Access.ADMIN}.get(level, Access.READ)
