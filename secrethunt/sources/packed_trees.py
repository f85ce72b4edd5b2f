# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns which packed trees lead to wanted blobs, as `trees.TreeIndex` does for trees read one by one.

Trees that lead by the same names to the same blobs share a signature, and a tree's number is that of its signature: of
half a million trees a few thousand numbers are left.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence

from secrethunt.pack import Packs


class PackedTreeIndex:
    """The trees that lead to wanted blobs: which directories each contains, and which of the blobs."""

    def __init__(
        self, packs: Packs, blobs: Sequence[str], others: Sequence[tuple[bytes, bytes]], *, threads: int = 1
    ) -> None:
        """*others* are trees that the packs do not give: (id, contents)."""
        ids, numbers, signatures, self.skips = packs.find_trees(bytes.fromhex("".join(blobs)), others, threads=threads)
        size = len(blobs[0]) // 2 if blobs else 20
        by_tree = memoryview(numbers).cast("I").tolist()
        self.numbers = {ids[at * size : at * size + size]: number for at, number in enumerate(by_tree)}
        self._names: dict[bytes, int] = {}
        self._directories: list[list[tuple[int, int]]] = []
        self._wanted: list[list[tuple[int, int]]] = []
        for entries in signatures:
            directories, wanted = [], []
            for _, name, target, below in entries:
                number = self._names.setdefault(name, len(self._names))
                if below >= 0:
                    directories.append((number, below))
                if target >= 0:
                    wanted.append((number, target))
            self._directories.append(directories)
            self._wanted.append(wanted)
        self.names: Sequence[bytes] = list(self._names)

    def __len__(self) -> int:
        return len(self._directories)

    def directories(self, tree: int) -> Iterable[tuple[int, int]]:
        """(name, tree) of each directory in *tree*."""
        return self._directories[tree]

    def children(self, tree: int) -> array[int]:
        """Trees that *tree* contains."""
        return array("I", [below for _, below in self._directories[tree]])

    def wanted(self, tree: int) -> Sequence[tuple[int, int]]:
        """(name, blob) of each wanted blob in *tree*."""
        return self._wanted[tree]

    def holders(self, blobs: Collection[int]) -> set[int]:
        """Trees in which one of *blobs* stands."""
        return {tree for tree, entries in enumerate(self._wanted) if any(blob in blobs for _, blob in entries)}
