# SPDX-License-Identifier: Apache-2.0
"""Patterns that were kept mean what `re` means by them, and what cannot be used is made again."""

from __future__ import annotations

import marshal
import re
from pathlib import Path
from typing import Any

import pytest

from secrethunt.diskcache import DiskCache
from secrethunt.match.patterns import PatternStore
from secrethunt.ruleset import RuleSelection, load_ruleset

PATTERN = rb"(?i)(?P<word>key|token)\s*=\s*(?P<quote>[\"'])(?P<secret>(?:(?!(?P=quote)).){4,20})(?P=quote)(?<!x')\b"
TEXT = b"Key = 'abcdef' token=\"x\" TOKEN = 'ghijkl'z"


def kept_file(directory: Path) -> Path:
    (file,) = directory.glob("patterns-*")
    return file


def run(store: PatternStore, pattern: bytes, text: bytes) -> list[tuple[object, ...]]:
    compiled = store.compile(pattern)
    found = [(match.span(), match.groupdict()) for match in compiled.finditer(text)]
    return [(compiled.pattern, compiled.flags, compiled.groups, dict(compiled.groupindex)), *found]


def expected(pattern: bytes, text: bytes) -> list[tuple[object, ...]]:
    compiled = re.compile(pattern)
    found = [(match.span(), match.groupdict()) for match in compiled.finditer(text)]
    return [(compiled.pattern, compiled.flags, compiled.groups, dict(compiled.groupindex)), *found]


def test_pattern_means_the_same_when_made_and_when_kept(tmp_path: Path) -> None:
    for _ in range(2):
        store = PatternStore(DiskCache(str(tmp_path)))
        assert expected(PATTERN, TEXT) == run(store, PATTERN, TEXT)
        store.save()


def test_every_shipped_pattern_has_a_code_that_is_taken(tmp_path: Path) -> None:
    rules = load_ruleset(RuleSelection(only=("a*", "generic")), DiskCache(None)).rules
    for _ in range(2):
        store = PatternStore(DiskCache(str(tmp_path)))
        for rule in rules:
            pattern = rule.pattern.encode()
            assert expected(pattern, TEXT) == run(store, pattern, TEXT)
        store.save()
    assert len(marshal.loads(DiskCache(str(tmp_path)).read(kept_file(tmp_path).name) or b"")) == len(
        {rule.pattern for rule in rules}
    )


def test_malformed_pattern_is_an_error_as_ever(tmp_path: Path) -> None:
    with pytest.raises(re.error):
        PatternStore(DiskCache(str(tmp_path))).compile(b"(")


@pytest.mark.parametrize(
    "kept",
    [
        {PATTERN: None},
        {PATTERN: (2, 4, {"secret": 9}, b"\1\0\0\0")},
        {PATTERN: (2, 4, {"secret": 1}, b"\xff\xff\xff\xff" * 8)},
        {PATTERN: (2, 4, {"secret": 1}, b"odd")},
        [],
    ],
)
def test_code_that_the_interpreter_refuses_is_made_again(tmp_path: Path, kept: Any) -> None:
    store = PatternStore(DiskCache(str(tmp_path)))
    store.compile(PATTERN)
    store.save()
    DiskCache(str(tmp_path)).write(kept_file(tmp_path).name, marshal.dumps(kept))
    assert expected(PATTERN, TEXT) == run(PatternStore(DiskCache(str(tmp_path))), PATTERN, TEXT)


def test_without_a_cache_nothing_is_kept() -> None:
    store = PatternStore(DiskCache(None))
    assert expected(PATTERN, TEXT) == run(store, PATTERN, TEXT)
    store.save()
