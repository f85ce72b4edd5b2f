# SPDX-License-Identifier: Apache-2.0
"""What a search reports does not depend on who finds it: Hyperscan, the native module, or both."""

from __future__ import annotations

import random
import re
import threading
from array import array
from collections.abc import Iterator

import pytest

from secrethunt.decode import HINTS, Shape
from secrethunt.diskcache import DiskCache
from secrethunt.match.database import compile_database, load_database
from secrethunt.match.search import Search, load_search
from secrethunt.pack import TAG_BITS, find_encoded

HINT_OF = {hint.shape: hint for hint in HINTS if hint.shape is not None}
EXPRESSIONS = ["acme_[0-9]{3}", *(HINT_OF[shape].expression for shape in Shape), r"\bbolt\b"]
SHAPES = {shape: 1 + shape for shape in Shape}
PLAIN = Search(compile_database(EXPRESSIONS))
SEARCH = load_search(EXPRESSIONS, DiskCache(None), SHAPES)
TEXTS = {
    Shape.BASE64: [b"cGFzc3dvcmQ9", b"LS0tLS1CRUdJ", b"cABhAHMAcwB3"],
    Shape.HEX: [b"70617373776f7264", b"2F2f3A3a7E7e5a5A"],
    Shape.BYTE_ORDER_MARK: [b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"],
    Shape.UTF16: [b"p\0a\0s\0s\0", b"\0p\0a\0\n\0\t"],
    Shape.UTF32: [b"p\0\0\0a\0\0\0", b"\0\0\0p\0\0\0a", b"\0\0\0pa\0\0\0", b"p\0\0\0\0\0\0a"],
}


def events(search: Search, data: bytes) -> list[tuple[int, int]]:
    """(tag, end), in order."""
    return sorted((event & 0xFFFF, event >> TAG_BITS) for event in search.events(data))


def ends_by_re(data: bytes) -> list[tuple[int, int]]:
    """The same for the shapes alone, by trying each place."""
    found: set[tuple[int, int]] = set()
    for shape, hint in HINT_OF.items():
        pattern = hint.expression.removeprefix("(?m)")
        flags = re.MULTILINE if hint.expression.startswith("(?m)") else re.NOFLAG
        ahead = re.compile(b"(?=(%b))" % pattern.encode(), flags)
        found.update((SHAPES[shape], match.end(1)) for match in ahead.finditer(data))
    return sorted(found)


def scan_dumped(dump: bytes, data: bytes) -> list[tuple[int, int]]:
    """(tag, end) as the commit hook's first look has them from a dumped database."""
    import hyperscan

    found: list[tuple[int, int]] = []
    database = hyperscan.loadb(dump, hyperscan.HS_MODE_BLOCK)
    scratch = hyperscan.Scratch(database)
    database.scan(data, match_event_handler=lambda tag, _start, end, *_: found.append((tag, end)), scratch=scratch)
    return found


def iter_damaged(text: bytes) -> Iterator[bytes]:
    """*text* behind each byte, and with each byte in each place."""
    for byte in range(256):
        yield b"\n%c" % byte + text
        for place in range(len(text)):
            yield b"\n" + text[:place] + b"%c" % byte + text[place + 1 :]


@pytest.mark.parametrize("shape", Shape)
def test_text_behind_a_line_feed_is_found_at_its_end(shape: Shape) -> None:
    for text in TEXTS[shape]:
        assert (SHAPES[shape], 1 + len(text)) in events(SEARCH, b"\n" + text + b" ")


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("shift", [0, 1, 37])
def test_any_one_byte_makes_the_same_difference_to_both(shape: Shape, shift: int) -> None:
    for text in TEXTS[shape]:
        data = b"." * shift + b"".join(iter_damaged(text))
        assert events(PLAIN, data) == events(SEARCH, data)


@pytest.mark.parametrize("shape", Shape)
def test_text_is_found_wherever_blocks_of_bytes_end(shape: Shape) -> None:
    for text in TEXTS[shape]:
        for size in [*range(70), *range(100, 200), *range(4070, 4110), *range(4140, 4180)]:
            before = b" " * size + b"\n"
            for data in (before + text, before + text[:-1], text + before):
                assert events(PLAIN, data) == events(SEARCH, data)


ALPHABETS = (
    b"cGFzdmQ9AB-_+/= x\n",
    b"0123456789abcdefABCDEFxg\n",
    b"2367ax0\n",
    b"\0\0\0\0ab\n",
    b"\0\xff\xfe\n\n\na",
    bytes(range(256)),
)


@pytest.mark.parametrize("seed", range(40))
def test_random_bytes_give_the_same_three_ways(seed: int) -> None:
    generator = random.Random(seed)
    texts = [text for shape in Shape for text in TEXTS[shape]]
    pieces = []
    for _ in range(generator.randrange(1, 400)):
        match generator.randrange(4):
            case 0:
                pieces.append(generator.choice(texts))
            case 1:
                pieces.append(generator.choice(texts)[: generator.randrange(1, 20)])
            case _:
                pieces.append(bytes(generator.choices(generator.choice(ALPHABETS), k=generator.randrange(60))))
    data = b"".join(pieces)
    expected = events(PLAIN, data)
    assert expected == events(SEARCH, data)
    assert [event for event in expected if event[0] in SHAPES.values()] == ends_by_re(data)


def test_dumped_databases_find_the_same_together() -> None:
    data = b"\n".join([b"acme_123", *(text for shape in Shape for text in TEXTS[shape]), b"bolt"])
    for search in (PLAIN, SEARCH):
        assert events(PLAIN, data) == sorted(found for dump in search.dump() for found in scan_dumped(dump, data))


def test_without_all_shapes_everything_is_left_to_the_database() -> None:
    data = b"acme_123 " + TEXTS[Shape.HEX][0]
    search = load_search(EXPRESSIONS, DiskCache(None), {Shape.HEX: 2})
    assert [(0, 8), (2, len(data))] == events(search, data)


def test_same_expressions_under_other_tags_are_another_database(tmp_path: object) -> None:
    cache = DiskCache(str(tmp_path))
    for tags in ([3, 7], [7, 3], None):
        database = load_database(["a", "b"], cache, tags)
        assert sorted(tags or [0, 1]) == sorted(event & 0xFFFF for event in Search(database).events(b"ab"))
        first = min(Search(database).events(b"ab"))
        assert (tags or [0, 1])[0] == first & 0xFFFF


def test_threads_share_a_search() -> None:
    data = b"acme_123 " + TEXTS[Shape.BASE64][0]
    results: list[list[tuple[int, int]]] = []
    threads = [threading.Thread(target=lambda: results.append(events(SEARCH, data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 4 * [events(PLAIN, data)] == results


def test_nothing_is_found_in_nothing() -> None:
    assert array("Q") == SEARCH.events(b"") == SEARCH.events(memoryview(b""))


@pytest.mark.skipif(find_encoded is None, reason="the native module is not built, or has no vectors to work with")
def test_the_native_module_takes_views_and_refuses_tags_that_do_not_fit() -> None:
    assert find_encoded is not None
    data = bytearray(TEXTS[Shape.BASE64][0])
    assert array("Q", [12 << TAG_BITS | 9]).tobytes() == find_encoded(memoryview(data), (9, 1, 2, 3, 4))
    data.append(0)
    for tags in ((-1, 1, 2, 3, 4), (0, 1, 2, 3, 1 << TAG_BITS)):
        with pytest.raises(ValueError, match="16 bits"):
            find_encoded(bytes(data), tags)
