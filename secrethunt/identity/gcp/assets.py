# SPDX-License-Identifier: Apache-2.0
"""
What resources of an asset export say: accounts and their keys, custom roles, projects, and workloads with the service
account that they run as.

Sources: the REST references of the services whose resources they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.gcp.accounts import account_items, key_items
from secrethunt.identity.gcp.names import PREFIX, account_key, account_node, container_key, resource_key
from secrethunt.identity.gcp.policies import ancestry_items, container_node, resource_node, same_project, scope_items
from secrethunt.identity.gcp.roles import role_items


def resource_items(
    name: str, asset_type: str, data: Mapping[str, Any], chain: Sequence[str]
) -> Iterator[Node | Edge | Unread]:
    """What the resource *data* of the asset called *name* says; *chain* is its ancestry."""
    if asset_type == "iam.googleapis.com/ServiceAccount" and isinstance(data.get("email"), str):
        yield from ancestry_items(chain)
        yield from account_items(data)
    elif asset_type == "iam.googleapis.com/ServiceAccountKey" and isinstance(data.get("name"), str):
        yield from ancestry_items(chain)
        yield from key_items(data)
    elif asset_type == "iam.googleapis.com/Role" and isinstance(data.get("name"), str):
        yield from ancestry_items(chain)
        yield from role_items(data)
    elif asset_type.startswith("cloudresourcemanager.googleapis.com/"):
        yield from _container(name, data, chain)
    else:
        yield from _plain(name, asset_type, data, chain)


def _container(name: str, data: Mapping[str, Any], chain: Sequence[str]) -> Iterator[Node | Edge]:
    key = resource_key(name)
    project = data.get("projectId")
    yield from scope_items(name, "", chain)
    title = str(data.get("displayName") or data.get("name") or "")
    state = str(data.get("lifecycleState") or data.get("state") or "")
    number = str(data.get("projectNumber") or key.rpartition(":")[2])
    if isinstance(project, str) and project:
        yield container_node(f"{PREFIX}project:{project}", title, state=state, tags=data.get("labels"))
        yield from same_project(number, project)
    else:
        yield container_node(key, title, state=state)


def _plain(name: str, asset_type: str, data: Mapping[str, Any], chain: Sequence[str]) -> Iterator[Node | Edge]:
    key = resource_key(name)
    containers = [found for text in chain if (found := container_key(text))]
    labels = data.get("labels")
    yield from ancestry_items(chain)
    yield resource_node(
        key,
        asset_type,
        containers[0] if containers else "",
        created=data.get("creationTimestamp") or data.get("createTime") or data.get("timeCreated") or "",
        tags=labels if isinstance(labels, Mapping) else None,
        state=str(data.get("status") or data.get("state") or "") if not isinstance(data.get("status"), Mapping) else "",
    )
    if containers:
        yield Edge(key, containers[0], EdgeKind.IN_ACCOUNT, evidence="ancestry")
    for email in dict.fromkeys(_accounts(data)):
        yield account_node(email)
        yield Edge(key, account_key(email), EdgeKind.RUNS_AS, evidence=f"resource of {name}")
    if asset_type == "container.googleapis.com/Cluster":
        yield from _cluster(key, data, containers)


_PLACES: tuple[tuple[str, ...], ...] = (
    ("serviceAccount",),
    ("serviceAccountEmail",),
    ("serviceConfig", "serviceAccountEmail"),
    ("template", "serviceAccount"),
    ("template", "template", "serviceAccount"),
    ("spec", "template", "spec", "serviceAccountName"),
    ("spec", "template", "spec", "template", "spec", "serviceAccountName"),
    ("nodeConfig", "serviceAccount"),
    ("config", "serviceAccount"),
    ("config", "nodeConfig", "serviceAccount"),
    ("config", "gceClusterConfig", "serviceAccount"),
    ("environment", "serviceAccountEmail"),
    ("allocationPolicy", "serviceAccount", "email"),
    ("gceSetup", "serviceAccounts", "email"),
    ("httpTarget", "oauthToken", "serviceAccountEmail"),
    ("httpTarget", "oidcToken", "serviceAccountEmail"),
    ("serviceAccounts", "email"),
    ("properties", "serviceAccounts", "email"),
    ("nodePools", "config", "serviceAccount"),
)
"""Where resources say whom they run as; lists on the way are looked through."""


def _accounts(data: Mapping[str, Any]) -> Iterator[str]:
    for place in _PLACES:
        for value in _at(data, place):
            email = value.rpartition("/")[2] if isinstance(value, str) else ""
            if "@" in email:
                yield email


def _at(value: Any, place: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _at(item, place)
    elif not place:
        yield value
    elif isinstance(value, Mapping) and place[0] in value:
        yield from _at(value[place[0]], place[1:])


def _cluster(key: str, data: Mapping[str, Any], containers: Sequence[str]) -> Iterator[Node | Edge]:
    """The cluster of the Kubernetes objects, named as `gcloud container clusters get-credentials` names it."""
    parts = key.split("/")
    if len(parts) < 7:
        return
    name = f"gke_{parts[2]}_{parts[4]}_{parts[-1]}"
    properties = {"type": "cluster", "service": "gke", "server": str(data.get("endpoint", "")), "resource": key}
    cluster = f"k8s:cluster:{name}"
    yield Node(cluster, NodeKind.ACCOUNT, "k8s", name, cluster, properties)
    if containers:
        yield Edge(cluster, containers[0], EdgeKind.IN_ACCOUNT, evidence=key)
