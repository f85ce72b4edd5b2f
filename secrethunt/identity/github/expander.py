# SPDX-License-Identifier: Apache-2.0
"""
What follows for a token, an app's installation, a deploy key, a repository or its workflows at GitHub.

Who writes a repository changes what its workflows run, and they have its secrets and the cloud roles that trust it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind
from secrethunt.identity.github.escalation import escalations
from secrethunt.identity.github.keys import PROVIDER, any_key, name_of, org_key, pipeline_key, user_key
from secrethunt.identity.github.repositories import Allowed, Repositories, Selection
from secrethunt.identity.github.rights import Rights, rights_of, sensitivity_of
from secrethunt.identity.github.trusts import Trusts

_PUSHED = "a workflow must run what is pushed: the token may not write workflow files"
_USERS_OWN = "what the user may was not imported: `gh api --paginate /repos/OWNER/NAME/collaborators`"


class _Basis(NamedTuple):
    """How sure an edge is, what that hangs on, and what shows it."""

    status: EdgeStatus = EdgeStatus.CONFIRMED
    detail: str = ""
    evidence: str = ""


class GitHubExpander:
    """Implements `Expander`. One instance serves one graph."""

    def __init__(self) -> None:
        self._graph: Graph | None = None

    def expand(self, node: Node, graph: Graph) -> Iterator[Edge]:
        """Evaluated edges from *node*."""
        if graph is not self._graph:
            self._graph = graph
            self._repositories = Repositories(graph)
            self._trusts = Trusts(graph)
        if node.kind is NodeKind.REPOSITORY:
            yield from self._of_repository(node)
        elif node.kind is NodeKind.PIPELINE:
            yield from self._of_pipeline(node, graph)
        elif node.kind is NodeKind.IDENTITY:
            yield from self._of_identity(node)

    def target_nodes(self, keys: Iterable[str]) -> Iterator[Node]:
        """Nodes for workflows and for everything of one kind, that the store does not have."""
        for key in keys:
            made = _made_node(key)
            if made is not None:
                yield made

    # --- tokens and apps ----------------------------------------------------------------------------------------

    def _of_identity(self, node: Node) -> Iterator[Edge]:
        rights = rights_of(node)
        if rights is None:
            granted = list(self._repositories.granted(name_of(node.key))) if node.key.startswith("github:user:") else []
            yield from (_as_user(node, item) for item in granted) if granted else _unknown_rights(node)
            return
        if node.properties.get("suspended") or node.properties.get("expired"):
            why = "the installation is suspended" if node.properties.get("suspended") else "the token has expired"
            target = any_key("repositories", str(node.properties.get("resource_owner") or node.name))
            yield _access(node.key, target, Access.READ, rights.words, _Basis(EdgeStatus.BLOCKED, why))
            return
        selection = self._repositories.of(node, rights)
        yield from _on_repositories(node, rights, selection)
        yield from _elsewhere(node, rights, selection.owner)
        pipelines = [pipeline_key(name_of(repo.key)) for repo in self._repositories.of_owner(selection.owner)]
        yield from escalations(node, rights, selection, pipelines)

    # --- repositories and their workflows -----------------------------------------------------------------------

    def _of_repository(self, node: Node) -> Iterator[Edge]:
        """Whoever writes here may change what workflows do, as far as a workflow runs it."""
        if node.properties.get("archived"):
            return
        yield _access(
            node.key, pipeline_key(name_of(node.key)), Access.WRITE, ("git push",),
            _Basis(EdgeStatus.POTENTIAL, _PUSHED)
        )  # fmt: skip

    def _of_pipeline(self, node: Node, graph: Graph) -> Iterator[Edge]:
        full_name = name_of(node.key).removesuffix("/*")
        if full_name.count("/") != 1:
            return
        yield from self._trusts.edges(node, full_name)
        owner = full_name.partition("/")[0]
        repository = graph.node(f"github:repo:{full_name}")
        is_public = repository is not None and repository.properties.get("visibility") == "public"
        for edge in graph.edges_from(any_key("secrets", owner), EdgeKind.STORES):
            if edge.detail == "all" or (edge.detail == "private" and not is_public):
                status = EdgeStatus.CONFIRMED if edge.detail == "all" or repository else EdgeStatus.CONDITIONAL
                detail = "" if status is EdgeStatus.CONFIRMED else "given to private repositories only"
                yield Edge(node.key, edge.target, EdgeKind.STORES, status, Known.EVALUATED,
                           f"{edge.evidence}, visibility {edge.detail}", detail)  # fmt: skip


def _on_repositories(node: Node, rights: Rights, selection: Selection) -> Iterator[Edge]:
    if rights.code is None:
        return
    guess = "it was used there; what its holder may there was not imported"
    for item in selection.repositories:
        access = min(rights.code, item.most)
        status = EdgeStatus.CONDITIONAL if item.is_guessed else EdgeStatus.CONFIRMED
        basis = _Basis(status, guess if item.is_guessed else "", item.evidence)
        yield _access(node.key, item.key, access, rights.words, basis)
        if access >= Access.WRITE and rights.workflows:
            pipeline = pipeline_key(name_of(item.key))
            yield _access(node.key, pipeline, Access.WRITE, rights.words, basis)  # fmt: skip
    if selection.missing:
        where = any_key("repositories", selection.owner or node.name)
        detail = f"which repositories these are was not imported: {selection.missing}"
        yield _access(node.key, where, rights.code, rights.words, _Basis(EdgeStatus.UNKNOWN, detail))


def _elsewhere(node: Node, rights: Rights, owner: str) -> Iterator[Edge]:
    """What is no repository's code: once for each kind of thing."""
    holder = str(node.properties.get("holder") or "")
    for what, access in rights.extra.items():
        yield _access(node.key, any_key(what, owner or node.name), access, rights.words)
    for what, access in rights.organization.items():
        detail = "as far as the holder may in that organisation" if rights.is_classic else ""
        status = EdgeStatus.CONDITIONAL if rights.is_classic else EdgeStatus.CONFIRMED
        yield _access(node.key, any_key(what, owner or node.name), access, rights.words, _Basis(status, detail))
    for what, access in rights.user.items():
        yield _access(node.key, any_key(what, holder or node.name), access, rights.words)
    if rights.unknown:
        detail = f"nobody has described what {', '.join(rights.unknown)} allows: look it up at GitHub"
        yield _access(node.key, any_key("undescribed", owner or node.name), Access.WRITE, rights.unknown,
                      _Basis(EdgeStatus.UNKNOWN, detail))  # fmt: skip


def _as_user(node: Node, item: Allowed) -> Edge:
    """Whoever holds a credential of a user may what the user may, as far as the credential's scopes go."""
    basis = _Basis(EdgeStatus.CONDITIONAL, "as far as the scopes of the credential go", item.evidence)
    return _access(node.key, item.key, item.most, (), basis)


def _unknown_rights(node: Node) -> Iterator[Edge]:
    """Tokens whose scopes nobody told; users have theirs through the tokens that are held."""
    if node.key.startswith(("github:token-", "github:authorization:", "github:installation:")):
        org = str(node.properties.get("resource_owner") or "ORG")
        detail = f"what it may was not imported: `gh api --paginate /orgs/{org}/personal-access-tokens`"
        if node.key.startswith("github:installation:"):
            detail = f"what it may was not imported: `gh api --paginate /orgs/{org}/installations`"
        yield _access(node.key, any_key("*", org), Access.ADMIN, (), _Basis(EdgeStatus.UNKNOWN, detail))
    elif node.key.startswith("github:user:"):
        target = any_key("repositories", name_of(node.key))
        yield _access(node.key, target, Access.WRITE, (), _Basis(EdgeStatus.UNKNOWN, _USERS_OWN))


def _access(source: str, target: str, access: Access, actions: tuple[str, ...], basis: _Basis | None = None) -> Edge:
    known = basis or _Basis()
    words = "; ".join(filter(None, (known.evidence, ", ".join(actions[:6]))))
    return Edge(
        source, target, EdgeKind.CAN_ACCESS, known.status, Known.EVALUATED, words, known.detail, access, actions[:6]
    )


def _made_node(key: str) -> Node | None:
    if key.startswith("github:workflow:"):
        name = name_of(key).removesuffix("/*")
        owner = org_key(name.partition("/")[0])
        return Node(key, NodeKind.PIPELINE, PROVIDER, f"workflows of {name}", owner, {"type": "workflows"})
    if key.startswith("github:repo:"):
        name = name_of(key)
        fields = {"type": "repository", "sensitivity": 0.6}
        return Node(key, NodeKind.REPOSITORY, PROVIDER, name, org_key(name.partition("/")[0]), fields)
    if key.startswith("github:user:") and key.endswith(":any"):
        login = name_of(key).removesuffix(":any")
        fields = {"type": "user", "sensitivity": 0.9}
        return Node(key, NodeKind.RESOURCE, PROVIDER, f"everything {login} may", user_key(login), fields)
    if key.startswith("github:any:"):
        what, _, where = name_of(key).partition("@")
        name = f"everything in {where}" if what == "*" else f"{what.replace('_', ' ').replace('-', ' ')} of {where}"
        fields = {"type": what, "sensitivity": 1.0 if what == "*" else sensitivity_of(what)}
        if what == "*":
            fields["tier0"] = True
        return Node(key, NodeKind.RESOURCE, PROVIDER, name, org_key(where), fields)
    return None
