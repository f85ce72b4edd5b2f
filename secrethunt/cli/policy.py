# SPDX-License-Identifier: Apache-2.0
"""What makes a scan fail: `--fail-on`, and the exit code of a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from secrethunt.coverage import ScanResult
from secrethunt.errors import INTERRUPTED, ExitCode, UsageError
from secrethunt.records import Confidence, Finding, Severity
from secrethunt.report.verdicts import is_active


@dataclass(frozen=True, slots=True)
class FailPolicy:
    """Findings that meet all of these make exit code 1."""

    severity: Severity = Severity.INFO
    confidence: Confidence = Confidence.LOW
    at_head: bool = False
    """Only findings that still stand: at HEAD, on disk, in the index, in the stream."""
    never: bool = False
    active: bool = False
    """Only findings whose credential was found to be live."""

    def counts(self, finding: Finding) -> bool:
        """Whether *finding* makes the scan fail."""
        return (
            not self.never
            and finding.rule.severity >= self.severity
            and finding.confidence >= self.confidence
            and (not self.at_head or finding.at_head or finding.in_worktree)
            and (not self.active or is_active(finding))
        )


def parse_fail_on(levels: Iterable[str]) -> FailPolicy:
    """
    `high` or `severity:high`, `confidence:medium`, `at-head`, `active`, `never`.

    Raises:
        UsageError: Anything else.
    """
    severity, confidence = Severity.INFO, Confidence.LOW
    flags = dict.fromkeys(("at-head", "active", "never"), False)
    for level in levels:
        kind, _, name = level.lower().rpartition(":")
        if kind in ("", "severity") and name in Severity.labels():
            severity = Severity[name.upper()]
        elif kind == "confidence" and name in Confidence.labels():
            confidence = Confidence[name.upper()]
        elif level in flags:
            flags[level] = True
        else:
            raise UsageError(
                f"--fail-on does not know {level!r}",
                hint=f"Use one of {', '.join(Severity.labels())}, confidence:LEVEL, at-head, active or never.",
            )
    return FailPolicy(severity, confidence, flags["at-head"], flags["never"], flags["active"])


def exit_code(result: ScanResult, policy: FailPolicy) -> int:
    """Findings before gaps: 1, then 130 for an interrupted validation, then 3, then 0. The summary says all."""
    if any(policy.counts(finding) for finding in result.findings):
        return ExitCode.FINDINGS
    validation = result.validation
    if validation is not None and validation.is_interrupted:
        return INTERRUPTED
    is_partial = validation is not None and bool(validation.failed or validation.unread)
    return ExitCode.INCOMPLETE if result.is_incomplete or is_partial else ExitCode.CLEAN
