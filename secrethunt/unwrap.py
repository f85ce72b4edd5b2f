# SPDX-License-Identifier: Apache-2.0
"""
From hints to judgements: decodes what stands behind them, searches the pieces, decodes further what is in those, and
says where in the outermost bytes everything stands. Knows nothing of sources, paths or packs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from secrethunt.candidates.allowances import AllowanceReader
from secrethunt.candidates.encoded import settle_encoded
from secrethunt.candidates.judge import Judge
from secrethunt.candidates.overlap import Judged
from secrethunt.coverage import Skip
from secrethunt.decode import HINTS, Budget, DecodeOptions, Hint, Log, Piece
from secrethunt.match.arena import Arena
from secrethunt.match.scan import Matcher, is_binary
from secrethunt.records import Blob, BlobKind, Decoding, Secret

_HEAD = 512
"""No whole-file hint ends further from the beginning."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Where in the nesting the bytes at hand are."""

    chain: tuple[str, ...] = ()
    path: bytes = b""
    hint: Hint | None = None
    """The outermost hint."""

    def into(self, piece: Piece, hint: Hint) -> _Layer:
        return _Layer((*self.chain, piece.step), piece.name or self.path, self.hint or hint)


class Strides:
    """Which hints of one blob, asked for in ascending order, are worth following. Mutable."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self._last: dict[str, int] = {}

    def follows(self, hint: Hint, end: int) -> bool:
        """Whether no piece of an earlier hint holds what stands around *end*."""
        if not hint.stride:
            return True
        last = self._last.get(hint.opener)
        # A piece ends with its line.
        if last is not None and last <= end < last + hint.stride and b"\n" not in bytes(self._data[last:end]):
            return False
        self._last[hint.opener] = end
        return True


class Unwrapper:
    """Follows hints. Safe to share between threads."""

    def __init__(self, matcher: Matcher, judge: Judge, options: DecodeOptions) -> None:
        self._matcher = matcher
        self._judge = judge
        self._options = options

    def judged(self, data: bytes, hints: Iterable[tuple[int, int]], log: Log) -> list[Judged]:
        """What stands encoded in *data*, at (number, end) of *hints*, by end."""
        strides = Strides(data)
        is_noise = is_binary(data)
        found: list[Judged] = []
        for number, end in hints:
            hint = HINTS[number]
            if (hint.is_whole or not is_noise) and strides.follows(hint, end):
                found.extend(self.judged_at(data, number, end, log))
        return found

    def judged_at(self, data: bytes | memoryview, number: int, end: int, log: Log) -> list[Judged]:
        """What stands encoded at one hint; depends on the bytes in the hint's window alone."""
        hint = HINTS[number]
        if hint.is_whole:
            if end > _HEAD:
                return []
            data = bytes(data)
        size = len(data) if hint.is_whole else sum(hint.window)
        budget = Budget(size, self._options, log)
        return list(self._open(data, hint, end, _Layer(), budget))

    def _open(self, data: bytes | memoryview, hint: Hint, end: int, layer: _Layer, budget: Budget) -> Iterator[Judged]:
        budget.chain = layer.chain
        for piece in hint.load()(data, end, budget):  # type: ignore[arg-type]  # whole-file openers get bytes, see above
            budget.log.pieces += 1
            for item in self._search(piece, layer.into(piece, hint), budget):
                yield _outward(item, piece)
            budget.chain = layer.chain

    def _search(self, piece: Piece, layer: _Layer, budget: Budget) -> Sequence[Judged]:
        """The judgements on one piece, in its own offsets."""
        if not piece.data:
            return []
        found: list[Judged] = []
        arena = Arena(piece.data, (Blob(piece.data, BlobKind.FILE, b""),), (0,))
        for _, captures, hints in self._matcher.scan_hinted(arena):
            for capture in captures:
                item = self._judge.judge(piece.data, capture)
                if item is not None and not _is_cut(item, piece):
                    found.append(item._replace(decoding=_decoding(item, piece.data, layer)))
            found.extend(self._deeper(piece, hints, layer, budget))
        return settle_encoded(found) if found else found

    def _deeper(
        self, piece: Piece, hints: Iterable[tuple[int, int]], layer: _Layer, budget: Budget
    ) -> Iterator[Judged]:
        strides = Strides(piece.data)
        is_noise = is_binary(piece.data)
        is_deepest = len(layer.chain) >= self._options.max_depth
        for number, end in hints:
            hint = HINTS[number]
            if (hint.is_whole and end > _HEAD) or (is_noise and not hint.is_whole):
                continue
            if not strides.follows(hint, end):
                continue
            if not is_deepest:
                yield from self._open(piece.data, hint, end, layer, budget)
            elif hint.is_whole:
                budget.chain = layer.chain
                budget.note(Skip.DECODE_LIMIT, f"more than {self._options.max_depth} encodings deep")


def _is_cut(item: Judged, piece: Piece) -> bool:
    before, behind = piece.is_cut
    return (before and item.start == 0) or (behind and item.end >= len(piece.data) - 1)


def _decoding(item: Judged, data: bytes, layer: _Layer) -> Decoding:
    is_whole = layer.hint is not None and layer.hint.is_whole
    # Other pieces are cut at places that differ between versions; what stands on their line is seen from outside.
    allowance = AllowanceReader(data).allowance(item.start, item.end, item.rule) if is_whole else None
    return Decoding(
        chain=layer.chain,
        secret=Secret(data[item.start : item.end]),
        start=item.start,
        end=item.end,
        path=layer.path,
        is_exact=True,
        is_whole=is_whole,
        allowance=allowance,
    )


def _outward(item: Judged, piece: Piece) -> Judged:
    """*item*, judged in *piece*, in the offsets of the bytes around it."""
    start, end = piece.locate(item.start, item.end)
    decoding = item.decoding
    if decoding is not None:
        is_exact = decoding.is_exact and piece.place is not None
        decoding = replace(decoding, is_exact=is_exact, has_lines=not piece.is_container)
    return item._replace(start=start, end=end, decoding=decoding)
