# SPDX-License-Identifier: Apache-2.0
"""Hot: one arena in, the captures of each of its blobs out."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

from secrethunt.match.arena import Arena
from secrethunt.match.confirm import Confirmer
from secrethunt.match.database import Database, MatchHandler
from secrethunt.match.patterns import PatternStore
from secrethunt.records import Blob, Capture
from secrethunt.ruleset import Ruleset

_BINARY_PROBE = 8000
"""Git's own measure: a NUL within this many bytes makes a blob binary (buffer_is_binary in xdiff-interface.c)."""


def is_binary(data: bytes) -> bool:
    """Whether only rules that ask for it look into *data*."""
    return data.find(b"\0", 0, _BINARY_PROBE) >= 0


class Matcher:
    """Finds what any rule's pattern captures. Safe to share between threads."""

    def __init__(self, ruleset: Ruleset, database: Database, patterns: PatternStore | None = None) -> None:
        self._database = database
        compile = patterns.compile if patterns else re.compile
        self.confirmer = Confirmer((rule.pattern for rule in ruleset.rules), ruleset.anchors, compile)
        self._in_binary = tuple(rule.in_binary for rule in ruleset.rules)
        self._local = threading.local()

    def scan(self, arena: Arena) -> Iterator[tuple[Blob, list[Capture]]]:
        """Each blob of *arena* that has captures, with them in order of rule and offset."""
        for blob, captures, _ in self.scan_hinted(arena):
            if captures:
                yield blob, captures

    def scan_hinted(self, arena: Arena) -> Iterator[tuple[Blob, list[Capture], list[tuple[int, int]]]]:
        """
        As `scan`, with what was looked for beyond the rules: (number, end in the blob) by end, for each expression that
        stands in the database behind the rules' anchors; blobs that have only such are among them.
        """
        rules = len(self._in_binary)
        for index, events in self._events_by_blob(arena).items():
            blob, offset = arena.blobs[index], arena.starts[index]
            extra = [(end - offset, tag - rules) for tag, ends in events.items() if tag >= rules for end in ends]
            extra.sort()
            captures = list(self._confirm(blob.data, offset, events))
            if captures or extra:
                yield blob, captures, [(number, end) for end, number in extra]

    def dump(self) -> bytes:
        """The database as bytes for this library version and CPU."""
        return self._database.dump()

    def scan_raw(self, data: bytes | memoryview, handler: MatchHandler) -> None:
        """Report the rule and the end of every anchor in *data*."""
        self._database.scan(data, handler, self._scratch())

    def _events_by_blob(self, arena: Arena) -> dict[int, dict[int, list[int]]]:
        """Anchor ends (in the arena) by blob and rule."""
        found: list[tuple[int, int]] = []
        append = found.append

        def on_match(rule: int, _start: int, end: int, _flags: int, _context: Any) -> None:
            append((end, rule))

        self.scan_raw(arena.data, on_match)
        found.sort()
        grouped: dict[int, dict[int, list[int]]] = {}
        locate = arena.locate
        for end, rule in found:
            grouped.setdefault(locate(end), {}).setdefault(rule, []).append(end)
        return grouped

    def _confirm(self, data: bytes, offset: int, events: dict[int, list[int]]) -> Iterator[Capture]:
        binary = is_binary(data)
        for rule, ends in events.items():
            if rule >= len(self._in_binary) or (binary and not self._in_binary[rule]):
                continue
            yield from self.confirmer.captures(data, rule, [end - offset for end in ends])

    def _scratch(self) -> Any:
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = self._database.scratch()
        return scratch
