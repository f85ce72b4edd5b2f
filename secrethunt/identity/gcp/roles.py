# SPDX-License-Identifier: Apache-2.0
"""
Importer of role definitions: `gcloud iam roles describe … --format=json`, or a list of such.

Format: IAM API, `Role`. `gcloud iam roles list` leaves the permissions out; such an entry says only that there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.gcp.names import PREFIX, container_key
from secrethunt.identity.gcp.streaming import first_object, iter_objects

_NAME = re.compile(r"(?:(?:projects|organizations)/[^/]+/)?roles/[\w.]+$")


class Roles:
    """Implements `Importer`."""

    name = "gcp roles"

    def recognises(self, head: bytes, name: str) -> bool:
        """By the name of a role with what only roles have."""
        first = first_object(head)
        is_role = bool(_NAME.fullmatch(str(first.get("name", ""))))
        return is_role and ("includedPermissions" in first or "stage" in first or "title" in first)

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        for item in iter_objects(path):
            yield from [item] if isinstance(item, Unread) else role_items(item)


def role_items(item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    """One role."""
    name = str(item.get("name", "")).removeprefix("//iam.googleapis.com/")
    if not _NAME.fullmatch(name):
        yield Unread(f"role {name[:80]}", "its name is not that of a role")
        return
    permissions = item.get("includedPermissions")
    key = f"{PREFIX}role:{name}"
    parent = container_key(name.rpartition("/roles/")[0])
    properties: dict[str, Any] = {
        "type": "custom-role" if parent else "predefined-role",
        "stage": str(item.get("stage") or ""),
        "deleted": bool(item.get("deleted")),
    }
    if isinstance(permissions, list):
        properties["permissions"] = [text for text in permissions if isinstance(text, str)]
    elif parent and not item.get("deleted"):
        yield Unread(
            f"permissions of {name}",
            "the export leaves them out: import `gcloud iam roles describe` of it with --format=json",
        )
    yield Node(key, NodeKind.POLICY, "gcp", str(item.get("title") or name), parent, properties)
    if parent:
        yield Edge(key, parent, EdgeKind.IN_ACCOUNT, evidence=f"role {name}")
