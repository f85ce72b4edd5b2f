# SPDX-License-Identifier: Apache-2.0
"""
Hot: runs a rule's confirming pattern around each anchor and captures the secret. Judges nothing.

An anchor's end is known exactly, its start only within bounds; so is where the pattern's match may begin. Within these
bounds matches are taken as `finditer` would, which depends on nothing outside of the window.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from secrethunt.anchors import Anchor

_LOOKAHEAD = 64
"""Bytes shown to the pattern behind its longest match, for what it asserts there."""


class Capture(NamedTuple):
    """One match of a rule's pattern in one blob; offsets half-open, in bytes, from the blob's start."""

    rule: int
    start: int
    end: int
    secret_start: int
    secret_end: int
    match: re.Match[bytes]


class Confirmer:
    """The confirming patterns of a rule set, compiled when first needed (compiling all takes longer than a scan)."""

    def __init__(self, patterns: Iterable[str], anchors: Iterable[Anchor]) -> None:
        self._patterns = tuple(patterns)
        self._anchors = tuple(anchors)
        self._compiled: list[re.Pattern[bytes] | None] = [None] * len(self._patterns)

    def captures(self, data: bytes, rule: int, ends: Iterable[int]) -> Iterator[Capture]:
        """Matches of *rule* in *data* that hold one of the anchors ending at *ends* (ascending)."""
        pattern = self._pattern(rule)
        anchor = self._anchors[rule]
        searched = 0
        for end in ends:
            earliest = max(searched, end - anchor.max_width - anchor.max_lead)
            latest = end - anchor.min_width - anchor.min_lead
            for match in _matches(pattern, data, earliest, latest, anchor.reach):
                start, stop = match.span("secret")
                if start >= 0:
                    yield Capture(rule, match.start(), match.end(), start, stop, match)
            searched = latest + 1

    def _pattern(self, rule: int) -> re.Pattern[bytes]:
        compiled = self._compiled[rule]
        if compiled is None:
            compiled = self._compiled[rule] = re.compile(self._patterns[rule].encode("utf-8"))
        return compiled


def _matches(
    pattern: re.Pattern[bytes], data: bytes, earliest: int, latest: int, reach: int
) -> Iterator[re.Match[bytes]]:
    """Matches that begin within [earliest, latest], leftmost first, without overlap."""
    start = max(earliest, 0)
    stop = latest + reach + _LOOKAHEAD
    if start == latest:
        match = pattern.match(data, start, stop)
        if match is not None:
            yield match
        return
    while start <= latest:
        match = pattern.search(data, start, stop)
        if match is None or match.start() > latest:
            return
        yield match
        start = max(match.end(), match.start() + 1)
