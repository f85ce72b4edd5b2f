# SPDX-License-Identifier: Apache-2.0
"""Which paths an entry is for: patterns as in a `.gitignore` (gitignore(5)), without negation."""

from __future__ import annotations

import functools
import re


def matches(pattern: str, path: bytes) -> bool:
    """
    Whether *path*, relative to the ignore file's directory, is meant by *pattern*.

    A pattern without a slash is a name at any depth; one that ends in a slash, or names a directory, means all below.
    """
    return _compiled(pattern).fullmatch(path) is not None


@functools.lru_cache(maxsize=1 << 12)
def _compiled(pattern: str) -> re.Pattern[bytes]:
    is_anchored = "/" in pattern.rstrip("/")
    body = pattern.strip("/") if is_anchored else pattern.rstrip("/")
    text = "".join(_translated(body))
    return re.compile((("" if is_anchored else "(?:.*/)?") + text + "(?:/.*)?").encode(), re.DOTALL)


def _translated(pattern: str) -> list[str]:
    parts = []
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|\\.|[^*?\\]+|\\", pattern):
        if piece == "**/":
            parts.append("(?:.*/)?")
        elif piece == "**":
            parts.append(".*")
        elif piece == "*":
            parts.append("[^/]*")
        elif piece == "?":
            parts.append("[^/]")
        else:
            parts.append(re.escape(piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece))
    return parts


def escaped(path: str) -> str:
    """The pattern that means *path* alone, anchored even where it has no slash."""
    return "/" + re.sub(r"([*?\\])", r"\\\1", path)
