# SPDX-License-Identifier: Apache-2.0
"""
Paths by which permissions become another identity's, from the catalogue `escalations.json`: each is an edge only where
everything that it needs is there.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from secrethunt.identity.aws.conditions import Truth
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind
from secrethunt.identity.gcp.grants import Denial, Found, Grants, Principal
from secrethunt.identity.gcp.names import PREFIX, any_key, is_container
from secrethunt.identity.gcp.permissions import access_of

_STATUS = {Truth.YES: EdgeStatus.CONFIRMED, Truth.MAYBE: EdgeStatus.CONDITIONAL}
_ACT_AS = "iam.serviceAccounts.actAs"
_NEEDS_COMPUTE = 0.3
"""Weight of a path that needs something running which nobody has shown to run (`weights.json`)."""
_PARTIAL = 0.5
"""Weight of a path that gives part of what the identity may do."""
_ACCOUNT = f"{PREFIX}service-account:"
_ORDER = (EdgeStatus.CONFIRMED, EdgeStatus.CONDITIONAL, EdgeStatus.POTENTIAL, EdgeStatus.UNKNOWN, EdgeStatus.BLOCKED)
_IMPORT_ACCOUNTS = "import `gcloud iam service-accounts list --format=json` of its projects"


@dataclass(frozen=True, slots=True)
class Escalation:
    """One entry of the catalogue."""

    id: str
    name: str
    needs: tuple[str, ...]
    how: str
    target: str = ""
    reference: str = ""
    access: str = ""


@functools.cache
def catalogue() -> tuple[Escalation, ...]:
    """All known paths."""
    text = (Path(__file__).parent / "escalations.json").read_text(encoding="utf-8")
    return tuple(Escalation(**{**entry, "needs": tuple(entry["needs"])}) for entry in json.loads(text)["paths"])


class Escalations:
    """Finds the paths of principals of one graph."""

    def __init__(self, graph: Graph, grants: Grants) -> None:
        self._graph = graph
        self._grants = grants
        self._tree = grants.hierarchies

    def edges(self, principal: Principal) -> Iterator[Edge]:
        """Edges to whom or what each path leads: of several of one kind to the same node, the surest, naming others."""
        best: dict[tuple[str, EdgeKind], list[Edge]] = {}
        held = frozenset().union(*(grant.permissions or () for grant in principal.grants))
        for path in catalogue():
            if held.issuperset(path.needs):
                for edge in _HOW[path.how](self, path, principal):
                    best.setdefault((edge.target, edge.kind), []).append(edge)
        for found in best.values():
            found.sort(key=lambda edge: (_ORDER.index(edge.status), -(edge.weight or 1)))
            others = dict.fromkeys(edge.evidence.partition(":")[0] for edge in found[1:])
            also = f"; also: {', '.join(list(others)[:4])}" if others else ""
            yield replace(found[0], evidence=found[0].evidence + also)

    # --- other identities ---------------------------------------------------------------------------------------

    def _mint_key(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        for account in self._accounts(principal, path.needs[0]):
            if bool(account.properties.get("disabled")) != (path.target == "disabled"):
                continue
            found = self._on_account(principal, path.needs, account)
            if path.target == "storage":
                detail = "such a key does in Cloud Storage what the account may, and nothing else"
                yield from _weighed(
                    _edges(path, principal, account.key, EdgeKind.CAN_MINT_KEY_FOR, found, detail), _PARTIAL
                )
            else:
                yield from _edges(path, principal, account.key, EdgeKind.CAN_MINT_KEY_FOR, found)
        yield from self._unlisted(path, principal, EdgeKind.CAN_MINT_KEY_FOR)

    def _impersonate(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        for account in self._accounts(principal, path.needs[0]):
            found = self._on_account(principal, path.needs, account)
            if path.target == "id-token":
                detail = "an ID token signs in to services that take such (Cloud Run, IAP), not to Google's APIs"
                yield from _weighed(
                    _edges(path, principal, account.key, EdgeKind.CAN_ASSUME, found, detail), _NEEDS_COMPUTE
                )
            elif not account.properties.get("disabled"):
                yield from _edges(path, principal, account.key, EdgeKind.CAN_ASSUME, found)
        yield from self._unlisted(path, principal, EdgeKind.CAN_ASSUME)

    def _delegate(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        """Through an account that may get the other's token: without such a one nothing follows."""
        for middle in self._accounts(principal, path.needs[0]):
            found = self._on_account(principal, path.needs, middle)
            if found.truth is Truth.NO:
                continue
            taken = self._grants.principal(middle)
            for account in self._accounts(taken, "iam.serviceAccounts.getAccessToken"):
                step = self._grants.decide(taken, "iam.serviceAccounts.getAccessToken", account.key)
                if account.key != principal.key:
                    both = _together(found, step)
                    yield from _edges(path, principal, account.key, EdgeKind.CAN_ASSUME, both, f"by {middle.name}")

    def _set_policy_of_account(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        for account in self._accounts(principal, path.needs[0]):
            found = self._on_account(principal, path.needs, account)
            yield from _edges(path, principal, account.key, EdgeKind.CAN_CHANGE_POLICY_OF, found)
        yield from self._unlisted(path, principal, EdgeKind.CAN_CHANGE_POLICY_OF)

    def _pass(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        for account in self._accounts(principal, _ACT_AS):
            passed = self._grants.decide(principal, _ACT_AS, account.key)
            if passed.truth is Truth.NO or account.properties.get("disabled"):
                continue
            here = self._all(principal, path.needs[1:], self._tree.project_of(account.key))
            if here.truth is not Truth.NO:
                found = _together(passed, here)
                yield from _edges(path, principal, account.key, EdgeKind.CAN_PASS_TO, found)
                continue
            there = self._somewhere(principal, path.needs[1:])
            if there.truth is not Truth.NO:
                detail = "only in another project: needs iam.disableCrossProjectServiceAccountUsage to be off"
                found = _together(passed, there)
                yield from _weighed(
                    _edges(path, principal, account.key, EdgeKind.CAN_PASS_TO, found, detail), _NEEDS_COMPUTE
                )
        yield from self._unlisted(path, principal, EdgeKind.CAN_PASS_TO)

    def _default_account(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        for project in self._projects(principal, path.needs[0]):
            found = self._all(principal, path.needs, project)
            for account in self._tree.nodes(project, NodeKind.IDENTITY):
                if account.name.endswith(path.target) and account.key != principal.key:
                    yield from _edges(path, principal, account.key, EdgeKind.CAN_PASS_TO, found)

    def _existing(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        for project in self._projects(principal, path.needs[0]):
            workloads = [
                node
                for node in self._tree.nodes(project, NodeKind.WORKLOAD)
                if node.properties.get("service") == path.target
            ]
            for workload in workloads:
                found = self._on_workload(principal, path, workload)
                for edge in _edges(path, principal, workload.key, EdgeKind.CAN_ACCESS, found):
                    yield replace(edge, access=Access.ADMIN)
            if not workloads:
                yield from self._imagined(path, principal, project)

    def _imagined(self, path: Escalation, principal: Principal, project: str) -> Iterator[Edge]:
        """Where nobody exported what runs: whom it might run as."""
        others = [need for need in path.needs if need != _ACT_AS]
        found = self._all(principal, others, project)
        if found.truth is Truth.NO:
            return
        detail = (
            f"needs something of {path.target} that runs as this account: import `gcloud asset export` "
            "with --content-type=resource to know what runs"
        )
        for account in self._tree.nodes(project, NodeKind.IDENTITY):
            if not _is_takable(account) or account.key == principal.key:
                continue
            passed = self._grants.decide(principal, _ACT_AS, account.key) if _ACT_AS in path.needs else found
            both = _together(found, passed)
            yield from _weighed(
                _edges(path, principal, account.key, EdgeKind.CAN_PASS_TO, both, detail), _NEEDS_COMPUTE
            )

    def _pool(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        """Federated principals of pools in projects where one may say who signs in."""
        for project in self._projects(principal, path.needs[0]):
            found = self._all(principal, path.needs, project)
            for kind in (NodeKind.IDENTITY, NodeKind.GROUP):
                for node in self._tree.nodes(project, kind):
                    if "/workloadIdentityPools/" in node.key and node.key.startswith(f"{PREFIX}principal"):
                        yield from _edges(path, principal, node.key, EdgeKind.CAN_ASSUME, found)

    # --- more for oneself ---------------------------------------------------------------------------------------

    def _set_policy(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        """A policy of a level is written at that level or, with a grant from above, for all such below."""
        fits = {"project": ("project", "folder", "organization"), "folder": ("folder", "organization")}
        levels = fits.get(path.target, ("organization",))
        for scope in self._scopes(principal, path.needs[0]):
            if scope.removeprefix(PREFIX).partition(":")[0] in levels:
                found = self._all(principal, path.needs, scope)
                yield from _to_admin(path, principal, any_key("*", scope), found)

    def _widen_role(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        for grant in principal.grants:
            parent, separator, _ = grant.role.rpartition("/roles/")
            if not separator or not is_container(grant.scope):
                continue
            kind, _, name = parent.partition("/")
            where = self._tree.same(f"{PREFIX}{kind.removesuffix('s')}:{name}")
            found = self._all(principal, path.needs, where)
            yield from _to_admin(path, principal, any_key("*", grant.scope), found)

    def _undeny(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        for denial in principal.denials:
            found = self._all(principal, path.needs, denial.scope)
            if found.truth is Truth.NO:
                continue
            lost = self._lost(principal, denial)
            if lost:
                edges = _edges(path, principal, any_key("*", denial.scope), EdgeKind.CAN_CHANGE_POLICY_OF, found,
                               f"gives back what {denial.evidence} takes away")  # fmt: skip
                yield from (replace(edge, access=max(map(access_of, lost))) for edge in edges)

    def _lost(self, principal: Principal, denial: Denial) -> list[str]:
        """Permissions that are granted somewhere that the rule is about, and that it denies."""
        above = self._tree.ancestors(denial.scope)
        return [
            permission
            for grant in principal.grants
            if grant.scope in above or denial.scope in self._tree.ancestors(grant.scope)
            for permission in grant.permissions or ()
            if denial.is_about(permission)
        ]

    def _own_service(self, path: Escalation, principal: Principal) -> Iterator[Edge]:
        access = Access[path.access]
        for grant in principal.grants:
            if grant.permissions is None or path.needs[0] not in grant.permissions:
                continue
            found = self._all(principal, path.needs, grant.scope)
            target = any_key(path.target, grant.scope) if is_container(grant.scope) else grant.scope
            kind = EdgeKind.CAN_CHANGE_POLICY_OF if "setIamPolicy" in path.needs[0] else EdgeKind.CAN_ACCESS
            yield from (replace(edge, access=access) for edge in _edges(path, principal, target, kind, found))

    # --- shared -------------------------------------------------------------------------------------------------

    def _scopes(self, principal: Principal, permission: str) -> list[str]:
        found = {grant.scope for grant in principal.grants if grant.permissions and permission in grant.permissions}
        return sorted(found)

    def _projects(self, principal: Principal, permission: str) -> list[str]:
        """Projects in which *permission* is granted, or in which something has it granted."""
        found: set[str] = set()
        for scope in self._scopes(principal, permission):
            found.update(self._tree.projects(scope) if is_container(scope) else {self._tree.project_of(scope)})
        return sorted(found - {""})

    def _accounts(self, principal: Principal, permission: str) -> Iterator[Node]:
        """Service accounts on which *permission* is granted, each once."""
        seen: set[str] = {principal.key}
        for scope in self._scopes(principal, permission):
            if is_container(scope):
                nodes = [node for item in self._tree.projects(scope) for node in self._accounts_in(item)]
            else:
                node = self._graph.node(scope) if scope.startswith(_ACCOUNT) else None
                nodes = [node] if node is not None else []
            for node in nodes:
                if node.key not in seen:
                    seen.add(node.key)
                    yield node

    def _accounts_in(self, project: str) -> list[Node]:
        return [node for node in self._tree.nodes(project, NodeKind.IDENTITY) if _is_takable(node)]

    def _unlisted(self, path: Escalation, principal: Principal, kind: EdgeKind) -> Iterator[Edge]:
        """Where a right over accounts reaches a container of which nobody listed the accounts."""
        for scope in self._scopes(principal, path.needs[0]):
            if not is_container(scope):
                continue
            found = self._all(principal, path.needs, scope)
            projects = self._tree.projects(scope)
            if found.truth is Truth.NO or any(self._accounts_in(project) for project in projects):
                continue
            detail = f"whose accounts {scope.removeprefix(PREFIX)} has is not known: {_IMPORT_ACCOUNTS}"
            edge = _made(path, principal, any_key("service-account", scope), kind, found)
            yield replace(edge, status=EdgeStatus.UNKNOWN, detail=detail, access=Access.ADMIN)

    def _on_account(self, principal: Principal, needs: Sequence[str], account: Node) -> Found:
        """Permissions on the account itself; those of other services in its project."""
        total = Found(Truth.YES)
        for need in needs:
            target = account.key if need.startswith("iam.serviceAccount") else self._tree.project_of(account.key)
            total = _together(total, self._grants.decide(principal, need, target))
        return total

    def _on_workload(self, principal: Principal, path: Escalation, workload: Node) -> Found:
        total = Found(Truth.YES)
        accounts = [edge.target for edge in self._graph.edges_from(workload.key, EdgeKind.RUNS_AS)]
        for need in path.needs:
            if need == _ACT_AS:
                for account in accounts:
                    total = _together(total, self._grants.decide(principal, need, account))
            else:
                is_wide = need.startswith("compute.projects.") or need.startswith("osconfig.")
                target = self._tree.project_of(workload.key) if is_wide else workload.key
                total = _together(total, self._grants.decide(principal, need, target))
        return total

    def _all(self, principal: Principal, needs: Sequence[str], target: str) -> Found:
        total = Found(Truth.YES) if target else Found(Truth.NO)
        for need in needs:
            if total.truth is Truth.NO:
                break
            total = _together(total, self._grants.decide(principal, need, target))
        return total

    def _somewhere(self, principal: Principal, needs: Sequence[str]) -> Found:
        """In one project that has them all."""
        for project in self._projects(principal, needs[0]) if needs else ():
            found = self._all(principal, needs, project)
            if found.truth is not Truth.NO:
                return found
        return Found(Truth.NO)


_How = Callable[[Escalations, Escalation, Principal], Iterator[Edge]]
_HOW: Mapping[str, _How] = {
    "mint-key": Escalations._mint_key,
    "impersonate": Escalations._impersonate,
    "delegate": Escalations._delegate,
    "set-policy-of-account": Escalations._set_policy_of_account,
    "pass": Escalations._pass,
    "default-account": Escalations._default_account,
    "existing": Escalations._existing,
    "pool": Escalations._pool,
    "set-policy": Escalations._set_policy,
    "widen-role": Escalations._widen_role,
    "undeny": Escalations._undeny,
    "own-service": Escalations._own_service,
}


def _is_takable(node: Node) -> bool:
    """Whether somebody can act as this: a service account of a project, none that only Google runs."""
    is_email = node.key.startswith(_ACCOUNT) and "@" in node.key
    return is_email and node.properties.get("type") == "service-account" and not _is_googles(node.key)


def _is_googles(key: str) -> bool:
    return key.endswith(("@cloudservices.gserviceaccount.com",))


def _together(one: Found, other: Found) -> Found:
    return Found(min(one.truth, other.truth), one.evidence + other.evidence, one.conditions + other.conditions)


def _edges(
    path: Escalation, principal: Principal, target: str, kind: EdgeKind, found: Found, detail: str = ""
) -> Iterator[Edge]:
    """The edge to *target*, if anything was found that leads there."""
    if found.truth is Truth.NO or target == principal.key:
        return
    edge = _made(path, principal, target, kind, found)
    if detail:
        edge = replace(edge, detail="; ".join(part for part in (detail, edge.detail) if part))
    yield edge


def _weighed(edges: Iterator[Edge], weight: float) -> Iterator[Edge]:
    """Edges that hold only in part, or if something runs."""
    return (replace(edge, weight=weight, status=EdgeStatus.POTENTIAL) for edge in edges)


def _to_admin(path: Escalation, principal: Principal, target: str, found: Found) -> Iterator[Edge]:
    for edge in _edges(path, principal, target, EdgeKind.CAN_CHANGE_POLICY_OF, found):
        yield replace(edge, access=Access.ADMIN)


def _made(path: Escalation, principal: Principal, target: str, kind: EdgeKind, found: Found) -> Edge:
    return Edge(
        principal.key,
        target,
        kind,
        _STATUS.get(found.truth, EdgeStatus.UNKNOWN),
        Known.EVALUATED,
        f"{path.name} ({path.id}): {', '.join(dict.fromkeys(found.evidence))}",
        ", ".join(dict.fromkeys(found.conditions)),
        actions=path.needs,
    )
