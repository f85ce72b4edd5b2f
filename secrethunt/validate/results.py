# SPDX-License-Identifier: Apache-2.0
"""Puts verdicts to the findings of a scan, and counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from secrethunt.coverage import ScanResult, Validation
from secrethunt.records import Finding, RuleId
from secrethunt.validate.contract import State, Verdict
from secrethunt.validate.credentials import Subject, gather_subjects, subject_key
from secrethunt.validate.engine import Run


def subjects_of(findings: Iterable[Finding], checked: Iterable[RuleId]) -> list[Subject]:
    """The distinct credentials to ask about."""
    return gather_subjects(findings, checked)


def with_verdicts(result: ScanResult, run: Run, *, requests: int = 0) -> ScanResult:
    """*result* with a verdict on each finding, those that are ACTIVE first, and the counts."""
    findings = [replace(item, verdict=run.settled[subject_key(item)].verdict) for item in result.findings]
    findings.sort(key=lambda finding: not is_active(finding))
    return replace(result, findings=tuple(findings), validation=_counted(result, run, requests))


def is_active(finding: Finding) -> bool:
    """Whether *finding* was found to be live."""
    return finding.verdict is not None and finding.verdict.outcome.state is State.ACTIVE


def _counted(result: ScanResult, run: Run, requests: int) -> Validation:
    settled = list(run.settled.values())
    states = Counter(_state(item.verdict) for item in settled)
    reasons = Counter(item.verdict.outcome.reason for item in settled if _state(item.verdict) is State.UNKNOWN)
    return Validation(
        active=states[State.ACTIVE],
        inactive=states[State.INACTIVE],
        unknown=states[State.UNKNOWN],
        offline=sum(item.is_offline for item in settled),
        cached=sum(item.verdict.is_cached for item in settled),
        requests=requests,
        reasons=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        failed=tuple(failure for item in settled for failure in item.failures),
        unread=result.validation.unread if result.validation else (),
        is_interrupted=run.is_interrupted,
        seconds=run.seconds,
    )


def _state(verdict: Verdict) -> State:
    return verdict.outcome.state
