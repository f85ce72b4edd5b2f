# SPDX-License-Identifier: Apache-2.0
"""Owns what a user may call the start of a blast radius: a node's key, a provider's own id, a secret's id, a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secrethunt.identity.blast import can_start
from secrethunt.identity.contract import Graph, Node, NodeKind

SECRET = "secret:"
ID = re.compile(r"[0-9a-f]{4,64}\Z")
"""A secret's or finding's id, or its beginning."""
_MOST = 20
_KINDS = (NodeKind.IDENTITY, NodeKind.ROLE, NodeKind.CREDENTIAL, NodeKind.GROUP, NodeKind.WORKLOAD, NodeKind.PIPELINE)
_PREFIXES = ("", "aws:", "aws:access-key:", "gcp:service-account:", "azure:", "github:user:", SECRET)


def find_starts(graph: Graph, wanted: str) -> list[Node]:
    """
    Nodes that *wanted* may mean, at most `_MOST`: by key or provider's id, else by the beginning of a secret's id, else
    by name.
    """
    for prefix in _PREFIXES:
        node = graph.node(prefix + wanted)
        if node is not None and can_start(node):
            return [node]
    if ID.match(wanted.lower()):
        found = _first(node for node in graph.nodes(kind=NodeKind.CREDENTIAL) if _is_secret(node, wanted.lower()))
        if found:
            return found
    return _first(node for kind in _KINDS for node in graph.nodes(kind=kind) if wanted in (node.name, _tail(node)))


def _is_secret(node: Node, beginning: str) -> bool:
    return node.key.startswith(SECRET + beginning)


def _tail(node: Node) -> str:
    """What stands behind the last slash or colon of a key: the name that a provider's console shows."""
    return re.split(r"[/:]", node.key)[-1]


def _first(nodes: Iterator[Node]) -> list[Node]:
    found = []
    for node in nodes:
        found.append(node)
        if len(found) >= _MOST:
            break
    return found
