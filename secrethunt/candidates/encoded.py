# SPDX-License-Identifier: Apache-2.0
"""
Settles what was found in decoded bytes with what was found in the bytes around: one secret in one place is one
candidate, whether it was read there as it stands or through its encoding.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Collection, Iterable

from secrethunt.candidates.overlap import Judged, absorb, preference, resolve_for_any_path

_PADDING = 8
"""Bytes by which a rule's capture of encoded text may be longer and still be of nothing else."""


def settle_encoded(judged: Collection[Judged]) -> list[Judged]:
    """
    Of what was judged in one blob, encoded or not, what stays; by offset.

    A provider's rule on the encoded form stays for what is in it; a generic one gives way to what was decoded.
    """
    pieces = _distinct(item for item in judged if _is_in_piece(item))
    around: list[Judged | None] = [*resolve_for_any_path(item for item in judged if not _is_in_piece(item))]
    starts = [other.start for other in around if other is not None]
    ends = list(itertools.accumulate((other.end for other in around if other is not None), max))
    kept = []
    for item in pieces:
        settled: Judged | None = item
        # None before the first ends behind the item's start, none from the last on starts before its end.
        for index in range(bisect.bisect_right(ends, item.start), bisect.bisect_left(starts, item.end)):
            other = around[index]
            if settled is not None and other is not None and item.start < other.end:
                around[index], settled = _settle(other, settled)
        if settled is not None:
            kept.append(settled)
    return sorted(
        [*(other for other in around if other is not None), *kept],
        key=lambda item: (item.start, item.end, item.rule.id),
    )


def _is_in_piece(item: Judged) -> bool:
    """Its offsets are those of all that was decoded with it."""
    return item.decoding is not None and not item.decoding.is_exact


def _distinct(items: Iterable[Judged]) -> Iterable[Judged]:
    """One for each secret of each piece: what several rules or decoders saw there is the best one's."""
    found: dict[tuple[int, int, bytes], Judged] = {}
    for item in sorted(items, key=lambda item: (*preference(item), item.decoding.chain if item.decoding else ())):
        place = item.start, item.end, _value(item)
        if place not in found:
            found[place] = item
        elif not item.rule.paths:
            found[place] = absorb(found[place], item)
    return found.values()


def _value(item: Judged) -> bytes:
    return item.decoding.secret.reveal() if item.decoding else b""


def _settle(other: Judged, item: Judged) -> tuple[Judged | None, Judged | None]:
    """What stays of *other*, found in the bytes as they are, and *item*, found in what they decode to."""
    if item.decoding is not None and not item.decoding.has_lines:
        # The same bytes, stored as they are in an archive: its member says more than an offset.
        is_same = other.end - other.start == len(item.decoding.secret)
        return (None, _named(item, other)) if is_same and other.rule.id == item.rule.id else (other, item)
    covers = other.start <= item.start and other.end >= item.end - _PADDING
    if other.rule.is_generic and item.confidence >= other.confidence:
        return None, _named(item, other)
    if covers and (item.rule.is_generic or other.end - other.start <= item.end - item.start + _PADDING):
        return _named(other, item), None
    return other, item


def _named(kept: Judged, other: Judged) -> Judged:
    names = dict.fromkeys([*kept.also, other.rule.id, *other.also])
    names.pop(kept.rule.id, None)
    return kept._replace(also=tuple(names))
