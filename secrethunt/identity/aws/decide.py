# SPDX-License-Identifier: Apache-2.0
"""
Decides whether an action on a resource is allowed, three-valued and with evidence.

Source: IAM User Guide, "Policy evaluation logic", for requests within one account and across accounts: an explicit Deny
anywhere ends it; service control policies must allow at every level, and resource control policies of the resource's
account must not deny; then a resource-based policy that names the principal may allow by itself within one account;
otherwise the identity's policies must allow, within the permissions boundary and the session policy. Across accounts,
for keys of KMS and for roles both sides must count: there the resource's policy decides or hands over to the account.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from secrethunt.identity.aws.conditions import Context, Truth, judge
from secrethunt.identity.aws.documents import Policy, Statement
from secrethunt.identity.aws.patterns import covers, filled, matches, overlaps

_ASSUMING = frozenset({"sts:assumerole"})
_RESOURCE_CONTROLLED = frozenset(
    {"s3", "sts", "sqs", "kms", "secretsmanager", "ecr", "aoss", "dynamodb", "logs", "cognito-idp", "cognito-identity"}
)
"""Services that resource control policies count for (Organizations User Guide, "Resource control policies")."""


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
    resource_control: tuple[Policy, ...] = ()
    """Resource control policies of the principal's own account; they count for resources in it."""
    context: Context = field(default_factory=dict)

    @property
    def is_role(self) -> bool:
        return ":role/" in self.arn


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of the very thing that an action is used on."""

    policy: Policy | None = None
    """Its own policy: of a bucket, a key, or the trust policy of a role."""
    owner: str = ""
    """Its account, empty where it is the principal's."""
    control: tuple[Policy, ...] = ()
    """Resource control policies of the owner, where that is another account."""
    context: Context = field(default_factory=dict)
    """What the request says of it: its tags."""


_NOTHING_KNOWN = Target()


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


def decide(principal: Principal, action: str, resource: str, *, target: Target = _NOTHING_KNOWN) -> Decision:
    """
    Args:
        action: `s3:GetObject`, any case.
        resource: An ARN, or a pattern of ARNs: then the question is whether all of it, less what is denied in part.
        target: What is known of the resource beside its ARN.
    """
    name = action.lower()
    if target.context:
        principal = replace(principal, context={**principal.context, **target.context})
    denied = _denied(principal, name, resource, target)
    if denied.truth is Truth.YES:
        return Decision(Truth.NO, blocked_by=f"explicit deny in {denied.evidence[0]}")
    ceiling, open_conditions = _under_control(principal, name, resource)
    if ceiling is Truth.NO:
        return Decision(Truth.NO, blocked_by="no service control policy allows it")
    if denied.truth is Truth.MAYBE:
        ceiling = Truth.MAYBE
        open_conditions = (*(f"not ({text})" for text in denied.conditions), *open_conditions)
    chosen, lack = _chosen(principal, name, resource, target)
    truth = min(ceiling, chosen.truth)
    if truth is Truth.NO:
        return Decision(Truth.NO, blocked_by=lack)
    conditions = open_conditions + chosen.conditions if truth is Truth.MAYBE else ()
    return Decision(truth, chosen.evidence, tuple(dict.fromkeys(conditions)))


def _under_control(principal: Principal, action: str, resource: str) -> tuple[Truth, tuple[str, ...]]:
    """What the levels of service control policies leave, each of which must allow, and what that hangs on."""
    ceiling = Truth.YES
    conditions: tuple[str, ...] = ()
    for level in principal.control:
        allowed = _sum(level, action, resource, principal.context, allows=True)
        ceiling = min(ceiling, allowed.truth)
        conditions += allowed.conditions
    return ceiling, conditions


def _chosen(principal: Principal, action: str, resource: str, target: Target) -> tuple[_Sum, str]:
    """What identity and resource allow together, and what is missing where that is nothing."""
    by_identity = _limited(principal, action, resource, _sum_of(principal.policies, principal, action, resource))
    is_foreign = bool(target.owner) and target.owner != principal.account
    if is_foreign:
        theirs = _by_resource(principal, action, resource, target.policy, by_account=True)
        return _both(by_identity, theirs), _lack(by_identity, theirs)
    itself = _by_resource(principal, action, resource, target.policy)
    if principal.is_role and target.policy is not None:
        # "Permissions boundaries for IAM entities": of what is granted to a role's ARN a boundary and a session policy
        # take away; of what is granted to a user's, to a session or to everybody they do not.
        by_arn, others = _parted(target.policy, principal.arn)
        to_role = _limited(principal, action, resource, _by_resource(principal, action, resource, by_arn))
        to_session = _by_resource(principal, action, resource, others)
        itself = to_role if to_role.truth > to_session.truth else to_session
    if target.policy is not None and (action.startswith("kms:") or action in _ASSUMING):
        # "Key policies in AWS KMS", "Troubleshoot IAM roles": without the resource's policy the account's count not.
        handed = _by_resource(principal, action, resource, target.policy, by_account=True)
        both = _both(by_identity, handed)
        return (itself if itself.truth >= both.truth else both), _lack(by_identity, handed)
    return (itself if itself.truth > by_identity.truth else by_identity), "no policy allows it"


def allowed_patterns(principal: Principal, action: str) -> Iterator[tuple[str, Statement]]:
    """Resource patterns on which some statement of the identity allows *action*, variables filled in where known."""
    name = action.lower()
    known = {key: value[0] for key, value in principal.context.items() if value}
    for policy in principal.policies:
        for statement in policy.statements:
            if statement.allows and _is_about_action(statement, name):
                for pattern in statement.resources or ("*",):
                    yield (filled(pattern, known) or pattern) if "${" in pattern else pattern, statement


def trusts(policy: Policy, principal: Principal, action: str = "sts:assumerole") -> Decision:
    """Whether the trust policy of a role lets *principal* ask for the role: its own side of AssumeRole."""
    denied = _sum_named(policy, principal, action, "", allows=False)
    if denied.truth is Truth.YES:
        return Decision(Truth.NO, blocked_by=f"explicit deny in {denied.evidence[0]}")
    allowed = _sum_named(policy, principal, action, "", allows=True)
    if allowed.truth is Truth.NO:
        return Decision(Truth.NO, blocked_by="its trust policy does not name who asks")
    truth = min(allowed.truth, Truth(2 - denied.truth))
    unsettled = (*allowed.conditions, *(f"not ({text})" for text in denied.conditions))
    return Decision(truth, allowed.evidence, unsettled if truth is Truth.MAYBE else ())


def trusts_directly(policy: Policy, principal: Principal) -> bool:
    """The trust policy names the principal, not its account: within one account it needs no policy of its own."""
    return any(
        statement.allows and any(kind == "aws" and _is_itself(value, principal) for kind, value in statement.principals)
        for statement in policy.statements
    )


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


def _denied(principal: Principal, action: str, resource: str, target: Target) -> _Sum:
    policies = [*principal.policies, *principal.session, *(item for level in principal.control for item in level)]
    if principal.boundary is not None:
        policies.append(principal.boundary)
    if _service(action) in _RESOURCE_CONTROLLED:
        is_foreign = bool(target.owner) and target.owner != principal.account
        policies += target.control if is_foreign else principal.resource_control
    found = _sum(policies, action, resource, principal.context, allows=False)
    if target.policy is None or found.truth is Truth.YES:
        return found
    return _either(found, _sum_named(target.policy, principal, action, resource, allows=False))


def _parted(policy: Policy, arn: str) -> tuple[Policy, Policy]:
    """The statements that name *arn* and nobody wider, and the others."""
    named = tuple(item for item in policy.statements if ("aws", arn) in item.principals and not _is_wider(item, arn))
    return Policy(policy.name, named), Policy(policy.name, tuple(i for i in policy.statements if i not in named))


def _is_wider(statement: Statement, arn: str) -> bool:
    name = arn.rpartition("/")[2]
    return any(value == "*" or f":assumed-role/{name}/" in value for _, value in statement.principals)


def _sum_of(policies: Sequence[Policy], principal: Principal, action: str, resource: str) -> _Sum:
    return _sum(policies, action, resource, principal.context, allows=True)


def _limited(principal: Principal, action: str, resource: str, total: _Sum) -> _Sum:
    """*total* within the permissions boundary and the session policy."""
    limits: list[Sequence[Policy]] = []
    if principal.boundary is not None:
        limits.append((principal.boundary,))
    if principal.session:
        limits.append(principal.session)
    for limit in limits if total.truth is not Truth.NO else ():
        allowed = _sum_of(limit, principal, action, resource)
        total = _Sum(min(total.truth, allowed.truth), total.evidence, total.conditions + allowed.conditions)
    return total


def _by_resource(
    principal: Principal, action: str, resource: str, policy: Policy | None, *, by_account: bool = False
) -> _Sum:
    """To name the account (*by_account*) only hands the decision over to the account's own policies."""
    if policy is None:
        return _Sum(Truth.NO, (), ())
    return _sum_named(policy, principal, action, resource, allows=True, by_account=by_account)


def _sum_named(
    policy: Policy, principal: Principal, action: str, resource: str, *, allows: bool, by_account: bool = True
) -> _Sum:
    """What those statements come to that name *principal*; an empty *resource* is the one that the policy hangs on."""
    best = _Sum(Truth.NO, (), ())
    for statement in policy.statements:
        named = _names(statement, principal, by_account=by_account)
        if named is Truth.NO or statement.allows is not allows:
            continue
        about = statement if resource else replace(statement, resources=(), not_resources=())
        found = _sum_statements((about,), action, resource, principal.context, allows=allows)
        if found.truth is Truth.NO:
            continue
        if named is Truth.MAYBE:
            reason = f"{statement.source} excepts {principal.arn} but not its account"
            found = _Sum(min(named, found.truth), found.evidence, (*found.conditions, reason))
        if found.truth > best.truth:
            best = _Sum(found.truth, found.evidence + best.evidence, found.conditions)
        else:
            best = _Sum(best.truth, best.evidence + found.evidence, best.conditions)
    return best


def _names(statement: Statement, principal: Principal, *, by_account: bool = True) -> Truth:
    """
    Whether the statement's principals take in *principal*: itself, its account, or everybody.

    A Deny that excepts a user but not the user's account may still deny ("AWS JSON policy elements: NotPrincipal").
    """
    if not statement.not_principals:
        named = any(
            kind == "aws"
            and (value == "*" or _is_itself(value, principal) or (by_account and _is_account(value, principal)))
            for kind, value in statement.principals
        )
        return Truth.YES if named else Truth.NO
    values = [value for kind, value in statement.not_principals if kind == "aws"]
    itself = any(value == "*" or _is_itself(value, principal) for value in values)
    account = any(_is_account(value, principal) for value in values)
    if statement.allows:
        return Truth.NO if itself or account else Truth.YES
    if itself:
        return Truth.NO if account or "*" in values else Truth.MAYBE
    return Truth.MAYBE if account else Truth.YES


def _is_account(value: str, principal: Principal) -> bool:
    return value == principal.account or (value.endswith(f"::{principal.account}:root") and value.startswith("arn:"))


def _is_itself(value: str, principal: Principal) -> bool:
    """Also as a session of the role: who takes a role chooses the session's name."""
    if value == principal.arn:
        return True
    head, separator, rest = value.partition(":assumed-role/")
    if not separator or not principal.is_role or not head.endswith(f":sts::{principal.account}"):
        return False
    return rest.partition("/")[0] == principal.arn.rpartition("/")[2]


def _service(action: str) -> str:
    return action.partition(":")[0]


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
        return _names_action(statement.actions, action)
    return not _names_action(statement.not_actions, action)


@functools.lru_cache(maxsize=1 << 16)
def _names_action(patterns: tuple[str, ...], action: str) -> bool:
    return any(matches(pattern, action) for pattern in patterns)


def _is_about_resource(statement: Statement, resource: str, context: Context, *, in_part: bool) -> Truth:
    """With *in_part*, a statement about some of what the pattern *resource* stands for is MAYBE; else it is NO."""
    known = {key: value[0] for key, value in context.items() if value}
    if statement.not_resources:
        found = max(_fits(filled(item, known), item, resource) for item in statement.not_resources)
        if found is Truth.MAYBE and ("*" in resource or "?" in resource):
            # A part is excepted: of what an Allow gives the rest is left, a Deny leaves that part.
            return Truth.YES if in_part else Truth.NO
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


def _lack(by_identity: _Sum, by_resource: _Sum) -> str:
    if by_identity.truth is not Truth.NO and by_resource.truth is Truth.NO:
        return "the resource's own account does not allow it"
    return "no policy allows it"
