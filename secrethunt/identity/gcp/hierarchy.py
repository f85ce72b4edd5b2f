# SPDX-License-Identifier: Apache-2.0
"""
Importers of the resource hierarchy, of groups and of deny policies.

Formats: Resource Manager API (`Project`, `Folder`, `Organization`, `gcloud projects get-ancestors`), Cloud Identity API
(`Group`, `Membership`), IAM v2 API (`Policy` of deny policies), each as `gcloud … --format=json` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.gcp.names import PREFIX, container_key, member, resource_key
from secrethunt.identity.gcp.policies import DENY, ancestry_items, container_node, same_project
from secrethunt.identity.gcp.streaming import first_object, iter_objects


class Hierarchy:
    """Implements `Importer`: `gcloud projects list`, `… folders list`, `… organizations list`, `… get-ancestors`."""

    name = "gcp resource hierarchy"

    def recognises(self, head: bytes, name: str) -> bool:
        """By a project's id, the name of a folder or organization, or the steps of an ancestry."""
        first = first_object(head)
        is_step = set(first) == {"id", "type"} and first["type"] in ("project", "folder", "organization")
        is_project = "projectId" in first and ("projectNumber" in first or "lifecycleState" in first)
        is_other = bool(container_key(str(first.get("name", "")))) and "displayName" in first
        return is_step or is_project or is_other

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        steps: list[str] = []
        for item in iter_objects(path):
            if isinstance(item, Unread):
                yield item
            elif set(item) == {"id", "type"}:
                if item["type"] == "project" and steps:
                    yield from ancestry_items(steps)
                    steps = []
                steps.append(f"{item['type']}s/{item['id']}")
            else:
                yield from _container(item)
        yield from ancestry_items(steps)


def _container(item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    project = item.get("projectId")
    name = str(item.get("name") or "")
    key = f"{PREFIX}project:{project}" if isinstance(project, str) and project else container_key(name)
    if not key:
        yield Unread("an entry", "it is no project, folder or organization")
        return
    title = str(item.get("displayName") or item.get("name") or "")
    state = str(item.get("lifecycleState") or item.get("state") or "")
    created = str(item.get("createTime") or "")
    yield container_node(key, title, state=state, created=created, tags=item.get("labels"))
    if isinstance(project, str) and project:
        yield from same_project(str(item.get("projectNumber") or ""), project)
    parent = item.get("parent")
    above = f"{parent.get('type')}s/{parent.get('id')}" if isinstance(parent, Mapping) else str(parent or "")
    if parent_key := container_key(above):
        yield container_node(parent_key)
        yield Edge(key, parent_key, EdgeKind.IN_ACCOUNT, evidence=f"parent of {title or key}")


class Groups:
    """
    Implements `Importer`: `gcloud identity groups search|describe` and `… memberships list`.

    A list of members names its group only by number; the group itself joins that to its address.
    """

    name = "gcp groups"

    def recognises(self, head: bytes, name: str) -> bool:
        """By the name of a group or of a membership."""
        first = first_object(head)
        return str(first.get("name", "")).startswith("groups/") and bool(
            {"groupKey", "preferredMemberKey", "memberKey"} & set(first)
        )

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        for item in iter_objects(path):
            yield from [item] if isinstance(item, Unread) else _group(item)


def _group(item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    parts = str(item.get("name", "")).split("/")
    if len(parts) < 2 or parts[0] != "groups":
        yield Unread("an entry", "it is neither a group nor a membership")
        return
    number = f"{PREFIX}groups/{parts[1]}"
    yield Node(number, NodeKind.GROUP, "gcp", parts[1], "", {"type": "group-number"})
    key = item.get("groupKey")
    if isinstance(key, Mapping) and key.get("id"):
        found = member(f"group:{key['id']}")
        if found is not None:
            yield found.node
            yield Edge(number, found.key, EdgeKind.MEMBER_OF, evidence=f"{number} is {key['id']}")
        return
    inner = item.get("preferredMemberKey") or item.get("memberKey")
    email = str(inner.get("id") or "") if isinstance(inner, Mapping) else ""
    kind = {"SERVICE_ACCOUNT": "serviceAccount", "GROUP": "group"}.get(str(item.get("type") or ""), "user")
    if email.endswith("gserviceaccount.com"):
        kind = "serviceAccount"
    found = member(f"{kind}:{email}") if "@" in email else None
    if found is None:
        yield Unread(f"a member of group {parts[1]}", "it has no address")
        return
    yield found.node
    yield Edge(found.key, number, EdgeKind.MEMBER_OF, evidence=f"membership {'/'.join(parts)}")
    if kind == "user":
        as_group = f"{PREFIX}group:{email.lower()}"
        yield Edge(as_group, number, EdgeKind.MEMBER_OF, evidence=f"membership {'/'.join(parts)}")


class DenyPolicies:
    """Implements `Importer`: `gcloud iam policies get NAME --kind=denypolicies --attachment-point=…`."""

    name = "gcp deny policies"

    def recognises(self, head: bytes, name: str) -> bool:
        """By the name of a deny policy."""
        return "/denypolicies/" in str(first_object(head).get("name", ""))

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        for item in iter_objects(path):
            yield from [item] if isinstance(item, Unread) else _deny(item)


def _deny(item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    name = str(item.get("name", ""))
    point, separator, _ = name.removeprefix("policies/").partition("/denypolicies/")
    scope = resource_key(unquote(point))
    rules = item.get("rules")
    if not separator or not isinstance(rules, list):
        why = "`gcloud iam policies list` leaves the rules out: import `gcloud iam policies get` of each"
        yield Unread(f"deny policy {name[:120]}", why if separator else "it is no deny policy")
        return
    key = f"{PREFIX}{DENY}:{name}"
    plain = [rule["denyRule"] for rule in rules if isinstance(rule, Mapping) and isinstance(rule.get("denyRule"), dict)]
    if len(plain) < len(rules):
        yield Unread(f"{len(rules) - len(plain)} rules of {name}", "they are no deny rules")
    title = str(item.get("displayName") or name.rpartition("/")[2])
    properties = {"type": DENY, "scope": scope, "document": {"rules": plain}}
    yield Node(key, NodeKind.POLICY, "gcp", title, scope, properties)
    yield container_node(scope)
    yield Edge(scope, key, EdgeKind.BOUNDED_BY, evidence=name)
