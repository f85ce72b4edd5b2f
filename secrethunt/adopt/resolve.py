# SPDX-License-Identifier: Apache-2.0
"""
From places that another scanner names to our findings there, once, so that entries of ours can be kept instead.

A place is looked for in the version of the file that was meant: of a commit where one is named, else on disk, else in
any version. What we do not find there we need not allow; it is named with the reason.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from secrethunt.adopt.foreign import ForeignFinding
from secrethunt.candidates.canonical import canonical_value
from secrethunt.errors import SourceError
from secrethunt.objectscan import blob_id
from secrethunt.records import Finding
from secrethunt.sources.contract import Source

_NEAR = 2
"""Lines by which a match of another scanner may begin before the secret in it: a name above its value."""
_WORDS = re.compile(rb"[^\s\"'`=:,;()<>{}\[\]]{3,}|(?<=[\"'`=: ])[^\"'`\n]{3,}(?=[\"'`]|\s*$)")


@dataclass(frozen=True, slots=True)
class Adopted:
    """A foreign finding, and what of ours it is."""

    foreign: ForeignFinding
    findings: tuple[Finding, ...]
    why_not: str = ""
    """Why there is none."""


class Resolver:
    """Resolves places against the findings of one scan."""

    def __init__(self, findings: Iterable[Finding], source: Source, root: bytes) -> None:
        """
        Args:
            findings: All that were found, however unsure.
            source: Asked for versions of files.
            root: Directory that paths on disk are relative to.
        """
        self._source = source
        self._root = root
        self._by_path: dict[bytes, list[Finding]] = {}
        self._versions: dict[tuple[str, bytes], bytes | None] = {}
        for finding in findings:
            self._by_path.setdefault(finding.path.removeprefix(source.prefix), []).append(finding)

    def resolve(self, foreign: ForeignFinding) -> Adopted:
        """What *foreign* means among our findings."""
        path = self._path(foreign.path)
        if path is None:
            return Adopted(foreign, (), "secrethunt finds nothing in that file")
        there = self._by_path[path]
        if foreign.value:
            return self._by_value(foreign, there)
        if foreign.sha1:
            return self._by_digest(foreign, path, there)
        found = self._at_line(foreign, path, there)
        if isinstance(found, str):
            return Adopted(foreign, (), found)
        return Adopted(foreign, tuple(found), "" if found else "secrethunt finds nothing on that line")

    def _path(self, name: str) -> bytes | None:
        """Our path of the file that was called *name*: from the root, or from wherever the tool was started."""
        raw = os.fsencode(name)
        if os.path.isabs(raw):
            raw = os.path.relpath(os.path.realpath(raw), os.path.realpath(self._root))
        raw = os.path.normpath(raw)
        while raw:
            if raw in self._by_path:
                return raw
            # A tool that was started above the repository puts its directory first.
            raw = raw.partition(b"/")[2]
        return None

    def _by_value(self, foreign: ForeignFinding, there: Sequence[Finding]) -> Adopted:
        wanted = canonical_value(foreign.value)
        same = [item for item in there if canonical_value(item.secret.reveal()) == wanted]
        if not same:
            near = [item for item in there if _overlap(canonical_value(item.secret.reveal()), wanted)]
            same = [item for item in near if not foreign.line or _stands_near(item, foreign)]
        return Adopted(foreign, _one_a_secret(same), "" if same else "secrethunt does not find that value there")

    def _by_digest(self, foreign: ForeignFinding, path: bytes, there: Sequence[Finding]) -> Adopted:
        same = [item for item in there if _sha1(item.secret.reveal()) == foreign.sha1]
        if not same and foreign.line:
            data = self._on_disk(path) or b""
            lines = data.split(b"\n")
            text = lines[foreign.line - 1] if foreign.line <= len(lines) else b""
            known = [word for word in _words(text) if _sha1(word) == foreign.sha1]
            if not known:
                return Adopted(foreign, (), "that line no longer holds the value")
            here = [item for item in there if item.in_worktree and item.span.line == foreign.line]
            same = [item for item in here if any(_overlap(item.secret.reveal(), word) for word in known)]
        return Adopted(foreign, _one_a_secret(same), "" if same else "secrethunt does not find that value there")

    def _at_line(self, foreign: ForeignFinding, path: bytes, there: Sequence[Finding]) -> Sequence[Finding] | str:
        if not foreign.line:
            return "it names neither a line nor a value"
        if foreign.commit:
            data = self._version(foreign.commit, path)
            if data is None:
                return "that commit is not here, or has no such file"
            blob = blob_id(data) if not any(len(item.blob) > 40 for item in there[0].occurrences) else _sha256(data)
            spans = [
                (item, occurrence.span) for item in there for occurrence in item.occurrences if occurrence.blob == blob
            ]
        else:
            spans = [(item, item.span) for item in there if item.in_worktree]
            spans = spans or [(item, occurrence.span) for item in there for occurrence in item.occurrences]
        exact = [item for item, span in spans if span.line <= foreign.line <= span.end_line]
        last = max(foreign.end_line, foreign.line + _NEAR)
        return _one_a_secret(exact or [item for item, span in spans if foreign.line < span.line <= last])

    def _version(self, commit: str, path: bytes) -> bytes | None:
        if (commit, path) not in self._versions:
            try:
                self._versions[commit, path] = self._source.committed(commit, os.fsdecode(path))
            except SourceError:
                self._versions[commit, path] = None
        return self._versions[commit, path]

    def _on_disk(self, path: bytes) -> bytes | None:
        key = ("", path)
        if key not in self._versions:
            try:
                with open(os.path.join(self._root, path), "rb") as file:
                    self._versions[key] = file.read()
            except OSError:
                self._versions[key] = None
        return self._versions[key]


def also_covered(adopted: Iterable[Adopted], findings: Iterable[Finding]) -> Mapping[bytes, int]:
    """By path: places that entries for these values and paths cover as well, though no tool had named them."""
    named = {(item.secret_id, item.path): 0 for entry in adopted for item in entry.findings}
    meant = {item.finding_id for entry in adopted for item in entry.findings}
    counts: dict[bytes, int] = {}
    for finding in findings:
        if (finding.secret_id, finding.path) in named and finding.finding_id not in meant:
            counts[finding.path] = counts.get(finding.path, 0) + 1
    return counts


def _one_a_secret(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple({item.secret_id: item for item in findings}.values())


def _overlap(one: bytes, other: bytes) -> bool:
    return one in other or other in one


def _stands_near(finding: Finding, foreign: ForeignFinding) -> bool:
    last = max(foreign.end_line, foreign.line + _NEAR)
    spans = [finding.span, *(occurrence.span for occurrence in finding.occurrences)]
    return any(span.line <= last and span.end_line >= foreign.line for span in spans)


def _words(line: bytes) -> Iterator[bytes]:
    """What another scanner may have taken for the value on *line*."""
    yield line.strip()
    for match in _WORDS.finditer(line):
        yield match[0]
        yield match[0].strip()
    # detect-secrets keeps of a key block the words of its first line.
    for block in re.finditer(rb"BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?", line):
        yield block[0]


def _sha1(value: bytes) -> str:
    return hashlib.sha1(value, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(b"blob %d\0" % len(data) + data).hexdigest()
