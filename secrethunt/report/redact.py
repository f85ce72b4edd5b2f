# SPDX-License-Identifier: Apache-2.0
"""
Owns what of a secret may be shown: the one place of this room that calls `Secret.reveal()`.

A secret does not only stand where it was found. Commit objects are scanned, so an author's name or address can be a
token; so can a file name, a branch, or what the system said of a file. Each of these goes through `Redactor.text()`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secrethunt.records import Finding, Part, Secret
from secrethunt.report.escape import decode, encode

MASK = "********"
_LEAST = 8
"""Shorter values are not looked for in other fields: `admin` is a password somewhere, and a folder everywhere."""
_LONG_WORD = 16
"""Nor are shorter ones of letters alone."""


def is_telling(value: bytes) -> bool:
    """Whether *value* would be recognised elsewhere: one that is a plain word stands in many a path by chance."""
    return len(value) >= _LEAST and not (value.isalpha() and len(value) < _LONG_WORD)


def iter_secrets(findings: Iterable[Finding]) -> Iterator[Secret]:
    """All that must not be shown: each finding's own value, and those of its parts that are secrets too."""
    for finding in findings:
        yield finding.secret
        for part in finding.parts:
            if part.is_secret:
                yield part.value


class Redactor:
    """Turns raw fields into text in which no secret of the report stands in clear."""

    def __init__(self, secrets: Iterable[Secret], *, is_open: bool = False) -> None:
        """
        Args:
            secrets: All those of the result: one's value may be in another's path.
            is_open: Show everything (`--show-secrets`).
        """
        self._is_open = is_open
        self._by_head: dict[bytes, list[bytes]] = {}
        self._known: dict[bytes, str] = {}
        if not is_open:
            self._index({value for secret in secrets if is_telling(value := secret.reveal())})

    def _index(self, values: set[bytes]) -> None:
        for value in sorted(values, key=len, reverse=True):
            self._by_head.setdefault(value[:_LEAST], []).append(value)

    def secret(self, secret: Secret) -> str:
        """The value as it may be shown: masked, or decoded with `backslashreplace` if all is open."""
        return decode(secret.reveal()) if self._is_open else secret.masked()

    def part(self, part: Part) -> str:
        """A part's value: as any secret, or as the text that it is."""
        return self.secret(part.value) if part.is_secret else self.text(part.value.reveal())

    def text(self, raw: bytes | str) -> str:
        """*raw* decoded, each secret in it replaced by `MASK`. Linear in *raw*; remembers answers."""
        data = encode(raw)
        known = self._known.get(data)
        if known is None:
            known = self._known[data] = decode(self.masked(data))
        return known

    def masked(self, data: bytes) -> bytes:
        """As `text()`, not yet decoded: for URIs, which can hold any byte."""
        if not self._by_head:
            return data
        pieces = []
        start = at = 0
        while at <= len(data) - _LEAST:
            length = self._length_at(data, at)
            if length:
                pieces += [data[start:at], MASK.encode()]
                start = at = at + length
            else:
                at += 1
        return b"".join([*pieces, data[start:]])

    def _length_at(self, data: bytes, at: int) -> int:
        for value in self._by_head.get(data[at : at + _LEAST], ()):
            if data.startswith(value, at):
                return len(value)
        return 0
