# SPDX-License-Identifier: Apache-2.0
"""Owns what a caller may choose about a report, whatever its format."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How a report is written; lowered once from the command line."""

    show_secrets: bool = False
    """Print values as they are. Formats that are made to be uploaded or published (SARIF, JUnit, Markdown, those of
    GitHub and GitLab) stay without values all the same."""
    show_suppressed: bool = False
    """Report what was found and is allowed as well, marked as such."""
    explain: bool = False
    """Text only: say what spoke for and against each secret, and how much. JSON always does."""
    color: bool = False
    """Text only: ANSI styles."""
    width: int = 100
    """Text only: columns to wrap sentences at; places are never broken."""
    tool_version: str = ""
    written_at: float = 0.0
    """When the scan ended, in seconds since 1970; 0 is now."""

    @property
    def moment(self) -> float:
        """When the scan ended: for formats that must say so, and for how long a secret has stood."""
        return self.written_at or time.time()
