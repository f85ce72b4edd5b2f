# SPDX-License-Identifier: Apache-2.0
"""
Owns what the native walk and its twin share: kinds of objects, why something cannot be read, how events are packed.

`_native.pyi` is the contract of both.
"""

from __future__ import annotations

import enum

from secrethunt.errors import SecrethuntError

TAG_BITS = 16
"""An event is `end << TAG_BITS | tag`, an unsigned 64-bit number: the arena offset after an anchor's last byte."""


class Kind(enum.IntEnum):
    """What an object is; `mask` selects it for a walk."""

    NONE = 0
    """Not known: its delta has no base."""
    COMMIT = 1
    TREE = 2
    BLOB = 3
    TAG = 4

    @property
    def mask(self) -> int:
        """One bit; several are joined with `|`."""
        return 1 << self


class Reason(enum.IntEnum):
    """Why a pack or an object was passed over. The numbers are those of `native/pack.h`."""

    NONE = 0
    UNREADABLE = 1
    BAD_PACK = 2
    BAD_INDEX = 3
    MISMATCH = 4
    BAD_OFFSET = 5
    BAD_HEADER = 6
    MISSING_BASE = 7
    BASE_CYCLE = 8
    TOO_DEEP = 9
    BASE_SKIPPED = 10
    BAD_STREAM = 11
    BAD_DELTA = 12
    TOO_LARGE = 13
    BAD_OBJECT = 14
    NO_MEMORY = 15
    TRUNCATED = 16

    def explain(self) -> str:
        """One clause for a person."""
        return _CLAUSES[self]


_CLAUSES = {
    Reason.NONE: "it is fine",
    Reason.UNREADABLE: "the file cannot be opened",
    Reason.BAD_PACK: "it is no packfile of version 2 or 3",
    Reason.BAD_INDEX: "it is no pack index of version 2, or its tables do not fit its size",
    Reason.MISMATCH: "pack and index do not belong together",
    Reason.BAD_OFFSET: "the index points outside the pack",
    Reason.BAD_HEADER: "the object's header is malformed",
    Reason.MISSING_BASE: "the object that its delta is based on is in none of the packs",
    Reason.BASE_CYCLE: "its chain of deltas has no end",
    Reason.TOO_DEEP: "its chain of deltas is deeper than git makes them",
    Reason.BASE_SKIPPED: "the object that its delta is based on was skipped",
    Reason.BAD_STREAM: "the compressed bytes are damaged, or do not have the size they claim",
    Reason.BAD_DELTA: "the delta reads or writes out of bounds, or does not have the size it claims",
    Reason.TOO_LARGE: "it is over the size limit",
    Reason.BAD_OBJECT: "its contents are not what its type demands",
    Reason.NO_MEMORY: "memory ran out",
    Reason.TRUNCATED: "the pack was cut short while it was read",
}


class PackError(SecrethuntError):
    """An object cannot be read; `reason` says why, `what` is its id (empty where no single object is meant)."""

    def __init__(self, reason: int, what: bytes) -> None:
        self.reason = Reason(reason)
        self.what = what
        super().__init__(f"{what.hex() or 'pack'}: {self.reason.explain()}")
