# SPDX-License-Identifier: Apache-2.0
"""Owns what a caller may choose about a report, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How a report is written; lowered once from the command line."""

    show_secrets: bool = False
    """Print values as they are. SARIF, which is made to be uploaded, stays masked all the same."""
    show_suppressed: bool = False
    """Report what was found and is allowed as well, marked as such."""
    explain: bool = False
    """Text only: say what spoke for and against each secret, and how much. JSON always does."""
    color: bool = False
    """Text only: ANSI styles."""
    width: int = 100
    """Text only: columns to wrap sentences at; places are never broken."""
    tool_version: str = ""
