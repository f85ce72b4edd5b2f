# SPDX-License-Identifier: Apache-2.0
"""Hot: packs blobs into arenas of a few MiB and maps offsets back. Knows nothing of rules."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from secrethunt.records import Blob

ARENA_SIZE = 4 * 1024 * 1024
"""An arena is closed when it holds this many bytes; a larger blob has one to itself."""
SEPARATOR = b"\n"
"""Stands between blobs: to an assertion it looks like the edge of the blob."""


@dataclass(frozen=True, slots=True)
class Arena:
    """Blobs end to end, handed to Hyperscan in one call."""

    data: bytes = field(repr=False)
    blobs: tuple[Blob, ...]
    starts: tuple[int, ...]
    """Where each blob begins in `data`; ascending."""

    def locate(self, end: int) -> int:
        """Index of the blob that holds the byte before offset *end* (or the separator behind it)."""
        return bisect.bisect_left(self.starts, end) - 1


def iter_arenas(blobs: Iterable[Blob], size: int = ARENA_SIZE) -> Iterator[Arena]:
    """Group *blobs*, in order, into arenas of about *size* bytes; empty blobs are left out."""
    group: list[Blob] = []
    filled = 0
    for blob in blobs:
        if not blob.data:
            continue
        if group and filled + len(blob.data) > size:
            yield _close(group)
            group, filled = [], 0
        group.append(blob)
        filled += len(blob.data) + len(SEPARATOR)
    if group:
        yield _close(group)


def _close(group: list[Blob]) -> Arena:
    starts = []
    offset = 0
    for blob in group:
        starts.append(offset)
        offset += len(blob.data) + len(SEPARATOR)
    data = group[0].data if len(group) == 1 else SEPARATOR.join([blob.data for blob in group])
    return Arena(data, tuple(group), tuple(starts))
