# SPDX-License-Identifier: Apache-2.0
"""
What a Vault token or role reaches: its policies read, and held against the secrets that were listed.

Source: developer.hashicorp.com, "Policies": `+` stands for one segment, `*` at the end for anything; of several paths
that fit, the most specific counts, and `deny` goes before all in it. Policies of one token add up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Graph, Known, Node, NodeKind

_BLOCK = re.compile(r'path\s+"(?P<path>[^"]+)"\s*\{(?P<body>[^}]*)\}')
_COMMENT = re.compile(r"(?m)^\s*(?:#|//)[^\n]*$")
_CAPABILITIES = re.compile(r"capabilities\s*=\s*\[([^\]]*)\]")
_ACCESS = {
    "list": Access.LIST,
    "read": Access.SECRET_READ,
    "create": Access.WRITE,
    "update": Access.WRITE,
    "patch": Access.WRITE,
    "delete": Access.WRITE,
    "sudo": Access.ADMIN,
}
_OWN = ("sys/", "auth/", "identity/", "cubbyhole/")
"""Paths of Vault itself, where nothing that is read is a secret of others."""
_ESCALATES = (
    "sys/policies/acl/",
    "sys/policy/",
    "auth/token/create",
    "sys/auth/",
    "identity/entity",
    "auth/approle/role/",
)
"""Where writing makes more of oneself: policies, tokens, auth methods, entities, roles."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One path of a policy."""

    path: str
    capabilities: frozenset[str]
    policy: str


class VaultExpander:
    """Implements `Expander`."""

    def expand(self, node: Node, graph: Graph) -> Iterator[Edge]:
        """Evaluated edges from a token or role."""
        if node.kind is not NodeKind.IDENTITY:
            return
        rules: list[Rule] = []
        for edge in graph.edges_from(node.key, EdgeKind.HAS_GRANT):
            policy = graph.node(edge.target)
            host, _, name = edge.target.removeprefix("vault:policy:").partition("/")
            if name == "root":
                yield _edge(node, f"vault:any:*@{host}", Access.ADMIN, ("root",), "policy root")
                return
            if policy is not None:
                rules.extend(parse_policy(name, str(policy.properties.get("document", ""))))
            elif name != "default":
                detail = f"the policy {name} was not imported: `vault policy read {name}`"
                target = f"vault:any:*@{host}"
                kind, status = EdgeKind.CAN_ACCESS, EdgeStatus.UNKNOWN
                yield Edge(node.key, target, kind, status, Known.EVALUATED, edge.evidence, detail, Access.ADMIN)
        yield from _reached(node, rules, graph)

    def target_nodes(self, keys: Iterable[str]) -> Iterator[Node]:
        """Nodes for what a path stands for."""
        for key in keys:
            what, _, host = key.removeprefix("vault:any:").rpartition("@")
            if key.startswith("vault:any:"):
                fields = {"type": "vault-path", "sensitivity": 1.0 if what == "*" else 0.9, "tier0": what == "*"}
                yield Node(key, NodeKind.SECRET_STORE, "vault", f"{what} in {host}", "", fields)


def parse_policy(name: str, document: str) -> list[Rule]:
    """Paths of a policy, in HCL or JSON."""
    if document.lstrip().startswith("{"):
        try:
            paths = json.loads(document).get("path", {})
        except (ValueError, AttributeError):
            return []
        return [
            Rule(str(path), frozenset(str(item) for item in rule.get("capabilities") or ()), name)
            for path, rule in (paths.items() if isinstance(paths, dict) else ())
            if isinstance(rule, dict)
        ]
    text = _COMMENT.sub("", document)
    found = []
    for block in _BLOCK.finditer(text):
        words = _CAPABILITIES.search(block["body"])
        capabilities = frozenset(re.findall(r'"([a-z]+)"', words[1])) if words else frozenset()
        found.append(Rule(block["path"], capabilities, name))
    return found


def deciding(rules: Iterable[Rule], path: str) -> list[Rule]:
    """The rules that count for *path*: those of the most specific pattern that fits."""
    fitting = [rule for rule in rules if _pattern(rule.path).fullmatch(path)]
    best = max((_specific(rule.path) for rule in fitting), default=None)
    return [rule for rule in fitting if _specific(rule.path) == best]


def _pattern(path: str) -> re.Pattern[str]:
    head, star = (path[:-1], ".*") if path.endswith("*") else (path, "")
    segments = ("[^/]+" if part == "+" else re.escape(part) for part in head.split("/"))
    return re.compile("/".join(segments) + star)


def _specific(path: str) -> tuple[int, bool, int, int]:
    """As Vault orders patterns: the later the first wildcard, the better; then no star, fewer pluses, longer."""
    first = min((path.index(char) for char in "+*" if char in path), default=len(path) + 1)
    return first, not path.endswith("*"), -path.count("+"), len(path)


def _reached(node: Node, rules: list[Rule], graph: Graph) -> Iterator[Edge]:
    stores = graph.nodes(kind=NodeKind.SECRET_STORE, provider="vault")
    stored = [item for item in stores if item.key.startswith("vault:secret:")]
    grants = graph.edges_from(node.key, EdgeKind.HAS_GRANT)
    host = next((edge.target.split(":", 2)[2].partition("/")[0] for edge in grants), "vault")
    places = {item.key: item.name.replace("/", "/data/", 1) for item in stored}
    for key, place in places.items():
        held = deciding(rules, place)
        access = _strongest(held)
        if access is not None:
            yield _edge(node, key, access, *_said(held))
    for rule in rules:
        access = _strongest([rule])
        if access is None or any("deny" in other.capabilities for other in deciding(rules, rule.path)):
            continue
        if _escalates(rule):
            yield _edge(node, f"vault:any:*@{host}", Access.ADMIN, *_said([rule]))
        elif not any(_pattern(rule.path).fullmatch(place) for place in places.values()):
            yield _edge(node, f"vault:any:{rule.path}@{host}", access, *_said([rule]))


def _escalates(rule: Rule) -> bool:
    writes = bool(rule.capabilities & {"create", "update", "sudo"})
    head = rule.path.partition("*")[0].partition("+")[0]
    return writes and any(place.startswith(head) or head.startswith(place) for place in _ESCALATES)


def _strongest(rules: list[Rule]) -> Access | None:
    words = {word for rule in rules for word in rule.capabilities}
    if "deny" in words:
        return None
    found = max((_ACCESS[word] for word in words if word in _ACCESS), default=None)
    is_about_vault = all(rule.path.startswith(_OWN) for rule in rules)
    return Access.READ if found is Access.SECRET_READ and is_about_vault else found


def _said(rules: list[Rule]) -> tuple[tuple[str, ...], str]:
    words = tuple(sorted({word for rule in rules for word in rule.capabilities}))
    return words, ", ".join(dict.fromkeys(f'policy {rule.policy}: path "{rule.path}"' for rule in rules))


def _edge(node: Node, target: str, access: Access, actions: tuple[str, ...], evidence: str) -> Edge:
    kind, status = EdgeKind.CAN_ACCESS, EdgeStatus.CONFIRMED
    return Edge(node.key, target, kind, status, Known.EVALUATED, evidence, "", access, actions)
