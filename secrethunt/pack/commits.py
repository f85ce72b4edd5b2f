# SPDX-License-Identifier: Apache-2.0
"""Owns looking into the columns that `Packs.commits()` returns."""

from __future__ import annotations

from dataclasses import dataclass

Columns = tuple[bytes, bytes, bytes, bytes, bytes, bytes, list[tuple[bytes, int]]]


@dataclass(frozen=True, slots=True)
class CommitTable:
    """All commits of some packs, by number, in no particular order."""

    hash_size: int
    ids: bytes
    trees: bytes
    parent_starts: memoryview
    """uint32; the parents of commit i are `parents[parent_starts[i]:parent_starts[i + 1]]`."""
    parents: memoryview
    """uint32: a commit's number, or `len(table)` + the number of an id in `outside`."""
    times: memoryview
    """int64: the committer's seconds since 1970; 0 where a broken commit has none."""
    outside: bytes
    """Ids of parents that are in none of the packs: loose, shallow or missing."""
    skips: list[tuple[bytes, int]]
    """Commits that cannot be read: (id, `contract.Reason`)."""

    @classmethod
    def from_columns(cls, columns: Columns, hash_size: int) -> CommitTable:
        """Wrap what `Packs.commits()` returned; nothing is copied."""
        ids, trees, parent_starts, parents, times, outside, skips = columns
        return cls(
            hash_size=hash_size,
            ids=ids,
            trees=trees,
            parent_starts=memoryview(parent_starts).cast("I"),
            parents=memoryview(parents).cast("I"),
            times=memoryview(times).cast("q"),
            outside=outside,
            skips=skips,
        )

    def __len__(self) -> int:
        return len(self.times)

    def id_of(self, number: int) -> bytes:
        """A commit's id, or that of a parent outside."""
        count = len(self)
        ids, number = (self.ids, number) if number < count else (self.outside, number - count)
        return ids[number * self.hash_size : (number + 1) * self.hash_size]

    def tree_of(self, number: int) -> bytes:
        """The id of a commit's root tree."""
        return self.trees[number * self.hash_size : (number + 1) * self.hash_size]

    def parents_of(self, number: int) -> memoryview:
        """Numbers of a commit's parents, first parent first."""
        return self.parents[self.parent_starts[number] : self.parent_starts[number + 1]]
