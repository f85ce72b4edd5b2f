# SPDX-License-Identifier: Apache-2.0
"""
Hot: some bytes in, the ends of all that is looked for in them out. Whoever looks for anchors and hints comes here.

Hyperscan finds all that has an expression. Where the native module can, it takes over the few that have a shape: they
hold no literal, so that Hyperscan would run an automaton over every byte for their sake.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from secrethunt.decode import Shape
from secrethunt.diskcache import DiskCache
from secrethunt.match.database import Database, compile_database, load_database
from secrethunt.pack import TAG_BITS, find_encoded


class Search:
    """Looks for expressions, each known by its tag. Safe to share between threads."""

    def __init__(self, database: Database, shapes: Mapping[Shape, tuple[int, str]] | None = None) -> None:
        """
        Args:
            database: Reports tags.
            shapes: Tag and expression of each shape, all or none; these are not in the database.
        """
        self._database = database
        self._shapes = [shapes[shape] for shape in Shape] if shapes else []
        self._local = threading.local()

    def events(self, data: bytes | memoryview) -> array[int]:
        """`end << TAG_BITS | tag` for every place in *data* where an expression ends, in no order; without the GIL."""
        events = array("Q")
        append = events.append

        def on_match(tag: int, _start: int, end: int, _flags: int, _context: Any) -> None:
            append(end << TAG_BITS | tag)

        if not len(data):
            return events
        self._database.scan(data, on_match, self._scratch())
        if self._shapes and find_encoded is not None:
            base64, hexadecimal, mark, utf16, utf32 = (tag for tag, _ in self._shapes)
            events.frombytes(find_encoded(data, (base64, hexadecimal, mark, utf16, utf32)))
        return events

    def dump(self) -> list[bytes]:
        """Databases that find all of it without the native module, for this library version and CPU."""
        dumps = [self._database.dump()]
        if self._shapes:
            tags, expressions = zip(*self._shapes, strict=True)
            dumps.append(compile_database(expressions, tags).dump())
        return dumps

    def _scratch(self) -> Any:
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = self._database.scratch()
        return scratch


def load_search(expressions: Sequence[str], cache: DiskCache, shapes: Mapping[Shape, int]) -> Search:
    """
    A search for *expressions*, whose tags are their indexes; *shapes* are the tags of those that have one.

    Raises:
        ExpressionError: As `compile_database`.
    """
    if find_encoded is None or len(shapes) < len(Shape):
        return Search(load_database(expressions, cache))
    tags = sorted(set(range(len(expressions))).difference(shapes.values()))
    database = load_database([expressions[tag] for tag in tags], cache, tags)
    return Search(database, {shape: (tag, expressions[tag]) for shape, tag in shapes.items()})
