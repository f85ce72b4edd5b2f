# SPDX-License-Identifier: Apache-2.0
"""Writes packs by hand, with any delta that git would or would not make, and indexes that fit them or do not."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

COMMIT, TREE, BLOB, TAG = 1, 2, 3, 4
NAMES = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}
OFFSET_DELTA, REF_DELTA = 6, 7

Copy = tuple[int, int]
"""(offset, size) in the base."""


def object_id(kind: int, data: bytes, hash_size: int = 20) -> bytes:
    """git's name of an object."""
    hasher = hashlib.sha1 if hash_size == 20 else hashlib.sha256
    return hasher(NAMES[kind] + b" %d\0" % len(data) + data).digest()


def varint(value: int) -> bytes:
    """Seven bits a byte, least significant first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def copy_op(offset: int, size: int) -> bytes:
    """One copy of at most 0xffffff bytes."""
    code, fields = 0x80, bytearray()
    number = offset | (0 if size == 0x10000 else size) << 32
    for bit in range(7):
        byte = number >> 8 * bit & 0xFF
        if byte:
            code |= 1 << bit
            fields.append(byte)
    return bytes([code, *fields])


def encode_delta(base_size: int, pieces: Sequence[Copy | bytes]) -> bytes:
    """A delta that joins copies of the base and literal bytes, one operation each (or more where git's format asks)."""
    ops = bytearray()
    size = 0
    for piece in pieces:
        if isinstance(piece, bytes):
            size += len(piece)
            for at in range(0, len(piece), 127):
                part = piece[at : at + 127]
                ops += bytes([len(part)]) + part
        elif piece[1]:
            size += piece[1]
            ops += copy_op(*piece)
    return varint(base_size) + varint(size) + bytes(ops)


def apply_pieces(base: bytes, pieces: Sequence[Copy | bytes]) -> bytes:
    """What the delta of the same pieces makes of *base*."""
    return b"".join(piece if isinstance(piece, bytes) else base[piece[0] : piece[0] + piece[1]] for piece in pieces)


def entry_header(kind: int, size: int) -> bytes:
    """Type and declared size of an entry."""
    byte, size = kind << 4 | size & 15, size >> 4
    out = bytearray()
    while size:
        out.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    return bytes([*out, byte])


def distance(value: int) -> bytes:
    """How far back a base stands."""
    out = [value & 0x7F]
    while value := value >> 7:
        value -= 1
        out.insert(0, value & 0x7F | 0x80)
    return bytes(out)


@dataclass
class PackWriter:
    """Collects entries, then writes `<name>.pack` and `<name>.idx`."""

    hash_size: int = 20
    body: bytearray = field(default_factory=lambda: bytearray(b"PACK\0\0\0\2\0\0\0\0"))
    entries: list[tuple[bytes, int]] = field(default_factory=list)
    """(id, offset)"""

    def add_raw(self, id: bytes, raw: bytes) -> int:
        """Any bytes as an entry; its offset."""
        offset = len(self.body)
        self.body += raw
        self.entries.append((id, offset))
        return offset

    def add(self, kind: int, data: bytes, *, level: int = 6) -> bytes:
        """A whole object; its id."""
        id = object_id(kind, data, self.hash_size)
        self.add_raw(id, entry_header(kind, len(data)) + zlib.compress(data, level))
        return id

    def add_delta(self, id: bytes, base: bytes, delta: bytes, *, by_id: bool = False) -> int:
        """A delta on the object *base*, named by its offset if it is in this pack already, else by its id."""
        return self.add_raw(id, self.delta_raw(base, delta, by_id=by_id))

    def delta_raw(self, base: bytes, delta: bytes, *, by_id: bool = False) -> bytes:
        """The bytes of a delta's entry at the end of the pack."""
        offsets = dict(self.entries)
        if by_id or base not in offsets:
            return entry_header(REF_DELTA, len(delta)) + base + zlib.compress(delta)
        back = distance(len(self.body) - offsets[base])
        return entry_header(OFFSET_DELTA, len(delta)) + back + zlib.compress(delta)

    def write(self, folder: Path, name: str = "a", *, count: int | None = None) -> bytes:
        """Write both files; the pack's path."""
        hasher = hashlib.sha1 if self.hash_size == 20 else hashlib.sha256
        self.body[8:12] = struct.pack(">I", len(self.entries) if count is None else count)
        pack = bytes(self.body) + hasher(self.body).digest()
        path = folder / f"{name}.pack"
        path.write_bytes(pack)
        path.with_suffix(".idx").write_bytes(self.index(pack[-self.hash_size :]))
        return bytes(path)

    def index(self, checksum: bytes) -> bytes:
        """The index; offsets of 2 GiB and more go to the table of large ones."""
        entries = sorted(self.entries)
        fanout = [sum(1 for id, _ in entries if id[0] <= first) for first in range(256)]
        large = [offset for _, offset in entries if offset >= 2**31]
        small = [offset if offset < 2**31 else 2**31 | large.index(offset) for _, offset in entries]
        body = b"\xfftOc\0\0\0\2" + struct.pack(">256I", *fanout) + b"".join(id for id, _ in entries)
        body += b"\0\0\0\0" * len(entries) + struct.pack(f">{len(small)}I", *small)
        body += struct.pack(f">{len(large)}Q", *large) + checksum
        hasher = hashlib.sha1 if self.hash_size == 20 else hashlib.sha256
        return body + hasher(body).digest()
