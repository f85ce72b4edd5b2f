# SPDX-License-Identifier: Apache-2.0
"""
Names of Google Cloud and the keys of nodes that they become.

Sources: Cloud Asset Inventory, "Asset names"; IAM, "Principal identifiers" and "Service account types".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from secrethunt.identity.contract import Node, NodeKind

PREFIX = "gcp:"
ANYBODY = f"{PREFIX}any:principal"
ANY_ACCOUNT = f"{PREFIX}any:authenticated"
_CONTAINERS = {"projects": "project", "folders": "folder", "organizations": "organization"}
_ACCOUNT = re.compile(r"iam\.googleapis\.com/projects/([^/]+)/serviceAccounts/([^/]+)$")
_KEY = re.compile(r"iam\.googleapis\.com/projects/[^/]+/serviceAccounts/[^/]+/keys/([^/]+)$")
_ROLE = re.compile(r"iam\.googleapis\.com/((?:projects|organizations)/[^/]+/roles/[^/]+)$")
_IN_PROJECT = re.compile(r"/projects/([^/]+)/")
_KINDS = {
    "user": ("user", NodeKind.IDENTITY),
    "group": ("group", NodeKind.GROUP),
    "serviceAccount": ("service-account", NodeKind.IDENTITY),
    "domain": ("domain", NodeKind.GROUP),
    "projectOwner": ("project-owners", NodeKind.GROUP),
    "projectEditor": ("project-editors", NodeKind.GROUP),
    "projectViewer": ("project-viewers", NodeKind.GROUP),
}


@dataclass(frozen=True, slots=True)
class Member:
    """Whom a binding names."""

    key: str
    node: Node


def container_key(relative: str) -> str:
    """`projects/1`, `folders/2`, `organizations/3` as a key; empty for anything else."""
    kind, _, name = relative.partition("/")
    return f"{PREFIX}{_CONTAINERS[kind]}:{name}" if kind in _CONTAINERS and name and "/" not in name else ""


def resource_key(full_name: str) -> str:
    """Key of what a full resource name (`//service/…`) stands for."""
    name = full_name.removeprefix("//")
    service, _, relative = name.partition("/")
    if service == "cloudresourcemanager.googleapis.com" and (key := container_key(relative)):
        return key
    if match := _ACCOUNT.match(name):
        return account_key(match.group(2))
    if match := _KEY.match(name):
        return f"{PREFIX}service-account-key:{match.group(1)}"
    if match := _ROLE.match(name):
        return f"{PREFIX}role:{match.group(1)}"
    return PREFIX + name


def account_key(email: str) -> str:
    """Key of a service account by its address or unique id."""
    return f"{PREFIX}service-account:{email.lower()}"


def project_in(full_name: str) -> str:
    """Key of the project that a full resource name speaks of, empty where it speaks of none."""
    match = _IN_PROJECT.search(full_name)
    return f"{PREFIX}project:{match.group(1)}" if match and match.group(1) not in ("_", "-") else ""


def project_of_account(email: str) -> str:
    """
    Key of the project that a service account belongs to, by its address: `name@PROJECT.iam.gserviceaccount.com`,
    `NUMBER-compute@developer…`, `NUMBER@cloudbuild…`, `NUMBER@cloudservices…`, `PROJECT@appspot…`.
    """
    local, _, domain = email.partition("@")
    if domain.endswith(".iam.gserviceaccount.com"):
        project = domain.removesuffix(".iam.gserviceaccount.com")
        return "" if project.startswith("gcp-sa-") else f"{PREFIX}project:{project}"
    if domain == "developer.gserviceaccount.com":
        return f"{PREFIX}project:{local.partition('-')[0]}"
    if domain in ("cloudbuild.gserviceaccount.com", "cloudservices.gserviceaccount.com", "appspot.gserviceaccount.com"):
        return f"{PREFIX}project:{local}"
    return ""


def account_type(email: str) -> str:
    """`service-account`, or `service-agent` for those that Google runs and nobody can take."""
    if "[" in email:
        return "kubernetes-service-account"
    return "service-account" if project_of_account(email) else "service-agent"


def account_node(email: str, **properties: object) -> Node:
    """A service account."""
    kind = account_type(email)
    plain = {name: value for name, value in properties.items() if value not in ("", None)}
    found = {"type": kind, "email": email, **plain}
    return Node(account_key(email), NodeKind.IDENTITY, "gcp", email, project_of_account(email), found)


def member(text: str) -> Member | None:
    """Whom a member of a binding names; None for the deleted and for what is no principal."""
    if text in ("allUsers", "allAuthenticatedUsers"):
        key = ANYBODY if text == "allUsers" else ANY_ACCOUNT
        return Member(key, Node(key, NodeKind.GROUP, "gcp", text, "", {"type": text}))
    kind, _, name = text.partition(":")
    if kind in ("principal", "principalSet") and name.startswith("//"):
        return _federated(kind, name.removeprefix("//"))
    if kind not in _KINDS or not name:
        return None
    if kind == "serviceAccount":
        node = account_node(name)
        return Member(node.key, node)
    label, node_kind = _KINDS[kind]
    key = f"{PREFIX}{label}:{name.lower()}"
    properties: dict[str, object] = {"type": label, "email": name} if "@" in name else {"type": label}
    if label == "user":
        properties["is_human"] = True
    return Member(key, Node(key, node_kind, "gcp", name, "", properties))


def _federated(kind: str, name: str) -> Member | None:
    """Identities of Workload and Workforce Identity Federation."""
    label, node_kind = ("principal", NodeKind.IDENTITY) if kind == "principal" else ("principal-set", NodeKind.GROUP)
    key = f"{PREFIX}{label}:{name}"
    return Member(key, Node(key, node_kind, "gcp", name, project_in(f"/{name}"), {"type": label}))


def scope_name(key: str) -> str:
    """`projects/x` for `gcp:project:x`: how `gcp:any:…@…` says where."""
    kind, _, name = key.removeprefix(PREFIX).partition(":")
    return f"{kind}s/{name}"


def is_container(key: str) -> bool:
    """Whether the key is that of a project, folder or organization."""
    return key.startswith(tuple(f"{PREFIX}{kind}:" for kind in _CONTAINERS.values()))


def any_key(service: str, scope: str) -> str:
    """The node that stands for everything of a service (`*`: of all) in a project, folder or organization."""
    return f"{PREFIX}any:{service}@{scope_name(scope)}"
