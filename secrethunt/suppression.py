# SPDX-License-Identifier: Apache-2.0
"""The record of why a finding is not reported; `suppress/` decides it, every finding may carry one."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class SuppressedBy(enum.Enum):
    """What keeps a finding out of a report; the value is what reports print."""

    COMMENT = "comment"
    IGNORE_FILE = "ignore-file"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding is not reported."""

    by: SuppressedBy
    detail: str
    """The marker of a comment, or the file."""
    reason: str = ""
    """What somebody wrote down; may be anything."""
    author: str = ""
    expires: str = ""
    """Last day on which it holds, `YYYY-MM-DD`; empty for ever."""
