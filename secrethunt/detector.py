# SPDX-License-Identifier: Apache-2.0
"""
From blobs to candidates: matching and judging put together for one rule set, in as many threads as are asked for.

Knows nothing of sources, paths, findings or reports; `pipeline.py` and the rule checks stand on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from secrethunt.candidates.judge import Judge
from secrethunt.candidates.overlap import Judged
from secrethunt.decode import HINTS, DecodeOptions, Log, Tally
from secrethunt.diskcache import DiskCache
from secrethunt.errors import RuleError
from secrethunt.match.arena import Arena, iter_arenas
from secrethunt.match.database import ExpressionError
from secrethunt.match.patterns import PatternStore
from secrethunt.match.scan import Matcher
from secrethunt.match.search import load_search
from secrethunt.pack import TAG_BITS
from secrethunt.records import Blob, Candidate
from secrethunt.ruleset import Ruleset
from secrethunt.unwrap import Unwrapper

if TYPE_CHECKING:
    from concurrent.futures import Future

_TAG = (1 << TAG_BITS) - 1

Hit = tuple[Blob, tuple[Candidate, ...]]
"""A blob with its candidates, at least one."""


class Detector:
    """Finds the candidates in blobs. Safe to share between threads."""

    def __init__(self, ruleset: Ruleset, cache: DiskCache, decode: DecodeOptions = DecodeOptions()) -> None:  # noqa: B008
        """
        Raises:
            RuleError: A rule whose anchor Hyperscan refuses.
        """
        self.hints = HINTS if decode.max_depth > 0 else ()
        expressions = [anchor.expression for anchor in ruleset.anchors]
        shapes = {hint.shape: tag for tag, hint in enumerate(self.hints, len(expressions)) if hint.shape is not None}
        try:
            search = load_search([*expressions, *(hint.expression for hint in self.hints)], cache, shapes)
        except ExpressionError as err:
            rule = ruleset.rules[err.index]
            raise RuleError(rule.file, rule.line, f"rule {rule.id}: Hyperscan refuses its anchor: {err}") from err
        self.ruleset = ruleset
        self._patterns = PatternStore(cache)
        self.matcher = Matcher(ruleset, search, self._patterns)
        self.judge = Judge(ruleset.rules, self._patterns.compile)
        self.unwrapper = Unwrapper(self.matcher, self.judge, decode)

    def keep(self) -> None:
        """Leave in the cache what was compiled, for the next run."""
        self._patterns.save()

    @property
    def windows(self) -> list[tuple[int, int]]:
        """For each tag that matching reports, the bytes before and behind its end on which the answer depends."""
        return [*(anchor.window for anchor in self.ruleset.anchors), *(hint.window for hint in self.hints)]

    def windows_in(self, data: bytes, rules: Collection[str]) -> list[tuple[int, int]]:
        """
        Where in *data* the anchors of *rules*, or without rules the hints, may lead to something: half-open ranges of
        the bytes on which each one's answer depends.
        """
        events = ((event & _TAG, event >> TAG_BITS) for event in self.matcher.search.events(data))
        windows = self.windows
        count = len(self.ruleset.rules)
        return [
            (end - windows[tag][0], end + windows[tag][1])
            for tag, end in events
            if (tag >= count and not rules)
            or (tag < count and self.ruleset.rules[tag].id in rules and self.matcher.confirmer.may_hold(data, tag, end))
        ]

    def scan_bytes(self, blob: Blob) -> tuple[Candidate, ...]:
        """Candidates of one blob."""
        for arena in iter_arenas([blob]):
            for _, candidates in self._scan_arena(arena, None):
                return candidates
        return ()

    def iter_hits(
        self,
        blobs: Iterable[Blob],
        *,
        jobs: int = 1,
        progress: Callable[[int], None] | None = None,
        tally: Tally | None = None,
    ) -> Iterator[Hit]:
        """
        Blobs that hold candidates, in the order of *blobs* whatever *jobs* is.

        Args:
            blobs: Read in the calling thread, a few arenas ahead of the matching.
            jobs: Threads that match; the pool starts only when there is a second arena.
            progress: Told the bytes of each arena when it is done, in the calling thread.
            tally: Told what was decoded, and what could not be.
        """
        arenas = iter_arenas(blobs)
        first = next(arenas, None)
        if first is None:
            return
        second = next(arenas, None) if jobs > 1 else None
        if second is None:
            for arena in _chain(first, arenas):
                yield from self._scan_arena(arena, tally)
                _tell(progress, arena)
            return
        yield from self._iter_parallel(_chain(first, _chain(second, arenas)), jobs, progress, tally)

    def _iter_parallel(
        self, arenas: Iterable[Arena], jobs: int, progress: Callable[[int], None] | None, tally: Tally | None
    ) -> Iterator[Hit]:
        from concurrent.futures import ThreadPoolExecutor

        pending: deque[tuple[Arena, Future[list[Hit]]]] = deque()
        with ThreadPoolExecutor(jobs, thread_name_prefix="match") as pool:
            try:
                for arena in arenas:
                    pending.append((arena, pool.submit(self._scan_arena, arena, tally)))
                    if len(pending) > jobs:
                        yield from self._take(pending, progress)
                while pending:
                    yield from self._take(pending, progress)
            finally:
                for _, future in pending:
                    future.cancel()

    @staticmethod
    def _take(pending: deque[tuple[Arena, Future[list[Hit]]]], progress: Callable[[int], None] | None) -> list[Hit]:
        arena, future = pending.popleft()
        hits = future.result()
        _tell(progress, arena)
        return hits

    def _scan_arena(self, arena: Arena, tally: Tally | None) -> list[Hit]:
        hits = []
        for blob, captures, hints in self.matcher.scan_hinted(arena):
            decoded: list[Judged] = []
            if hints:
                log = Log()
                decoded = self.unwrapper.judged(blob.data, hints, log)
                if tally is not None:
                    tally.add(blob.path or (blob.id or "").encode(), log)
            candidates = self.judge.candidates(blob.data, captures, decoded)
            if candidates:
                hits.append((blob, candidates))
        return hits


def _chain(first: Arena, rest: Iterable[Arena]) -> Iterator[Arena]:
    yield first
    yield from rest


def _tell(progress: Callable[[int], None] | None, arena: Arena) -> None:
    if progress is not None:
        progress(len(arena.data))
