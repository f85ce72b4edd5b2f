# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time

import pytest

from secrethunt.candidates.context.grammars import MAX_DEPTH, Grammars

LANGUAGES = (
    "bash c c_sharp cpp dockerfile go hcl html java javascript json kotlin php powershell python ruby rust scala sql"
    " swift toml tsx typescript xml yaml"
)


@pytest.mark.parametrize("language", LANGUAGES.split())
def test_every_grammar_loads_and_reads_anything(language: str) -> None:
    tree = Grammars().parse(language, b"a = 1\n")
    assert tree is not None
    first = tree.chain(0, 1)[0]
    assert (0, True) == (first.start, first.end >= 5)


@pytest.mark.parametrize("language", LANGUAGES.split())
@pytest.mark.parametrize("text", [b"", b"\0", b"\xff\xfe\xfd", b"\xef\xbb\xbfa", b'"', b"((((", bytes(range(256))])
def test_bytes_of_any_kind_are_read(language: str, text: bytes) -> None:
    Grammars().parse(language, text)


HOSTILE = {
    "yaml, a stack of sequences": ("yaml", b"- " * 50_000),
    "yaml, a stack of keys": ("yaml", b"? " * 50_000),
    "yaml, a stairway": ("yaml", b"\n".join(b" " * depth + b"a:" for depth in range(500))),
    "kotlin, an annotation at the end": ("kotlin", b"var s\n@"),
    "html, elements in elements": ("html", b"<a>" * 30_000),
    "xml, elements in elements": ("xml", b"<a>" * 30_000),
    "ruby, lists of words": ("ruby", b"%w(" * 30_000),
    "kotlin, comparisons or types": ("kotlin", b"a<b " * 30_000),
    "swift, a long delimiter": ("swift", b"#" * 60_000 + b'"'),
    "scala, brackets": ("scala", b"{[(" * 30_000),
    "rust, raw strings": ("rust", b'r#"' * 30_000),
    "php, interpolation": ("php", b"<?php " + b'"{$a' * 20_000),
    "cpp, comparisons or templates": ("cpp", b"a<b>(" * 20_000),
    "typescript, comparisons or types": ("typescript", b"a<" * 40_000),
    "bash, expansions": ("bash", b'"${' * 30_000),
    "sql, words": ("sql", b"a b c " * 20_000),
}


@pytest.mark.parametrize(("language", "text"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_bounded_time(language: str, text: bytes) -> None:
    started = time.thread_time()
    tree = Grammars().parse(language, text)
    if tree is not None:
        tree.chain(len(text) // 2, len(text) // 2 + 1)
    assert time.thread_time() - started < 3


@pytest.mark.parametrize("text", [b"- " * 50_000, b"? " * 200, b"\n".join(b" " * n + b"a:" for n in range(200))])
def test_yaml_that_overflows_its_grammar_is_not_handed_to_it(text: bytes) -> None:
    assert Grammars().parse("yaml", text) is None


def test_value_nested_too_deep_has_no_chain() -> None:
    depth = MAX_DEPTH + 10
    tree = Grammars().parse("json", b"[" * depth + b'"a"' + b"]" * depth)
    assert tree is not None
    assert () == tree.chain(depth + 1, depth + 2)


def test_parser_reads_on_after_it_gave_up() -> None:
    grammars = Grammars()
    grammars.parse("ruby", b"%w(" * 30_000)
    tree = grammars.parse("ruby", b"a = 'b'\n")
    assert tree is not None
    assert ["program", "assignment", "string", "string_content"] == [step.type for step in tree.chain(5, 6)]
