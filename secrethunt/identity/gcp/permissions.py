# SPDX-License-Identifier: Apache-2.0
"""
What a permission (`service.resource.verb`) comes to: its service, how strong it is, how much its resources matter.

Google publishes no access levels; the verb tells them, as IAM's "Permissions reference" explains the names, and whether
the basic role Viewer has the permission.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

from secrethunt.identity.contract import Access
from secrethunt.identity.gcp.role_table import permissions_of

_LIST = re.compile(r"(?:list|search|lookup|listEffective)")
_READ = re.compile(
    r"(?:get|read|view|export|fetch|query|check|download|report|verify|validate|analyze|calculate|count|explain|find|"
    r"simulate|test|compute|wait|aggregate|evaluate|show|describe|retrieve|preview|predict)"
)
_BY_PATHS = frozenset({"iam", "resourcemanager"})
"""Services whose rights count as far as they lead somewhere (`escalation.py`); by themselves they write, no more."""
_ACCOUNTS = ("iam.serviceAccounts.", "iam.serviceAccountKeys.")
"""What these reach are other identities: edges of their own, never a resource."""


@functools.cache
def _file(name: str) -> Any:
    return json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


@functools.cache
def _secret_reads() -> frozenset[str]:
    return frozenset(_file("secret_reads.json")["permissions"])


def _viewers() -> frozenset[str]:
    """What the basic role Viewer has: by its definition, permissions for read-only actions."""
    return permissions_of("roles/viewer") or frozenset()


def service_of(permission: str) -> str:
    """`storage` for `storage.objects.get`, `iam` for `iam.googleapis.com/workforcePools.get`."""
    return permission.partition(".")[0]


def access_of(permission: str) -> Access:
    """How strong a permission is on the resources of its service."""
    if permission in _secret_reads():
        return Access.SECRET_READ
    verb = permission.rpartition(".")[2]
    if verb == "setIamPolicy":
        return Access.WRITE if service_of(permission) in _BY_PATHS else Access.ADMIN
    if _LIST.match(verb):
        return Access.LIST
    return Access.READ if _READ.match(verb) or permission in _viewers() else Access.WRITE


def is_about_identities(permission: str) -> bool:
    """Whether what it reaches is another identity and no resource."""
    return permission.startswith(_ACCOUNTS) and access_of(permission) > Access.READ


def sensitivity_of(service: str) -> float:
    """Of the resources of a service; those that nobody rated are in the middle."""
    table = _file("sensitivity.json")["services"]
    return float(table.get(service, table["default"]))


def deny_name(permission: str) -> str:
    """
    The permission as deny policies write it: `storage.googleapis.com/objects.get` (IAM, "Permissions supported in deny
    policies").
    """
    if "/" in permission:
        return permission
    service, _, rest = permission.partition(".")
    host = {"resourcemanager": "cloudresourcemanager"}.get(service, service)
    return f"{host}.googleapis.com/{rest}"
