# SPDX-License-Identifier: Apache-2.0
"""
What a principal is granted and what of it holds on a resource.

Sources: IAM, "Policy inheritance": what is granted on a container holds on all that is in it, and nothing below takes
it away; "Deny policies": a deny rule on the resource or above goes before every grant.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from secrethunt.identity.aws.conditions import Truth
from secrethunt.identity.contract import EdgeKind, Graph, Node
from secrethunt.identity.gcp.conditions import Facts, judge
from secrethunt.identity.gcp.hierarchies import Hierarchies
from secrethunt.identity.gcp.names import ANY_ACCOUNT, ANYBODY, PREFIX, account_key
from secrethunt.identity.gcp.permissions import deny_name
from secrethunt.identity.gcp.policies import BINDING, DENY
from secrethunt.identity.gcp.role_table import permissions_of

_BASIC = {"roles/owner": "project-owners", "roles/editor": "project-editors", "roles/viewer": "project-viewers"}


@dataclass(frozen=True, slots=True)
class Grant:
    """One binding that holds for a principal."""

    scope: str
    role: str
    permissions: frozenset[str] | None
    """None where nobody knows what the role has."""
    condition: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Denial:
    """One deny rule that is, or may be, about a principal."""

    scope: str
    permissions: tuple[str, ...]
    exceptions: tuple[str, ...]
    condition: str
    evidence: str
    policy: str

    def is_about(self, permission: str) -> bool:
        """Whether the rule denies *permission*."""
        name = deny_name(permission)
        return _among(name, self.permissions) and not _among(name, self.exceptions)


@dataclass(frozen=True, slots=True)
class Principal:
    """One principal with everything that is granted to it."""

    key: str
    subjects: frozenset[str]
    grants: tuple[Grant, ...]
    denials: tuple[Denial, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a question comes to."""

    truth: Truth
    evidence: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    blocked_by: str = ""


@dataclass(slots=True)
class Grants:
    """Reads principals of one graph, and decides."""

    graph: Graph
    hierarchies: Hierarchies
    _roles: dict[str, frozenset[str] | None] = field(default_factory=dict)
    _attached: dict[str, list[Node]] = field(default_factory=dict)

    def principal(self, node: Node) -> Principal:
        """*node* with what is granted to it, to its groups, and to everybody."""
        subjects = self._subjects(node)
        grants = [grant for key in subjects for grant in self._of(key)]
        for grant in tuple(grants):
            if grant.role in _BASIC and grant.scope.startswith(f"{PREFIX}project:"):
                for alias in self.hierarchies.aliases(grant.scope):
                    label = f"{PREFIX}{_BASIC[grant.role]}:{alias.rpartition(':')[2]}"
                    grants.extend(self._of(label))
        scopes = {key for grant in grants for key in self.hierarchies.ancestors(grant.scope)}
        inner = {project for grant in grants for project in self.hierarchies.projects(grant.scope)}
        scopes |= {key for project in inner for key in self.hierarchies.ancestors(project)}
        denials = [denial for scope in sorted(scopes) for denial in self._denials(scope, subjects)]
        return Principal(node.key, frozenset(subjects), tuple(dict.fromkeys(grants)), tuple(denials))

    def _subjects(self, node: Node) -> list[str]:
        """The node, the groups it is in (groups of groups too), its domain, and everybody."""
        found: dict[str, None] = {}
        front = [alias for alias in self.hierarchies.aliases(self.hierarchies.same(node.key))]
        email = str(node.properties.get("email") or "")
        if node.key.startswith((f"{PREFIX}user:", f"{PREFIX}group:")) and "@" in email:
            front.append(f"{PREFIX}domain:{email.rpartition('@')[2].lower()}")
        while front:
            key = front.pop(0)
            if key not in found:
                found[key] = None
                front.extend(edge.target for edge in self.graph.edges_from(key, EdgeKind.MEMBER_OF))
        everybody = [ANYBODY] if node.key == ANYBODY else [ANYBODY, ANY_ACCOUNT]
        return [*found, *(key for key in everybody if key not in found)]

    def _of(self, key: str) -> Iterator[Grant]:
        for edge in self.graph.edges_from(key, EdgeKind.HAS_GRANT):
            node = self.graph.node(edge.target)
            if node is None or node.properties.get("type") != BINDING:
                continue
            role = str(node.properties.get("role", ""))
            scope = self.hierarchies.same(str(node.properties.get("scope", "")))
            through = "" if key.startswith(f"{PREFIX}service-account:") else f", granted to {key.removeprefix(PREFIX)}"
            yield Grant(
                scope,
                role,
                self.permissions(role),
                str(node.properties.get("condition", "")),
                f"{role} on {scope.removeprefix(PREFIX)}{through}",
            )

    def permissions(self, role: str) -> frozenset[str] | None:
        """Those of a role: as imported, else as the table has them; None where neither knows."""
        if role not in self._roles:
            node = self.graph.node(f"{PREFIX}role:{role}")
            listed = node.properties.get("permissions") if node is not None else None
            if node is not None and (node.properties.get("deleted") or node.properties.get("stage") == "DISABLED"):
                self._roles[role] = frozenset()
            elif isinstance(listed, list):
                self._roles[role] = frozenset(str(item) for item in listed)
            else:
                self._roles[role] = permissions_of(role)
        return self._roles[role]

    def _denials(self, scope: str, subjects: Sequence[str]) -> Iterator[Denial]:
        for node in self._policies(scope):
            for number, rule in enumerate(node.properties["document"].get("rules") or (), 1):
                if _names(rule.get("deniedPrincipals"), subjects) and not _names(
                    rule.get("exceptionPrincipals"), subjects
                ):
                    yield _denial(scope, rule, f"{node.name}#{number}", node.key)

    def _policies(self, scope: str) -> list[Node]:
        """Deny policies that are attached to *scope* itself."""
        if scope not in self._attached:
            nodes = (
                self.graph.node(edge.target)
                for alias in self.hierarchies.aliases(scope)
                for edge in self.graph.edges_from(alias, EdgeKind.BOUNDED_BY)
            )
            self._attached[scope] = [
                node
                for node in nodes
                if node is not None
                and node.properties.get("type") == DENY
                and isinstance(node.properties.get("document"), Mapping)
            ]
        return self._attached[scope]

    def decide(self, principal: Principal, permission: str, target: str) -> Found:
        """Whether the principal has *permission* on *target* (a resource, an account, or a container as a whole)."""
        chain = self.hierarchies.ancestors(target)
        facts = self.hierarchies.facts(target)
        best = Found(Truth.NO)
        for grant in principal.grants:
            if grant.permissions is None or permission not in grant.permissions or grant.scope not in chain:
                continue
            truth = judge(grant.condition, facts)
            if truth > best.truth:
                best = Found(truth, (grant.evidence,), (grant.condition,) if truth is Truth.MAYBE else ())
        return best if best.truth is Truth.NO else self._denied(principal, permission, chain, facts, best)

    def _denied(self, principal: Principal, permission: str, chain: Sequence[str], facts: Facts, found: Found) -> Found:
        conditions = found.conditions
        truth = found.truth
        for denial in principal.denials:
            if denial.scope not in chain or not denial.is_about(permission):
                continue
            denies = judge(denial.condition, facts)
            if denies is Truth.YES:
                return Found(Truth.NO, found.evidence, (), denial.evidence)
            if denies is Truth.MAYBE:
                truth = Truth.MAYBE
                conditions = (*conditions, f"not denied by {denial.evidence}: {denial.condition}")
        return Found(truth, found.evidence, conditions)


def _denial(scope: str, rule: Mapping[str, Any], evidence: str, policy: str) -> Denial:
    condition = rule.get("denialCondition")
    expression = str(condition.get("expression", "")) if isinstance(condition, Mapping) else ""
    denied, excepted = (
        tuple(str(item) for item in rule.get(name) or ()) for name in ("deniedPermissions", "exceptionPermissions")
    )
    return Denial(scope, denied, excepted, expression, f"deny rule {evidence}", policy)


def _names(principals: object, subjects: Iterable[str]) -> bool:
    """Whether principals of a deny rule (IAM, "Principal identifiers", v2) name one of the subjects."""
    known = frozenset(subjects)
    return isinstance(principals, list) and any(_v2_key(str(text)) in known for text in principals)


def _v2_key(text: str) -> str:
    if text == "principalSet://goog/public:all":
        return ANYBODY
    kind, _, name = text.partition("://")
    if name.startswith("goog/subject/"):
        return f"{PREFIX}user:{name.removeprefix('goog/subject/').lower()}"
    if name.startswith("goog/group/"):
        return f"{PREFIX}group:{name.removeprefix('goog/group/').lower()}"
    if name.startswith("iam.googleapis.com/projects/-/serviceAccounts/"):
        return account_key(name.rpartition("/")[2])
    label = "principal-set" if kind == "principalSet" else "principal"
    return f"{PREFIX}{label}:{name}"


def _among(name: str, patterns: Iterable[str]) -> bool:
    return any(pattern == name or ("*" in pattern and fnmatch.fnmatchcase(name, pattern)) for pattern in patterns)
