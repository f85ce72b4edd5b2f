# SPDX-License-Identifier: Apache-2.0
"""
Which cloud identities trust the workflows of a repository: AWS roles, Entra applications and Google service accounts
that accept GitHub's identity tokens, with what they demand of the `sub` claim.

Sources: docs.github.com, "OpenID Connect reference" (forms of `sub`); IAM User Guide, "Create a role for OpenID Connect
federation"; Microsoft Graph, federatedIdentityCredential; Google Cloud, "Workload Identity Federation".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from secrethunt.identity.aws.documents import Condition, DocumentError, Statement, parse_policy
from secrethunt.identity.aws.patterns import covers, overlaps
from secrethunt.identity.contract import Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind
from secrethunt.identity.github.keys import org_key, pipeline_key

ISSUER = "token.actions.githubusercontent.com"
_FREE = frozenset({"aud", "jti", "iat", "exp", "nbf"})
"""Claims that whoever runs a workflow chooses, or that do not tell repositories apart."""


@dataclass(frozen=True, slots=True)
class Trust:
    """One way for workflows to become a cloud identity."""

    target: str
    """Key of the role, application or service account."""
    evidence: str
    subjects: tuple[str, ...]
    """Patterns of `sub`, one of which must fit; empty where it may be anything."""
    repositories: tuple[str, ...] = ()
    """Patterns of `owner/name`, one of which must fit; empty where it may be any."""
    owners: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    """What else must hold, that nobody can decide here."""


class Trusts:
    """All of one graph, read once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: list[Trust] | None = None

    def edges(self, source: Node, full_name: str) -> Iterator[Edge]:
        """CAN_ASSUME from the workflows of a repository, for which *source* stands."""
        if self._known is None:
            self._known = [*_of_aws(self._graph), *_of_entra(self._graph), *_of_google(self._graph)]
        is_custom = self._has_own_subjects(full_name)
        for trust in self._known:
            found = _fits(trust, full_name, is_custom=is_custom)
            if found is not None:
                status, detail = found
                kind, how = EdgeKind.CAN_ASSUME, ("id-token: write",)
                yield Edge(source.key, trust.target, kind, status, Known.EVALUATED, trust.evidence, detail, actions=how)

    def _has_own_subjects(self, full_name: str) -> bool:
        """Whether `sub` is not in its usual form, so that a pattern cannot be told to fit."""
        nodes = (self._graph.node(pipeline_key(full_name)), self._graph.node(org_key(full_name.partition("/")[0])))
        claims = [list(node.properties.get("subject_claims") or ()) for node in nodes if node is not None]
        return any(found and found[0] != "repo" for found in claims)


def _fits(trust: Trust, full_name: str, *, is_custom: bool) -> tuple[EdgeStatus, str] | None:
    """Status and detail of the edge; None where no workflow of the repository is trusted."""
    if not _is_named(trust, full_name, is_custom=is_custom):
        return None
    if trust.conditions:
        return EdgeStatus.CONDITIONAL, ", ".join(trust.conditions)
    if not trust.subjects:
        is_limited = bool(trust.repositories or trust.owners)
        return EdgeStatus.CONFIRMED, "" if is_limited else "trusts workflows of every repository at GitHub"
    every = f"repo:{full_name}:*"
    if is_custom:
        return EdgeStatus.CONDITIONAL, "the repository's subjects are made differently: " + " or ".join(trust.subjects)
    if any(_covers(subject, every) for subject in trust.subjects):
        return EdgeStatus.CONFIRMED, ""
    some = [subject for subject in trust.subjects if overlaps(subject.lower(), every)]
    return EdgeStatus.CONDITIONAL, f"only for {' or '.join(some)}: who may run that was not imported"


def _is_named(trust: Trust, full_name: str, *, is_custom: bool) -> bool:
    """Whether the repository is among those that the trust is about."""
    owner = full_name.partition("/")[0]
    if trust.repositories and not any(_covers(pattern, full_name) for pattern in trust.repositories):
        return False
    if trust.owners and not any(_covers(pattern, owner) for pattern in trust.owners):
        return False
    if not trust.subjects or is_custom:
        return True
    return any(overlaps(subject.lower(), f"repo:{full_name}:*") for subject in trust.subjects)


def _covers(pattern: str, name: str) -> bool:
    """Names in keys are in lower case; GitHub's own are not."""
    return covers(pattern.lower(), name.lower())


def _of_aws(graph: Graph) -> Iterator[Trust]:
    for key in _providers(graph, "aws"):
        for edge in graph.edges_to(key, EdgeKind.TRUSTS):
            role = graph.node(edge.source)
            document = role.properties.get("trust") if role is not None else None
            if role is None or not document:
                continue
            try:
                policy = parse_policy(role.name, document)
            except DocumentError:
                continue
            for statement in policy.statements:
                if _is_about_github(statement):
                    yield _of_statement(role.key, statement)


def _providers(graph: Graph, cloud: str) -> Iterator[str]:
    """Keys of what stands for GitHub as an issuer; roles name it whether or not it was exported."""
    seen = set()
    for role in graph.nodes(kind=NodeKind.ROLE, provider=cloud):
        for edge in graph.edges_from(role.key, EdgeKind.TRUSTS):
            if ISSUER in edge.target and edge.target not in seen:
                seen.add(edge.target)
                yield edge.target


def _is_about_github(statement: Statement) -> bool:
    federated = any(kind == "federated" and ISSUER in value for kind, value in statement.principals)
    return statement.allows and federated


def _of_statement(target: str, statement: Statement) -> Trust:
    found: dict[str, list[str]] = {"sub": [], "repository": [], "repository_owner": []}
    conditions: list[str] = []
    for condition in statement.conditions:
        claim = condition.key.rpartition(":")[2]
        if claim in found and _is_positive(condition):
            found[claim].extend(condition.values)
        elif claim not in _FREE:
            conditions.append(condition.describe())
    return Trust(target, statement.source, tuple(found["sub"]), tuple(found["repository"]),
                 tuple(found["repository_owner"]), tuple(conditions))  # fmt: skip


def _is_positive(condition: Condition) -> bool:
    return condition.operator in ("stringequals", "stringlike", "stringequalsignorecase") and not condition.if_exists


def _of_entra(graph: Graph) -> Iterator[Trust]:
    """Federated credentials: an edge to the issuer, with the subject as its detail."""
    for edge in graph.edges_to(f"oidc:{ISSUER}", EdgeKind.TRUSTS):
        yield Trust(edge.source, edge.evidence, (edge.detail,) if edge.detail else ())


def _of_google(graph: Graph) -> Iterator[Trust]:
    """Federated members of bindings: `principalSet://…/attribute.repository/owner/name`, `principal://…/subject/repo:…`."""
    for kind in (NodeKind.IDENTITY, NodeKind.GROUP):
        for node in graph.nodes(kind=kind, provider="gcp"):
            if node.key.startswith(("gcp:principal:", "gcp:principal-set:")):
                yield from _of_member(node)


def _of_member(node: Node) -> Iterator[Trust]:
    pool = node.key.partition("/workloadIdentityPools/")[2].partition("/")[0]
    subject, repository, owner = (
        node.key.partition(f"/{part}/")[2] for part in ("subject", "attribute.repository", "attribute.repository_owner")
    )
    if not (subject.startswith("repo:") or repository or owner):
        return
    is_sure = "github" in pool.lower()
    doubt = f"if GitHub is a provider of the pool {pool}: `gcloud iam workload-identity-pools providers list`"
    yield Trust(
        node.key,
        f"member {node.name}",
        (subject,) if subject else (),
        (repository,) if repository else (),
        (owner,) if owner else (),
        () if is_sure else (doubt,),
    )
