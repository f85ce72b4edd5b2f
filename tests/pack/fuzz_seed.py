# SPDX-License-Identifier: Apache-2.0
"""
Writes the small pack that the fuzz target starts from.

    SECRETHUNT_SANITIZE=1 SECRETHUNT_FUZZ=1 cmake -S secrethunt -B build && cmake --build build
    python -m tests.pack.fuzz_seed build && build/fuzz_pack 60 1 build/seed.pack build/seed.idx
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

from tests.pack.writer import BLOB, COMMIT, TREE, PackWriter, apply_pieces, encode_delta, object_id


def write_seed(folder: Path) -> None:
    """Blobs, trees and commits, whole and as deltas of both kinds."""
    generator = random.Random(1)
    writer = PackWriter()
    text = bytes(generator.choices(b"abc key\n", k=300))
    blobs = [(writer.add(BLOB, text, level=0), text)]
    for number in range(8):
        base, data = generator.choice(blobs)
        size = len(data)
        added = bytes(generator.choices(b"xyz\n", k=9))
        pieces: list[Any] = [(0, size // 2), added, (size // 3, size // 3)]
        made = apply_pieces(data, pieces)
        blobs.append((object_id(BLOB, made), made))
        writer.add_delta(blobs[-1][0], base, encode_delta(size, pieces), by_id=number % 2 == 0)
    low = b"".join(b"100644 f%d\0" % number + id for number, (id, _) in enumerate(blobs))
    low_id = writer.add(TREE, low)
    entry = b"40000 d\0" + low_id
    high = low[:30] + entry + low[30:]
    high_id = object_id(TREE, high)
    writer.add_delta(high_id, low_id, encode_delta(len(low), [(0, 30), entry, (30, len(low) - 30)]))
    who = b"A <a@b> 1 +0000"
    first = b"tree %s\nauthor %s\ncommitter %s\n\nfirst" % (high_id.hex().encode(), who, who)
    parent = writer.add(COMMIT, first).hex().encode()
    writer.add(COMMIT, first.replace(b"\nauthor", b"\nparent " + parent + b"\nauthor"))
    writer.write(folder, "seed")


if __name__ == "__main__":
    write_seed(Path(sys.argv[1]))
