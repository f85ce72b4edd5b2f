# SPDX-License-Identifier: Apache-2.0
"""
Hot: runs a rule's confirming pattern around each anchor and captures the secret. Judges nothing.

An anchor's end is known exactly, its start only within bounds; so is where the pattern's match may begin. The match at
each such place is taken, those inside of another included: what is captured at a place then depends on the bytes around
it alone, not on how far a match before it happened to reach, and holds all that `finditer` would find.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from secrethunt.anchors import LOOKAHEAD, Anchor
from secrethunt.openings import OPENING_WIDTH
from secrethunt.records import Capture

_FEW_STARTS = 4
_LONG_REACH = 512


class _Probe(NamedTuple):
    """The cheapest test of one anchor: a pattern that must match so many bytes before the anchor's end."""

    match: Callable[[bytes | memoryview, int, int], re.Match[bytes] | None]
    back: int
    reach: int


class Confirmer:
    """The confirming patterns of a rule set, compiled when first needed (compiling all takes longer than a scan)."""

    def __init__(
        self,
        patterns: Iterable[str],
        anchors: Iterable[Anchor],
        compile: Callable[[bytes], re.Pattern[bytes]] = re.compile,
    ) -> None:
        self._compile = compile
        self._patterns = tuple(patterns)
        self._anchors = tuple(anchors)
        self._compiled: list[re.Pattern[bytes] | None] = [None] * len(self._patterns)
        self._probes: dict[int, _Probe | None] = {}
        self._beginnings: dict[int, re.Pattern[bytes]] = {}

    def captures(self, data: bytes | memoryview, rule: int, ends: Iterable[int]) -> Iterator[Capture]:
        """Matches of *rule* in *data* that hold one of the anchors ending at *ends* (ascending)."""
        anchor = self._anchors[rule]
        probe = self._probe(rule)
        searched = 0
        for end in ends:
            if probe is not None and probe.match(data, max(end - probe.back, 0), end + probe.reach) is None:
                continue
            earliest = max(searched, end - anchor.max_width - anchor.max_lead)
            latest = end - anchor.min_width - anchor.min_lead
            for match in self._matches(data, rule, earliest, latest):
                start, stop = match.span("secret")
                if start >= 0:
                    yield Capture(rule, match.start(), match.end(), start, stop, match)
            searched = latest + 1

    def may_hold(self, data: bytes | memoryview, rule: int, end: int) -> bool:
        """Whether what stands behind the anchor of *rule* that ends at *end* leaves hope; nearly always it does not."""
        probe = self._probe(rule)
        return probe is None or probe.match(data, max(end - probe.back, 0), end + probe.reach) is not None

    def _probe(self, rule: int) -> _Probe | None:
        try:
            return self._probes[rule]
        except KeyError:
            probe = self._probes[rule] = self._make_probe(rule)
            return probe

    def _make_probe(self, rule: int) -> _Probe | None:
        """What follows a marked anchor, or the pattern itself where only one place is left for it to begin."""
        anchor = self._anchors[rule]
        if anchor.tail:
            return _Probe(self._compile(anchor.tail.encode("utf-8")).match, 0, anchor.reach + LOOKAHEAD)
        back = anchor.max_width + anchor.max_lead
        if back == anchor.min_width + anchor.min_lead:
            return _Probe(self._pattern(rule).match, back, anchor.reach + LOOKAHEAD - back)
        return None

    def _matches(self, data: bytes | memoryview, rule: int, earliest: int, latest: int) -> Iterator[re.Match[bytes]]:
        """The match that begins at each place within [earliest, latest] where one does, in order."""
        anchor = self._anchors[rule]
        pattern = self._pattern(rule)
        start = max(earliest, 0)
        if not (anchor.opening or anchor.head) or (latest - start < _FEW_STARTS and not anchor.head):
            yield from _matches_between(pattern, data, start, latest, anchor.reach)
            return
        stop = latest + (OPENING_WIDTH if anchor.opening else anchor.max_width)
        for beginning in self._beginning(rule).finditer(data, start, stop):
            place = beginning.start()
            if place > latest:
                return
            match = pattern.match(data, place, place + anchor.reach + LOOKAHEAD)
            if match is not None:
                yield match

    def _beginning(self, rule: int) -> re.Pattern[bytes]:
        """Found wherever the pattern may begin, as far as its first bytes tell, or the head of its anchor."""
        found = self._beginnings.get(rule)
        if found is None:
            anchor = self._anchors[rule]
            written = anchor.opening or f"(?={anchor.head})"
            found = self._beginnings[rule] = self._compile(written.encode("utf-8"))
        return found

    def _pattern(self, rule: int) -> re.Pattern[bytes]:
        compiled = self._compiled[rule]
        if compiled is None:
            compiled = self._compiled[rule] = self._compile(self._patterns[rule].encode("utf-8"))
        return compiled


def _matches_between(
    pattern: re.Pattern[bytes], data: bytes | memoryview, start: int, latest: int, reach: int
) -> Iterator[re.Match[bytes]]:
    """The match that begins at each place within [start, latest] where one does, in order."""
    stop = latest + reach + LOOKAHEAD
    while start <= latest:
        if latest - start < _FEW_STARTS or reach > _LONG_REACH:
            match = _match_within(pattern, data, start, latest, reach)
        else:
            match = pattern.search(data, start, stop)
        if match is None or match.start() > latest:
            return
        yield match
        start = match.start() + 1


def _match_within(
    pattern: re.Pattern[bytes], data: bytes | memoryview, start: int, latest: int, reach: int
) -> re.Match[bytes] | None:
    """`search` that gives up behind *latest*, where no match may begin, and sees of each match its own reach alone."""
    for position in range(start, latest + 1):
        match = pattern.match(data, position, position + reach + LOOKAHEAD)
        if match is not None:
            return match
    return None
