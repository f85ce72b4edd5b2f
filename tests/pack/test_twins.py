# SPDX-License-Identifier: Apache-2.0
"""The native module and its plain-Python twin give the same answer to everything, damaged packs included."""

from __future__ import annotations

import os
import random
import re
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secrethunt.pack.contract import Kind, PackError
from tests.pack.rooms import ROOMS, scan
from tests.pack.writer import (
    BLOB,
    COMMIT,
    REF_DELTA,
    TREE,
    PackWriter,
    apply_pieces,
    encode_delta,
    entry_header,
    object_id,
)

pytestmark = pytest.mark.skipif(len(ROOMS) < 2, reason="the native module is not built")
PATTERNS = [re.compile(rb"a[bc]"), re.compile(rb"\bkey\b")]
RUNS = int(os.environ.get("SECRETHUNT_FUZZ_RUNS", "150"))


def damaged(generator: random.Random, data: bytes) -> bytes:
    """*data*, three times out of four with some bytes changed, cut or doubled."""
    out = bytearray(data)
    for _ in range(generator.choice([0, 1, 1, 4])):
        if not out:
            break
        at = generator.randrange(len(out))
        match generator.randrange(4):
            case 0:
                out[at] = generator.randrange(256)
            case 1:
                out[at] ^= 1 << generator.randrange(8)
            case 2:
                del out[at : at + generator.randrange(4)]
            case _:
                out[at:at] = out[at : at + 8]
    return bytes(out)


def random_tree(generator: random.Random, known: list[tuple[int, bytes, bytes]]) -> bytes:
    entries = b""
    for number in range(generator.randrange(6)):
        kind, id, _ = generator.choice(known)
        mode = {TREE: b"40000", BLOB: b"100644", COMMIT: b"160000"}[kind]
        entries += generator.choice([mode, mode, mode, b"040000", b""]) + b" n%d\0" % number + id
    return entries


def random_commit(generator: random.Random, known: list[tuple[int, bytes, bytes]]) -> bytes:
    tree = generator.choice(known)[1].hex().encode()
    parents = b"".join(
        b"parent %s\n" % generator.choice(known)[1].hex().encode() for _ in range(generator.randrange(3))
    )
    when = generator.choice([b"1700000000 +0100", b"-5 +0000", b"", b"99999999999999999999999 +0"])
    return b"tree %s\n%sauthor A <a@b> %s\ncommitter C <c> d> %s\n\nmessage\n" % (tree, parents, when, when)


def build(seed: int, folder: Path) -> list[bytes]:
    """Some packs of every kind of object, some of it damaged."""
    generator = random.Random(seed)
    writers = [PackWriter() for _ in range(generator.choice([1, 1, 2]))]
    known: list[tuple[int, bytes, bytes]] = [(BLOB, object_id(BLOB, b"absent"), b"")]
    is_hostile = generator.random() < 0.8

    def spoil(data: bytes) -> bytes:
        return damaged(generator, data) if is_hostile and generator.random() < 0.2 else data

    for _ in range(generator.randrange(1, 14)):
        writer = generator.choice(writers)
        kind = generator.choice([BLOB, BLOB, TREE, COMMIT])
        data = {
            BLOB: lambda: b"".join(
                generator.choices([b"a", b"b", b"c", b"key", b"\n", b" "], k=generator.randrange(60))
            ),
            TREE: lambda: random_tree(generator, known),
            COMMIT: lambda: random_commit(generator, known),
        }[kind]()
        if generator.random() < 0.6:
            kind, base, content = generator.choice(known)
            size = len(content)
            cuts = sorted(generator.randrange(size + 1) for _ in range(4))
            pieces: list[Any] = [(0, cuts[0]), data[:20], (cuts[1], cuts[2] - cuts[1]), (cuts[3], size - cuts[3])]
            data = apply_pieces(content, pieces)
            id = object_id(kind, data)
            delta = spoil(encode_delta(size, pieces))
            raw = writer.delta_raw(base, delta, by_id=generator.random() < 0.5)
            if is_hostile and generator.random() < 0.05:
                raw = entry_header(REF_DELTA, len(delta)) + id + zlib.compress(delta)
            writer.add_raw(id, spoil(raw))
        else:
            id = object_id(kind, data)
            content = spoil(data)
            writer.add_raw(id, spoil(entry_header(kind, len(content)) + zlib.compress(content)))
        known.append((kind, id, data))
    paths = [writer.write(folder, f"p{number}") for number, writer in enumerate(writers)]
    if is_hostile and generator.random() < 0.3:
        index = folder / "p0.idx"
        index.write_bytes(damaged(generator, index.read_bytes()))
    return paths


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (PackError, KeyError) as err:
        return type(err), getattr(err, "reason", None)


def everything(room: ModuleType, paths: list[bytes], seed: int) -> list[Any]:
    """All that an implementation says of these packs."""
    generator = random.Random(seed)
    packs = room.Packs(paths)
    kinds = [packs.ids(kind) for kind in Kind]
    ids = [joined[at : at + 20] for joined in kinds for at in range(0, len(joined), 20)]
    wanted = None if generator.random() < 0.7 else b"".join(generator.sample(ids, len(ids) // 2))
    walker = room.Walker(
        packs,
        sum(kind.mask for kind in Kind if kind),
        5,
        [(9, 9), (3, 40)],
        max_size=generator.choice([40, 1000]),
        budget=generator.choice([60, 1000, 5000]),
        object_bytes=generator.choice([1, 100, 10000]),
        wanted=wanted,
    )
    result = scan(walker, PATTERNS, lambda blob, tag, end: zlib.crc32(blob[max(end - 3, 0) : end + 9]) % 3 > 0)
    targets = b"".join(generator.sample(ids, len(ids) // 3))
    extra = [(object_id(TREE, bytes([at])), random_tree(generator, [(TREE, ids[0], b"")])) for at in range(2) if ids]
    return [
        [(path, int(reason)) for path, reason in packs.broken],
        len(packs),
        kinds,
        [outcome(partial(packs.read, id, 100)) for id in [*ids, bytes(20)]],
        [id in packs for id in [*ids, bytes(20)]],
        walker.counts,
        result.skips,
        result.shown,
        result.size,
        result.places,
        result.skips,
        packs.commits(),
        packs.find_trees(targets, extra),
    ]


@given(seed=st.integers(0, 2**63))
@settings(max_examples=RUNS)
def test_native_and_reference_say_the_same_of_any_packs(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    paths = build(seed, tmp_path_factory.mktemp("packs"))
    native, twin = (everything(room, paths, seed) for room in ROOMS)
    for one, other in zip(native, twin, strict=True):
        assert one == other
