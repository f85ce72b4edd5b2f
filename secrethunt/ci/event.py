# SPDX-License-Identifier: Apache-2.0
"""Owns what a CI job is about, whichever provider runs it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class EventKind(enum.Enum):
    """What set the job going; the value is what messages call it."""

    PULL_REQUEST = "pull request"
    MERGE_QUEUE = "merge queue"
    PUSH = "push"
    TAG = "tag"
    DELETED = "deleted branch or tag"
    WHOLE = "scheduled or manual run"


@dataclass(frozen=True, slots=True)
class Event:
    """One job's occasion. Revisions are ids or names as the provider gives them; empty where it does not say."""

    provider: str
    kind: EventKind
    head: str
    """What is scanned up to."""
    bases: tuple[str, ...] = ()
    """What was there before, the best first; the first that is here counts."""
    base_branch: str = ""
    """Name of the branch that this is measured against, for a pull request its target."""
    branch: str = ""
    """Name of the branch that is built; empty for tags, and where nobody says."""
    from_fork: bool = False
    depth_advice: str = ""
    """What to set so that enough history is checked out."""
    summary_file: str = ""
    """Where the provider takes a Markdown summary from."""
    annotates: bool = False
    """The provider reads annotations from the job's output."""


ZEROS = frozenset({"", "0" * 40, "0" * 64})
"""How providers write that there was nothing."""


def named(*revisions: str) -> tuple[str, ...]:
    """Those of *revisions* that say something, each once."""
    return tuple(dict.fromkeys(revision for revision in revisions if revision not in ZEROS))
