# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from secrethunt.diskcache import DiskCache
from secrethunt.match.database import Database, ExpressionError, compile_database, load_database
from secrethunt.ruleset import Ruleset

EXPRESSIONS = ["acme_[0-9]{3}", r"\bbolt\b", "(?i:coil)[^\\n]", r"x\x00\xff"]
TEXT = b"acme_123 acme_12 bolt bolts COIL! coil\nx\x00\xff" * 20


def matches(database: Database, data: bytes = TEXT) -> list[tuple[int, int]]:
    """(expression, end) of each match, in order."""
    found: list[tuple[int, int]] = []
    database.scan(data, lambda index, _start, end, _flags, _context: found.append((index, end)), database.scratch())
    return sorted(found)


def test_every_end_of_every_expression_is_reported() -> None:
    first = [found for found in matches(compile_database(EXPRESSIONS)) if found[1] <= len(TEXT) // 20]
    assert [(0, 8), (1, 21), (2, 33), (3, 42)] == first


def test_variable_width_reports_each_end() -> None:
    assert [(0, 1), (0, 2), (0, 3)] == matches(compile_database(["a{1,3}"]), b"aaa")


@pytest.mark.parametrize("broken", ["(", "(?=x)y", "a*", r"(a)\1", "[z-a]"])
def test_expression_that_is_refused_is_named_by_its_index(broken: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_database([*EXPRESSIONS, broken, "fine"])
    assert len(EXPRESSIONS) == caught.value.index
    assert str(caught.value)


def test_database_from_cache_equals_the_compiled_one(tmp_path: Path, ruleset: Ruleset) -> None:
    expressions = [anchor.expression for anchor in ruleset.anchors]
    text = b"\n".join(rule.pattern.encode() + rule.name.encode() for rule in ruleset.rules)
    cache = DiskCache(str(tmp_path))
    compiled = load_database(expressions, cache)
    [name] = os.listdir(tmp_path)
    written = (tmp_path / name).stat().st_mtime_ns
    loaded = load_database(expressions, cache)
    assert matches(compiled, text) == matches(loaded, text)
    assert written == (tmp_path / name).stat().st_mtime_ns


def test_other_expressions_or_order_have_a_file_of_their_own(tmp_path: Path) -> None:
    cache = DiskCache(str(tmp_path))
    for expressions in (EXPRESSIONS, EXPRESSIONS[::-1], EXPRESSIONS[:2], [*EXPRESSIONS, "x"], ["ab", "c"], ["a", "bc"]):
        assert matches(compile_database(expressions)) == matches(load_database(expressions, cache))
    assert 6 == len(os.listdir(tmp_path))


@pytest.mark.parametrize("damage", [b"", b"not a database", b"\xff" * 5000, b"\0" * 5000])
def test_sound_file_that_is_no_database_is_made_again(tmp_path: Path, damage: bytes) -> None:
    cache = DiskCache(str(tmp_path))
    expected = matches(load_database(EXPRESSIONS, cache))
    [name] = os.listdir(tmp_path)
    cache.write(name, damage)
    assert expected == matches(load_database(EXPRESSIONS, cache))
    assert damage != cache.read(name)


def test_truncated_file_is_made_again(tmp_path: Path) -> None:
    cache = DiskCache(str(tmp_path))
    expected = matches(load_database(EXPRESSIONS, cache))
    [name] = os.listdir(tmp_path)
    sound = (tmp_path / name).read_bytes()
    for length in (0, 10, len(sound) // 2, len(sound) - 1):
        (tmp_path / name).write_bytes(sound[:length])
        assert expected == matches(load_database(EXPRESSIONS, cache))
        assert sound == (tmp_path / name).read_bytes()


def test_threads_scan_at_once_each_with_its_own_scratch() -> None:
    database = compile_database(EXPRESSIONS)
    expected = matches(database)
    found: list[list[tuple[int, int]]] = []
    threads = [threading.Thread(target=lambda: found.extend(matches(database) for _ in range(20))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [expected] * 80 == found
