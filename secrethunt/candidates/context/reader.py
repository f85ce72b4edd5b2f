# SPDX-License-Identifier: Apache-2.0
"""
Reads what the syntax of a file says of the values in it. Knows nothing of rules, scores or git.

The answer depends on the bytes and the path alone, so that a file of the work tree and a blob of history are judged
alike.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

from secrethunt.candidates.context import roles
from secrethunt.candidates.context.grammars import Grammars, Step, SyntaxTree
from secrethunt.candidates.context.languages import language_of_info, language_of_path
from secrethunt.candidates.context.plain import plain_context
from secrethunt.records import SyntaxContext

MAX_WHOLE = 128 * 1024
"""Bytes of a file that is parsed whole; of a larger one, the surroundings of each value are."""
_AROUND = 8 * 1024
MAX_VALUES = 500
"""Values of one file whose context is read: files with more are data, and their values are all alike."""

_LAST_NAME = re.compile(rb"[\w$@][\w\-$]*(?=[^\w]*$)")
_QUOTES_BEFORE = re.compile(rb"[A-Za-z$@#]{0,3}\\{0,3}[\"'`]{0,3}\\{0,3}[\"']?")
_QUOTES_AFTER = re.compile(rb"\\{0,3}[\"']?\\{0,3}[\"'`]{0,3}#*[;,]?\s*")
_COMPARES = re.compile(rb"(?<![=<>!])(?:===?|!==?|<>|-(?:i|c)?(?:eq|ne|match|like)\b|\bis\b|\bin\b|=~)")
_MAPS = re.compile(rb"->|=>|\bto\b")
_TEST = re.compile(
    rb"(?<![A-Za-z])[Tt]ests?(?![a-z])|[a-z](?:Tests?|Spec)(?![a-z])|\b(?:it|describe|context|specify|beforeEach|beforeAll|scenario|"
    rb"test|setUp|setup_method)\b"
)
_FENCE = re.compile(rb"(?m)^[ \t>]{0,12}(`{3,}|~{3,})[ \t]*([^\n`]{0,40})[^\n]*$")


class ContextReader:
    """Reads contexts; keeps parsers, for each thread its own."""

    def __init__(self) -> None:
        self._local = threading.local()

    def read(self, data: bytes, path: bytes, spans: Sequence[tuple[int, int]]) -> list[SyntaxContext | None]:
        """The context of each of *spans* (half-open bytes of *data*), None where nothing can be said."""
        language = language_of_path(path)
        if not language:
            return [None] * len(spans)
        if not hasattr(self._local, "grammars"):
            self._local.grammars = Grammars()
        trees = _Trees(self._local.grammars)
        return [
            self._read_one(trees, _Place(data, start, end), language) if index < MAX_VALUES else None
            for index, (start, end) in enumerate(spans)
        ]

    def _read_one(self, trees: _Trees, place: _Place, language: str) -> SyntaxContext | None:
        base, window = 0, place.data
        if language == "markdown":
            language, base, end = _fenced(place)
            if not language:
                return SyntaxContext("markdown", literal="text")
            window = place.data[base:end]
        start, end = place.start - base, place.end - base
        if language == "properties":
            return plain_context(window, start)
        if len(window) > MAX_WHOLE:
            base, window = _surroundings(window, start, end)
            start, end = start - base, end - base
        tree = trees.tree(language, base, window)
        return _context(language, tree, _Place(window, start, end)) if tree is not None else None


class _Place:
    """A value in its bytes."""

    __slots__ = ("data", "end", "start")

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data, self.start, self.end = data, start, end


class _Trees:
    """The last tree parsed: places come in order, and most files are one tree."""

    def __init__(self, grammars: Grammars) -> None:
        self._grammars = grammars
        self._key: tuple[str, int, int] | None = None
        self._tree: SyntaxTree | None = None

    def tree(self, language: str, base: int, window: bytes) -> SyntaxTree | None:
        key = language, base, len(window)
        if key != self._key:
            self._key, self._tree = key, self._grammars.parse(language, window)
        return self._tree


def _surroundings(data: bytes, start: int, end: int) -> tuple[int, bytes]:
    """Whole lines around a place; where lines are long, parts of them."""
    first = max(0, start - _AROUND)
    first = data.find(b"\n", first, start) + 1 or first
    return first, data[first : end + _AROUND]


def _fenced(place: _Place) -> tuple[str, int, int]:
    """Language and bounds of the fenced code block around a place, or an empty language."""
    fence, info, opened = b"", "", 0
    for match in _FENCE.finditer(place.data):
        if fence and match.start() >= place.start and match[1].startswith(fence):
            return language_of_info(info), opened, match.start()
        if match.start() >= place.start:
            break
        if not fence:
            fence, info, opened = match[1], match[2].decode("utf-8", "replace"), match.end() + 1
        elif match[1].startswith(fence) and not match[2].strip():
            fence = b""
    return "", 0, 0


def _context(language: str, tree: SyntaxTree, place: _Place) -> SyntaxContext | None:
    chain = tree.chain(place.start, place.end)
    if not chain:
        return None
    at, kind = _literal(language, chain)
    literal = chain[at]
    use, name, callee = _use(language, chain[: at + 1], place)
    return SyntaxContext(
        language,
        literal=kind,
        use=use,
        name=name.decode("utf-8", "replace"),
        callee=callee.decode("utf-8", "replace"),
        is_part=kind in (roles.STRING, roles.TEXT) and not _is_whole(place, literal),
        in_test=_in_test(chain[:at], place.data),
    )


def _literal(language: str, chain: Sequence[Step]) -> tuple[int, str]:
    """Index and kind of the literal that holds the value; code where there is none below an interpolation."""
    for index in range(len(chain) - 1, -1, -1):
        kind = roles.LITERALS.get(chain[index].type)
        if kind:
            while index and roles.LITERALS.get(chain[index - 1].type) == kind:
                index -= 1
            return index, kind
        if "interpolation" in chain[index].type or chain[index].type in roles.USES:
            break
    return len(chain) - 1, "" if chain[-1].type in ("ERROR", "program", "source_file") else roles.CODE


def _is_whole(place: _Place, literal: Step) -> bool:
    """The value is all that the literal says."""
    before = place.data[literal.start : place.start] if place.start - literal.start < 8 else b"a string before"
    after = place.data[place.end : literal.end] if literal.end - place.end < 8 else b"a string behind"
    return _QUOTES_BEFORE.fullmatch(before) is not None and _QUOTES_AFTER.fullmatch(after) is not None


def _use(language: str, chain: Sequence[Step], place: _Place) -> tuple[str, bytes, bytes]:
    """What is done with the literal at the end of *chain*: use, the name it is given, the function it goes to."""
    use, name = "", b""
    for index in range(len(chain) - 2, -1, -1):
        step, below = chain[index], chain[index + 1]
        role = roles.use_of(language, step.type)
        if role == roles.OPERATION:
            role = _operation(place.data, step, below)
        if not role:
            continue
        before = place.data[max(step.start, below.start - 200) : below.start]
        if role in (roles.ARGUMENT, roles.COMMAND):
            callee = _callee(role, chain[:index], step, place)
            return use or role, name, callee
        if use:
            continue
        use, name = role, _last_name(before)
        if role not in (roles.NAMED, roles.LISTED, roles.PAIR):
            return use, name, b""
    return use, name, b""


def _operation(data: bytes, step: Step, below: Step) -> str:
    """A comparison, a pair (`a -> b`), or nothing that matters."""
    between = data[max(step.start, below.start - 24) : below.start], data[below.end : min(step.end, below.end + 24)]
    if any(_COMPARES.search(text) for text in between):
        return roles.COMPARED
    return roles.PAIR if _MAPS.search(between[0]) else ""


def _callee(role: str, above: Sequence[Step], step: Step, place: _Place) -> bytes:
    """The last name of the function, method, macro or command that gets the value."""
    if role == roles.COMMAND:
        match = re.match(rb"[\w./-]{1,60}", place.data[step.start : step.start + 60])
        return match.group().rpartition(b"/")[2] if match else b""
    start = above[-1].start if above else step.start
    return _last_name(place.data[max(start, step.start - 200) : step.start])


def _last_name(text: bytes) -> bytes:
    match = _LAST_NAME.search(text)
    return match.group() if match else b""


def _in_test(chain: Sequence[Step], data: bytes) -> bool:
    """Something above the value is called a test."""
    return any(
        step.type in roles.SCOPES and _TEST.search(data[step.start : min(chain[index + 1].start, step.start + 200)])
        for index, step in enumerate(chain[:-1])
    )
