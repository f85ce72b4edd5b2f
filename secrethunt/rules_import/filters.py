# SPDX-License-Identifier: Apache-2.0
"""
Reads the filters of Betterleaks: expressions that are true for what is left alone. Those that are alternatives of tests
on entropy, patterns and words, as all but a few are, become fields of ours; any other term is handed back by name.

Format: https://github.com/betterleaks/betterleaks, "Filters"; the language is that of https://expr-lang.org.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_STRING = re.compile(r'`[^`]*`|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_ENTROPY = re.compile(r'entropy\(finding\["secret"\]\)\s*(<=?)\s*(\d+(?:\.\d+)?)')
_TEST = re.compile(r"(!?)\s*(matchesAny|containsAny)\((.+?),\s*\[(.*)\]\)", re.DOTALL)
_SUBJECTS = {
    'finding["secret"]': "secret",
    'finding["match"]': "match",
    'finding["line"]': "line",
    'get(attributes, "path", "")': "path",
    '(attributes["path"] ?? "")': "path",
}


class Term(NamedTuple):
    """One alternative of a filter: what it looks at, how, and for what."""

    subject: str
    """`entropy`, `secret`, `match`, `line` or `path`; empty where it was not understood."""
    is_negated: bool = False
    is_words: bool = False
    """The texts are words to contain, not patterns to match."""
    texts: tuple[str, ...] = ()
    bound: float = 0.0
    is_inclusive: bool = False


def read_filter(text: str) -> Iterator[Term]:
    """The alternatives of a filter."""
    text = text.strip()
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    for part in _alternatives(text):
        yield _term(part.strip().replace("filter.", ""))


def _term(text: str) -> Term:
    entropy = _ENTROPY.fullmatch(text)
    if entropy is not None:
        return Term("entropy", bound=float(entropy[2]), is_inclusive=entropy[1] == "<=")
    test = _TEST.fullmatch(text)
    subject = _SUBJECTS.get(test[3].strip()) if test else None
    if test is None or subject is None:
        return Term("")
    texts = tuple(_unquoted(match[0]) for match in _STRING.finditer(test[4]))
    return Term(subject, bool(test[1]), test[2] == "containsAny", texts)


def _unquoted(literal: str) -> str:
    body = literal[1:-1]
    return body if literal[0] == "`" else re.sub(r"\\(.)", _escape, body)


def _escape(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "r": "\r"}.get(match[1], match[1])


def _alternatives(text: str) -> Iterator[str]:
    """The parts between `||` that stand in no string or bracket."""
    start = at = depth = 0
    while at < len(text):
        literal = _STRING.match(text, at)
        if literal is not None:
            at = literal.end()
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0 and text.startswith("||", at):
            yield text[start:at]
            at += 2
            start = at
            continue
        at += 1
    yield text[start:]


def _closing(text: str) -> int:
    """Where the bracket that *text* begins with is closed; -1 where it is not."""
    at = depth = 0
    while at < len(text):
        literal = _STRING.match(text, at)
        if literal is not None:
            at = literal.end()
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at
        at += 1
    return -1
