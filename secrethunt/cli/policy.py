# SPDX-License-Identifier: Apache-2.0
"""What makes a scan fail: `--fail-on`, and the exit code of a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from secrethunt.coverage import ScanResult
from secrethunt.errors import ExitCode, UsageError
from secrethunt.records import Confidence, Finding, Severity


@dataclass(frozen=True, slots=True)
class FailPolicy:
    """Findings that meet all of these make exit code 1."""

    severity: Severity = Severity.INFO
    confidence: Confidence = Confidence.LOW
    at_head: bool = False
    """Only findings that still stand: at HEAD, on disk, in the index, in the stream."""
    never: bool = False

    def counts(self, finding: Finding) -> bool:
        """Whether *finding* makes the scan fail."""
        return (
            not self.never
            and finding.rule.severity >= self.severity
            and finding.confidence >= self.confidence
            and (not self.at_head or finding.at_head or finding.in_worktree)
        )


def parse_fail_on(levels: Iterable[str]) -> FailPolicy:
    """
    `high` or `severity:high`, `confidence:medium`, `at-head`, `never`.

    Raises:
        UsageError: Anything else.
    """
    severity, confidence, at_head, never = Severity.INFO, Confidence.LOW, False, False
    for level in levels:
        kind, _, name = level.lower().rpartition(":")
        if kind in ("", "severity") and name in Severity.labels():
            severity = Severity[name.upper()]
        elif kind == "confidence" and name in Confidence.labels():
            confidence = Confidence[name.upper()]
        elif level == "at-head":
            at_head = True
        elif level == "never":
            never = True
        else:
            raise UsageError(
                f"--fail-on does not know {level!r}",
                hint=f"Use one of {', '.join(Severity.labels())}, confidence:LEVEL, at-head or never.",
            )
    return FailPolicy(severity, confidence, at_head, never)


def exit_code(result: ScanResult, policy: FailPolicy) -> ExitCode:
    """Findings before gaps: 1, then 3, then 0. The summary says all."""
    if any(policy.counts(finding) for finding in result.findings):
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if result.is_incomplete else ExitCode.CLEAN
