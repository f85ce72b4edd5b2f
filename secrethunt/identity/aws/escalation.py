# SPDX-License-Identifier: Apache-2.0
"""
Privilege escalation: the catalogue of `escalations.json` tried on one principal, each path with its prerequisites.

A path is an edge only where every action it needs is allowed on the very thing it is used on, and that thing exists: a
role to pass that trusts the service, a policy that is attached to oneself, a function that runs as another role.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from secrethunt.identity.aws.catalogue import resource_forms
from secrethunt.identity.aws.conditions import Truth
from secrethunt.identity.aws.decide import Principal, Target, allowed_patterns, decide, trusts_service
from secrethunt.identity.aws.documents import Policy, Statement
from secrethunt.identity.aws.patterns import overlaps
from secrethunt.identity.aws.principals import PREFIX, Principals, account_of, arn_of, read_document, resource_context
from secrethunt.identity.aws.reach import is_everything
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind

_MANAGED_BY_AWS = "arn:aws:iam::aws:policy/"
_ADMINISTRATOR = _MANAGED_BY_AWS + "AdministratorAccess"
_SERVICE_LINKED = ":role/aws-service-role/"
_NEEDS_COMPUTE = 0.3
"""Weight of a path that needs something running which nobody has shown to run (`weights.json`)."""
_STATUS = {Truth.YES: EdgeStatus.CONFIRMED, Truth.MAYBE: EdgeStatus.CONDITIONAL}


@dataclass(frozen=True, slots=True)
class Escalation:
    """One entry of the catalogue."""

    id: str
    name: str
    needs: tuple[str, ...]
    how: str
    target: str
    service: str = ""
    compute: str = ""
    reference: str = ""


@functools.cache
def catalogue() -> tuple[Escalation, ...]:
    """All known paths."""
    text = (Path(__file__).parent / "escalations.json").read_text(encoding="utf-8")
    return tuple(Escalation(**{**entry, "needs": tuple(entry["needs"])}) for entry in json.loads(text)["paths"])


@dataclass(frozen=True, slots=True)
class _Found:
    """What the needed actions come to."""

    truth: Truth
    evidence: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


class Escalations:
    """Finds the paths of principals of one graph."""

    def __init__(self, graph: Graph, principals: Principals) -> None:
        self._graph = graph
        self._principals = principals
        self._by_account: dict[tuple[str, NodeKind], list[Node]] = {}
        self._by_service: dict[tuple[str, str], list[Node]] = {}

    def edges(self, node: Node, assumable: Sequence[str]) -> Iterator[Edge]:
        """
        Edges from *node* to whom or what each path leads.

        Args:
            assumable: Keys of the roles that it can take.
        """
        principal = self._principals.principal(node)
        for path in catalogue():
            if all(_is_allowed_anywhere(principal, action) for action in path.needs):
                yield from _HOW[path.how](self, path, node, principal, assumable)

    # --- other identities ---------------------------------------------------------------------------------------

    def _mint_key(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        for user in self._nodes(principal.account, NodeKind.IDENTITY):
            if user.key != node.key and ":user/" in user.key:
                yield from self._on(path, node, principal, user, EdgeKind.CAN_MINT_KEY_FOR)

    def _join(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        if ":user/" not in node.key:
            return
        own = {group.key for group in self._principals.groups(node)}
        for group in self._nodes(principal.account, NodeKind.GROUP):
            if group.key not in own:
                yield from self._on(path, node, principal, group, EdgeKind.CAN_CHANGE_POLICY_OF)

    def _retrust(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        for role in self._own_roles(principal.account):
            if role.key == node.key or not _could_take(principal, role):
                continue
            yield from self._on(path, node, principal, role, EdgeKind.CAN_ASSUME)

    def _retrust_widen(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        """Any one role will do: it becomes what the attacker writes."""
        for role in self._own_roles(principal.account):
            if role.key == node.key or self._is_bounded(role.key) or not _could_take(principal, role):
                continue
            found = self._all_allowed(principal, path.needs, role)
            if found.truth is not Truth.NO:
                ends = (node.key, admin_key(principal.account))
                yield _with_access(_made(path, ends, EdgeKind.CAN_CHANGE_POLICY_OF, found))
                if found.truth is Truth.YES:
                    return

    def _forge(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        for provider in self._nodes(principal.account, NodeKind.TRUST_PROVIDER):
            found = _all_allowed(principal, path.needs, arn_of(provider))
            for edge in self._graph.edges_to(provider.key, EdgeKind.TRUSTS) if found.truth is not Truth.NO else ():
                detail = "needs control of a sign-in that the provider then accepts"
                yield _made(path, (node.key, edge.source), EdgeKind.CAN_ASSUME, found, EdgeStatus.POTENTIAL, detail)

    def _pass_role(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        others = _all_allowed(principal, path.needs[1:], "")
        status, detail = self._compute_there(path, principal.account)
        if others.truth is Truth.NO:
            return
        for role in self._trusting(principal.account, path.service):
            if role.key == node.key or not _can_be_launched(principal, path.service, role):
                continue
            target = Target(context=resource_context(role))
            passed = decide(_with_service(principal, path.service), "iam:PassRole", arn_of(role), target=target)
            found = _together(_Found(passed.truth, passed.evidence, passed.conditions), others)
            if found.truth is not Truth.NO:
                yield _made(path, (node.key, role.key), EdgeKind.CAN_PASS_TO, found, status, detail)

    def _compute_there(self, path: Escalation, account: str) -> tuple[EdgeStatus | None, str]:
        """For a path that gives a role to what already runs: whether something does."""
        if not path.compute or self._knows_workloads(account, path.compute):
            return None, ""
        return EdgeStatus.POTENTIAL, f"needs an existing {path.compute} workload; import what runs to know"

    def _existing_compute(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        found = _all_allowed(principal, path.needs, "")
        for workload in self._workloads(principal.account, path.compute):
            exact = self._all_allowed(principal, path.needs, workload)
            if exact.truth is not Truth.NO:
                edge = _made(path, (node.key, workload.key), EdgeKind.CAN_ACCESS, exact, _STATUS[exact.truth])
                yield _with_access(edge)
        if found.truth is Truth.NO or self._knows_workloads(principal.account, path.compute):
            return
        for role in self._trusting(principal.account, _SERVICE_OF[path.compute]):
            if role.key != node.key:
                detail = f"needs a running {path.compute} workload with this role; import what runs to know"
                yield _made(path, (node.key, role.key), EdgeKind.CAN_ASSUME, found, EdgeStatus.POTENTIAL, detail)

    # --- oneself ------------------------------------------------------------------------------------------------

    def _change_policy(
        self, path: Escalation, node: Node, principal: Principal, assumable: Sequence[str]
    ) -> Iterator[Edge]:
        for holder, resource in self._own(path, node, principal, assumable):
            found = _all_allowed(_attaching_anything(principal), path.needs, resource)
            if found.truth is Truth.NO or self._is_bounded(holder):
                continue
            status = EdgeStatus.POTENTIAL if path.target == "own-policy-versions" else _STATUS[found.truth]
            yield _with_access(
                _made(path, (node.key, admin_key(principal.account)), EdgeKind.CAN_CHANGE_POLICY_OF, found, status)
            )

    def _own(
        self, path: Escalation, node: Node, principal: Principal, assumable: Sequence[str]
    ) -> Iterator[tuple[str, str]]:
        """(node that is widened, ARN on which the action is used) for every form of oneself that the path is about."""
        is_user = ":user/" in node.key
        if path.target == "user-own" and is_user:
            yield node.key, principal.arn
        if path.target == "own-group":
            yield from ((group.key, arn_of(group)) for group in self._principals.groups(node))
        if path.target == "assumable-role":
            own = [node.key] if node.kind is NodeKind.ROLE else []
            yield from ((key, key.removeprefix(PREFIX)) for key in (*own, *assumable))
        if path.target.startswith("own-policy"):
            yield from self._own_policies(node, assumable, several=path.target.endswith("versions"))

    def _own_policies(self, node: Node, assumable: Sequence[str], *, several: bool) -> Iterator[tuple[str, str]]:
        holders = [node.key, *(group.key for group in self._principals.groups(node)), *assumable]
        for holder in holders:
            for edge in self._graph.edges_from(holder, EdgeKind.HAS_GRANT):
                policy = self._graph.node(edge.target)
                arn = edge.target.removeprefix(PREFIX)
                if policy is None or not arn.startswith("arn:") or arn.startswith(_MANAGED_BY_AWS):
                    continue
                if not several or policy.properties.get("versions", 1) > 1:
                    yield holder, arn

    def _new_admin(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        found = _all_allowed(_attaching_anything(principal), path.needs, "")
        if found.truth is not Truth.NO:
            edge = _made(path, (node.key, admin_key(principal.account)), EdgeKind.CAN_CHANGE_POLICY_OF, found)
            yield _with_access(edge)

    def _unbound(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        free = Principal(principal.arn, principal.account, principal.policies, None, (), principal.control)
        if principal.boundary is not None and _is_own_kind(path, node) and is_everything(free):
            yield from self._to_admin(path, node, principal)

    def _undeny(self, path: Escalation, node: Node, principal: Principal, _: Sequence[str]) -> Iterator[Edge]:
        allowing = tuple(
            type(policy)(policy.name, tuple(item for item in policy.statements if item.allows))
            for policy in principal.policies
        )
        free = Principal(principal.arn, principal.account, allowing, principal.boundary, (), principal.control)
        if allowing != principal.policies and _is_own_kind(path, node) and is_everything(free):
            yield from self._to_admin(path, node, principal)

    def _to_admin(self, path: Escalation, node: Node, principal: Principal) -> Iterator[Edge]:
        found = _all_allowed(principal, path.needs, principal.arn)
        if found.truth is not Truth.NO:
            edge = _made(path, (node.key, admin_key(principal.account)), EdgeKind.CAN_CHANGE_POLICY_OF, found)
            yield _with_access(edge)

    # --- shared -------------------------------------------------------------------------------------------------

    def _on(self, path: Escalation, node: Node, principal: Principal, target: Node, kind: EdgeKind) -> Iterator[Edge]:
        found = self._all_allowed(principal, path.needs, target)
        if found.truth is not Truth.NO:
            yield _made(path, (node.key, target.key), kind, found)

    def _all_allowed(self, principal: Principal, actions: Sequence[str], node: Node) -> _Found:
        """On a stored thing, of which tags are known."""
        context = {**principal.context, **resource_context(node)}
        return _all_allowed(replace(principal, context=context), actions, arn_of(node))

    def _own_roles(self, account: str) -> list[Node]:
        """Roles that can be changed: those of services cannot ("Create a service-linked role")."""
        return [role for role in self._nodes(account, NodeKind.ROLE) if _SERVICE_LINKED not in role.key]

    def _trusting(self, account: str, service: str) -> list[Node]:
        """Roles that *service* can be made to take."""
        key = (account, service)
        if key not in self._by_service:
            trusts = ((role, read_document(role, "trust")) for role in self._own_roles(account))
            self._by_service[key] = [
                role for role, trust in trusts if trust is not None and trusts_service(trust, service) is Truth.YES
            ]
        return self._by_service[key]

    def _workloads(self, account: str, service: str) -> list[Node]:
        return [node for node in self._nodes(account, NodeKind.WORKLOAD) if node.properties.get("service") == service]

    def _nodes(self, account: str, kind: NodeKind) -> list[Node]:
        key = (account, kind)
        if key not in self._by_account:
            owner = f"{PREFIX}account:{account}"
            found = self._graph.nodes(kind=kind, provider="aws", account=owner)
            # A short name or a permission set stands for another node.
            others = ("same_as", "permission_set")
            self._by_account[key] = [node for node in found if not any(node.properties.get(name) for name in others)]
        return self._by_account[key]

    def _knows_workloads(self, account: str, service: str) -> bool:
        return bool(self._workloads(account, service))

    def _is_bounded(self, holder: str) -> bool:
        """A boundary stays, whatever policies are added."""
        bounds = list(self._graph.edges_from(holder, EdgeKind.BOUNDED_BY))
        return bool(bounds) and not all(
            (policy := self._principals.policy(edge.target)) is not None
            and is_everything(Principal(holder, account_of(holder), (policy,)))
            for edge in bounds
        )


def admin_key(account: str) -> str:
    """The node that stands for everything in an account."""
    return f"{PREFIX}any:*@{account}"


_SERVICE_OF: Mapping[str, str] = {
    "lambda": "lambda.amazonaws.com",
    "ec2": "ec2.amazonaws.com",
    "ecs": "ecs-tasks.amazonaws.com",
    "codebuild": "codebuild.amazonaws.com",
    "glue": "glue.amazonaws.com",
    "sagemaker": "sagemaker.amazonaws.com",
    "states": "states.amazonaws.com",
    "apprunner": "tasks.apprunner.amazonaws.com",
    "cloudformation": "cloudformation.amazonaws.com",
    "bedrock-agentcore": "bedrock-agentcore.amazonaws.com",
}
"""Whom a role trusts that such a workload runs as."""
_How = Callable[[Escalations, Escalation, Node, Principal, Sequence[str]], Iterator[Edge]]
_HOW: Mapping[str, _How] = {
    "mint-key": Escalations._mint_key,
    "join": Escalations._join,
    "retrust": Escalations._retrust,
    "retrust-widen": Escalations._retrust_widen,
    "forge": Escalations._forge,
    "pass-role": Escalations._pass_role,
    "existing-compute": Escalations._existing_compute,
    "change-policy": Escalations._change_policy,
    "new-admin": Escalations._new_admin,
    "unbound": Escalations._unbound,
    "undeny": Escalations._undeny,
}


def _is_own_kind(path: Escalation, node: Node) -> bool:
    return path.target == ("self-role" if node.kind is NodeKind.ROLE else "self-user")


def _is_allowed_anywhere(principal: Principal, action: str) -> bool:
    return any(True for _ in allowed_patterns(principal, action))


def _could_take(principal: Principal, role: Node) -> bool:
    """Whether nothing but the trust policy keeps *principal* from the role."""
    statement = Statement(
        True, "the trust policy that it writes", ("sts:assumerole",), principals=(("aws", principal.arn),)
    )
    trust = Policy("trust", (statement,))
    return decide(principal, "sts:AssumeRole", arn_of(role), target=Target(trust)).truth is not Truth.NO


def _can_be_launched(principal: Principal, service: str, role: Node) -> bool:
    """An instance takes a role by a profile: there is one with it, or it can be put into one."""
    if service != "ec2.amazonaws.com" or role.properties.get("instance_profiles") != []:
        return True
    return _is_allowed_anywhere(principal, "iam:AddRoleToInstanceProfile")


def _attaching_anything(principal: Principal) -> Principal:
    """The principal as it attaches the widest policy and sets no boundary on what it makes."""
    context = {**principal.context, "iam:policyarn": [_ADMINISTRATOR], "iam:permissionsboundary": []}
    return replace(principal, context=context)


def _all_allowed(principal: Principal, actions: Sequence[str], resource: str) -> _Found:
    """What the *actions* come to: on *resource* where the action works on such a thing, else on anything."""
    total = _Found(Truth.YES)
    for action in actions:
        total = _together(total, _allowed(principal, action, resource if _is_about(action, resource) else ""))
        if total.truth is Truth.NO:
            break
    return total


def _is_about(action: str, resource: str) -> bool:
    return bool(resource) and any(form != "*" and overlaps(form, resource) for form in resource_forms(action))


def _allowed(principal: Principal, action: str, resource: str) -> _Found:
    """The best of all patterns that the action is allowed on, where no *resource* is given."""
    patterns = [resource] if resource else [pattern for pattern, _ in allowed_patterns(principal, action)]
    best = _Found(Truth.NO)
    for pattern in patterns:
        decision = decide(principal, action, pattern)
        if decision.truth > best.truth:
            best = _Found(decision.truth, decision.evidence[:1], decision.conditions)
    return best


def _together(one: _Found, other: _Found) -> _Found:
    return _Found(min(one.truth, other.truth), one.evidence + other.evidence, one.conditions + other.conditions)


def _with_service(principal: Principal, service: str) -> Principal:
    """The principal as it asks to pass a role to *service*: `iam:PassedToService` is known."""
    return replace(principal, context={**principal.context, "iam:passedtoservice": [service]})


def _made(
    path: Escalation,
    ends: tuple[str, str],
    kind: EdgeKind,
    found: _Found,
    status: EdgeStatus | None = None,
    detail: str = "",
) -> Edge:
    """The edge from the first of *ends* to the second."""
    return Edge(
        source=ends[0],
        target=ends[1],
        kind=kind,
        status=status or _STATUS[found.truth],
        known=Known.EVALUATED,
        evidence=f"{path.name} ({path.id}): {', '.join(dict.fromkeys(found.evidence))}",
        detail=detail or ", ".join(dict.fromkeys(found.conditions)),
        actions=path.needs,
        weight=_NEEDS_COMPUTE if status is EdgeStatus.POTENTIAL else None,
    )


def _with_access(edge: Edge) -> Edge:
    return replace(edge, access=Access.ADMIN)
