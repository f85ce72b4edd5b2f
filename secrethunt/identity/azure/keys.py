# SPDX-License-Identifier: Apache-2.0
"""Owns how things in Azure and Entra are called in the graph (docs/identity.md), and what scopes contain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROVIDER = "azure"
_PRINCIPALS = {
    "serviceprincipal": "service-principal",
    "user": "user",
    "group": "group",
    "foreigngroup": "group",
    "msi": "service-principal",
}


def text_of(value: Mapping[str, Any], *names: str) -> str:
    """The first of the fields that has something, as text."""
    return next(
        (str(value[name]) for name in names if isinstance(value.get(name), (str, int)) and value[name] != ""), ""
    )


def app_key(app_id: str) -> str:
    return f"azure:app:{app_id.lower()}"


def principal_key(object_id: str, kind: str = "") -> str:
    """Of a service principal, user or group; `azure:principal:` where the export does not say which of them."""
    name = kind.rpartition(".")[2].lower()
    return f"azure:{_PRINCIPALS.get(name, 'principal')}:{object_id.lower()}"


def object_id_of(key: str) -> str:
    return key.rpartition(":")[2]


def resource_key(resource_id: str) -> str:
    """Of a resource, group, subscription or management group by its id."""
    parts = resource_id.strip("/").lower().split("/")
    if len(parts) == 2 and parts[0] == "subscriptions":
        return f"azure:subscription:{parts[1]}"
    return f"azure:/{'/'.join(parts)}"


def subscription_of(scope: str) -> str:
    """Key of the subscription that a scope is in; empty for what is above subscriptions."""
    parts = scope.strip("/").lower().split("/")
    return f"azure:subscription:{parts[1]}" if len(parts) > 1 and parts[0] == "subscriptions" else ""


def scope_of(key: str) -> str:
    """The scope that a node's key stands for: `/subscriptions/…` in lower case."""
    if key.startswith("azure:subscription:"):
        return f"/subscriptions/{key.rpartition(':')[2]}"
    return key.removeprefix("azure:")


def contains(scope: str, other: str) -> bool:
    """Whether *other* is the scope or below it, by their ids alone."""
    outer, inner = scope.rstrip("/").lower(), other.rstrip("/").lower()
    return inner == outer or inner.startswith(f"{outer}/")


def role_key(role_definition_id: str) -> str:
    """By the last part of the id: the same role has one id in each subscription."""
    return f"azure:role:{role_definition_id.rstrip('/').rpartition('/')[2].lower()}"


def any_key(what: str, scope: str) -> str:
    return f"azure:any:{what.lower()}@{scope.lower()}"
