# SPDX-License-Identifier: Apache-2.0
"""
Owns compiled regular expressions, and keeps them in the cache: `re` takes one or two milliseconds to compile a rule's
pattern, and a scan of many kinds of files needs a thousand of them. Knows nothing of rules.

What is kept is the code that CPython's compiler makes (`re._compiler._code`); `_sre.compile` checks it before it takes
it. Both are private, but have been the same from 3.7 on; where they are not, patterns are compiled as ever. The code
depends on the interpreter, so its version is part of the cache's key.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]  # private, see above
import marshal
import re
import sys
import threading
from array import array
from re import _compiler as compiler  # type: ignore[attr-defined]  # private, see above
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from secrethunt.diskcache import DiskCache

_NAME = f"patterns-{sys.implementation.cache_tag}-{sys.hexversion:x}-{_sre.MAGIC}-{_sre.CODESIZE}"
_MOST = 6000
"""Patterns kept; with more, those of rules that are no more are among them, and it begins anew."""

_Kept = tuple[int, int, dict[str, int], bytes]
"""Flags, number of groups, their names, and the code (uint32)."""


class PatternStore:
    """Compiles patterns on bytes, each once; `save` keeps them for the next run. Safe to share between threads."""

    def __init__(self, cache: DiskCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._kept: dict[bytes, _Kept] | None = None
        self._is_changed = False

    def compile(self, pattern: bytes) -> re.Pattern[bytes]:
        """
        As `re.compile`.

        Raises:
            re.error: The pattern is malformed.
        """
        kept = self._known().get(pattern)
        compiled = _revive(pattern, kept) if kept is not None else None
        if compiled is not None:
            return compiled
        made = compiled_parts(pattern)
        if made is None:
            return re.compile(pattern)
        with self._lock:
            self._known()[pattern] = made
            self._is_changed = True
        return _revive(pattern, made) or re.compile(pattern)

    def save(self) -> None:
        """Keep what was compiled since."""
        with self._lock:
            if self._is_changed and self._kept is not None:
                kept = self._kept if len(self._kept) <= _MOST else {}
                self._cache.write(_NAME, marshal.dumps(kept))
                self._is_changed = False

    def _known(self) -> dict[bytes, _Kept]:
        if self._kept is None:
            self._kept = _load(self._cache.read(_NAME))
        return self._kept


def _load(stored: bytes | None) -> dict[bytes, _Kept]:
    if stored is None:
        return {}
    try:
        kept = marshal.loads(stored)
    except (ValueError, EOFError, TypeError):
        return {}
    return kept if isinstance(kept, dict) else {}


def compiled_parts(pattern: bytes) -> _Kept | None:
    """The compiler's code for *pattern*; None where this interpreter makes it in another way."""
    tree = parser.parse(pattern)
    try:
        code = array("I", compiler._code(tree, 0))
        return int(tree.state.flags), int(tree.state.groups), dict(tree.state.groupdict), code.tobytes()
    except (AttributeError, TypeError, OverflowError):
        return None


def _revive(pattern: bytes, kept: Any) -> re.Pattern[bytes] | None:
    """A pattern from its code; None where the interpreter refuses it."""
    try:
        flags, groups, names, code = kept
        by_number: list[str | None] = [None] * groups
        for name, number in names.items():
            by_number[number] = name
        compiled = _sre.compile(pattern, flags, array("I", code).tolist(), groups - 1, names, tuple(by_number))
    except (TypeError, ValueError, RuntimeError, IndexError):
        return None
    return compiled if isinstance(compiled, re.Pattern) else None
