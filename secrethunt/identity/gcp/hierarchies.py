# SPDX-License-Identifier: Apache-2.0
"""What is in what: resources in projects, projects in folders, folders in organizations, by the edges of a graph."""

from __future__ import annotations

from secrethunt.identity.contract import EdgeKind, Graph, Node, NodeKind
from secrethunt.identity.gcp.conditions import Facts
from secrethunt.identity.gcp.names import PREFIX, is_container, project_in

_DEEPEST = 16
"""Folders nest ten deep (Resource Manager, "Quotas and limits"); a loop in an export ends here."""


class Hierarchies:
    """Remembers what it read of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._ancestors: dict[str, tuple[str, ...]] = {}
        self._projects: dict[str, tuple[str, ...]] = {}
        self._aliases: dict[str, tuple[str, ...]] = {}
        self._by_project: dict[tuple[str, NodeKind], list[Node]] = {}

    def same(self, key: str) -> str:
        """The key that *key* is an alias of: a project's id for its number, an address for a unique id."""
        if not key.startswith((f"{PREFIX}project:", f"{PREFIX}service-account:")):
            return key
        for edge in self._graph.edges_from(key, EdgeKind.DUPLICATE_OF):
            if edge.target.startswith(PREFIX):
                return edge.target
        return key

    def aliases(self, key: str) -> tuple[str, ...]:
        """All keys that mean the same as *key*, which is the one that others are aliases of."""
        if key not in self._aliases:
            others = [edge.source for edge in self._graph.edges_to(key, EdgeKind.DUPLICATE_OF)]
            self._aliases[key] = (key, *(item for item in others if item.startswith(PREFIX)))
        return self._aliases[key]

    def project_of(self, key: str) -> str:
        """The project that a resource, account or project is in; empty where nobody says."""
        return next((item for item in self.ancestors(key) if item.startswith(f"{PREFIX}project:")), "")

    def ancestors(self, key: str) -> tuple[str, ...]:
        """The node itself and all that it is in, the nearest first."""
        key = self.same(key)
        if key not in self._ancestors:
            found: dict[str, None] = {}
            front = [key]
            while front and len(found) < _DEEPEST * 4:
                item = front.pop(0)
                if item in found:
                    continue
                found[item] = None
                front.extend(self._parents(item))
            self._ancestors[key] = tuple(found)
        return self._ancestors[key]

    def _parents(self, key: str) -> list[str]:
        found = []
        for alias in self.aliases(key):
            found += [self.same(edge.target) for edge in self._graph.edges_from(alias, EdgeKind.IN_ACCOUNT)]
            node = self._graph.node(alias)
            if node is not None and node.account and node.account != alias:
                found.append(self.same(node.account))
        if not found and not is_container(key) and (project := project_in("/" + key.removeprefix(PREFIX))):
            found.append(self.same(project))
        return [item for item in found if item != key]

    def projects(self, scope: str) -> tuple[str, ...]:
        """Projects that are *scope* or in it."""
        scope = self.same(scope)
        if scope not in self._projects:
            found: dict[str, None] = {}
            seen: set[str] = set()
            front = [scope]
            while front:
                item = self.same(front.pop())
                if item in seen:
                    continue
                seen.add(item)
                if item.startswith(f"{PREFIX}project:"):
                    found[item] = None
                    continue
                inner = (edge.source for edge in self._graph.edges_to(item, EdgeKind.IN_ACCOUNT))
                front.extend(key for key in inner if is_container(key))
            self._projects[scope] = tuple(sorted(found))
        return self._projects[scope]

    def nodes(self, project: str, kind: NodeKind) -> list[Node]:
        """Nodes of a kind in a project, however their account is written."""
        key = (project, kind)
        if key not in self._by_project:
            self._by_project[key] = [
                node
                for alias in self.aliases(project)
                for node in self._graph.nodes(kind=kind, provider="gcp", account=alias)
            ]
        return self._by_project[key]

    def facts(self, key: str) -> Facts:
        """What conditions may ask of the resource with this key; containers are asked as what is in them: unknown."""
        if is_container(key) or ":any:" in key:
            return Facts()
        full = key.removeprefix(PREFIX)
        service, _, relative = full.partition("/")
        if not relative:
            return Facts()
        node = self._graph.node(key)
        kind = str(node.properties.get("type", "")) if node is not None else ""
        return Facts(tuple(self._written(service, relative)), kind, service)

    def _written(self, service: str, relative: str) -> list[str]:
        if service == "storage.googleapis.com":
            return [f"projects/_/buckets/{relative}"]
        first, _, rest = relative.removeprefix("projects/").partition("/")
        if not relative.startswith("projects/") or not rest:
            return [relative]
        project = self.same(f"{PREFIX}project:{first}")
        return [f"projects/{alias.rpartition(':')[2]}/{rest}" for alias in self.aliases(project)]
