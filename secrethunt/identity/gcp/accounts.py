# SPDX-License-Identifier: Apache-2.0
"""
Importers of service accounts and of their keys.

Formats: IAM API, `ServiceAccount` (`gcloud iam service-accounts list --format=json`) and `ServiceAccountKey` (`gcloud
iam service-accounts keys list --iam-account=… --format=json`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.gcp.names import PREFIX, account_key, account_node, project_of_account
from secrethunt.identity.gcp.policies import container_node
from secrethunt.identity.gcp.streaming import first_object, iter_objects

_KEY_NAME = re.compile(r"projects/([^/]+)/serviceAccounts/([^/]+)/keys/([^/]+)$")
_ENDLESS = "9999-12-31"


class ServiceAccounts:
    """Implements `Importer`."""

    name = "gcp service accounts"

    def recognises(self, head: bytes, name: str) -> bool:
        """By an address with a unique id."""
        first = first_object(head)
        return "email" in first and ("uniqueId" in first or "/serviceAccounts/" in str(first.get("name")))

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        for item in iter_objects(path):
            if isinstance(item, Unread):
                yield item
            elif not isinstance(item.get("email"), str) or "@" not in item["email"]:
                yield Unread("a service account", "it has no email")
            else:
                yield from account_items(item)


class ServiceAccountKeys:
    """Implements `Importer`."""

    name = "gcp service account keys"

    def recognises(self, head: bytes, name: str) -> bool:
        """By the resource name of a key."""
        return bool(_KEY_NAME.search(str(first_object(head).get("name", ""))))

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        for item in iter_objects(path):
            yield from [item] if isinstance(item, Unread) else key_items(item)


def account_items(item: Mapping[str, Any]) -> Iterator[Node | Edge]:
    """One service account."""
    email = str(item["email"])
    project = str(item.get("projectId") or "")
    owner = f"{PREFIX}project:{project}" if project and project != "-" else project_of_account(email)
    node = account_node(
        email,
        unique_id=str(item.get("uniqueId") or ""),
        client_id=str(item.get("oauth2ClientId") or ""),
        display_name=str(item.get("displayName") or ""),
        description=str(item.get("description") or ""),
        disabled=bool(item.get("disabled")),
        listed=True,
    )
    yield Node(node.key, node.kind, "gcp", email, owner, node.properties)
    if owner:
        yield container_node(owner)
        yield Edge(node.key, owner, EdgeKind.IN_ACCOUNT, evidence=f"service account {email}")
    unique = str(item.get("uniqueId") or "")
    if unique:
        alias = account_key(unique)
        yield Node(alias, NodeKind.IDENTITY, "gcp", email, owner, {"type": "unique-id", "email": email})
        yield Edge(alias, node.key, EdgeKind.DUPLICATE_OF, evidence=f"{email} has the unique id {unique}")


def key_items(item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    """One key of a service account."""
    match = _KEY_NAME.search(str(item.get("name", "")))
    if match is None:
        yield Unread("a key", "its name is not that of a service account's key")
        return
    project, email, key_id = match.groups()
    key = f"{PREFIX}service-account-key:{key_id}"
    owner = f"{PREFIX}project:{project}" if project != "-" else project_of_account(email)
    expires = str(item.get("validBeforeTime") or "")
    properties = {
        "type": "service-account-key",
        "key_id": key_id,
        "created": str(item.get("validAfterTime") or ""),
        "expires": "" if expires.startswith(_ENDLESS) else expires,
        "key_type": str(item.get("keyType") or ""),
        "origin": str(item.get("keyOrigin") or ""),
        "disabled": bool(item.get("disabled")),
        "email": email if "@" in email else "",
    }
    plain = {name: value for name, value in properties.items() if value != ""}
    yield Node(key, NodeKind.CREDENTIAL, "gcp", f"key {key_id} of {email}", owner, plain)
    if "@" in email:
        yield account_node(email)
    yield Edge(key, account_key(email), EdgeKind.AUTHENTICATES_AS, evidence=f"key list of {email}")
