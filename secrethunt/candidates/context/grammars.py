# SPDX-License-Identifier: Apache-2.0
"""
The one adapter to tree-sitter: from bytes to the syntax nodes around a place. Loads a grammar when a file needs it.

What a hostile file may cost is bounded by counts, so that the same bytes always give the same answer: steps of the
parser, bytes that its lexer reads, depth of the chain. The clock stands behind them. Whatever goes over has no context.
"""

from __future__ import annotations

import ctypes
import importlib
import re
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Language, Parser, Tree

_MODULES = {"tsx": ("typescript", "language_tsx"), "typescript": ("typescript", "language_typescript")}
_MODULES |= {"php": ("php", "language_php"), "xml": ("xml", "language_xml")}
"""Grammars whose package or function is not called after the language."""

MAX_DEPTH = 200
"""Levels of syntax above a value; people write about thirty, generated data a hundred."""
_CHUNK = 4096
_STEPS_PER_BYTE = 0.04
"""tree-sitter tells of its progress once in a fixed number of operations; of 1,100 real files none needed 0.014."""
_READS_PER_BYTE = 40
"""How often a lexer may look at a byte; of the same files none needed 11."""
_STEPS_A_LOOK = 16
"""Steps between two looks at the clock."""
_SECONDS = 0.5
"""CPU of one parse; 128 KiB of honest text need 0.02."""
_TOO_DEEP = {"yaml": re.compile(rb"(?:[?:-][ \t]+){50}|(?:^|\n)[ \t?:-]{120}")}
"""Text that is not handed to a grammar. tree-sitter-yaml 0.7.2 keeps the levels of indentation in a buffer of 1 KiB and
does not look how full it is."""
_CLOSING = {"kotlin": b"\n"}
"""Put behind a text. tree-sitter-kotlin 1.1.0 looks for the end of an annotation for ever where there is none."""


class Step(NamedTuple):
    """A syntax node on the way from the file down to a value; half-open bytes."""

    type: str
    start: int
    end: int


class Grammars:
    """Parsers by language; not to be shared between threads."""

    def __init__(self) -> None:
        self._parsers: dict[str, Parser] = {}

    def parse(self, language: str, data: bytes) -> SyntaxTree | None:
        """The syntax of *data*, or None where that is too hard to tell."""
        too_deep = _TOO_DEEP.get(language)
        if too_deep is not None and too_deep.search(data):
            return None
        parser = self._parsers.get(language)
        if parser is None:
            from tree_sitter import Parser

            parser = self._parsers[language] = Parser(_load(language))
        budget = _Budget(data + _CLOSING.get(language, b""))
        try:
            tree = parser.parse(budget.read, progress_callback=budget.is_spent)
        except ValueError:  # it was told to give up
            parser.reset()
            return None
        return None if budget.is_over else SyntaxTree(tree)


class SyntaxTree:
    """The syntax of one byte string."""

    def __init__(self, tree: Tree) -> None:
        self._cursor = tree.walk()
        self._root = tree.root_node

    def chain(self, start: int, end: int) -> tuple[Step, ...]:
        """The nodes that hold the bytes [start, end), outermost first; empty where they are nested too deep."""
        cursor = self._cursor
        cursor.reset(self._root)
        steps: list[Step] = []
        while len(steps) < MAX_DEPTH:
            node = cursor.node
            if node is None or node.start_byte > start or node.end_byte < end:
                return tuple(steps)
            steps.append(Step(node.type, node.start_byte, node.end_byte))
            if cursor.goto_first_child_for_byte(start) is None:
                return tuple(steps)
        return ()


class _Budget:
    """Hands the text to tree-sitter and counts what it does with it."""

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self._steps = 500 + int(len(data) * _STEPS_PER_BYTE)
        self._reads = 100 + len(data) * _READS_PER_BYTE // _CHUNK
        self._until = time.thread_time() + _SECONDS
        self.is_over = False

    def read(self, offset: int, _point: object) -> memoryview | None:
        """The text from *offset* on; its end where too much was read already."""
        self._reads -= 1
        if self._reads < 0:
            self.is_over = True
        return None if self.is_over else self._view[offset : offset + _CHUNK]

    def is_spent(self, _offset: int, _has_error: bool) -> bool:
        """Whether to give up; asked by tree-sitter now and then."""
        self._steps -= 1
        # To read a thread's clock is a call into the kernel.
        if self._steps < 0 or (not self._steps % _STEPS_A_LOOK and time.thread_time() > self._until):
            self.is_over = True
        return self.is_over


def _load(language: str) -> Language:
    from tree_sitter import Language

    package, function = _MODULES.get(language, (language, "language"))
    pointer = getattr(importlib.import_module(f"tree_sitter_{package}"), function)()
    return Language(_capsule(pointer) if isinstance(pointer, int) else pointer)


def _capsule(pointer: int) -> object:
    """What newer grammar packages hand over themselves: tree-sitter no longer wants bare addresses."""
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return make(pointer, b"tree_sitter.Language", None)
