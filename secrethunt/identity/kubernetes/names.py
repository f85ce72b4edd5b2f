# SPDX-License-Identifier: Apache-2.0
"""Keys of the nodes of one cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.identity.contract import Node, NodeKind

PREFIX = "k8s:"
_SUBJECT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster, by its name in the kubeconfig; of an ARN only the last part, since keys are parted by colons."""

    label: str

    @property
    def name(self) -> str:
        return self.label.rpartition("/")[2].replace(":", "-") if ":" in self.label else self.label.replace("/", "-")

    @property
    def key(self) -> str:
        return f"{PREFIX}cluster:{self.name}"

    def _key(self, kind: str, name: str) -> str:
        return f"{PREFIX}{self.name}:{kind}:{name}"

    def account(self, namespace: str, name: str) -> str:
        return self._key("service-account", f"{namespace}/{name}")

    def secret(self, namespace: str, name: str) -> str:
        return self._key("secret", f"{namespace}/{name}")

    def token(self, namespace: str, name: str) -> str:
        return self._key("token", f"{namespace}/{name}")

    def role(self, namespace: str, name: str) -> str:
        return self._key("role", f"{namespace}/{name}")

    def cluster_role(self, name: str) -> str:
        return self._key("cluster-role", name)

    def binding(self, namespace: str, name: str) -> str:
        return (
            self._key("role-binding", f"{namespace}/{name}") if namespace else self._key("cluster-role-binding", name)
        )

    def workload(self, namespace: str, kind: str, name: str) -> str:
        return self._key("workload", f"{namespace}/{kind}/{name}")

    def namespace(self, name: str) -> str:
        return self._key("namespace", name)

    def user(self, name: str) -> str:
        return self._key("user", name)

    def group(self, name: str) -> str:
        return self._key("group", name)

    def any(self, what: str, namespace: str = "") -> str:
        """What stands for all of a resource (`*`: of everything) in a namespace or in the cluster."""
        return f"{PREFIX}any:{what}@{self.name}{'/' + namespace if namespace else ''}"

    def node(self) -> Node:
        """The cluster itself."""
        return Node(self.key, NodeKind.ACCOUNT, "k8s", self.name, self.key, {"type": "cluster"})

    def account_node(self, namespace: str, name: str, **properties: Any) -> Node:
        """A service account."""
        plain = {label: value for label, value in properties.items() if value not in ("", None, {})}
        found = {
            "type": "service-account",
            "namespace": namespace,
            "subject": f"system:serviceaccount:{namespace}:{name}",
            **plain,
        }
        label = f"{namespace}/{name}"
        return Node(self.account(namespace, name), NodeKind.IDENTITY, "k8s", label, self.key, found)

    def subject(self, subject: Mapping[str, Any], namespace: str) -> Node | None:
        """Whom a subject of a binding names; None where it names nobody."""
        kind, name = subject.get("kind"), subject.get("name")
        if not isinstance(name, str) or not name:
            return None
        if kind == "ServiceAccount":
            place = subject.get("namespace") or namespace
            return self.account_node(str(place), name) if place else None
        if kind == "User" and (match := _SUBJECT.fullmatch(name)):
            return self.account_node(*match.groups())
        if kind == "User":
            properties = {"type": "user", "subject": name}
            return Node(self.user(name), NodeKind.IDENTITY, "k8s", name, self.key, properties)
        if kind == "Group":
            return Node(self.group(name), NodeKind.GROUP, "k8s", name, self.key, {"type": "group"})
        return None


def cluster_of(key: str) -> Cluster:
    """The cluster that a key is of."""
    first, _, rest = key.removeprefix(PREFIX).partition(":")
    if first == "cluster":
        return Cluster(rest)
    return Cluster(rest.rpartition("@")[2].partition("/")[0] if first == "any" else first)
