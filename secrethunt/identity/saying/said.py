# SPDX-License-Identifier: Apache-2.0
"""
Owns how the words of a secret become nodes and edges: where a word comes from decides how sure the edge is.

What the secret itself says is CONFIRMED. What stands near it may belong to another one, so that edge is CONDITIONAL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Known, Node, NodeKind
from secrethunt.records import Rule

Item = Node | Edge
_NEAR = "it stands near the secret in the scanned code; they belong together if they are used together"


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that a secret says, and where."""

    text: str
    source: str
    """What to print as evidence."""
    is_near: bool = False
    """It stands beside the secret, not in it."""

    def __bool__(self) -> bool:
        return bool(self.text)


@dataclass(frozen=True, slots=True)
class Said:
    """All that one secret says."""

    secret_key: str
    rule: Rule
    facts: Mapping[str, str]
    parts: Mapping[str, str]
    value: bytes = field(default=b"", repr=False)

    def word(self, *names: str) -> Word:
        """The first of *names* that is known: facts before parts."""
        for name in names:
            if text := self.facts.get(name, "").strip():
                return Word(text, f"{name} in the secret")
        for name in names:
            if text := self.parts.get(name, "").strip():
                return Word(text, f"{name} beside the secret", is_near=True)
        return Word("", "")

    def edge(self, target: str, kind: EdgeKind, word: Word, access: Access | None = None) -> Edge:
        """From the secret to *target*."""
        return link(self.secret_key, target, kind, word, access)

    def identity(self, node: Node, word: Word) -> Iterator[Item]:
        """*node* is what the secret authenticates as."""
        yield node
        yield self.edge(node.key, EdgeKind.AUTHENTICATES_AS, word)
        if node.account:
            yield link(node.key, node.account, EdgeKind.IN_ACCOUNT, word)

    def account(
        self, key: str, provider: str, word: Word, *, name: str = "", type_name: str = "account"
    ) -> Iterator[Item]:
        """The secret belongs to the account with this key."""
        yield thing(key, NodeKind.ACCOUNT, provider, name or word.text, type_name, account=key)
        yield self.edge(key, EdgeKind.IN_ACCOUNT, word)

    def same(self, node: Node, word: Word) -> Iterator[Item]:
        """*node* is the same credential, as its provider lists it."""
        yield node
        yield self.edge(node.key, EdgeKind.DUPLICATE_OF, word)

    def opens(self, node: Node, word: Word, access: Access) -> Iterator[Item]:
        """*node* is a resource that the secret opens by itself."""
        yield node
        yield self.edge(node.key, EdgeKind.CAN_ACCESS, word, access)


def link(source: str, target: str, kind: EdgeKind, word: Word, access: Access | None = None) -> Edge:
    """An edge as sure as *word* is."""
    status = EdgeStatus.CONDITIONAL if word.is_near else EdgeStatus.CONFIRMED
    detail = _NEAR if word.is_near else ""
    return Edge(source, target, kind, status, Known.OFFLINE, word.source, detail, access)


def thing(
    key: str, kind: NodeKind, provider: str, name: str, type_name: str, *, account: str = "", **properties: Any
) -> Node:
    """A node whose `type` is *type_name*; properties without a value are left out."""
    told = {name: value for name, value in properties.items() if value not in ("", None)}
    return Node(key, kind, provider, name, account, {"type": type_name, **told})
