# SPDX-License-Identifier: Apache-2.0
"""Owns what is printed on stderr about things that were not scanned."""

from __future__ import annotations

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.report.escape import escape, log_line
from secrethunt.report.redact import Redactor

_NAMED = 10
"""Things named of each kind; the JSON formats name all that were kept."""


def render_problems(result: ScanResult) -> str:
    """
    What was not scanned and why: each kind with its count, the first ten of it by name. Empty if all was scanned.

    Ends in a line feed. Always masked and escaped, whatever the report shows.
    """
    redactor = Redactor(finding.secret for finding in result.findings)
    kinds = sorted(result.coverage.skipped, key=order)
    return "".join(_kind(skip, result, redactor) for skip in kinds)


def order(skip: Skip) -> tuple[bool, str]:
    """Sorting key of reports: what makes a scan incomplete comes first."""
    return (not skip.is_incomplete, skip.label)


def _kind(skip: Skip, result: ScanResult, redactor: Redactor) -> str:
    total = result.coverage.skipped[skip]
    named = [problem for problem in result.problems if problem.skip is skip][:_NAMED]
    word = "not scanned" if skip.is_incomplete else "left out"
    lines = [f"{word}, {skip.label}: {total:,}"]
    lines += [log_line(f"  {_name(problem, redactor)}") for problem in named]
    if named and total > len(named):
        lines.append(f"  and {total - len(named):,} more")
    return "\n".join(lines) + "\n"


def _name(problem: Problem, redactor: Redactor) -> str:
    what = escape(redactor.text(problem.what))
    return f"{what}: {escape(redactor.text(problem.detail))}" if problem.detail else what
