# SPDX-License-Identifier: Apache-2.0
"""Hot: one arena in, the captures of each of its blobs out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secrethunt.match.arena import Arena
from secrethunt.match.confirm import Confirmer
from secrethunt.match.patterns import PatternStore
from secrethunt.match.search import Search
from secrethunt.pack import TAG_BITS
from secrethunt.records import Blob, Capture
from secrethunt.ruleset import Ruleset

_TAG = (1 << TAG_BITS) - 1
_BINARY_PROBE = 8000
"""Git's own measure: a NUL within this many bytes makes a blob binary (buffer_is_binary in xdiff-interface.c)."""


def is_binary(data: bytes) -> bool:
    """Whether only rules that ask for it look into *data*."""
    return data.find(b"\0", 0, _BINARY_PROBE) >= 0


class Matcher:
    """Finds what any rule's pattern captures. Safe to share between threads."""

    def __init__(self, ruleset: Ruleset, search: Search, patterns: PatternStore | None = None) -> None:
        self.search = search
        compile = patterns.compile if patterns else re.compile
        self.confirmer = Confirmer((rule.pattern for rule in ruleset.rules), ruleset.anchors, compile)
        self._in_binary = tuple(rule.in_binary for rule in ruleset.rules)

    def scan(self, arena: Arena) -> Iterator[tuple[Blob, list[Capture]]]:
        """Each blob of *arena* that has captures, with them in order of rule and offset."""
        for blob, captures, _ in self.scan_hinted(arena):
            if captures:
                yield blob, captures

    def scan_hinted(self, arena: Arena) -> Iterator[tuple[Blob, list[Capture], list[tuple[int, int]]]]:
        """
        As `scan`, with what was looked for beyond the rules: (number, end in the blob) by end, for each tag behind
        those of the rules' anchors; blobs that have only such are among them.
        """
        rules = len(self._in_binary)
        for index, events in self._events_by_blob(arena).items():
            blob, offset = arena.blobs[index], arena.starts[index]
            extra = [(end - offset, tag - rules) for tag, ends in events.items() if tag >= rules for end in ends]
            extra.sort()
            captures = list(self._confirm(blob.data, offset, events))
            if captures or extra:
                yield blob, captures, [(number, end) for end, number in extra]

    def _events_by_blob(self, arena: Arena) -> dict[int, dict[int, list[int]]]:
        """Anchor ends (in the arena) by blob and rule."""
        grouped: dict[int, dict[int, list[int]]] = {}
        locate = arena.locate
        for event in sorted(self.search.events(arena.data)):
            end = event >> TAG_BITS
            grouped.setdefault(locate(end), {}).setdefault(event & _TAG, []).append(end)
        return grouped

    def _confirm(self, data: bytes, offset: int, events: dict[int, list[int]]) -> Iterator[Capture]:
        binary = is_binary(data)
        for rule, ends in events.items():
            if rule >= len(self._in_binary) or (binary and not self._in_binary[rule]):
                continue
            yield from self.confirmer.captures(data, rule, [end - offset for end in ends])
