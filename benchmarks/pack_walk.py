# SPDX-License-Identifier: Apache-2.0
"""
What does the bare walk over a repository's packs cost, and is it right?

    python benchmarks/pack_walk.py OBJECTS [--threads 2] [--width 64] [--kind blob|…|all]    the floor: no matching
    python benchmarks/pack_walk.py OBJECTS --check                                           objects against their ids
    python benchmarks/pack_walk.py OBJECTS --differential                                    walk against whole blobs

OBJECTS is an object directory, e.g. `repo.git/objects`. Prints user+sys CPU, wall and peak memory of this process.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import sys
import threading
import time
from array import array
from collections.abc import Callable
from typing import Any

from secrethunt import pack
from secrethunt.pack import TAG_BITS, Kind

NAMES = {Kind.COMMIT: b"commit", Kind.TREE: b"tree", Kind.BLOB: b"blob", Kind.TAG: b"tag"}
# Anchors like those of real rules: a rare prefix, a keyword with assignment, a private key's first line.
ANCHORS = [
    rb"AKIA[0-9A-Z]{2}",
    rb"(?i)\bpass(word|wd)\s{0,3}[=:]",
    rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY",
    rb"0x[0-9a-f]{8}\b",
]
WIDTH = 48
REACHES = [(64, 40), (48, 80), (64, 4096), (200, 1)]


def main() -> int:
    """Parse the options and run one of the three modes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objects", type=os.fsencode)
    parser.add_argument("--hash-size", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--kind", choices=[*(kind.name.lower() for kind in NAMES), "all"], default="blob")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--differential", action="store_true")
    args = parser.parse_args()
    before = cpu_seconds()
    packs = pack.Packs(pack.list_packs(args.objects).packs, args.hash_size)
    print(f"native {pack.IS_NATIVE}, {len(packs)} objects, broken packs {packs.broken}")
    if args.differential:
        return differential(packs, args)
    kinds = sum(kind.mask for kind in NAMES if args.kind in (kind.name.lower(), "all"))
    walker = pack.Walker(packs, kinds, args.width, [(64, 64)])
    totals = run_threads(walker, args, check_ids(args.hash_size) if args.check else None)
    print(f"objects {totals[0]}, written out {totals[1]}, dirty {totals[2]}, wrong {totals[3]}, skipped {totals[4]}")
    print(f"CPU of opening and walking {cpu_seconds() - before:.3f} s")
    print_usage()
    return 1 if totals[3] else 0


def run_threads(walker: Any, args: argparse.Namespace, check: Callable[[Any], int] | None) -> list[int]:
    """Objects, bytes written out, dirty bytes, wrong objects, skips of all threads together."""
    rows: list[list[int]] = []

    def run() -> None:
        worker = walker.worker()
        row = [0, 0, 0, 0, 0]
        while (batch := worker.next_batch()) is not None:
            wrong = check(batch) if check else 0
            batch.resolve(b"")
            batch.settle(b"")
            counts = [len(batch), batch.bytes, len(batch.arena), wrong, len(batch.skips)]
            row = [a + b for a, b in zip(row, counts, strict=True)]
        rows.append(row)

    start = time.monotonic()
    threads = [threading.Thread(target=run) for _ in range(args.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"walk: {time.monotonic() - start:.2f} s wall, {args.threads} threads; known skips {len(walker.skips)}")
    return [sum(column) for column in zip(*rows, strict=True)]


def check_ids(hash_size: int) -> Callable[[Any], int]:
    """A function that counts objects whose contents do not hash to their id."""
    hasher = hashlib.sha1 if hash_size == 20 else hashlib.sha256

    def check(batch: Any) -> int:
        wrong = 0
        for slot in range(len(batch)):
            data = batch.blob(slot)
            digest = hasher(NAMES[Kind(batch.kinds[slot])] + b" %d\0" % len(data))
            digest.update(data)
            wrong += digest.digest() != batch.ids[slot * hash_size : (slot + 1) * hash_size]
        return wrong

    return check


# --- differential ------------------------------------------------------------------------------------------------


def differential(packs: Any, args: argparse.Namespace) -> int:
    """Compare (anchor, blob, end, confirmed) of the walk with scanning every blob whole."""
    import hyperscan

    database = hyperscan.Database()
    flags = [hyperscan.HS_FLAG_MULTILINE] * len(ANCHORS)
    database.compile(expressions=ANCHORS, ids=list(range(len(ANCHORS))), elements=len(ANCHORS), flags=flags)
    walker = pack.Walker(packs, Kind.BLOB.mask, WIDTH, REACHES)
    worker = walker.worker()
    pairs = different = asked = 0
    origins: dict[int, int] = {}

    def events_of(data: Any) -> array[int]:
        events = array("Q")
        database.scan(data, match_event_handler=lambda id, _, end, *__: events.append(end << TAG_BITS | id))
        return events

    while (batch := worker.next_batch()) is not None:
        ids = batch.ids
        asked_here = batch.resolve(events_of(batch.arena))
        asked += len(asked_here)
        confirmed = array("Q")
        found: list[set[tuple[int, int]]] = [set() for _ in range(len(batch))]
        for slot, tag, end, origin in asked_here:
            if confirm(batch.blob(slot), tag, end):
                confirmed.append(origin)
                origins[origin] = tag
                found[slot].add((tag, end))
        for slot, origin, end, *_ in batch.settle(confirmed):
            found[slot].add((origins[origin], end))
        for slot in range(len(ids) // args.hash_size):
            expected = scan_whole(batch.blob(slot), events_of)
            pairs += len(expected)
            different += len(expected ^ found[slot])
    print(f"places {pairs}, confirmations asked for {asked}, different {different}")
    print_usage()
    return 1 if different else 0


def scan_whole(blob: memoryview, events_of: Callable[[Any], array[int]]) -> set[tuple[int, int]]:
    """The oracle."""
    places = set()
    for event in events_of(b"\n" + blob + b"\n"):
        tag, end = event & (1 << TAG_BITS) - 1, (event >> TAG_BITS) - 1
        if 0 < end <= len(blob) and confirm(blob, tag, end):
            places.add((tag, end))
    return places


def confirm(blob: memoryview, tag: int, end: int) -> bool:
    """As picky as a confirmation may be: it depends on every byte of its window and on the blob's ends in it."""
    before, after = REACHES[tag]
    window = bytes(blob[max(end - before, 0) : end + after])
    return hash((window, end < before, end + after > len(blob))) % 3 != 0


def cpu_seconds() -> float:
    """User and system CPU of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def print_usage() -> None:
    """What this process has cost so far."""
    print(f"CPU {cpu_seconds():.2f} s, peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    sys.exit(main())
