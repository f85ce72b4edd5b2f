# SPDX-License-Identifier: Apache-2.0
"""
Owns reading commits as columns and finding the trees above given blobs. The twin of `native/commits.c`,
`native/trees.c` and `native/closure.c`; here every tree is parsed whole.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from secrethunt.pack.contract import Kind, Reason
from secrethunt.pack.reference.delta import Unreadable
from secrethunt.pack.reference.walk import Cursor, Plan, Selection, Visit

if TYPE_CHECKING:
    from secrethunt.pack.reference.index import Packs

Columns = tuple[bytes, bytes, bytes, bytes, bytes, bytes, list[tuple[bytes, int]]]
Closure = tuple[bytes, bytes, list[list[tuple[bytes, bytes, int, int]]], list[tuple[bytes, int]]]

_COMMIT_BUDGET = 64 << 20
_TREE_BUDGET = 256 << 20
_MAX_ROUNDS = 2048
_MAX_TIME_DIGITS = 18
_COMMIT = re.compile(
    rb"tree ([0-9a-f]+)\n((?:parent [0-9a-f]+\n)*)(?!parent )author [^\n]*\ncommitter ([^\n]*)\n",
)
_MODE = re.compile(rb"([0-7]+) ")
_TIME = re.compile(rb"(?:.*>)? *([0-9]*)", re.DOTALL)


def _walk(packs: Packs, kind: Kind, budget: int) -> tuple[Iterator[Visit], list[tuple[bytes, int]]]:
    """Every object of one kind, and the skips known before."""
    plan = Plan(packs, Selection(kind.mask, budget, budget))
    visits = (visit for visit in Cursor(plan) if visit.is_selected)
    return visits, [(packs.id_of(node), int(reason)) for node, reason in plan.skips]


# --- commits ----------------------------------------------------------------------------------------------------


def collect_commits(packs: Packs) -> Columns:
    """All commits as columns; `_native.pyi` names them."""
    nodes: list[int] = []
    rows: list[tuple[bytes, list[bytes], int]] = []
    visits, skips = _walk(packs, Kind.COMMIT, _COMMIT_BUDGET)
    for visit in visits:
        try:
            rows.append(_parse_commit(visit, packs.hash_size))
            nodes.append(visit.node)
        except Unreadable as err:
            skips.append((packs.id_of(visit.node), int(err.reason)))
    numbers: dict[int | None, int] = {node: number for number, node in enumerate(nodes)}
    parent_starts, parents = array("I", [0]), array("I")
    outside: list[bytes] = []
    for _, parent_ids, _ in rows:
        for parent in parent_ids:
            node = packs.find(parent)
            if node not in numbers:
                outside.append(parent)
            parents.append(numbers.get(node, len(nodes) + len(outside) - 1))
        parent_starts.append(len(parents))
    return (
        b"".join(map(packs.id_of, nodes)),
        b"".join(row[0] for row in rows),
        parent_starts.tobytes(),
        parents.tobytes(),
        array("q", (row[2] for row in rows)).tobytes(),
        b"".join(outside),
        skips,
    )


def _parse_commit(visit: Visit, hash_size: int) -> tuple[bytes, list[bytes], int]:
    """Tree, parents, and the committer's time."""
    if visit.reason:
        raise Unreadable(visit.reason)
    match = _COMMIT.match(visit.data)
    if match is None:
        raise Unreadable(Reason.BAD_OBJECT)
    tree, parents, committer = match.groups()
    ids = [tree, *(line[len(b"parent ") :] for line in parents.splitlines())]
    if any(len(id) != 2 * hash_size for id in ids):
        raise Unreadable(Reason.BAD_OBJECT)
    binary = [bytes.fromhex(id.decode()) for id in ids]
    time = _TIME.match(committer)
    digits = time[1] if time else b""
    seconds = int(digits) if 0 < len(digits) <= _MAX_TIME_DIGITS else 0
    return binary[0], binary[1:], seconds


# --- trees ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tree:
    """The entries of a tree that may lead to a target: directories, and the targets themselves."""

    id: bytes
    entries: list[tuple[bytes, bytes]]
    """(mode and name, id), shared between trees."""
    hits: list[tuple[bytes, bytes]] = field(default_factory=list)


def find_trees(packs: Packs, targets: bytes, extra: Sequence[tuple[bytes, bytes]]) -> Closure:
    """The trees from which any of the blobs *targets* can be reached."""
    size = packs.hash_size
    if len(targets) % size:
        raise ValueError("targets holds whole ids")
    if any(len(id) != size for id, _ in extra):
        raise ValueError("an id has hash_size bytes")
    numbers: dict[bytes, int] = {}
    for number in range(len(targets) // size):
        numbers.setdefault(targets[number * size : (number + 1) * size], number)
    trees, skips = _collect_trees(packs, extra, numbers)
    _close(trees, numbers)
    signer = _Signer(trees, numbers)
    signed = [(tree.id, signer.sign_below(tree)) for tree in sorted(trees, key=lambda tree: tree.id) if tree.hits]
    kept = [(id, signature) for id, signature in signed if signature is not None]
    return (
        b"".join(id for id, _ in kept),
        array("I", (signature for _, signature in kept)).tobytes(),
        signer.signatures,
        skips + [(id, int(Reason.BAD_OBJECT)) for id in signer.cyclic],
    )


def _collect_trees(
    packs: Packs, extra: Sequence[tuple[bytes, bytes]], targets: dict[bytes, int]
) -> tuple[list[_Tree], list[tuple[bytes, int]]]:
    trees = []
    shared: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}
    visits, skips = _walk(packs, Kind.TREE, _TREE_BUDGET)
    entry = re.compile(rb"([^ \0]* [^\0]*)\0(.{%d})" % packs.hash_size, re.DOTALL)

    def read(id: bytes, data: bytes) -> None:
        tree = _Tree(id, [])
        position = 0
        while match := entry.match(data, position):
            position = match.end()
            label, child = match.groups()
            if child in targets or _is_tree(label):
                tree.entries.append(shared.setdefault((label, child), (label, child)))
        if position < len(data):
            skips.append((id, int(Reason.BAD_OBJECT)))
        trees.append(tree)

    for visit in visits:
        id = packs.id_of(visit.node)
        if visit.reason:
            skips.append((id, int(visit.reason)))
        else:
            read(id, visit.data)
    for id, data in extra:
        read(id, data)
    return trees, skips


def _close(trees: Sequence[_Tree], targets: dict[bytes, int]) -> None:
    """Note in each tree the entries that lead to a target, round by round upwards."""
    closed: set[bytes] = set()
    for _ in range(_MAX_ROUNDS):
        before = len(closed)
        for tree in trees:
            tree.hits = [
                (label, id) for label, id in tree.entries if (id in closed if _is_tree(label) else id in targets)
            ]
            if tree.hits:
                closed.add(tree.id)
        if len(closed) == before:
            return


def _is_tree(label: bytes) -> bool:
    """By the bits of its octal mode, as git sees it: old trees have "040000"."""
    mode = _MODE.match(label)
    return mode is not None and int(mode[1], 8) & 0o170000 == 0o040000


class _Signer:
    """Numbers the ways from trees to targets, those below first, each once."""

    def __init__(self, trees: Sequence[_Tree], targets: dict[bytes, int]) -> None:
        self.signatures: list[list[tuple[bytes, bytes, int, int]]] = []
        self.cyclic: list[bytes] = []
        self._targets = targets
        self._trees: dict[bytes, _Tree] = {}
        for tree in trees:
            self._trees.setdefault(tree.id, tree)
        self._numbers: dict[tuple[tuple[bytes, bytes, int, int], ...], int] = {}
        self._done: dict[int, int | None] = {}
        """By the tree's identity; None: it leads nowhere but back to itself."""

    def sign_below(self, root: _Tree) -> int | None:
        """The signature of *root*, after all it leads to; without recursion."""
        is_open: set[int] = set()
        steps = [] if id(root) in self._done else [(root, iter(root.hits))]
        while steps:
            tree, hits = steps[-1]
            is_open.add(id(tree))
            below = next((self._trees[child] for label, child in hits if self._is_unseen(label, child, is_open)), None)
            if below is not None:
                steps.append((below, iter(below.hits)))
                continue
            steps.pop()
            self._sign(tree)
            is_open.discard(id(tree))
        return self._done[id(root)]

    def _is_unseen(self, label: bytes, child: bytes, is_open: set[int]) -> bool:
        return _is_tree(label) and id(self._trees[child]) not in self._done and id(self._trees[child]) not in is_open

    def _sign(self, tree: _Tree) -> None:
        rows = []
        for label, child in tree.hits:
            mode, _, name = label.partition(b" ")
            if not _is_tree(label):
                rows.append((mode, name, self._targets[child], -1))
                continue
            below = self._trees[child]
            if id(below) not in self._done:
                self.cyclic.append(tree.id)
                continue
            signature = self._done[id(below)]
            if signature is not None:
                rows.append((mode, name, -1, signature))
        if rows and tuple(rows) not in self._numbers:
            self._numbers[tuple(rows)] = len(self.signatures)
            self.signatures.append(rows)
        self._done[id(tree)] = self._numbers.get(tuple(rows))
