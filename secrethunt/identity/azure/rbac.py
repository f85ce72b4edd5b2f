# SPDX-License-Identifier: Apache-2.0
"""
Evaluates Azure role-based access: which assignments count for a principal at a scope, what their roles allow there, and
what deny assignments take away.

Sources: learn.microsoft.com, "Understand Azure role definitions" (notActions take from one role, and are no denial),
"Understand Azure deny assignments" (denial goes before any assignment) and "Understand scope for Azure RBAC".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secrethunt.identity.aws.patterns import matches
from secrethunt.identity.azure.keys import contains, object_id_of, resource_key, scope_of
from secrethunt.identity.contract import EdgeKind, EdgeStatus, Graph, Node, NodeKind

EVERYONE = "00000000-0000-0000-0000-000000000000"
"""Principal of a deny assignment that is about all."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One assignment of a role to a principal or to a group of it."""

    scope: str
    name: str
    evidence: str
    permissions: tuple[Mapping[str, Sequence[str]], ...] | None
    """None where the role's definition was not imported."""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What an action at a scope comes to."""

    status: EdgeStatus
    evidence: str
    detail: str = ""


class Rbac:
    """The assignments of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._denials: list[Node] | None = None
        self._parents: dict[str, tuple[str, ...]] = {}

    def grants(self, holders: Sequence[str]) -> list[Grant]:
        """Role assignments of all *holders*: a principal and its groups."""
        return [grant for holder in holders for grant in self._of(holder)]

    def decide(self, grant: Grant, action: str, scope: str, holders: Sequence[str]) -> Found | None:
        """Whether *grant* allows *action* at *scope*; None where it does not."""
        if not self.is_in(grant.scope, scope) or grant.permissions is None or not allows(grant.permissions, action):
            return None
        denial = self._denial(action, scope, holders)
        if denial:
            return Found(EdgeStatus.BLOCKED, grant.evidence, f"deny assignment {denial}")
        if grant.condition:
            return Found(EdgeStatus.CONDITIONAL, grant.evidence, grant.condition)
        return Found(EdgeStatus.CONFIRMED, grant.evidence)

    def is_in(self, outer: str, scope: str) -> bool:
        """Whether *outer* is *scope* or above it, through management groups too."""
        if outer in ("", "/") or contains(outer, scope):
            return True
        return any(contains(outer, above) for above in self._above(scope))

    def _above(self, scope: str) -> tuple[str, ...]:
        """Management groups that a scope is in, as far as they were imported."""
        parts = scope.strip("/").split("/")
        key = (
            f"azure:subscription:{parts[1]}" if parts[0] == "subscriptions" and len(parts) > 1 else resource_key(scope)
        )
        if key not in self._parents:
            found: list[str] = []
            waiting = [key]
            while waiting:
                for edge in self._graph.edges_from(waiting.pop(), EdgeKind.IN_ACCOUNT):
                    if edge.target not in found and not edge.target.startswith("azure:tenant:"):
                        found.append(edge.target)
                        waiting.append(edge.target)
            self._parents[key] = tuple(scope_of(item) for item in found)
        return self._parents[key]

    def _of(self, holder: str) -> Iterator[Grant]:
        for edge in self._graph.edges_from(holder, EdgeKind.HAS_GRANT):
            node = self._graph.node(edge.target)
            if node is None or node.properties.get("type") != "role-assignment":
                continue
            role = self._graph.node(str(node.properties.get("role")))
            permissions = role.properties.get("permissions") if role is not None else None
            yield Grant(
                str(node.properties.get("scope", "")),
                str(node.properties.get("role_name", node.name)),
                edge.evidence,
                tuple(permissions) if isinstance(permissions, (list, tuple)) else None,
                str(node.properties.get("condition") or ""),
            )

    def _denial(self, action: str, scope: str, holders: Sequence[str]) -> str:
        """Name of a deny assignment that forbids it; empty where none does."""
        if self._denials is None:
            policies = self._graph.nodes(kind=NodeKind.POLICY, provider="azure")
            self._denials = [node for node in policies if node.properties.get("type") == "deny-assignment"]
        ids = {object_id_of(holder) for holder in holders}
        for node in self._denials:
            if self._forbids(node.properties, scope, ids) and allows(node.properties.get("permissions") or (), action):
                return node.name
        return ""

    def _forbids(self, denial: Mapping[str, Any], scope: str, ids: set[str]) -> bool:
        where = str(denial.get("scope", ""))
        is_here = where == scope.lower() if denial.get("only_here") else self.is_in(where, scope)
        named = set(denial.get("principals") or ())
        return is_here and bool(named & (ids | {EVERYONE})) and not ids & set(denial.get("excluded") or ())


def allows(permissions: Sequence[Mapping[str, Sequence[str]]], action: str) -> bool:
    """Whether a block of a role allows *action*; `data:` stands before a data action."""
    is_data = action.startswith("data:")
    wanted, without = ("dataActions", "notDataActions") if is_data else ("actions", "notActions")
    text = action.removeprefix("data:").lower()
    return any(
        any(matches(pattern, text) for pattern in block.get(wanted) or ())
        and not any(matches(pattern, text) for pattern in block.get(without) or ())
        for block in permissions
    )
