# SPDX-License-Identifier: Apache-2.0
"""
Wildcards and policy variables: `*` is any text, `?` any character, `${…}` a value of the request.

Sources: IAM User Guide, "Resource" and "Policy variables". The text is matched as a whole: a star crosses colons.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


@functools.lru_cache(maxsize=1 << 16)
def compiled(pattern: str, *, folded: bool = False) -> re.Pattern[str]:
    """*pattern* with its wildcards as a regular expression on the whole text."""
    text = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if folded else 0))


def matches(pattern: str, text: str, *, folded: bool = False) -> bool:
    """Whether *pattern* stands for *text*."""
    if pattern == "*":
        return True
    return compiled(pattern, folded=folded).fullmatch(text) is not None


@functools.lru_cache(maxsize=1 << 16)
def covers(wide: str, narrow: str) -> bool:
    """
    Whether every text of the pattern *narrow* is one of the pattern *wide*. Sound: True is always right; with several
    wildcards on both sides a True may be missed, which errs towards less being denied.
    """
    # What stands for a star of *narrow* is a character that only a star of *wide* matches.
    text = "".join(".*" if char == "*" else "[^\0]" if char == "?" else re.escape(char) for char in wide)
    return re.fullmatch(text, narrow.replace("*", "\0").replace("?", "\1"), re.DOTALL) is not None


def overlaps(one: str, other: str) -> bool:
    """Whether some text is one of both patterns."""
    return _overlap(_collapsed(one), _collapsed(other))


def _collapsed(pattern: str) -> str:
    return re.sub(r"\*+", "*", pattern)


@functools.lru_cache(maxsize=1 << 16)
def _overlap(one: str, other: str) -> bool:
    """Position by position, as two automata run together, where the ends do not settle it."""
    (head, tail, is_plain), (other_head, other_tail, other_is_plain) = _ends(one), _ends(other)
    if not (head.startswith(other_head) or other_head.startswith(head)):
        return False
    if not (tail.endswith(other_tail) or other_tail.endswith(tail)):
        return False
    if is_plain or other_is_plain:
        return matches(other, one) if is_plain else matches(one, other)
    if "?" not in one and "?" not in other and (one.endswith("*") or other.endswith("*")) and covers(one, other):
        return True
    reached = {(0, 0)}
    waiting = [(0, 0)]
    while waiting:
        i, j = waiting.pop()
        if i == len(one) and j == len(other):
            return True
        for step in _steps(one, other, i, j):
            if step not in reached:
                reached.add(step)
                waiting.append(step)
    return False


@functools.lru_cache(maxsize=1 << 16)
def _ends(pattern: str) -> tuple[str, str, bool]:
    """The text before the first wildcard, that after the last, and whether there is none."""
    parts = re.split(r"[*?]", pattern)
    return parts[0], parts[-1], len(parts) == 1


def _steps(one: str, other: str, i: int, j: int) -> list[tuple[int, int]]:
    left = one[i] if i < len(one) else ""
    right = other[j] if j < len(other) else ""
    steps = []
    if left == "*":
        steps.append((i + 1, j))
        if right and right != "*":
            steps.append((i, j + 1))
    if right == "*":
        steps.append((i, j + 1))
        if left and left != "*":
            steps.append((i + 1, j))
    if left and right and left != "*" and right != "*" and (left == right or "?" in (left, right)):
        steps.append((i + 1, j + 1))
    return steps


def filled(pattern: str, values: Mapping[str, str]) -> str | None:
    """
    *pattern* with its policy variables filled in from *values* (keys in lower case), or None where one is not known.
    A default as in `${aws:PrincipalTag/team, 'none'}` stands in for an unknown one.
    """
    unknown = False

    def replace(match: re.Match[str]) -> str:
        nonlocal unknown
        name, comma, default = match.group(1).partition(",")
        if name in _LITERALS:
            # `${*}` is the character itself; as a pattern it would mean more, so it becomes what matches only that.
            return "?" if name != "$" else "$"
        value = values.get(name.strip().lower())
        if value is None and comma:
            value = default.strip().strip("'")
        if value is None:
            unknown = True
            return ""
        return value

    text = _VARIABLE.sub(replace, pattern) if "${" in pattern else pattern
    return None if unknown else text
