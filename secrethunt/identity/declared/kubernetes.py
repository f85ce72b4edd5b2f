# SPDX-License-Identifier: Apache-2.0
"""
Kubernetes manifests, and the templates of Helm charts as far as they are readable: service accounts, roles, bindings,
workloads with the secrets they mount, cloud identities that service accounts may take.

Which cluster a manifest goes to is not written in it: its nodes are in one that is named after the repository. Values
of secrets are never read.

Format: Kubernetes API reference v1; EKS, "IAM roles for service accounts"; GKE, "Workload Identity Federation";
Microsoft Entra, "Workload ID".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, Node, NodeKind
from secrethunt.identity.declared.place import Place, environment_of, is_known, owner_of
from secrethunt.identity.declared.yamltree import Block

_WORKLOADS = frozenset(
    {
        "Pod",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
        "CronJob",
        "ReplicationController",
        "Rollout",
    }
)
_BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})
_ROLES = frozenset({"Role", "ClusterRole"})


def is_manifest(document: Any) -> bool:
    """Whether *document* is an object of Kubernetes."""
    return isinstance(document, Block) and bool(document.text("kind")) and bool(document.text("apiVersion"))


def manifest(place: Place, document: Block) -> Iterator[Node | Edge]:
    """Everything that one object, or a list of objects, declares."""
    objects = document.items_of("items") if document.text("kind").endswith("List") else [document]
    for item in objects:
        if is_manifest(item):
            yield from _object(place, item)


def _object(place: Place, item: Block) -> Iterator[Node | Edge]:
    kind = item.text("kind")
    if kind == "ServiceAccount":
        yield from _service_account(place, item)
    elif kind in _WORKLOADS:
        yield from _workload(place, item)
    elif kind in _ROLES:
        yield from _role(place, item)
    elif kind in _BINDINGS:
        yield from _binding(place, item)
    elif kind in ("Secret", "SealedSecret", "ExternalSecret"):
        yield _secret(place, item)


def cluster_key(place: Place) -> str:
    """Key of the cluster that the repository's manifests are taken to go to."""
    return f"k8s:cluster:{place.scope}"


def _key(place: Place, kind: str, name: str) -> str:
    return f"k8s:{place.scope}:{kind}:{name}"


def _spot(item: Block) -> tuple[str, str, Block]:
    metadata = item.block("metadata")
    return metadata.text("namespace") or "default", metadata.text("name") or "unnamed", metadata


def _service_account(place: Place, item: Block) -> Iterator[Node | Edge]:
    namespace, name, metadata = _spot(item)
    labels, annotations = metadata.block("labels"), metadata.block("annotations")
    key = _key(place, "service-account", f"{namespace}/{name}")
    yield place.node(cluster_key(place), NodeKind.ACCOUNT, "k8s", place.scope, line=item.line, type="cluster")
    yield place.node(
        key,
        NodeKind.IDENTITY,
        "k8s",
        f"{namespace}/{name}",
        line=item.line,
        account=cluster_key(place),
        type="service-account",
        subject=f"system:serviceaccount:{namespace}:{name}",
        tags=dict(labels),
        owner=owner_of({**labels, **annotations}),
        environment=environment_of(labels),
    )
    detail = "the role must trust this service account, and the cluster its issuer"
    for annotation, target in (
        ("eks.amazonaws.com/role-arn", "aws:"),
        ("iam.gke.io/gcp-service-account", "gcp:service-account:"),
        ("azure.workload.identity/client-id", "azure:app:"),
    ):
        if is_known(value := annotations.text(annotation)):
            line = annotations.line_of(annotation)
            yield place.edge(key, target + value, EdgeKind.CAN_ASSUME, line=line, detail=detail)


def _pod_spec(item: Block) -> Block:
    spec = item.block("spec")
    if item.text("kind") == "CronJob":
        spec = spec.block("jobTemplate").block("spec")
    return spec if item.text("kind") == "Pod" else spec.block("template").block("spec")


def _workload(place: Place, item: Block) -> Iterator[Node | Edge]:
    namespace, name, metadata = _spot(item)
    labels = metadata.block("labels")
    pod = _pod_spec(item)
    kind = item.text("kind").lower()
    key = _key(place, "workload", f"{namespace}/{kind}/{name}")
    containers = [c for c in (*pod.items_of("containers"), *pod.items_of("initContainers")) if isinstance(c, Block)]
    yield place.node(
        key,
        NodeKind.WORKLOAD,
        "k8s",
        f"{namespace}/{name}",
        line=item.line,
        account=cluster_key(place),
        type=kind,
        images=[image for c in containers if (image := c.text("image"))],
        tags=dict(labels),
        owner=owner_of({**labels, **metadata.block("annotations")}),
        environment=environment_of(labels),
    )
    account = pod.text("serviceAccountName") or pod.text("serviceAccount") or "default"
    line = pod.line_of("serviceAccountName")
    target = _key(place, "service-account", f"{namespace}/{account}")
    yield place.edge(key, target, EdgeKind.RUNS_AS, line=line)
    for secret, line in dict.fromkeys(found for found in _mounted(pod, containers) if is_known(found[0])):
        target = _key(place, "secret", f"{namespace}/{secret}")
        yield place.node(target, NodeKind.SECRET_STORE, "k8s", f"{namespace}/{secret}", line=line, type="secret")
        yield place.edge(key, target, EdgeKind.CAN_ACCESS, line=line, access=Access.SECRET_READ)


def _mounted(pod: Block, containers: list[Block]) -> Iterator[tuple[str, int]]:
    """Names of the secrets that a pod reads, and where it says so."""
    for container in containers:
        for variable in _blocks(container, "env"):
            reference = variable.block("valueFrom").block("secretKeyRef")
            yield reference.text("name"), reference.line
        for source in _blocks(container, "envFrom"):
            yield source.block("secretRef").text("name"), source.line
    for volume in _blocks(pod, "volumes"):
        yield volume.block("secret").text("secretName"), volume.line
        for source in _blocks(volume.block("projected"), "sources"):
            yield source.block("secret").text("name"), source.line
    for pull in _blocks(pod, "imagePullSecrets"):
        yield pull.text("name"), pull.line


def _blocks(item: Block, name: str) -> Iterator[Block]:
    for found in item.items_of(name):
        if isinstance(found, Block):
            yield found


def _role_key(place: Place, kind: str, namespace: str, name: str) -> str:
    return _key(place, "cluster-role", name) if kind == "ClusterRole" else _key(place, "role", f"{namespace}/{name}")


def _role(place: Place, item: Block) -> Iterator[Node | Edge]:
    namespace, name, _ = _spot(item)
    kind = item.text("kind")
    rules = [_plain(rule) for rule in item.items_of("rules") if isinstance(rule, Block)]
    yield place.node(
        _role_key(place, kind, namespace, name),
        NodeKind.ROLE,
        "k8s",
        name,
        line=item.line,
        account=cluster_key(place),
        type="cluster-role" if kind == "ClusterRole" else "role",
        rules=rules,
    )


def _plain(rule: Block) -> dict[str, list[str]]:
    return {name: [str(value) for value in rule.items_of(name)[:200]] for name in rule}


def _binding(place: Place, item: Block) -> Iterator[Node | Edge]:
    namespace, name, _ = _spot(item)
    reference = item.block("roleRef")
    if not reference.text("name"):
        return
    role = _role_key(place, reference.text("kind"), namespace, reference.text("name"))
    where = "" if item.text("kind") == "ClusterRoleBinding" else f" in namespace {namespace}"
    for subject in item.items_of("subjects"):
        if not isinstance(subject, Block) or not subject.text("name"):
            continue
        kind, who = subject.text("kind"), subject.text("name")
        if kind == "ServiceAccount":
            who = f"{subject.text('namespace') or namespace}/{who}"
        source = _key(place, {"ServiceAccount": "service-account"}.get(kind, kind.lower()), who)
        edge = place.edge(source, role, EdgeKind.HAS_GRANT, line=subject.line)
        yield Edge(
            edge.source,
            edge.target,
            edge.kind,
            edge.status,
            edge.known,
            f"{edge.evidence}, {item.text('kind')} {name}{where}",
        )


def _secret(place: Place, item: Block) -> Node:
    namespace, name, metadata = _spot(item)
    keys = sorted({*item.block("data"), *item.block("stringData")})
    return place.node(
        _key(place, "secret", f"{namespace}/{name}"),
        NodeKind.SECRET_STORE,
        "k8s",
        f"{namespace}/{name}",
        line=item.line,
        account=cluster_key(place),
        type=item.text("type") or "secret",
        keys=keys[:100],
        tags=dict(metadata.block("labels")),
    )
