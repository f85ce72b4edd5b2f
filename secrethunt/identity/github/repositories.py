# SPDX-License-Identifier: Apache-2.0
"""On which repositories a token or an app may use its rights, and how far its holder's own rights go there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from secrethunt.identity.contract import Access, EdgeKind, Graph, Node, NodeKind
from secrethunt.identity.github.keys import PROVIDER, org_key, repo_key, user_key
from secrethunt.identity.github.rights import Rights

_LEVELS = {
    "pull": Access.READ,
    "triage": Access.READ,
    "push": Access.WRITE,
    "maintain": Access.WRITE,
    "admin": Access.ADMIN,
    "owner": Access.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """One repository, with the most that its rules allow the holder."""

    key: str
    most: Access
    evidence: str
    is_guessed: bool = False
    """It was seen in use there; what the holder may is not known."""


@dataclass(frozen=True, slots=True)
class Selection:
    """All of them, and whether that is all there is."""

    repositories: tuple[Allowed, ...]
    missing: str = ""
    """What to import to know the rest; empty where nothing is missing."""
    owner: str = ""
    """Organisation or user whose repositories they are."""


class Repositories:
    """Those of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._by_owner: dict[str, list[Node]] | None = None

    def of(self, node: Node, rights: Rights) -> Selection:
        """Where *node* may use *rights*."""
        if rights.is_classic:
            return self._of_holder(node, rights)
        owner = str(node.properties.get("resource_owner") or "")
        selection = str(node.properties.get("selection") or "")
        if selection == "none" or (rights.code is None and not rights.extra):
            return Selection((), owner=owner)
        if selection == "all":
            return self._all(node, owner)
        return self._selected(node, owner)

    def of_owner(self, owner: str) -> list[Node]:
        """Imported repositories of an organisation or user."""
        if self._by_owner is None:
            self._by_owner = {}
            for node in self._graph.nodes(kind=NodeKind.REPOSITORY, provider=PROVIDER):
                name = node.key.removeprefix("github:repo:").partition("/")[0]
                self._by_owner.setdefault(name, []).append(node)
        return self._by_owner.get(owner.lower(), [])

    def _all(self, node: Node, owner: str) -> Selection:
        evidence = f"{node.name}: all repositories of {owner}"
        found = tuple(Allowed(repo.key, Access.ADMIN, evidence) for repo in self.of_owner(owner))
        return Selection(found, "" if found else f"`gh api --paginate /orgs/{owner}/repos`", owner)

    def _selected(self, node: Node, owner: str) -> Selection:
        sources = [node.key, *(edge.target for edge in self._graph.edges_from(node.key, EdgeKind.HAS_GRANT))]
        found = tuple(
            Allowed(edge.target, Access.ADMIN, edge.evidence)
            for source in sources
            for edge in self._graph.edges_from(source, EdgeKind.BOUNDED_BY)
        )
        if found:
            return Selection(found, owner=owner)
        if node.key.startswith("github:installation:"):
            number = node.key.rpartition(":")[2]
            return Selection((), f"`gh api --paginate /user/installations/{number}/repositories`", owner)
        grant = node.properties.get("grant_id") or "ID"
        return Selection((), f"`gh api --paginate /orgs/{owner}/personal-access-tokens/{grant}/repositories`", owner)

    def _of_holder(self, node: Node, rights: Rights) -> Selection:
        """A classic token may what its user may."""
        login = str(node.properties.get("holder") or "")
        found = {item.key: item for item in self.granted(login)} if login else {}
        for name in node.properties.get("used_in") or ():
            key = repo_key(str(name))
            found.setdefault(key, Allowed(key, Access.ADMIN, "it was used there", is_guessed=True))
        owner = str(node.properties.get("resource_owner") or login)
        items = [item for item in found.values() if not rights.public_only or self._is_public(item.key)]
        is_complete = any(not item.is_guessed for item in found.values())
        missing = "" if is_complete else "`gh api --paginate /repos/OWNER/NAME/collaborators` of each repository"
        return Selection(tuple(items), missing, owner)

    def granted(self, login: str) -> Iterator[Allowed]:
        """Where a user has rights by what was imported."""
        for repo in self.of_owner(login):
            yield Allowed(repo.key, Access.ADMIN, f"{login} owns it")
        for edge in self._graph.edges_from(user_key(login), EdgeKind.HAS_GRANT):
            role = self._graph.node(edge.target)
            level = _LEVELS.get(str(role.properties.get("level"))) if role is not None else None
            if role is None or level is None:
                continue
            if role.properties.get("repository"):
                yield Allowed(str(role.properties["repository"]), level, edge.evidence)
            else:
                yield from (
                    Allowed(repo.key, level, edge.evidence)
                    for repo in self.of_owner(role.account.removeprefix(org_key("")))
                )

    def _is_public(self, key: str) -> bool:
        node = self._graph.node(key)
        return node is not None and node.properties.get("visibility") == "public"
