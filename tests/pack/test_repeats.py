# SPDX-License-Identifier: Apache-2.0
"""What came up before is looked at once: by the native room, and without a difference to what is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pack.rooms import ROOMS, Confirm, Scan, scan, scan_whole, walk_blobs
from tests.pack.writer import BLOB, Copy, PackWriter, encode_delta, object_id

pytestmark = pytest.mark.skipif(len(ROOMS) < 2, reason="the native module is not built")

KEY = re.compile(rb"key=")
LONG = b"".join(b"line %04d of the base, long enough to be worth a copy\n" % number for number in range(200))
LINE = len(LONG) // 200
QUIET = b"nothing at all to be found in here, though it comes again and again\n" * 4


def write_branches(folder: Path, inserted: list[bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """One base, and for each of *inserted* a delta that puts it into the middle, elsewhere each time."""
    writer = PackWriter()
    base = writer.add(BLOB, LONG)
    blobs = {base: LONG}
    for number, piece in enumerate(inserted):
        cut = LINE * (40 + number)
        data = LONG[:cut] + piece + LONG[cut:]
        pieces: list[Copy | bytes] = [(0, cut), piece, (cut, len(LONG) - cut)]
        id = object_id(BLOB, data)
        writer.add_delta(id, base, encode_delta(len(LONG), pieces))
        blobs[id] = data
    return writer.write(folder), blobs


def walk(path: bytes, confirm: Confirm, **options: int) -> Scan:
    room = ROOMS[0]
    return scan(walk_blobs(room, room.Packs([path]), width=4, reaches=[(8, 24)], **options), [KEY], confirm)


@pytest.mark.parametrize("object_bytes", [1, 1 << 20])
def test_range_that_holds_no_anchor_is_scanned_once(tmp_path: Path, object_bytes: int) -> None:
    path, blobs = write_branches(tmp_path, [QUIET] * 12)
    result = walk(path, lambda *_: True, object_bytes=object_bytes)
    assert blobs == result.blobs
    assert 1 == b"".join(result.arenas).count(QUIET)


@pytest.mark.parametrize("object_bytes", [1, 1 << 20])
def test_anchors_of_a_range_that_comes_again_are_found_in_each_object(tmp_path: Path, object_bytes: int) -> None:
    path, blobs = write_branches(tmp_path, [b"\n" * 30 + b"key=abcdef" + b"\n" * 30] * 9)
    result = walk(path, lambda *_: True, object_bytes=object_bytes)
    assert scan_whole(blobs.items(), [KEY], lambda *_: True) == result.places
    assert 9 == len(result.places)


@pytest.mark.parametrize("verdict", [True, False])
def test_same_window_is_asked_for_once(tmp_path: Path, verdict: bool) -> None:
    path, _ = write_branches(tmp_path, [b"\n" * 30 + b"key=abcdef" + b"\n" * 30] * 9)
    result = walk(path, lambda *_: verdict)
    assert (1, 9 if verdict else 0) == (result.asked, len(result.places))


def test_window_that_differs_in_its_last_byte_is_asked_for_again(tmp_path: Path) -> None:
    values = [b"key=abcdef" + b"." * 13 + last for last in (b"0", b"1", b"0")]
    path, blobs = write_branches(tmp_path, [b"\n" * 30 + value + b"\n" * 30 for value in values])

    def ends_in_one(data: memoryview, _tag: int, end: int) -> bool:
        return bytes(data[end + 19 : end + 20]) == b"1"

    result = walk(path, ends_in_one)
    assert scan_whole(blobs.items(), [KEY], ends_in_one) == result.places
    assert (2, 1) == (result.asked, len(result.places))
