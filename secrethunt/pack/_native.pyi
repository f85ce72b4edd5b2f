# SPDX-License-Identifier: Apache-2.0
"""
The contract of the packfile room, for the native module and for `secrethunt.pack.reference` alike.

It knows packs and byte ranges, nothing of rules or findings. Ids are binary, of `hash_size` bytes; several ids are
joined in one `bytes`. Numbers called `kind` and `reason` are those of `contract.Kind` and `contract.Reason`.

    packs = Packs([b"/repo/objects/pack/pack-….pack"], 20)
    walker = Walker(packs, Kind.BLOB.mask, width=64, reaches=[(64, 200)])
    worker = walker.worker()                            # one for each thread
    while (batch := worker.next_batch()) is not None:
        events = array("Q", …)                          # scan batch.arena: end << TAG_BITS | tag
        asked = batch.resolve(events)                   # (slot, tag, end, origin): confirm in batch.blob(slot)
        inherited = batch.settle(array("Q", confirmed)) # (slot, origin, end, line, line_start): the same, for free
"""

from collections.abc import Iterable, Sequence
from typing import final

from typing_extensions import Buffer

_Id = bytes

IS_FINDING_FAST: bool
"""Whether this processor has the vector instructions that make `find_encoded` faster than patterns."""

def find_encoded(data: Buffer, tags: tuple[int, int, int, int, int], /) -> bytes:
    """
    Where text stands encoded: one event (uint64, as for `Batch.resolve`, in no order) for each end of a shape, without
    the GIL. There is no twin: `decode.hints` has an expression for each shape.

    Args:
        tags: Those of base64, hexadecimal, a byte order mark, UTF-16, UTF-32, 16 bits each.
    """

def order_commits(
    ids: Buffer, hash_size: int, parent_starts: Buffer, parents: Buffer, times: Buffer, tips: Buffer, /
) -> tuple[bytes, bytes, bytes, int]:
    """
    The order of commits: parents before children; what a tip reaches first, then by time, then by id.

    Args:
        ids, parent_starts, parents, times: Columns as `Packs.commits` returns them.
        tips: uint32: numbers of the commits from which to reach.

    Returns:
        The number of the commit in each place (uint32); parent_starts and parents anew, in places (uint32); and how
        many, from the first place on, a tip reaches.

    Raises:
        ValueError: Columns that do not fit each other.
    """

@final
class Packs:
    """Packfiles with their indexes (version 2), open and linked into one forest of deltas. Immutable, thread-safe."""

    def __new__(cls, paths: Iterable[bytes], hash_size: int = 20) -> Packs:
        """
        Open the packs at *paths* (ending in `.pack`, the index beside each) in this order: of an object in several, the
        first copy is walked.

        A pack that cannot be used is listed in `broken`. Packs stay open, so they are read to the end even when git
        removes them.

        Args:
            hash_size: 20 for SHA-1, 32 for SHA-256.
        """

    @property
    def broken(self) -> list[tuple[bytes, int]]:
        """Packs that could not be used: (path, reason)."""

    def __len__(self) -> int:
        """Entries in all packs, duplicates included."""

    def __contains__(self, id: bytes, /) -> bool: ...
    def ids(self, kind: int, /) -> bytes:
        """Ids of all objects of one kind; objects whose kind is not known are under `Kind.NONE`."""

    def read(self, id: bytes, limit: int, /) -> tuple[int, bytes]:
        """
        Kind and contents of one object; its whole chain is written out each time.

        Raises:
            KeyError: No pack has it.
            PackError: It cannot be read, or is larger than *limit* bytes.
        """

    def commits(self) -> tuple[bytes, bytes, bytes, bytes, bytes, bytes, list[tuple[bytes, int]]]:
        """
        All commits as columns: ids, trees, parent_starts (uint32, one more than commits), parents (uint32: the number
        of a commit, or the count of commits + the number of an id in `outside`), committer times (int64),
        outside (ids of parents that are not here), skips (id, reason). Numbers have the machine's byte order.

        Those that workers have walked meanwhile are not read again.
        """

    def find_trees(
        self, targets: Buffer, extra: Sequence[tuple[bytes, bytes]] = (), *, threads: int = 1
    ) -> tuple[bytes, bytes, list[list[tuple[bytes, bytes, int, int]]], list[tuple[bytes, int]]]:
        """
        The trees from which any of the blobs *targets* can be reached.

        Trees that lead by the same names to the same targets share a signature. A signature is a list of (mode, name,
        number of a target or -1, number of a signature or -1), in the tree's order; signatures come after those they
        lead to.

        Args:
            targets: Ids, joined.
            extra: Trees in no pack: (id, contents).
            threads: Read trees in so many threads, from 1 to 1024.

        Returns:
            Ids of the trees in order, their signatures' numbers (uint32), the signatures, and skips (id, reason).
        """

@final
class Walker:
    """A plan to walk objects; immutable but for handing out tasks to workers."""

    def __new__(
        cls,
        packs: Packs,
        kinds: int,
        width: int,
        reaches: Sequence[tuple[int, int]],
        *,
        max_size: int = 67108864,
        budget: int = 134217728,
        arena_bytes: int = 4194304,
        object_bytes: int = 2097152,
        wanted: Buffer | None = None,
    ) -> Walker:
        """
        Args:
            kinds: `Kind.mask` of each kind to walk, joined with `|`.
            width: No anchor is wider, in bytes, not counting a byte either side for assertions.
            reaches: For each tag, how far before and after an anchor's end its confirmation looks, in bytes, what
                assertions look at included.
            max_size: Larger objects are skipped.
            budget: Bytes of bases that a worker keeps at most beside its batch; larger objects cannot be bases.
            arena_bytes, object_bytes: A batch ends when its arena or its objects exceed this; of objects that stay as
                their deltas until somebody asks for them, eight times as much may come up.
            wanted: Ids of the objects to walk; all if None. Ids that are in no pack are ignored.
        """

    @property
    def skips(self) -> list[tuple[bytes, int]]:
        """Objects that their headers show to be unreadable: (id, reason). Others are in their batch's skips."""

    @property
    def counts(self) -> tuple[int, int]:
        """Objects to walk, and their bytes in the packs."""

    def worker(self) -> Worker:
        """A new worker; each belongs to one thread at a time."""

@final
class Worker:
    """Takes tasks of its walker, and what it hands out is inherited within the task."""

    def next_batch(self) -> Batch | None:
        """
        The next batch, without the GIL; None when there is nothing more. The batch before must be settled.
        """

@final
class Batch:
    """
    Objects ("slots"), bases before their deltas, and an arena of their dirty ranges, each followed by a newline.

    Inheritance is exact if (1) whether an anchor ends somewhere depends on at most `width` bytes before it and a byte
    either side, where an end of the object looks like a newline; and (2) a confirmation depends on nothing but the
    bytes in the tag's reach around the end, and on which ends of the object lie in it. An event may stem from an anchor
    that reaches over a newline between two ranges: it is asked for like any other, and fails its confirmation.

    Memoryviews keep the batch's memory from being used again.
    """

    def __len__(self) -> int:
        """Slots. None when there is nothing but skips."""

    @property
    def arena(self) -> memoryview: ...
    @property
    def ids(self) -> bytes:
        """The slots' ids, joined."""

    @property
    def kinds(self) -> bytes:
        """The slots' kinds, one byte each."""

    @property
    def bytes(self) -> int:
        """Sizes of all slots' objects together."""

    @property
    def skips(self) -> list[tuple[_Id, int]]:
        """Objects passed over since the batch before: (id, reason)."""

    def blob(self, slot: int, /) -> memoryview:
        """An object's whole contents."""

    def starting_with(self, prefix: Buffer, limit: int, /) -> list[int]:
        """Slots of blobs that begin with *prefix* and are shorter than *limit* bytes."""

    def resolve(self, events: Buffer, /) -> list[tuple[int, int, int, int]]:
        """
        Turn anchors found in the arena, and those of the bases, into those that must be confirmed.

        Args:
            events: uint64 numbers `end << TAG_BITS | tag`, in any order.

        Returns:
            (slot, tag, end in the object, origin), by slot, end and tag. An origin names one confirmation for ever.
        """

    def settle(self, confirmed: Buffer, /) -> list[tuple[int, int, int]]:
        """
        Say which of the origins asked for held, as uint64 numbers, and learn which slots inherit one that did.

        Returns:
            (slot, origin, end), by slot, end and tag: the object has at `end` what the origin's object had at its own
            end, with the same bytes all through the reach.
        """
