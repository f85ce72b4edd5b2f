# SPDX-License-Identifier: Apache-2.0
"""
Importers of what Cloud Asset Inventory exports: found allow policies, and assets with their resources and policies.

Formats: Cloud Asset API, `IamPolicySearchResult`, `ResourceSearchResult` and `Asset` (`gcloud asset export` writes
snake_case, one asset a line; `gcloud asset list` and the API camelCase).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Edge, Node, Unread
from secrethunt.identity.gcp.assets import resource_items
from secrethunt.identity.gcp.names import resource_key
from secrethunt.identity.gcp.policies import policy_items, scope_items
from secrethunt.identity.gcp.streaming import first_object, iter_objects


class FoundPolicies:
    """Implements `Importer`: `gcloud asset search-all-iam-policies --format=json`."""

    name = "gcp search of IAM policies"

    def recognises(self, head: bytes, name: str) -> bool:
        """By a policy beside the resource that it is on."""
        first = first_object(head)
        is_typed = "assetType" in first or "asset_type" in first
        if "resource" not in first:
            # Keys are sorted: a large first policy leaves what follows it out of the head.
            return is_typed and "ancestors" not in first and b'"policy"' in head and b'"bindings"' in head
        return str(first["resource"]).startswith("//") and ("policy" in first or is_typed)

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        for item in iter_objects(path):
            if isinstance(item, Unread):
                yield item
            elif not isinstance(item.get("resource"), str) or not item["resource"].startswith("//"):
                yield Unread("an entry", "it has no full resource name")
            else:
                yield from _found(item)


def _found(item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    asset_type = str(item.get("assetType") or item.get("asset_type") or "")
    folders = item.get("folders")
    chain = [item.get("project"), *(folders if isinstance(folders, list) else []), item.get("organization")]
    yield from scope_items(item["resource"], asset_type, [text for text in chain if isinstance(text, str) and text])
    yield from policy_items(item["resource"], item.get("policy"))


class Assets:
    """Implements `Importer`: `gcloud asset export`, `gcloud asset list`, `gcloud asset search-all-resources`."""

    name = "gcp asset export"

    def recognises(self, head: bytes, name: str) -> bool:
        """By a full resource name beside an asset type."""
        first = first_object(head)
        is_typed = "asset_type" in first or "assetType" in first
        return is_typed and ("ancestors" in first or str(first.get("name", "")).startswith("//"))

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        for item in iter_objects(path):
            if isinstance(item, Unread):
                yield item
            elif not isinstance(item.get("name"), str) or not item["name"].startswith("//"):
                yield Unread("an asset", "it has no full resource name")
            else:
                yield from _asset(item)


_OTHER_CONTENT = ("org_policy", "orgPolicy", "access_policy", "accessPolicy", "os_inventory", "osInventory")


def _asset(item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    name = item["name"]
    asset_type = str(item.get("asset_type") or item.get("assetType") or "")
    if not asset_type:
        yield Unread(f"asset {name}", "it has no asset type")
        return
    chain = _chain(item)
    resource = item.get("resource")
    data = resource.get("data") if isinstance(resource, Mapping) else None
    data = data if isinstance(data, Mapping) else item.get("additionalAttributes")
    if isinstance(data, Mapping):
        yield from resource_items(name, asset_type, data, chain)
    else:
        yield from scope_items(name, asset_type, chain)
    policy = item.get("iam_policy", item.get("iamPolicy"))
    if policy is not None:
        yield from policy_items(name, policy)
    for content in _OTHER_CONTENT:
        if content in item:
            yield Unread(f"{content} of {resource_key(name)}", "only resources and IAM policies are used")


def _chain(item: Mapping[str, Any]) -> list[str]:
    """Ancestors from the nearest on, from an asset or from a search result."""
    ancestors = item.get("ancestors")
    if isinstance(ancestors, list):
        return [text for text in ancestors if isinstance(text, str)]
    folders = item.get("folders")
    chain = [item.get("project"), *(folders if isinstance(folders, list) else []), item.get("organization")]
    return [text for text in chain if isinstance(text, str) and text]
