# SPDX-License-Identifier: Apache-2.0
"""
What a principal may do to resources: every allowed action, put together by resource and strength.

Services that nothing limits are taken as a whole; where a deny, a boundary or a control policy says anything about a
service, each of its actions is decided by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from secrethunt.identity.aws.catalogue import access_of, actions_of, expand, resource_forms, services
from secrethunt.identity.aws.conditions import Truth
from secrethunt.identity.aws.decide import Principal, allowed_patterns, decide
from secrethunt.identity.aws.documents import Policy, Statement
from secrethunt.identity.aws.patterns import matches, overlaps
from secrethunt.identity.contract import Access

_ALONE_NOTHING = frozenset(
    {"iam:passrole", "sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"}
)
"""What these reach are other identities: edges of their own, never a resource."""
_BY_PATHS = frozenset({"iam", "sts"})
"""Services whose rights count as far as they lead somewhere (`escalation.py`); by themselves they write, no more."""
_MOST_ACTIONS = 6
_EVERYTHING = "*"
_EVERY_ACTION = frozenset({"*", "*:*"})


@dataclass(slots=True)
class Right:
    """What is allowed on one pattern of resources, at one strength and certainty."""

    service: str
    pattern: str
    """An ARN, a pattern of ARNs, or `*` for everything of the service."""
    access: Access
    truth: Truth
    actions: list[str] = field(default_factory=list)
    evidence: dict[str, None] = field(default_factory=dict)
    conditions: dict[str, None] = field(default_factory=dict)


def is_everything(principal: Principal) -> bool:
    """Whether the principal may do everything to everything, as far as is known."""
    return _is_open(principal.policies) and not _limits(principal, _EVERYTHING)


def rights(principal: Principal) -> Iterator[Right]:
    """Everything that *principal* may do to resources, the strongest of each pattern first."""
    for service in _touched(principal):
        found: dict[tuple[str, Access, Truth], Right] = {}
        for action, pattern, truth, evidence, conditions in _decided(principal, service):
            access = _access(service, action)
            whole = _EVERYTHING if _is_whole(service, pattern) else pattern
            right = found.setdefault((whole, access, truth), Right(service, whole, access, truth))
            right.actions.append(action)
            right.evidence.update(dict.fromkeys(evidence))
            right.conditions.update(dict.fromkeys(conditions))
        for right in sorted(found.values(), key=lambda item: (-item.access, item.pattern, -item.truth)):
            del right.actions[_MOST_ACTIONS:]
            yield right


def sources_for_some(policy: Policy) -> set[str]:
    """Statements of a resource's policy that allow something not to everybody: what is public needs no credential."""
    return {
        item.source
        for item in policy.statements
        if item.allows and (item.conditions or not any(value == "*" for _, value in item.principals))
    }


def given_actions(policy: Policy, arn: str) -> list[str]:
    """Actions of a resource's own service that its policy allows somebody."""
    service = arn.split(":", 3)[2]
    found: dict[str, None] = {}
    for statement in policy.statements:
        if statement.allows:
            patterns = statement.actions or ("*",)
            named = (action for pattern in patterns for action in expand(f"{service}:*" if pattern == "*" else pattern))
            found.update(dict.fromkeys(action for action in named if action.startswith(f"{service}:")))
    return list(found)


def _access(service: str, action: str) -> Access:
    access = access_of(action)
    return min(access, Access.WRITE) if service in _BY_PATHS and access is not Access.SECRET_READ else access


def _touched(principal: Principal) -> list[str]:
    """Services that some statement allows something of."""
    touched: set[str] = set()
    for policy in principal.policies:
        for statement in policy.statements:
            if not statement.allows:
                continue
            if statement.not_actions:
                return list(services())
            for pattern in statement.actions:
                prefix = pattern.partition(":")[0]
                if "*" in prefix or "?" in prefix:
                    touched.update(item for item in services() if matches(prefix, item))
                else:
                    touched.add(prefix)
    return sorted(touched)


_Decided = tuple[str, str, Truth, tuple[str, ...], tuple[str, ...]]


def _decided(principal: Principal, service: str) -> Iterator[_Decided]:
    """(action, pattern of resources, truth, evidence, conditions) of all that is not refused."""
    near = _narrowed(principal, service)
    is_limited = bool(_limits(near, service))
    for action in _named_actions(near, service):
        if action.lower() in _ALONE_NOTHING:
            continue
        for pattern, statement in allowed_patterns(near, action):
            if not _works_on(action, pattern):
                continue
            if is_limited or statement.conditions or statement.not_resources or "${" in pattern:
                decision = decide(near, action, pattern)
                if decision.truth is not Truth.NO:
                    yield action, pattern, decision.truth, decision.evidence, decision.conditions
            else:
                yield action, pattern, Truth.YES, (statement.source,), ()


def _named_actions(principal: Principal, service: str) -> list[str]:
    """Actions of the service that some statement of the identity may allow, in order."""
    named: dict[str, None] = {}
    for policy in principal.policies:
        for statement in policy.statements:
            if not statement.allows:
                continue
            if statement.not_actions:
                named.update(dict.fromkeys(actions_of(service)))
            for pattern in statement.actions:
                narrowed = f"{service}:*" if pattern == "*" else pattern
                named.update(dict.fromkeys(item for item in expand(narrowed) if item.startswith(f"{service}:")))
                if "*" not in pattern and "?" not in pattern and not expand(narrowed):
                    named[pattern] = None
    return list(named)


def _works_on(action: str, pattern: str) -> bool:
    """Whether *action* works on what *pattern* stands for: `s3:GetObject` on a bucket itself gives nothing."""
    return pattern == "*" or any(overlaps(form, pattern) for form in resource_forms(action))


def _is_whole(service: str, pattern: str) -> bool:
    return pattern in ("*", f"arn:aws:{service}:*", f"arn:aws:{service}:::*", f"arn:aws:{service}:*:*:*")


def _narrowed(principal: Principal, service: str) -> Principal:
    """The principal with only the statements that may be about *service*."""

    def narrow(policy: Policy) -> Policy:
        return Policy(policy.name, tuple(item for item in policy.statements if _may_concern(item, service)))

    return replace(
        principal,
        policies=tuple(narrow(policy) for policy in principal.policies),
        boundary=narrow(principal.boundary) if principal.boundary is not None else None,
        session=tuple(narrow(policy) for policy in principal.session),
        control=tuple(tuple(narrow(policy) for policy in level) for level in principal.control),
        resource_control=tuple(narrow(policy) for policy in principal.resource_control),
    )


def _may_concern(statement: Statement, service: str) -> bool:
    if statement.not_actions:
        return True
    return any(matches(pattern.partition(":")[0], service) for pattern in statement.actions)


def _limits(principal: Principal, service: str) -> list[str]:
    """What may take away from what the identity's own policies allow of *service* (`*` for anything)."""
    found = []
    policies = [*principal.policies, *principal.session, *(item for level in principal.control for item in level)]
    policies += principal.resource_control
    if principal.boundary is not None:
        policies.append(principal.boundary)
    found += [item.source for policy in policies for item in policy.statements if not item.allows]
    levels = [*principal.control, *([principal.session] if principal.session else [])]
    levels += [(principal.boundary,)] if principal.boundary is not None else []
    found += [level[0].name if level else service for level in levels if not _is_open(level)]
    return found


def _is_open(policies: tuple[Policy, ...]) -> bool:
    """Whether one statement allows everything on everything without a condition."""
    return any(
        item.allows and not _EVERY_ACTION.isdisjoint(item.actions) and "*" in item.resources and not item.conditions
        for policy in policies
        for item in policy.statements
    )
