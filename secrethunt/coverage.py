# SPDX-License-Identifier: Apache-2.0
"""What a scan covered, what it left out and why, and its result as a whole."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from secrethunt.records import Finding


class Skip(enum.Enum):
    """Why something was not scanned: (label, does it make the scan incomplete)."""

    UNREADABLE = ("unreadable", True)
    CORRUPT_OBJECT = ("corrupt object", True)
    MISSING_OBJECT = ("missing object", True)
    """Promised by a partial clone, or lost."""
    TOO_LARGE = ("over the size limit", True)
    TOO_MANY = ("more candidates than are reported", True)
    UNSUPPORTED = ("not supported here", True)
    BACKEND_LIMIT = ("needs git", True)
    DECODE_LIMIT = ("decodes to too much", True)
    """An archive bomb, or encodings nested too deep."""
    ENCRYPTED = ("encrypted", False)
    UNOPENED = ("archive that cannot be opened", False)
    """Damaged, or of a kind that is not known."""
    NEEDS_EXTRA = ("needs an optional package", False)
    SUBMODULE = ("submodule not checked out", False)
    LFS_POINTER = ("LFS object not here", False)
    SHALLOW = ("shallow history ends", False)
    SPECIAL_FILE = ("not a regular file", False)
    IGNORED = ("ignored by git", False)
    NESTED_REPOSITORY = ("nested repository", False)

    def __init__(self, label: str, is_incomplete: bool) -> None:
        self.label = label
        self.is_incomplete = is_incomplete


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was not scanned."""

    skip: Skip
    what: bytes
    """Path or object id."""
    detail: str = ""
    """What the system said; never contents."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a scan looked at, and what it left out."""

    files: int = 0
    """Files of the work tree, index entries and streams."""
    blobs: int = 0
    """Distinct blob objects of history."""
    commits: int = 0
    tags: int = 0
    bytes: int = 0
    """Bytes handed to matching, written out."""
    known: int = 0
    """Objects of history that were not read: a state file said what is in them."""
    decoded: int = 0
    """Pieces that were decoded and searched."""
    containers: int = 0
    """Archives, compressed files, documents and databases that were opened."""
    skipped: dict[Skip, int] = field(default_factory=dict)
    rules: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Validation:
    """How the distinct credentials of a result were checked, counted."""

    active: int = 0
    inactive: int = 0
    unknown: int = 0
    offline: int = 0
    """Of all of these, those that were settled without asking anybody."""
    cached: int = 0
    """Those that an earlier run had asked about."""
    requests: int = 0
    """What was sent, retries and controls included."""
    reasons: tuple[tuple[str, int], ...] = ()
    """Why credentials are UNKNOWN, the most frequent reason first."""
    failed: tuple[str, ...] = ()
    """Checks that broke: rule and kind of the error, never a value."""
    unread: tuple[str, ...] = ()
    """What an earlier report names and could not be read again."""
    not_shown: int = 0
    """Findings left out because they are not known to be active (`--only-active`)."""
    is_interrupted: bool = False
    seconds: float = 0.0

    @property
    def credentials(self) -> int:
        """All of them."""
        return self.active + self.inactive + self.unknown


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The answer: findings in report order, what was covered, and what was not."""

    findings: tuple[Finding, ...]
    coverage: Coverage
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    """What the user should know of how this was done: sentences without a full stop."""
    suppressed: tuple[Finding, ...] = ()
    """What was found and is not reported, each with its `suppression`."""
    unused: tuple[str, ...] = ()
    """Entries of ignore files and baselines that nothing was found for, each in one line; empty where only a part of
    the target was scanned."""
    expired: tuple[str, ...] = ()
    """Entries that no longer hold."""
    validation: Validation | None = None
    """None while nobody asked whether the findings are live."""
    graph: tuple[Any, ...] = ()
    """Nodes and edges (`identity/contract.py`) that were learned with the findings: `--identify`."""

    @property
    def is_incomplete(self) -> bool:
        """Something that belongs to the target could not be scanned."""
        return any(skip.is_incomplete for skip in self.coverage.skipped)
