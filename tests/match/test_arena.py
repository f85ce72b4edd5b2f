# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator

from secrethunt.match.arena import ARENA_SIZE, SEPARATOR, Arena, iter_arenas
from secrethunt.records import Blob
from tests.rule_samples import make_blob


def blobs(*pieces: bytes) -> list[Blob]:
    """One blob for each of *pieces*."""
    return [make_blob(piece, b"%d" % n) for n, piece in enumerate(pieces)]


def contents(arena: Arena) -> list[bytes]:
    """What each blob holds, cut out of the arena's bytes."""
    pairs = zip(arena.starts, arena.blobs, strict=True)
    return [arena.data[start : start + len(blob.data)] for start, blob in pairs]


def test_blobs_stand_in_order_with_a_separator_between_them() -> None:
    [arena] = iter_arenas(blobs(b"one", b"two\n", b"\n", b"four"))
    assert b"one\ntwo\n\n\n\nfour" == arena.data
    assert [b"one", b"two\n", b"\n", b"four"] == contents(arena)


def test_every_end_is_located_in_the_blob_that_holds_the_byte_before_it() -> None:
    [arena] = iter_arenas(blobs(b"one", b"x", b"three"))
    expected = [0] * 3 + [0] + [1] + [1] + [2] * 5
    assert expected == [arena.locate(end) for end in range(1, len(arena.data) + 1)]


def test_arena_is_closed_before_it_grows_beyond_its_size() -> None:
    arenas = list(iter_arenas(blobs(b"a" * 6, b"b" * 6, b"c" * 3, b"d" * 20, b"e"), size=10))
    assert [[b"a" * 6], [b"b" * 6, b"c" * 3], [b"d" * 20], [b"e"]] == [contents(arena) for arena in arenas]


def test_larger_blob_has_an_arena_to_itself_without_being_copied() -> None:
    large = make_blob(b"x" * (ARENA_SIZE + 1))
    arenas = list(iter_arenas([make_blob(b"a"), large, make_blob(b"b")]))
    assert 3 == len(arenas)
    assert large.data is arenas[1].data


def test_empty_blobs_are_left_out() -> None:
    assert [] == list(iter_arenas(blobs(b"", b"")))
    [arena] = iter_arenas(blobs(b"", b"a", b"", b"b", b""))
    assert (b"a" + SEPARATOR + b"b", [b"a", b"b"]) == (arena.data, contents(arena))


def test_blobs_are_taken_only_as_arenas_are_asked_for() -> None:
    taken: list[int] = []

    def counted() -> Iterator[Blob]:
        for number, blob in enumerate(blobs(*[b"x" * 8] * 10)):
            taken.append(number)
            yield blob

    next(iter_arenas(counted(), size=10))
    assert [0, 1] == taken
