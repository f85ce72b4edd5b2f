# SPDX-License-Identifier: Apache-2.0
"""
Allow policies as nodes and edges: one POLICY node a binding, which each of its members has as a grant.

Source: IAM, "Understanding allow policies" (`Policy`, `Binding`).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.gcp.names import PREFIX, account_node, container_key, is_container, member, resource_key

BINDING = "iam-binding"
DENY = "deny-policy"


def policy_items(full_name: str, policy: Any) -> Iterator[Node | Edge | Unread]:
    """What the allow *policy* of the resource with this full name says."""
    bindings = policy.get("bindings") if isinstance(policy, Mapping) else None
    if not isinstance(bindings, list):
        if not isinstance(policy, Mapping):
            yield Unread(f"policy of {full_name}", "it is no object")
        elif bindings is not None:
            yield Unread(f"policy of {full_name}", "its bindings are no list")
        return
    scope = resource_key(full_name)
    for number, binding in enumerate(bindings, 1):
        if isinstance(binding, Mapping) and isinstance(binding.get("role"), str):
            yield from _binding(scope, binding)
        else:
            yield Unread(f"binding {number} of {full_name}", "it names no role")


def _binding(scope: str, binding: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    role = binding["role"]
    condition = binding.get("condition")
    expression = str(condition.get("expression", "")) if isinstance(condition, Mapping) else ""
    mark = f"#{hashlib.sha256(expression.encode()).hexdigest()[:12]}" if expression else ""
    where = scope.removeprefix(PREFIX)
    key = f"{PREFIX}binding:{where}#{role}{mark}"
    properties: dict[str, Any] = {"type": BINDING, "scope": scope, "role": role}
    if expression:
        properties["condition"] = expression
    yield Node(key, NodeKind.POLICY, "gcp", f"{role} on {where}", "", properties)
    members = binding.get("members")
    for text in members if isinstance(members, list) else []:
        found = member(text) if isinstance(text, str) else None
        if found is None:
            yield Unread(f"member {text} of {role} on {where}", "it is deleted or of no kind that is known")
            continue
        yield found.node
        yield Edge(found.key, key, EdgeKind.HAS_GRANT, evidence=f"{role} on {where}")


def ancestry_items(chain: Iterable[Any]) -> Iterator[Node | Edge]:
    """Containers from the nearest on (`projects/1`, `folders/2`, `organizations/3`), each in the next."""
    keys = [key for item in chain if isinstance(item, str) and (key := container_key(item))]
    for key in keys:
        yield container_node(key)
    for inner, outer in itertools.pairwise(keys):
        yield Edge(inner, outer, EdgeKind.IN_ACCOUNT, evidence="ancestry")


def container_node(key: str, name: str = "", **properties: Any) -> Node:
    """A project, folder or organization."""
    kind, _, number = key.removeprefix(PREFIX).partition(":")
    plain = {label: value for label, value in properties.items() if value not in ("", None)}
    return Node(key, NodeKind.ACCOUNT, "gcp", name or number, key, {"type": kind, **plain})


def same_project(number: str, project: str) -> Iterator[Node | Edge]:
    """A project's number and its id name the same: what is said of the number holds of the id."""
    number_key, key = f"{PREFIX}project:{number}", f"{PREFIX}project:{project}"
    if number_key != key and number and project:
        yield container_node(number_key, project)
        yield Edge(number_key, key, EdgeKind.DUPLICATE_OF, evidence=f"project {project} has the number {number}")


def scope_items(full_name: str, asset_type: str, chain: Iterable[Any]) -> Iterator[Node | Edge]:
    """The resource that a policy or an asset is about, and what it is in."""
    key = resource_key(full_name)
    containers = [item for item in (container_key(text) for text in chain if isinstance(text, str)) if item]
    yield from ancestry_items(chain)
    if is_container(key):
        if containers and containers[0] != key and containers[0].split(":")[1] == key.split(":")[1]:
            yield from same_project(containers[0].rpartition(":")[2], key.rpartition(":")[2])
            containers = containers[1:]
        yield container_node(key)
        containers = [item for item in containers if item != key]
    elif key.startswith(f"{PREFIX}service-account:"):
        yield account_node(key.rpartition(":")[2])
    else:
        yield resource_node(key, asset_type, containers[0] if containers else "")
    if containers:
        yield Edge(key, containers[0], EdgeKind.IN_ACCOUNT, evidence="ancestry")


_STORES = frozenset(
    {
        "secretmanager.googleapis.com/Secret",
        "secretmanager.googleapis.com/SecretVersion",
        "parametermanager.googleapis.com/Parameter",
        "runtimeconfig.googleapis.com/Config",
    }
)
_ROLES = frozenset({"iam.googleapis.com/Role"})
_KEYS = frozenset({"iam.googleapis.com/ServiceAccountKey"})
_POOLS = frozenset({"iam.googleapis.com/WorkloadIdentityPoolProvider", "iam.googleapis.com/WorkforcePoolProvider"})
_WORKLOADS = frozenset(
    {
        "appengine.googleapis.com/Service",
        "appengine.googleapis.com/Version",
        "batch.googleapis.com/Job",
        "cloudbuild.googleapis.com/BuildTrigger",
        "cloudfunctions.googleapis.com/CloudFunction",
        "cloudfunctions.googleapis.com/Function",
        "cloudscheduler.googleapis.com/Job",
        "composer.googleapis.com/Environment",
        "compute.googleapis.com/Instance",
        "compute.googleapis.com/InstanceTemplate",
        "container.googleapis.com/NodePool",
        "dataflow.googleapis.com/Job",
        "dataproc.googleapis.com/Cluster",
        "notebooks.googleapis.com/Instance",
        "run.googleapis.com/Job",
        "run.googleapis.com/Service",
        "run.googleapis.com/WorkerPool",
        "tpu.googleapis.com/Node",
        "workflows.googleapis.com/Workflow",
    }
)


def kind_of(asset_type: str) -> NodeKind:
    """What an asset of this type is in the graph."""
    for kind, types in (
        (NodeKind.SECRET_STORE, _STORES),
        (NodeKind.WORKLOAD, _WORKLOADS),
        (NodeKind.ROLE, _ROLES),
        (NodeKind.CREDENTIAL, _KEYS),
        (NodeKind.TRUST_PROVIDER, _POOLS),
    ):
        if asset_type in types:
            return kind
    return NodeKind.RESOURCE


def resource_node(key: str, asset_type: str, account: str, **properties: Any) -> Node:
    """A resource by its asset type (`storage.googleapis.com/Bucket`)."""
    from secrethunt.identity.gcp.permissions import sensitivity_of

    service = asset_type.partition(".")[0]
    found = {"type": asset_type, "service": service, "sensitivity": sensitivity_of(service), **properties}
    plain = {label: value for label, value in found.items() if value not in ("", None, {})}
    return Node(key, kind_of(asset_type), "gcp", key.rpartition("/")[2] or key, account, plain)
