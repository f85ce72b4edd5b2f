# SPDX-License-Identifier: Apache-2.0
"""Owns where a declaration stands, and what nodes and edges that were read from code have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind

_OWNER_TAGS = (
    "owner",
    "team",
    "owners",
    "maintainer",
    "contact",
    "squad",
    "owned-by",
    "app.kubernetes.io/managed-by-team",
)
_ENVIRONMENT_TAGS = ("environment", "env", "stage", "app.kubernetes.io/environment")


@dataclass(frozen=True, slots=True)
class Place:
    """The file that is read."""

    path: str
    """Behind the root of the repository, with `/`."""
    repository: str = ""
    """`owner/name` as the forge has it, or any name; empty where it is not known."""
    host: str = ""
    """The forge's host, where it is known."""

    @property
    def scope(self) -> str:
        """What keys of things that are unique in a repository only begin with."""
        return self.repository or "code"

    @property
    def folder(self) -> str:
        """The directory of the file, empty for the root."""
        return self.path.rpartition("/")[0]

    def evidence(self, line: int) -> str:
        """`path:line`."""
        return f"{self.path}:{line}" if line else self.path

    def node(
        self, key: str, kind: NodeKind, provider: str, name: str, *, line: int, account: str = "", **properties: Any
    ) -> Node:
        """A declared node; properties without a value are left out."""
        told = {key: value for key, value in properties.items() if value not in ("", None, [], {})}
        told["declared_at"] = self.evidence(line)
        return Node(key, kind, provider, name, account, told)

    def edge(
        self,
        source: str,
        target: str,
        kind: EdgeKind,
        *,
        line: int,
        detail: str = "",
        access: Access | None = None,
    ) -> Edge:
        """A declared edge; with a *detail* it is conditional on that."""
        status = EdgeStatus.CONDITIONAL if detail else EdgeStatus.CONFIRMED
        return Edge(source, target, kind, status, Known.CODE, self.evidence(line), detail, access)


def owner_of(tags: Mapping[str, Any]) -> str:
    """The owner that *tags* or labels name, empty where they name none."""
    return _tagged(tags, _OWNER_TAGS)


def environment_of(tags: Mapping[str, Any]) -> str:
    """The environment that *tags* or labels name."""
    return _tagged(tags, _ENVIRONMENT_TAGS)


def _tagged(tags: Mapping[str, Any], names: tuple[str, ...]) -> str:
    plain = {name.lower().replace("_", "-"): value for name, value in tags.items() if isinstance(value, str)}
    for name in names:
        if value := plain.get(name, "").strip():
            return value[:200]
    return ""


def is_known(text: str) -> bool:
    """Whether *text* stands for itself: no variable, no template, not empty."""
    return bool(text) and not re.search(r"\$\{|\$\(|\{\{|<|^\(|\$[A-Za-z_]", text)
