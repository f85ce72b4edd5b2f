# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns the search for raw object ids in the bytes of trees; the one module of this room that knows Hyperscan.

A repository's trees are gigabytes written out and hold some sixty million entries, of which a handful matter, so they
are searched as bytes, and only what is found is parsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hyperscan


class IdSearch:
    """Finds any of many ids, each a byte string of one length."""

    def __init__(self, ids: Sequence[bytes]) -> None:
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[b"".join(b"\\x%02x" % byte for byte in id) for id in ids],
            ids=list(range(len(ids))),
            elements=len(ids),
            flags=0,
        )
        self._found: list[tuple[int, int]] = []

    def find(self, data: bytes) -> list[tuple[int, int]]:
        """(number of the id, offset behind it) of each place in *data* where one stands, overlaps included."""
        self._found.clear()
        self._database.scan(data, match_event_handler=self._note)
        return self._found

    def _note(self, number: int, start: int, end: int, flags: int, context: Any) -> None:
        self._found.append((number, end))
