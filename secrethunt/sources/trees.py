# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns which trees hold wanted blobs, and at which paths below a root.

All distinct trees are read once, as bytes: wanted ids are searched in them (`id_search`), and the ids of their
directories noted. Everything after works on numbers: from the trees that hold a wanted blob up to all that contain
them, then down again from a root, through that closure only, each (tree, path) once.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from secrethunt.sources.git_backend import GitBackend, Report
from secrethunt.sources.git_objects import parse_tree
from secrethunt.sources.id_search import IdSearch

MAX_SIGHTINGS = 8192
"""Most (path, blob) told apart in one question, so that one integer for each commit stays small."""

_MODE = re.compile(rb"(?:100[0-7]{3}|120000|160000|0?40000) ")
_MODE_SIZE = 7


class Trees(Protocol):
    """The trees that lead to wanted blobs. Trees, blobs and names are numbers."""

    numbers: dict[bytes, int]
    """By id; trees that lead nowhere may be left out."""
    names: Sequence[bytes]

    def __len__(self) -> int: ...

    def directories(self, tree: int) -> Iterable[tuple[int, int]]:
        """(name, tree) of each directory in *tree*; now and then also of something that is none."""

    def children(self, tree: int) -> array[int]:
        """Trees that *tree* contains."""

    def wanted(self, tree: int) -> Sequence[tuple[int, int]]:
        """(name, blob) of each wanted blob in *tree*."""

    def holders(self, blobs: Collection[int]) -> set[int]:
        """Trees in which one of *blobs* stands."""


class TreeIndex:
    """The trees of a store: which directories each contains, and which wanted blobs. Trees and blobs are numbers."""

    def __init__(self, backend: GitBackend, trees: Sequence[str], blobs: Sequence[str], report: Report) -> None:
        self.numbers = {bytes.fromhex(id): number for number, id in enumerate(trees)}
        self._name_numbers: dict[bytes, int] = {}
        self._starts = array("Q", [0])
        self._children = array("I")
        self._child_names = array("I")
        self._wanted: dict[int, list[tuple[int, int]]] = {}
        self.names: Sequence[bytes] = ()
        self._read(backend, trees, [bytes.fromhex(id) for id in blobs], report)

    def __len__(self) -> int:
        return len(self.numbers)

    def directories(self, tree: int) -> Iterable[tuple[int, int]]:
        """(name, tree) of each directory in *tree*; now and then also of something that is none."""
        start, end = self._starts[tree], self._starts[tree + 1]
        return zip(self._child_names[start:end], self._children[start:end], strict=True)

    def children(self, tree: int) -> array[int]:
        """Trees that *tree* contains."""
        return self._children[self._starts[tree] : self._starts[tree + 1]]

    def wanted(self, tree: int) -> Sequence[tuple[int, int]]:
        """(name, blob) of each wanted blob in *tree*."""
        return self._wanted.get(tree, ())

    def holders(self, blobs: Collection[int]) -> set[int]:
        """Trees in which one of *blobs* stands."""
        return {tree for tree, entries in self._wanted.items() if any(blob in blobs for _, blob in entries)}

    def _read(self, backend: GitBackend, trees: Sequence[str], blobs: Sequence[bytes], report: Report) -> None:
        if not trees:
            return
        search = IdSearch(blobs)
        id_size = len(trees[0]) // 2
        find_directories = re.compile(rb"40000 ([^\0]+)\0(.{%d})" % id_size, re.DOTALL).findall
        numbers, starts, children, names = self.numbers, self._starts, self._children, self._child_names
        number_of = self._name_numbers
        for id, _, data in backend.objects(trees, report):
            tree = numbers[bytes.fromhex(id)]
            while len(starts) <= tree:
                starts.append(len(children))
            # NOTE: a file called "x 40000 y" is found here too; its id is no tree's, so it goes no further.
            for name, child in find_directories(data):
                if child in numbers:
                    children.append(numbers[child])
                    names.append(number_of.setdefault(name, len(number_of)))
            if hits := search.find(data):
                found = _names_of(data, hits, id_size)
                self._wanted[tree] = [(number_of.setdefault(name, len(number_of)), blob) for name, blob in found]
        while len(starts) <= len(trees):
            starts.append(len(children))
        self.names = list(number_of)


def _names_of(data: bytes, hits: Sequence[tuple[int, int]], id_size: int) -> Iterator[tuple[bytes, int]]:
    """Name and number of the entry that each hit in a tree is the id of; a hit that is no entry's id is dropped."""
    for blob, end in hits:
        name_end = end - id_size - 1
        if data[name_end : name_end + 1] != b"\0":
            continue
        before = data.rfind(b"\0", 0, name_end) + 1
        # Before the mode lies the tail of another entry's id, any bytes at all. When more than one place in reach
        # looks like a mode, or none, only reading the tree from its beginning tells.
        reach = min(name_end, before + id_size + _MODE_SIZE)
        mode = _MODE.search(data, before, reach)
        if mode is not None and _MODE.search(data, mode.start() + 1, reach) is None:
            yield data[mode.end() : name_end], blob
        else:
            id = data[name_end + 1 : end]
            yield from ((entry.name, blob) for entry in parse_tree(data, id_size) if entry.id == id)


class Sightings:
    """
    Where some of an index's wanted blobs stand: each (path, blob) is one bit of the integers handed out.

    The set of sightings grows as roots are asked about.
    """

    def __init__(self, index: Trees, blobs: Collection[int]) -> None:
        self._index = index
        self._blobs = blobs
        self._closure = self._close(index.holders(blobs))
        self._paths: list[bytes] = [b""]
        self._path_numbers: dict[tuple[int, int], int] = {}
        self._bits: dict[tuple[bytes, int], int] = {}
        self._known: dict[tuple[int, int], int] = {}

    @property
    def seen(self) -> Sequence[tuple[bytes, int]]:
        """(path, blob) of each bit, lowest first."""
        return list(self._bits)

    @property
    def is_full(self) -> bool:
        """No more can be told apart; ask about fewer blobs."""
        return len(self._bits) >= MAX_SIGHTINGS

    def below(self, root: int) -> int:
        """Bits of what stands anywhere below tree *root*."""
        known = self._known.get((root, 0))
        if known is not None:
            return known
        return self._evaluate(root) if root in self._closure else 0

    def tops(self) -> list[int]:
        """Trees of the closure that no other tree contains."""
        inside = {child for tree in self._closure for child in self._index.children(tree)}
        return sorted(self._closure - inside)

    def _close(self, holders: set[int]) -> set[int]:
        """*holders* and every tree that contains one, at any depth."""
        closure = set(holders)
        fresh = holders
        outside = [tree for tree in range(len(self._index)) if tree not in closure]
        while fresh:
            fresh = {tree for tree in outside if not fresh.isdisjoint(self._index.children(tree))}
            closure |= fresh
            outside = [tree for tree in outside if tree not in fresh]
        return closure

    def _evaluate(self, root: int) -> int:
        """Depth first without recursion: a hostile tree may be deeper than Python's stack."""
        stack = [_Visit(root, 0, self._own_bits(root, 0), self._descend(root, 0))]
        while True:
            visit = stack[-1]
            for tree, path in visit.rest:
                bits = self._known.get((tree, path))
                if bits is None:
                    stack.append(_Visit(tree, path, self._own_bits(tree, path), self._descend(tree, path)))
                    break
                visit.bits |= bits
            else:
                stack.pop()
                self._known[visit.tree, visit.path] = visit.bits
                if not stack:
                    return visit.bits
                stack[-1].bits |= visit.bits

    def _descend(self, tree: int, path: int) -> Iterator[tuple[int, int]]:
        closure, numbers = self._closure, self._path_numbers
        for name, child in self._index.directories(tree):
            if child not in closure or self.is_full:
                continue
            number = numbers.get((path, name))
            if number is None:
                number = numbers[path, name] = len(self._paths)
                self._paths.append(self._paths[path] + self._index.names[name] + b"/")
            yield child, number

    def _own_bits(self, tree: int, path: int) -> int:
        bits = 0
        for name, blob in self._index.wanted(tree):
            if blob in self._blobs and not self.is_full:
                sighting = self._paths[path] + self._index.names[name], blob
                bits |= 1 << self._bits.setdefault(sighting, len(self._bits))
        return bits


class _Visit:
    """A tree at a path, while what lies below it is gathered."""

    __slots__ = ("bits", "path", "rest", "tree")

    def __init__(self, tree: int, path: int, bits: int, rest: Iterator[tuple[int, int]]) -> None:
        self.tree = tree
        self.path = path
        self.bits = bits
        self.rest = rest
