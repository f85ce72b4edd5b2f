# SPDX-License-Identifier: Apache-2.0
"""
Comments beside a secret that say it may stand there: our own, and those that other scanners read.

Asked only for what was judged a secret, while its blob is at hand. The answer depends on the whole blob (a line above,
a block around), so it is given where the candidates of one blob are put together and never inherited between versions:
a comment that a change brings counts beside a value that the change left alone.

Where each marker is described:

- gitleaks, Betterleaks: `gitleaks:allow` (https://github.com/gitleaks/gitleaks#gitleaksallow), `betterleaks:allow`;
- detect-secrets: `pragma: allowlist secret`, `pragma: allowlist nextline secret`
  (https://github.com/Yelp/detect-secrets#inline-allowlisting);
- TruffleHog: `trufflehog:ignore` (https://github.com/trufflesecurity/trufflehog, "How do I ignore specific secrets");
- ggshield: `ggignore`, `ggignore-start` to `ggignore-end` (https://docs.gitguardian.com/ggshield-docs);
- Semgrep: `nosemgrep`, `nosemgrep: rule` on the line or the one above (https://semgrep.dev/docs/ignore-oss);
- Kingfisher: `kingfisher:ignore` on the line, above or below (https://github.com/mongodb/kingfisher, docs/ADVANCED.md).
"""

from __future__ import annotations

import enum
import fnmatch
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from secrethunt.records import Allowance, Rule

REACH = 4096
"""Bytes of a line before and behind a secret in which its comment is looked for: a minified file is one line, and a
comment in it is no comment on all of it."""
_MARKER = re.compile(
    rb"secrethunt:allow(?P<form>-next-?line|-start|-end)?(?:=(?P<rules>[\w.*?,\-]+))?(?![\w-])"
    rb"|(?:gitleaks|betterleaks):allow|trufflehog:ignore|kingfisher:ignore"
    rb"|\bggignore(?P<gg>-start|-end)?(?![\w-])"
    rb"|pragma: ?(?:allow|white)list(?P<next>[ -]nextline)?[ -]secret"
    rb"|\bnosem(?:grep)?\b(?::[ \t]*(?P<semgrep>[\w.\-]+(?:,[ \t]*[\w.\-]+)*))?"
)
_STARTS = (b"secrethunt:allow-start", b"ggignore-start")
_BARE = re.compile(rb"^[^0-9A-Za-z]*$")
"""What may stand before a marker on a line of its own: white space and the signs that open a comment."""
_CLOSERS = re.compile(rb"(?:\*/|-->|--%>|#}|%}|#>|\"|'|\s)+$")
_OPENERS = re.compile(rb"^[\s:,\-]+")
_QUOTES_ONLY = re.compile(rb"^[\s\"'`(){}\[\],;]*$")
_LONGEST_REASON = 200


class _Reach(enum.Flag):
    """Of a marker: the lines on which it lets a secret stand."""

    LINE = enum.auto()
    NEXT = enum.auto()
    """The line below, where nothing but the comment is on its own."""
    PREVIOUS = enum.auto()


class _Marker(NamedTuple):
    name: str
    reach: _Reach
    rules: tuple[str, ...]
    """Ids, providers or globs; empty for any."""
    reason: bytes
    is_alone: bool
    """Its line holds nothing else."""

    def allows(self, rule: Rule) -> bool:
        """Whether it speaks of findings of *rule*."""
        return not self.rules or any(names_rule(pattern, rule) for pattern in self.rules)


class _Block(NamedTuple):
    start: int
    end: int
    marker: _Marker


def names_rule(pattern: str, rule: Rule) -> bool:
    """Whether *pattern*, an id, a provider, a family or a glob of one, means *rule*."""
    return any(fnmatch.fnmatchcase(name, pattern) for name in (rule.id, rule.provider, rule.family) if name)


class AllowanceReader:
    """Reads the comments of one blob; what it read of a line it remembers while it is asked about that line."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._blocks: list[_Block] | None = None
        self._last: tuple[int, int] = (-1, -1)
        self._markers: list[_Marker] = []

    def allowance(self, start: int, end: int, rule: Rule) -> Allowance | None:
        """What lets the secret at [start, end) stand there, as *rule* found it; None where nothing does."""
        for marker in itertools.chain(self._beside(start, end), self._around(start)):
            if marker.allows(rule):
                return Allowance(marker.name, marker.reason)
        return None

    def _beside(self, start: int, end: int) -> Sequence[_Marker]:
        data = self._data
        first = max(data.rfind(b"\n", 0, start) + 1, start - REACH)
        last = _line_end(data, end, end + REACH)
        if (first, last) != self._last:
            self._last = first, last
            self._markers = list(self._iter_beside(first, last))
        return self._markers

    def _iter_beside(self, first: int, last: int) -> Iterator[_Marker]:
        """Markers that speak of what stands in [first, last), whole lines or what of them is near."""
        data = self._data
        yield from (marker for marker in _markers(data[first:last]) if _Reach.LINE in marker.reach)
        if first and data[first - 1 : first] == b"\n":
            yield from (marker for marker in self._neighbours(first, -1) if _Reach.NEXT in marker.reach)
        if data[last : last + 1] == b"\n":
            yield from (marker for marker in self._neighbours(last, 1) if _Reach.PREVIOUS in marker.reach)

    def _neighbours(self, at: int, step: int) -> Iterator[_Marker]:
        """Markers alone on the line above (below) the one that begins (ends) at *at*; over one line of quotes."""
        for _ in range(2):
            line = _line_before(self._data, at) if step < 0 else _line_behind(self._data, at)
            if line is None:
                return
            start, end = line
            text = self._data[start:end]
            yield from (marker for marker in _markers(text) if marker.is_alone)
            if not text.strip() or not _QUOTES_ONLY.match(text):
                return
            at = start if step < 0 else end

    def _around(self, start: int) -> list[_Marker]:
        if self._blocks is None:
            self._blocks = list(_iter_blocks(self._data))
        return [block.marker for block in self._blocks if block.start <= start < block.end] if self._blocks else []


def _line_end(data: bytes, start: int, limit: int) -> int:
    end = data.find(b"\n", start, limit)
    return end if end >= 0 else min(limit, len(data))


def _line_before(data: bytes, start: int) -> tuple[int, int] | None:
    """The line that ends right before *start*; None where it is longer than any comment."""
    end = start - 1
    begin = data.rfind(b"\n", max(end - REACH, 0), end) + 1
    if end < 0 or (not begin and end > REACH):
        return None
    return begin, end


def _line_behind(data: bytes, end: int) -> tuple[int, int] | None:
    begin = end + 1
    if begin >= len(data):
        return None
    return begin, _line_end(data, begin, begin + REACH)


def _may_hold_marker(line: bytes) -> bool:
    """Whether one of the words is there that are in every marker."""
    # Spelled out, since this is asked of several lines for each candidate and hardly ever so.
    return b":allow" in line or b":ignore" in line or b"ggignore" in line or b"pragma" in line or b"nosem" in line


def _markers(line: bytes) -> Iterator[_Marker]:
    if not _may_hold_marker(line):
        return
    for match in _MARKER.finditer(line):
        marker = _marker(line, match)
        if marker is not None:
            yield marker


def _marker(line: bytes, match: re.Match[bytes]) -> _Marker | None:
    """What *match* means on its *line*; None for the ends of a block, and for what speaks of other things."""
    groups = match.groupdict()
    form = groups["form"] or groups["gg"] or groups["next"] or b""
    if form in (b"-start", b"-end"):
        return None
    name = match[0].decode("latin-1")
    is_alone = _BARE.match(line[: match.start()]) is not None
    rules: tuple[str, ...] = ()
    reach = _Reach.LINE
    if name.startswith("secrethunt"):
        rules = _names(groups["rules"])
    if form:
        # Nothing may stand before it, or it would be seen as a comment on its own line.
        reach = _Reach.NEXT
        if not is_alone:
            return None
    elif name.startswith("nosem"):
        reach |= _Reach.NEXT
        if not _is_about_secrets(_names(groups["semgrep"])):
            return None
    elif name.startswith("kingfisher"):
        reach |= _Reach.NEXT | _Reach.PREVIOUS
    return _Marker(_shown(name), reach, rules, _reason(line[match.end() :]), is_alone)


def _shown(name: str) -> str:
    """A marker's name without what it names."""
    return name.split("=")[0] if name.startswith("secrethunt") else name.split(": ")[0] if "nosem" in name else name


def _names(listed: bytes | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (listed or b"").decode("latin-1").split(",") if name.strip())


def _is_about_secrets(rules: Iterable[str]) -> bool:
    """Whether a comment for Semgrep means its rules for secrets: all, or one that says so in its id."""
    named = tuple(rules)
    words = ("secret", "credential", "password", "token", "key")
    return not named or any(word in name.lower() for name in named for word in words)


def _reason(rest: bytes) -> bytes:
    return _OPENERS.sub(b"", _CLOSERS.sub(b"", rest[:_LONGEST_REASON]))


def _iter_blocks(data: bytes) -> Iterator[_Block]:
    """Whole lines between a start and the next end of the same kind; a start without an end means nothing."""
    for word in _STARTS:
        at = data.find(word)
        while at >= 0:
            end = data.find(word.replace(b"-start", b"-end"), at)
            if end < 0:
                break
            block = _block(data, at, end)
            if block is not None:
                yield block
            at = data.find(word, end)


def _block(data: bytes, at: int, end: int) -> _Block | None:
    match = _MARKER.match(data, at)
    if match is None:
        return None
    line_end = _line_end(data, at, at + REACH)
    rules = _names(match["rules"])
    reason = _reason(data[match.end() : line_end])
    marker = _Marker(_shown(match[0].decode("latin-1")), _Reach.LINE, rules, reason, is_alone=True)
    return _Block(line_end, data.rfind(b"\n", 0, end) + 1, marker)
