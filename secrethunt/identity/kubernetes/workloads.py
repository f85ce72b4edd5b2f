# SPDX-License-Identifier: Apache-2.0
"""
Workloads: which service account each runs as, which secrets it is given, and what of the machine it can touch.

Sources: Kubernetes API reference v1, `PodSpec`; "Pod Security Standards" for what leads out of a container.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.kubernetes.names import Cluster

WORKLOADS: Mapping[str, Sequence[str]] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""Where each kind has its pod."""


def workload_items(cluster: Cluster, kind: str, item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    """One workload with its edges."""
    metadata = item["metadata"]
    place = metadata.get("namespace")
    namespace = place if isinstance(place, str) and place else "default"
    pod: Any = item
    for step in WORKLOADS[kind]:
        pod = pod.get(step) if isinstance(pod, dict) else None
    key = cluster.workload(namespace, kind.lower(), metadata["name"])
    label = f"{kind} {namespace}/{metadata['name']}"
    if not isinstance(pod, dict):
        yield Unread(label, "it has no pod")
        return
    owned = [owner for owner in _list(metadata.get("ownerReferences")) if owner.get("controller") in (True, "true")]
    created = metadata.get("creationTimestamp")
    properties = {
        "type": kind.lower(),
        "service": "pods",
        "namespace": namespace,
        "created": created if isinstance(created, str) else "",
        "escapes": _escapes(pod),
        "owned_by": str(owned[0].get("kind", "")) if owned else "",
    }
    plain = {name: value for name, value in properties.items() if value not in ("", [])}
    yield Node(key, NodeKind.WORKLOAD, "k8s", f"{namespace}/{metadata['name']}", cluster.key, plain)
    yield Edge(key, cluster.namespace(namespace), EdgeKind.IN_ACCOUNT, evidence=label)
    account = pod.get("serviceAccountName") or pod.get("serviceAccount") or "default"
    yield cluster.account_node(namespace, str(account))
    mounted = pod.get("automountServiceAccountToken")
    detail = "its token is not mounted" if mounted is False else ""
    yield Edge(key, cluster.account(namespace, str(account)), EdgeKind.RUNS_AS, evidence=label, detail=detail)
    for secret in dict.fromkeys(name for name in _secrets(pod) if isinstance(name, str) and name):
        yield Edge(
            key,
            cluster.secret(namespace, secret),
            EdgeKind.CAN_ACCESS,
            evidence=f"{label} is given it",
            access=Access.SECRET_READ,
        )


def _list(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _containers(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for field in ("containers", "initContainers", "ephemeralContainers"):
        yield from _list(pod.get(field))


def _secrets(pod: Mapping[str, Any]) -> Iterator[str]:
    """Names of the secrets that the pod is given: as files, as variables, to pull images."""
    for volume in _list(pod.get("volumes")):
        yield _mapping(volume.get("secret")).get("secretName", "")
        for source in _list(_mapping(volume.get("projected")).get("sources")):
            yield _mapping(source.get("secret")).get("name", "")
    for container in _containers(pod):
        for variable in _list(container.get("env")):
            yield _mapping(_mapping(variable.get("valueFrom")).get("secretKeyRef")).get("name", "")
        for source in _list(container.get("envFrom")):
            yield _mapping(source.get("secretRef")).get("name", "")
    for pull in _list(pod.get("imagePullSecrets")):
        yield pull.get("name", "")


_CAPABILITIES = frozenset({"ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "DAC_READ_SEARCH", "SYS_RAWIO", "BPF"})


def _escapes(pod: Mapping[str, Any]) -> list[str]:
    """What gives the machine to whoever is in the container."""
    found = [f"{name}" for name in ("hostPID", "hostIPC", "hostNetwork") if pod.get(name) is True]
    for container in _containers(pod):
        context = _mapping(container.get("securityContext"))
        if context.get("privileged") is True:
            found.append("privileged")
        added = _mapping(context.get("capabilities")).get("add")
        found += [str(name) for name in added if name in _CAPABILITIES] if isinstance(added, list) else []
    for volume in _list(pod.get("volumes")):
        path = _mapping(volume.get("hostPath")).get("path")
        if isinstance(path, str):
            found.append(f"hostPath {path}")
    return list(dict.fromkeys(found))
