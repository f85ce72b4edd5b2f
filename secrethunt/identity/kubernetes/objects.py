# SPDX-License-Identifier: Apache-2.0
"""
Importer of Kubernetes objects as `kubectl get … -o json|yaml` writes them: service accounts, roles, bindings,
workloads, and of secrets the names and types, never a value.

Sources: Kubernetes API reference v1, "Managing Service Accounts", and of the clouds: "IAM roles for service accounts"
(EKS), "Workload Identity Federation for GKE", "Microsoft Entra Workload ID". The cluster is called as the kubeconfig
calls it where the file has one (`kubectl config view --minify`), else as the file is, up to the first dot.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from secrethunt.identity.contract import Edge, EdgeKind, Node, NodeKind, Unread
from secrethunt.identity.kubernetes.documents import iter_manifests
from secrethunt.identity.kubernetes.names import Cluster
from secrethunt.identity.kubernetes.workloads import WORKLOADS, workload_items

_HEAD = re.compile(rb"""(?m)["']?apiVersion["']?[ \t]*:[ \t]*["']?([\w./-]+)""")
_KIND = re.compile(
    rb"""["']?kind["']?[ \t]*:[ \t]*["']?(List|ServiceAccount|Role|ClusterRole|RoleBinding|ClusterRoleBinding|Secret|"""
    rb"""Pod|Deployment|DaemonSet|StatefulSet|ReplicaSet|ReplicationController|Job|CronJob|Namespace|Node|Config|"""
    rb"""\w+List)\b"""
)


class KubernetesObjects:
    """Implements `Importer`."""

    name = "kubernetes objects"

    def __init__(self) -> None:
        self._name = ""

    def recognises(self, head: bytes, name: str) -> bool:
        """By the version and kind of an object that is read here."""
        self._name = name
        return bool(_HEAD.search(head)) and bool(_KIND.search(head))

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file at *path*."""
        cluster = Cluster((self._name or os.path.basename(path)).partition(".")[0] or "cluster")
        is_told = False
        skipped: dict[str, int] = {}
        for item in iter_manifests(path):
            if isinstance(item, Unread):
                yield item
                continue
            kind = str(item["kind"])
            if kind == "Config":
                cluster = _named(item, cluster)
            if not is_told:
                is_told = True
                yield cluster.node()
            if kind not in _READERS and kind not in WORKLOADS and kind != "Config":
                skipped[kind] = skipped.get(kind, 0) + 1
            else:
                yield from _object(cluster, kind, item)
        for kind, count in sorted(skipped.items()):
            yield Unread(f"{count} of kind {kind}", "objects of this kind say nothing of identities here")


def _named(config: Mapping[str, Any], cluster: Cluster) -> Cluster:
    """The cluster as the kubeconfig's current context names it."""
    contexts, clusters = config.get("contexts"), config.get("clusters")
    current = config.get("current-context")
    for context in contexts if isinstance(contexts, list) else []:
        if isinstance(context, dict) and context.get("name") == current and isinstance(context.get("context"), dict):
            return Cluster(str(context["context"].get("cluster") or cluster.name))
    if isinstance(clusters, list) and clusters and isinstance(clusters[0], dict) and clusters[0].get("name"):
        return Cluster(str(clusters[0]["name"]))
    return cluster


def _object(cluster: Cluster, kind: str, item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    metadata = item.get("metadata")
    if kind == "Config":
        return
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        yield Unread(f"a {kind}", "it has no name")
    elif kind in WORKLOADS:
        yield from workload_items(cluster, kind, item)
    else:
        yield from _READERS[kind](cluster, item)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _place(item: Mapping[str, Any]) -> tuple[str, str]:
    metadata = item["metadata"]
    return _text(metadata.get("namespace")) or "default", metadata["name"]


def _service_account(cluster: Cluster, item: Mapping[str, Any]) -> Iterator[Node | Edge]:
    namespace, name = _place(item)
    metadata = item["metadata"]
    annotations = _mapping(metadata.get("annotations"))
    account = cluster.account(namespace, name)
    yield cluster.account_node(
        namespace,
        name,
        unique_id=_text(metadata.get("uid")),
        created=_text(metadata.get("creationTimestamp")),
        tags=_mapping(metadata.get("labels")),
        listed=True,
    )
    yield Edge(
        account, cluster.namespace(namespace), EdgeKind.IN_ACCOUNT, evidence=f"ServiceAccount {namespace}/{name}"
    )
    yield from _cloud(account, annotations, f"annotation of ServiceAccount {namespace}/{name}")
    secrets = item.get("secrets")
    for secret in secrets if isinstance(secrets, list) else []:
        if isinstance(secret, dict) and (label := _text(secret.get("name"))):
            yield from _token(cluster, (namespace, label), name)


def _cloud(account: str, annotations: Mapping[str, Any], evidence: str) -> Iterator[Edge]:
    """Identities of clouds that the account may take, if the cloud's side trusts it: which its own export says."""
    for annotation, prefix, what in (
        ("eks.amazonaws.com/role-arn", "aws:", "the trust policy of the role"),
        ("iam.gke.io/gcp-service-account", "gcp:service-account:", "roles/iam.workloadIdentityUser on the account"),
        ("azure.workload.identity/client-id", "azure:app:", "a federated credential of the app"),
    ):
        if value := _text(annotations.get(annotation)):
            target = prefix + (value.lower() if prefix.startswith("gcp") else value)
            yield Edge(
                account,
                target,
                EdgeKind.CAN_ASSUME,
                evidence=f"{annotation}, {evidence}",
                detail=f"as far as the cloud agrees: {what} must name it",
            )


def _token(cluster: Cluster, secret: tuple[str, str], account: str) -> Iterator[Node | Edge]:
    """The token that a secret of a service account holds."""
    namespace, name = secret
    key = cluster.token(namespace, name)
    label = f"token in Secret {namespace}/{name}"
    properties = {"type": "service-account-token", "subject": f"system:serviceaccount:{namespace}:{account}"}
    yield Node(key, NodeKind.CREDENTIAL, "k8s", label, cluster.key, properties)
    yield Edge(cluster.secret(namespace, name), key, EdgeKind.STORES, evidence=label)
    yield Edge(key, cluster.account(namespace, account), EdgeKind.AUTHENTICATES_AS, evidence=label)


def _secret(cluster: Cluster, item: Mapping[str, Any]) -> Iterator[Node | Edge]:
    """Names and type; what is under `data` and in annotations is not looked at, but for the names of the keys."""
    namespace, name = _place(item)
    metadata = item["metadata"]
    kind = _text(item.get("type")) or "Opaque"
    keys = sorted({str(key) for field in ("data", "stringData") for key in _mapping(item.get(field))})
    properties = {
        "type": "secret",
        "service": "secrets",
        "secret_type": kind,
        "namespace": namespace,
        "created": _text(metadata.get("creationTimestamp")),
        "keys": keys[:50],
        "sensitivity": 0.9,
    }
    secret = cluster.secret(namespace, name)
    yield Node(secret, NodeKind.SECRET_STORE, "k8s", f"{namespace}/{name}", cluster.key, properties)
    yield Edge(secret, cluster.namespace(namespace), EdgeKind.IN_ACCOUNT, evidence=f"Secret {namespace}/{name}")
    account = _text(_mapping(metadata.get("annotations")).get("kubernetes.io/service-account.name"))
    if kind == "kubernetes.io/service-account-token" and account:
        yield cluster.account_node(namespace, account)
        yield from _token(cluster, (namespace, name), account)


def _role(cluster: Cluster, item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    metadata = item["metadata"]
    is_wide = item["kind"] == "ClusterRole"
    namespace, name = ("", metadata["name"]) if is_wide else _place(item)
    aggregation = _mapping(item.get("aggregationRule")).get("clusterRoleSelectors")
    rules = item.get("rules")
    if rules is not None and not isinstance(rules, list):
        yield Unread(f"rules of {item['kind']} {name}", "they are no list")
    properties: dict[str, Any] = {
        "type": "cluster-role" if is_wide else "role",
        "created": _text(metadata.get("creationTimestamp")),
        "labels": dict(_mapping(metadata.get("labels"))),
        "document": {"rules": [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []},
    }
    if isinstance(aggregation, list):
        properties["aggregates"] = [item for item in aggregation if isinstance(item, dict)]
    key = cluster.cluster_role(name) if is_wide else cluster.role(namespace, name)
    label = name if is_wide else f"{namespace}/{name}"
    yield Node(key, NodeKind.ROLE, "k8s", label, cluster.key, properties)
    place = cluster.key if is_wide else cluster.namespace(namespace)
    yield Edge(key, place, EdgeKind.IN_ACCOUNT, evidence=f"{item['kind']} {label}")


def _binding(cluster: Cluster, item: Mapping[str, Any]) -> Iterator[Node | Edge | Unread]:
    metadata = item["metadata"]
    is_wide = item["kind"] == "ClusterRoleBinding"
    namespace = "" if is_wide else _place(item)[0]
    reference = _mapping(item.get("roleRef"))
    name, kind = _text(reference.get("name")), _text(reference.get("kind"))
    label = f"{item['kind']} {namespace + '/' if namespace else ''}{metadata['name']}"
    if not name or kind not in ("Role", "ClusterRole"):
        yield Unread(label, "it names no role")
        return
    role = cluster.cluster_role(name) if kind == "ClusterRole" else cluster.role(namespace, name)
    key = cluster.binding(namespace, metadata["name"])
    properties = {"type": "binding", "role": role, "namespace": namespace}
    yield Node(key, NodeKind.POLICY, "k8s", label, cluster.key, properties)
    subjects = item.get("subjects")
    for subject in subjects if isinstance(subjects, list) else []:
        found = cluster.subject(_mapping(subject), namespace)
        if found is None:
            yield Unread(f"a subject of {label}", "it is of no kind that is known, or has no name")
            continue
        yield found
        yield Edge(found.key, key, EdgeKind.HAS_GRANT, evidence=label)


def _namespace(cluster: Cluster, item: Mapping[str, Any]) -> Iterator[Node | Edge]:
    name = item["metadata"]["name"]
    key = cluster.namespace(name)
    labels = dict(_mapping(item["metadata"].get("labels")))
    yield Node(key, NodeKind.ACCOUNT, "k8s", name, cluster.key, {"type": "namespace", "tags": labels})
    yield Edge(key, cluster.key, EdgeKind.IN_ACCOUNT, evidence=f"Namespace {name}")


_Reader = Callable[[Cluster, Mapping[str, Any]], Iterator[Node | Edge | Unread]]
_READERS: Mapping[str, _Reader] = {
    "ServiceAccount": _service_account,
    "Secret": _secret,
    "Role": _role,
    "ClusterRole": _role,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "Namespace": _namespace,
}
