# SPDX-License-Identifier: Apache-2.0
"""
Hot: owns the formats of commit, tag and tree objects. Tolerates what git tolerates: odd names, broken author lines,
unknown headers. Format: gitformat-pack(5), git-mktree(1), git-commit-tree(1).
"""

from __future__ import annotations

import datetime
import functools
import re
from typing import NamedTuple

from secrethunt.records import CommitId, CommitInfo
from secrethunt.sources.git_backend import RawObject

_COMMIT = re.compile(rb"tree ([0-9a-f]{40,64})\n((?:parent [0-9a-f]{40,64}\n)*)")
_COMMIT_DATE = re.compile(rb"\ncommitter [^\n]*> (\d{1,12})")
_PERSON = re.compile(rb"^(?:author|tagger) ([^\n]*)$", re.MULTILINE)
_WHEN = re.compile(rb"\s*(-?\d{1,12})(?: ([+-]\d{4}))?")
_TAGGED = re.compile(rb"object ([0-9a-f]{40,64})\n")
_MAX_OFFSET_MINUTES = 24 * 60 - 1


class Commit(NamedTuple):
    """What provenance and selection need of a commit."""

    tree: str
    parents: tuple[str, ...]
    date: int
    """When it was committed, in seconds since 1970."""


class TreeEntry(NamedTuple):
    """One entry of a tree; `id` is raw bytes, not hex."""

    mode: bytes
    name: bytes
    id: bytes

    @property
    def is_tree(self) -> bool:
        """The entry is a directory; git writes the mode without, old tools wrote it with a leading zero."""
        return self.mode in (b"40000", b"040000")

    @property
    def is_blob(self) -> bool:
        """The entry is a file or symbolic link, not a directory or submodule."""
        return not self.is_tree and self.mode != b"160000"


def parse_commit(data: bytes) -> Commit | None:
    """The commit's tree, parents and date; None when it has no well-formed tree line."""
    head = _COMMIT.match(data)
    if head is None:
        return None
    date = _COMMIT_DATE.search(data, head.end() - 1)
    parents = head[2].decode().split()[1::2]
    return Commit(head[1].decode(), tuple(parents), int(date[1]) if date else 0)


def parse_tagged(data: bytes) -> str | None:
    """Id of the object that a tag object names."""
    match = _TAGGED.match(data)
    return match[1].decode() if match else None


def parse_tree(data: bytes, id_size: int) -> list[TreeEntry]:
    """All entries of a tree, in its order; what follows a malformed entry is left out. *id_size* is in bytes."""
    return list(map(TreeEntry._make, _entry_pattern(id_size).findall(data)))


@functools.cache
def _entry_pattern(id_size: int) -> re.Pattern[bytes]:
    # NOTE: findall() resumes where an entry ends, so on a well-formed tree ids are never taken for entries.
    return re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{%d})" % id_size, re.DOTALL)


def describe(raw: RawObject) -> CommitInfo:
    """What a report says of a commit, or of a tag with its tagger."""
    head, _, _ = raw.data.partition(b"\n\n")
    line = _PERSON.search(head)
    if line is None:
        return CommitInfo(CommitId(raw.id), b"", b"", "")
    who, is_closed, when = line[1].rpartition(b">")
    name, _, email = (who if is_closed else line[1]).partition(b"<")
    moment = _WHEN.match(when) if is_closed else None
    seconds = int(moment[1]) if moment else 0
    date = _rfc3339(seconds, moment[2] or b"+0000") if moment else ""
    return CommitInfo(CommitId(raw.id), name.strip(), email.strip(), date, float(seconds))


def _rfc3339(seconds: int, offset: bytes) -> str:
    """The moment in its author's own offset; empty when no calendar holds it."""
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    if minutes > _MAX_OFFSET_MINUTES:
        minutes = 0
    zone = datetime.timezone(datetime.timedelta(minutes=-minutes if offset.startswith(b"-") else minutes))
    try:
        return datetime.datetime.fromtimestamp(seconds, zone).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
