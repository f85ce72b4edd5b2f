# SPDX-License-Identifier: Apache-2.0
"""
Decides whether an action on a resource is allowed, three-valued and with evidence.

Source: IAM User Guide, "Policy evaluation logic", for requests within one account and across accounts: an explicit Deny
anywhere ends it; service control policies must allow at every level; then a resource-based policy that names the
principal may allow by itself within one account; otherwise the identity's policies must allow, within the permissions
boundary and the session policy. Across accounts both sides must allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from secrethunt.identity.aws.conditions import Context, Truth, judge
from secrethunt.identity.aws.documents import Policy, Statement
from secrethunt.identity.aws.patterns import covers, filled, matches, overlaps


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, with every policy that counts for it."""

    arn: str
    account: str
    policies: tuple[Policy, ...] = ()
    """Inline and managed policies of the identity and of its groups."""
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    control: tuple[tuple[Policy, ...], ...] = ()
    """Service control policies, level by level from the root to the account; empty where none were imported."""
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed, and why."""

    truth: Truth
    evidence: tuple[str, ...] = ()
    """Statements that allow."""
    conditions: tuple[str, ...] = ()
    """What MAYBE hangs on."""
    blocked_by: str = ""
    """The statement or lack that stops it, where truth is NO."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """What the statements of one kind of policy come to."""

    truth: Truth
    evidence: tuple[str, ...]
    conditions: tuple[str, ...]


def decide(
    principal: Principal, action: str, resource: str, *, resource_policy: Policy | None = None, owner: str = ""
) -> Decision:
    """
    Args:
        action: `s3:GetObject`, any case.
        resource: An ARN, or a pattern of ARNs: then the question is whether all of it, less what is denied in part.
        resource_policy: The resource's own policy, where it has one.
        owner: Account of the resource, empty where it is the principal's.
    """
    name = action.lower()
    context = principal.context
    denied = _denied(principal, name, resource, resource_policy)
    if denied.truth is Truth.YES:
        return Decision(Truth.NO, blocked_by=f"explicit deny in {denied.evidence[0]}")
    open_conditions = tuple(f"not ({text})" for text in denied.conditions)
    ceiling = Truth.YES if denied.truth is Truth.NO else Truth.MAYBE
    for level in principal.control:
        allowed = _sum(level, name, resource, context, allows=True)
        if allowed.truth is Truth.NO:
            return Decision(Truth.NO, blocked_by="no service control policy allows it")
        ceiling = min(ceiling, allowed.truth)
        open_conditions += allowed.conditions
    by_identity = _within_bounds(principal, name, resource)
    by_resource = _by_resource(principal, name, resource, resource_policy)
    is_foreign = bool(owner) and owner != principal.account
    if is_foreign or (name.startswith("kms:") and resource_policy is not None):
        # A key's policy must allow in its own account too ("Key policies in AWS KMS").
        chosen = _both(by_identity, _by_resource(principal, name, resource, resource_policy, by_account=True))
    else:
        chosen = by_resource if by_resource.truth > by_identity.truth else by_identity
    truth = min(ceiling, chosen.truth)
    if truth is Truth.NO:
        return Decision(Truth.NO, blocked_by=_lack(by_identity, by_resource, is_foreign))
    conditions = open_conditions + chosen.conditions if truth is Truth.MAYBE else ()
    return Decision(truth, chosen.evidence, tuple(dict.fromkeys(conditions)))


def allowed_patterns(principal: Principal, action: str) -> Iterator[tuple[str, Statement]]:
    """Resource patterns on which some statement of the identity allows *action*, variables filled in where known."""
    name = action.lower()
    known = {key: value[0] for key, value in principal.context.items() if value}
    for policy in principal.policies:
        for statement in policy.statements:
            if statement.allows and _is_about_action(statement, name):
                for pattern in statement.resources or ("*",):
                    yield filled(pattern, known) or pattern, statement


def trusts(policy: Policy, principal: Principal, action: str = "sts:assumerole") -> Decision:
    """Whether the trust policy of a role lets *principal* ask for the role: its own side of AssumeRole."""
    named = [item for item in policy.statements if _is_about_action(item, action)]
    for statement in named:
        if not statement.allows and _names(statement, principal) is Truth.YES and not statement.conditions:
            return Decision(Truth.NO, blocked_by=f"explicit deny in {statement.source}")
    best = Decision(Truth.NO, blocked_by="its trust policy does not name who asks")
    for statement in named:
        if not statement.allows:
            continue
        truth, conditions = _conditions(statement, principal.context)
        truth = min(truth, _names(statement, principal))
        if truth > best.truth:
            best = Decision(truth, (statement.source,), conditions if truth is Truth.MAYBE else ())
    return best


def trusts_directly(policy: Policy, principal: Principal) -> bool:
    """The trust policy names the principal, not its account: within one account it needs no policy of its own."""
    return any(statement.allows and ("aws", principal.arn) in statement.principals for statement in policy.statements)


def trusts_service(policy: Policy, service: str) -> Truth:
    """Whether the trust policy lets the AWS service *service* (`lambda.amazonaws.com`) take the role."""
    result = Truth.NO
    for statement in policy.statements:
        if statement.allows and any(
            kind == "service" and matches(value.lower(), service) for kind, value in statement.principals
        ):
            # Conditions on the source account or ARN are met by what is made in the account itself.
            result = Truth.YES
    return result


def _denied(principal: Principal, action: str, resource: str, resource_policy: Policy | None) -> _Sum:
    policies = [*principal.policies, *principal.session, *(item for level in principal.control for item in level)]
    if principal.boundary is not None:
        policies.append(principal.boundary)
    found = _sum(policies, action, resource, principal.context, allows=False)
    if resource_policy is None or found.truth is Truth.YES:
        return found
    named = _named_statements(resource_policy, principal)
    return _either(found, _sum_statements(named, action, resource, principal.context, allows=False))


def _within_bounds(principal: Principal, action: str, resource: str) -> _Sum:
    total = _sum(principal.policies, action, resource, principal.context, allows=True)
    limits: list[Sequence[Policy]] = []
    if principal.boundary is not None:
        limits.append((principal.boundary,))
    if principal.session:
        limits.append(principal.session)
    for limit in limits:
        allowed = _sum(limit, action, resource, principal.context, allows=True)
        total = _Sum(min(total.truth, allowed.truth), total.evidence, total.conditions + allowed.conditions)
    return total


def _by_resource(
    principal: Principal, action: str, resource: str, policy: Policy | None, *, by_account: bool = False
) -> _Sum:
    """To name the account (*by_account*) only hands the decision over to the account's own policies."""
    if policy is None:
        return _Sum(Truth.NO, (), ())
    named = _named_statements(policy, principal, by_account=by_account)
    return _sum_statements(named, action, resource, principal.context, allows=True)


def _named_statements(policy: Policy, principal: Principal, *, by_account: bool = True) -> list[Statement]:
    return [item for item in policy.statements if _names(item, principal, by_account=by_account) is Truth.YES]


def _names(statement: Statement, principal: Principal, *, by_account: bool = True) -> Truth:
    """Whether the statement's principals take in *principal*: itself, its account, or everybody."""
    own = {principal.arn, "*"}
    if by_account:
        own |= {f"arn:aws:iam::{principal.account}:root", principal.account}
    named = any(kind == "aws" and value in own for kind, value in statement.principals)
    if statement.not_principals:
        named = not any(kind == "aws" and value in own - {"*"} for kind, value in statement.not_principals)
    return Truth.YES if named else Truth.NO


def _sum(policies: Iterable[Policy], action: str, resource: str, context: Context, *, allows: bool) -> _Sum:
    statements = (statement for policy in policies for statement in policy.statements)
    return _sum_statements(statements, action, resource, context, allows=allows)


def _sum_statements(
    statements: Iterable[Statement], action: str, resource: str, context: Context, *, allows: bool
) -> _Sum:
    best = Truth.NO
    evidence: list[str] = []
    conditions: list[str] = []
    for statement in statements:
        if statement.allows is not allows or not _is_about_action(statement, action):
            continue
        truth, open_conditions = _conditions(statement, context)
        truth = min(truth, _is_about_resource(statement, resource, context, in_part=allows))
        if truth is Truth.NO:
            continue
        best = max(best, truth)
        evidence.insert(0 if truth is Truth.YES else len(evidence), statement.source)
        conditions.extend(open_conditions or ((f"{statement.source} on a part of {resource}",) * (truth < Truth.YES)))
    return _Sum(best, tuple(dict.fromkeys(evidence)), tuple(dict.fromkeys(conditions)))


def _is_about_action(statement: Statement, action: str) -> bool:
    if statement.actions:
        return any(matches(pattern, action) for pattern in statement.actions)
    return not any(matches(pattern, action) for pattern in statement.not_actions)


def _is_about_resource(statement: Statement, resource: str, context: Context, *, in_part: bool) -> Truth:
    """With *in_part*, a statement about some of what the pattern *resource* stands for is MAYBE; else it is NO."""
    known = {key: value[0] for key, value in context.items() if value}
    if statement.not_resources:
        found = max(_fits(filled(item, known), item, resource) for item in statement.not_resources)
        if found is Truth.MAYBE and not in_part:
            return Truth.NO
        return Truth(2 - found)
    # Trust policies and some resource policies name no resource: they are about the one that they hang on.
    if not statement.resources:
        return Truth.YES
    return max(_fits(filled(item, known), item, resource, in_part=in_part) for item in statement.resources)


def _fits(pattern: str | None, written: str, resource: str, *, in_part: bool = True) -> Truth:
    if pattern is None:
        return Truth.MAYBE if overlaps(_starred(written), resource) else Truth.NO
    if covers(pattern, resource):
        return Truth.YES
    is_pattern = "*" in resource or "?" in resource
    return Truth.MAYBE if in_part and is_pattern and overlaps(pattern, resource) else Truth.NO


def _starred(written: str) -> str:
    """The pattern with each variable as a wildcard."""
    head, *rest = written.split("${")
    return head + "".join("*" + part.partition("}")[2] for part in rest)


def _conditions(statement: Statement, context: Context) -> tuple[Truth, tuple[str, ...]]:
    truth = Truth.YES
    unsettled = []
    for condition in statement.conditions:
        found = judge(condition, context)
        truth = min(truth, found)
        if found is Truth.MAYBE:
            unsettled.append(condition.describe())
    return truth, tuple(unsettled) if truth is Truth.MAYBE else ()


def _either(one: _Sum, other: _Sum) -> _Sum:
    if one.truth is Truth.NO:
        return other
    return _Sum(max(one.truth, other.truth), other.evidence + one.evidence, one.conditions + other.conditions)


def _both(one: _Sum, other: _Sum) -> _Sum:
    return _Sum(min(one.truth, other.truth), one.evidence + other.evidence, one.conditions + other.conditions)


def _lack(by_identity: _Sum, by_resource: _Sum, is_foreign: bool) -> str:
    if is_foreign and by_identity.truth is not Truth.NO and by_resource.truth is Truth.NO:
        return "the resource's own account does not allow it"
    return "no policy allows it"
