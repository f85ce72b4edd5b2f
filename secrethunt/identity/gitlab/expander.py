# SPDX-License-Identifier: Apache-2.0
"""
What follows for a GitLab token, a project or its pipelines: scopes and role of a token, and what runs on a push.

Sources: docs.gitlab.com, "Personal access token scopes", "Project access tokens", "Deploy tokens", "Roles".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind

_SCOPES: Mapping[str, tuple[Access, str]] = {
    "api": (Access.ADMIN, ""),
    "read_api": (Access.READ, ""),
    "write_repository": (Access.WRITE, ""),
    "read_repository": (Access.READ, ""),
    "read_registry": (Access.READ, "registry"),
    "write_registry": (Access.WRITE, "registry"),
    "read_package_registry": (Access.READ, "packages"),
    "write_package_registry": (Access.WRITE, "packages"),
    "read_virtual_registry": (Access.READ, "packages"),
    "write_virtual_registry": (Access.WRITE, "packages"),
    "read_user": (Access.READ, "profile"),
    "create_runner": (Access.WRITE, "runners"),
    "manage_runner": (Access.WRITE, "runners"),
    "k8s_proxy": (Access.WRITE, "clusters"),
    "ai_features": (Access.LIST, "assistant"),
    "self_rotate": (Access.LIST, "token"),
    "read_service_ping": (Access.READ, "service-ping"),
    "sudo": (Access.ADMIN, "instance"),
    "admin_mode": (Access.ADMIN, "instance"),
}
"""Access by scope, and of what; empty for projects."""
_ROLES = {
    "owner": Access.ADMIN,
    "maintainer": Access.ADMIN,
    "developer": Access.WRITE,
    "reporter": Access.READ,
    "planner": Access.LIST,
    "guest": Access.LIST,
    "minimal": Access.LIST,
}
_TOKENS = frozenset({"personal-access-token", "project-access-token", "group-access-token", "deploy-token"})


class GitLabExpander:
    """Implements `Expander`."""

    def expand(self, node: Node, graph: Graph) -> Iterator[Edge]:
        """Evaluated edges from *node*."""
        if node.kind is NodeKind.REPOSITORY:
            yield Edge(node.key, f"{node.key}/pipelines", EdgeKind.CAN_ACCESS, EdgeStatus.CONFIRMED, Known.EVALUATED,
                       ".gitlab-ci.yml is part of the repository", "", Access.WRITE, ("git push",))  # fmt: skip
        elif node.kind is NodeKind.PIPELINE:
            yield from _from_groups(node, graph)
        elif node.properties.get("type") in _TOKENS:
            yield from _of_token(node, graph)

    def target_nodes(self, keys: Iterable[str]) -> Iterator[Node]:
        """Nodes for pipelines, and for everything of one kind, that the store does not have."""
        for key in keys:
            if key.endswith("/pipelines"):
                yield Node(
                    key, NodeKind.PIPELINE, "gitlab", f"pipelines of {key.split(':', 3)[-1]}", "", {"type": "pipelines"}
                )
            elif ":any:" in key:
                what, _, where = key.partition(":any:")[2].partition("@")
                is_all = what in ("instance", "everything")
                fields = {"type": what, "sensitivity": 1.0 if is_all else 0.5, "tier0": what == "instance"}
                yield Node(key, NodeKind.RESOURCE, "gitlab", f"{what} of {where}", "", fields)


def _of_token(node: Node, graph: Graph) -> Iterator[Edge]:
    host = node.key.split(":")[1]
    if node.properties.get("active") is False:
        yield _edge(
            node, f"gitlab:{host}:any:everything@{host}", Access.READ, "", EdgeStatus.BLOCKED, "revoked or expired"
        )
        return
    most = _ROLES.get(str(node.properties.get("access_level") or ""), Access.ADMIN)
    place = str(node.properties.get("place") or "")
    for scope in node.properties.get("scopes") or ():
        access, what = _SCOPES.get(str(scope), (Access.READ, "undescribed"))
        if what:
            status = EdgeStatus.UNKNOWN if what == "undescribed" else EdgeStatus.CONFIRMED
            detail = f"what {scope} allows is not described: look it up at GitLab" if what == "undescribed" else ""
            where = place.split(":", 3)[-1] or host
            yield _edge(node, f"gitlab:{host}:any:{what}@{where}", access, scope, status, detail)
        elif place:
            for target in _places(place, graph):
                yield _edge(node, target, min(access, most), scope)
        else:
            detail = "what its user may was not imported: identify the token, or list the members of projects"
            target = f"gitlab:{host}:any:everything@{host}"
            yield _edge(node, target, min(access, most), scope, EdgeStatus.UNKNOWN, detail)


def _places(place: str, graph: Graph) -> Iterator[str]:
    """The project, or all imported projects of the group and of groups below it."""
    if ":group:" not in place:
        yield place
        return
    yield place
    prefix = place.replace(":group:", ":project:") + "/"
    for node in graph.nodes(kind=NodeKind.REPOSITORY, provider="gitlab"):
        if node.key.startswith(prefix):
            yield node.key


def _from_groups(node: Node, graph: Graph) -> Iterator[Edge]:
    """Variables that the groups above hand down."""
    project = node.key.removesuffix("/pipelines")
    path = project.replace(":project:", ":group:")
    while "/" in path:
        path = path.rpartition("/")[0]
        for edge in graph.edges_from(f"{path}/pipelines", EdgeKind.STORES):
            yield Edge(node.key, edge.target, EdgeKind.STORES, edge.status, Known.EVALUATED, edge.evidence, edge.detail)


def _edge(
    node: Node, target: str, access: Access, scope: str, status: EdgeStatus = EdgeStatus.CONFIRMED, detail: str = ""
) -> Edge:
    evidence = f"scope {scope}" if scope else ""
    actions = (scope,) if scope else ()
    return Edge(node.key, target, EdgeKind.CAN_ACCESS, status, Known.EVALUATED, evidence, detail, access, actions)
