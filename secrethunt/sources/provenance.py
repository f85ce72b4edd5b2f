# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns the question where a blob of history was seen: at which paths, from which commit to which, by which refs.

No differences are computed. The set of wanted (path, blob) below each commit's root is an integer (`trees`), so that
one pass over the commits, parents first, finds the first and last to hold each and what every ref reaches. That costs
one reading of the distinct trees and commits, however many blobs are asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from secrethunt.coverage import Skip
from secrethunt.records import MAX_REFS, BlobKind, CommitInfo, Provenance
from secrethunt.sources.bits import BitCounter, iter_bits
from secrethunt.sources.commit_graph import Tip, follow_tags
from secrethunt.sources.contract import BlobKey
from secrethunt.sources.git_backend import GitBackend, Ref, Report
from secrethunt.sources.git_objects import describe
from secrethunt.sources.history import History
from secrethunt.sources.trees import Sightings, Trees

_Item = TypeVar("_Item")

COMMIT_PATH = b"(commit)"
TAG_PATH = b"(tag)"

_GROUP = 4096
"""Keys traced at once; bounds the width of the integers."""


@dataclass(frozen=True, slots=True)
class _Traced:
    """What one pass over the commits says of each bit; commits by their numbers."""

    first: Mapping[int, int]
    last: Mapping[int, int]
    at_head: int
    refs: Mapping[int, tuple[bytes, ...]]
    ref_counts: BitCounter

    def commits(self) -> set[int]:
        """All commits that are named."""
        return {*self.first.values(), *self.last.values()}


class HistoryProvenance:
    """Answers for one repository; its commits are read once, its trees once for each call of `resolve`."""

    def __init__(
        self, backend: GitBackend, history: History, *, refs: Iterable[Ref], head: str | None, report: Report
    ) -> None:
        """*refs* name what counts as reachable; *head* is the commit that HEAD names."""
        self._backend = backend
        self._history = history
        self._report = report
        self._tips = follow_tags(backend, refs, history.tags(), report)
        self._graph = history.graph({tip.target for tip in self._tips}, report)
        self._head = self._graph.numbers.get(head) if head is not None else None

    def resolve(self, keys: Collection[BlobKey]) -> dict[BlobKey, tuple[Provenance, ...]]:
        """Where each key of a history's object was seen, sorted by path."""
        places: dict[BlobKey, tuple[Provenance, ...]] = {}
        by_kind = {kind: [key for key in keys if key.kind is kind] for kind in BlobKind}
        places.update(self._resolve_tags(by_kind[BlobKind.TAG]))
        for group in _batched(by_kind[BlobKind.COMMIT]):
            places.update(self._resolve_commits(group))
        blobs = by_kind[BlobKind.HISTORY]
        if blobs:
            index = self._history.trees([key.id for key in blobs], self._report)
            find = index.numbers.get
            roots = [find(root, -1) for root in self._graph.roots]
            for numbers in _batched(range(len(blobs))):
                places.update(self._resolve_blobs(index, roots, blobs, numbers))
        return places

    def _resolve_tags(self, keys: Sequence[BlobKey]) -> Iterator[tuple[BlobKey, tuple[Provenance, ...]]]:
        infos = self._describe([key.id for key in keys])
        for key in keys:
            names = [tip.name for tip in self._tips if key.id in tip.tags]
            info = infos.get(key.id)
            yield key, (_named(TAG_PATH, BlobKind.TAG, names, info),)

    def _resolve_commits(self, keys: Sequence[BlobKey]) -> Iterator[tuple[BlobKey, tuple[Provenance, ...]]]:
        bits = {self._graph.numbers[key.id]: bit for bit, key in enumerate(keys) if key.id in self._graph.numbers}
        held = [0] * len(self._graph.ids)
        for commit, bit in bits.items():
            held[commit] = 1 << bit
        traced = self._trace(held, lambda tip: 0)
        infos = self._describe([key.id for key in keys])
        for bit, key in enumerate(keys):
            refs = traced.refs.get(bit, ())
            count = traced.ref_counts.count(bit)
            info = infos.get(key.id)
            yield key, (Provenance(COMMIT_PATH, BlobKind.COMMIT, info, info, False, count > 0, refs, count),)

    def _resolve_blobs(
        self, index: Trees, roots: Sequence[int], keys: Sequence[BlobKey], numbers: Sequence[int]
    ) -> Iterator[tuple[BlobKey, tuple[Provenance, ...]]]:
        sightings = Sightings(index, set(numbers))
        # In the commits' order, so that sightings are numbered in it too.
        below = {root: sightings.below(root) for root in dict.fromkeys(roots)}
        traced = self._trace(
            [below[root] for root in roots],
            lambda tip: sightings.below(index.numbers.get(bytes.fromhex(tip.target), -1)),
        )
        if sightings.is_full and len(numbers) > 1:
            half = len(numbers) // 2
            yield from self._resolve_blobs(index, roots, keys, numbers[:half])
            yield from self._resolve_blobs(index, roots, keys, numbers[half:])
            return
        if sightings.is_full:
            self._report(Skip.UNSUPPORTED, keys[numbers[0]].id.encode(), "more paths than are told apart")
        places: dict[int, list[Provenance]] = {number: [] for number in numbers}
        for number, provenance in self._to_provenances(traced, sightings.seen):
            places[number].append(provenance)
        homeless = {number for number in numbers if not places[number]}
        for number, provenance in self._resolve_homeless(sightings, keys, homeless):
            places[number].append(provenance)
        for number, found in places.items():
            yield keys[number], tuple(sorted(found, key=lambda provenance: provenance.path))

    def _to_provenances(self, traced: _Traced, seen: Sequence[tuple[bytes, int]]) -> Iterator[tuple[int, Provenance]]:
        commits = traced.commits()
        infos = self._describe(sorted(self._graph.ids[commit] for commit in commits))
        by_number = {commit: infos.get(self._graph.ids[commit]) for commit in commits}
        for bit, (path, number) in enumerate(seen):
            count = traced.ref_counts.count(bit)
            yield (
                number,
                Provenance(
                    path,
                    BlobKind.HISTORY,
                    by_number.get(traced.first.get(bit, -1)),
                    by_number.get(traced.last.get(bit, -1)),
                    at_head=bool(traced.at_head >> bit & 1),
                    reachable=count > 0,
                    refs=traced.refs.get(bit, ()),
                    ref_count=count,
                ),
            )

    def _resolve_homeless(
        self, sightings: Sightings, keys: Sequence[BlobKey], numbers: Collection[int]
    ) -> Iterator[tuple[int, Provenance]]:
        """Blobs in no commit's tree: where some loose tree has them, else nowhere; a ref may name one directly."""
        if not numbers:
            return
        known = len(sightings.seen)
        for top in sightings.tops():
            sightings.below(top)
        loose = [(path, number) for path, number in sightings.seen[known:] if number in numbers]
        for path, number in loose:
            yield number, Provenance(path, BlobKind.HISTORY, reachable=False)
        for number in sorted(set(numbers) - {number for _, number in loose}):
            names = [tip.name for tip in self._tips if tip.target == keys[number].id]
            yield number, _named(b"", BlobKind.HISTORY, names, None)

    def _trace(self, held: Sequence[int], held_at: Callable[[Tip], int]) -> _Traced:
        """
        One pass over the commits.

        Args:
            held: Bits that each commit's root holds.
            held_at: Bits of a tip that is no commit.
        """
        at_head = 0 if self._head is None else held[self._head]
        # In order of weight, the strongest last: what nothing reaches, what a ref reaches, what stands at HEAD.
        last = _first_holders(reversed(range(self._graph.reachable, len(held))), held)
        last.update(_first_holders(reversed(range(self._graph.reachable)), held))
        if self._head is not None:
            last.update(dict.fromkeys(iter_bits(at_head), self._head))
        reached = _accumulate(held, self._graph.parents)
        numbers = self._graph.numbers
        masks = [
            (tip.name, reached[numbers[tip.target]] if tip.target in numbers else held_at(tip)) for tip in self._tips
        ]
        counter = BitCounter()
        for _, bits in masks:
            counter.add(bits)
        return _Traced(_first_holders(range(len(held)), held), last, at_head, _first_names(masks), counter)

    def _describe(self, ids: Sequence[str]) -> dict[str, CommitInfo]:
        return {raw.id: describe(raw) for raw in self._backend.objects(list(ids), self._report)}


def _first_holders(commits: Iterable[int], held: Sequence[int]) -> dict[int, int]:
    """For each bit the first of *commits* to hold it."""
    found: dict[int, int] = {}
    seen = 0
    for commit in commits:
        if fresh := held[commit] & ~seen:
            seen |= fresh
            found.update(dict.fromkeys(iter_bits(fresh), commit))
    return found


def _accumulate(held: Sequence[int], parents: Sequence[tuple[int, ...]]) -> list[int]:
    """For each commit the bits that it or an ancestor holds."""
    reached: list[int] = []
    for bits, above in zip(held, parents, strict=True):
        for parent in above:
            # Most commits add nothing to what a parent has; sharing that integer keeps memory small.
            inherited = reached[parent]
            bits = inherited if bits | inherited == inherited else bits | inherited
        reached.append(bits)
    return reached


def _first_names(masks: Sequence[tuple[bytes, int]]) -> dict[int, tuple[bytes, ...]]:
    """For each bit the first `MAX_REFS` names whose mask has it; *masks* are sorted by name."""
    names: dict[int, list[bytes]] = {}
    full = 0
    for name, bits in masks:
        for bit in iter_bits(bits & ~full):
            listed = names.setdefault(bit, [])
            listed.append(name)
            if len(listed) == MAX_REFS:
                full |= 1 << bit
    return {bit: tuple(listed) for bit, listed in names.items()}


def _named(path: bytes, kind: BlobKind, names: Sequence[bytes], info: CommitInfo | None) -> Provenance:
    """An object that refs name directly, or nothing does."""
    return Provenance(path, kind, info, info, False, bool(names), tuple(names[:MAX_REFS]), len(names))


def _batched(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), _GROUP):
        yield items[start : start + _GROUP]
