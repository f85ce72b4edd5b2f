# SPDX-License-Identifier: Apache-2.0
"""
Owns the contract of the decoders: the piece they find, the budget they spend, the log of what they left out.

Nothing is written to disk, nothing is believed that a container says of its own sizes, and a decoder raises nothing:
what it cannot open it puts into the log.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from secrethunt.coverage import Skip

MAX_TOTAL = 256 * 1024 * 1024
"""Bytes that one blob may come to when all in it is decoded."""
MAX_RATIO = 100
"""How many times its own size one blob may come to, beyond `FREE_SIZE`."""
FREE_SIZE = 16 * 1024 * 1024
MAX_MEMBERS = 20_000
"""Pieces of one blob."""


class Shape(enum.IntEnum):
    """What encoded text looks like where no literal shows it; numbered as in `pack/native/pack.h`."""

    BASE64 = 0
    HEX = 1
    BYTE_ORDER_MARK = 2
    UTF16 = 3
    UTF32 = 4


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How far encoded bytes are followed."""

    max_depth: int = 8
    """Encodings inside of encodings; 0 decodes nothing."""
    max_member: int = 64 * 1024 * 1024
    """Largest piece searched, in bytes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Decoded bytes, and where their encoded form stands: half-open [start, end) in the bytes around it."""

    step: str
    """What was undone, for the decode chain: `base64`, `zip:config/app.env`."""
    data: bytes = field(repr=False)
    start: int
    end: int
    place: Callable[[int, int], tuple[int, int]] | None = None
    """Where a range of `data` stands in the bytes around, for encodings that keep the order of things; else all of
    [start, end) stands for it."""
    name: bytes = b""
    """Path of a container's member."""
    is_container: bool = False
    """The bytes around are no text of which a line could be told."""
    is_cut: tuple[bool, bool] = (False, False)
    """More of the same text stands before, behind: what touches that edge may be half of something."""

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """The encoded form of `data[start:end]`."""
        return self.place(start, end) if self.place is not None else (self.start, self.end)


@dataclass(slots=True)
class Log:
    """What was opened and what was not; mutable, of one thread."""

    pieces: int = 0
    """Pieces that were searched."""
    containers: int = 0
    """Archives, compressed streams, documents and databases that were opened."""
    notes: dict[tuple[str, Skip, str], int] = field(default_factory=dict)
    """How often something was left out: (chain of the container, reason, detail)."""

    def note(self, chain: tuple[str, ...], skip: Skip, detail: str) -> None:
        """Count one thing that was left out."""
        key = " > ".join(chain), skip, detail
        self.notes[key] = self.notes.get(key, 0) + 1


class Tally:
    """The logs of one source, from whatever threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.pieces = 0
        self.containers = 0
        self.notes: list[tuple[bytes, Skip, str]] = []
        """(path or id of the blob, reason, detail)."""

    def add(self, what: bytes, log: Log) -> None:
        """Count in what was met in the blob called *what*."""
        with self._lock:
            self.pieces += log.pieces
            self.containers += log.containers
            for (chain, skip, detail), number in log.notes.items():
                times = f" ({number} times)" if number > 1 else ""
                self.notes.append((what, skip, f"{chain}: {detail}{times}" if chain else detail + times))


class Budget:
    """What is left to spend on one blob; mutable. Decoders ask before they inflate and pay for what they got."""

    def __init__(self, size: int, options: DecodeOptions, log: Log) -> None:
        """*size*: bytes of the blob, or of the part of it that is encoded."""
        self.log = log
        self.chain: tuple[str, ...] = ()
        """Where the decoder at work is; kept by whoever calls decoders."""
        self.is_cut = False
        self._members = MAX_MEMBERS
        self._bytes = min(MAX_TOTAL, max(FREE_SIZE, size * MAX_RATIO))
        self._max_member = options.max_member

    @property
    def largest(self) -> int:
        """Largest piece that can be taken now, in bytes."""
        return min(self._bytes, self._max_member)

    def take(self, size: int) -> bool:
        """Pay for one piece of *size* bytes; False, with the reason noted, where there is not enough left."""
        if size > self._max_member:
            self.note(Skip.TOO_LARGE, "a member")
            return False
        if size > self._bytes or not self._members:
            self.cut()
            return False
        self._bytes -= size
        self._members -= 1
        return True

    def cut(self) -> None:
        """Nothing more of this blob is decoded."""
        if not self.is_cut:
            what = "more members" if not self._members else "it decodes to more"
            self.note(Skip.DECODE_LIMIT, f"{what} than is searched of one file")
        self.is_cut = True
        self._bytes = 0

    def refuse(self, size: int) -> None:
        """Note why a piece of at least *size* bytes was not taken."""
        if size > self._max_member:
            self.note(Skip.TOO_LARGE, "a member")
        else:
            self.cut()

    def note(self, skip: Skip, detail: str) -> None:
        """Something in the container at hand was left out."""
        self.log.note(self.chain, skip, detail)
