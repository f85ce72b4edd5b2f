# SPDX-License-Identifier: Apache-2.0
"""
Owns what a hook says: each place, the masked value, what it is, why it is believed, what to do first, and the one
command that lets it stand.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from secrethunt.coverage import Problem
from secrethunt.records import BlobKind, Finding
from secrethunt.report.advice import advice
from secrethunt.report.escape import escape
from secrethunt.report.quantities import count
from secrethunt.report.redact import Redactor, iter_secrets

_WIDTH = 100
_MARGIN = " " * 13
_ID_SHOWN = 12
MOST_SHOWN = 20
"""Findings described at most."""


def iter_message(findings: Sequence[Finding], what: str, *, after: Iterable[str]) -> Iterator[str]:
    """
    Lines for standard error.

    Args:
        findings: At least one.
        what: Where they were found: `what you are about to commit`.
        after: What to do, line by line.
    """
    redactor = Redactor(iter_secrets(findings))
    secrets = len({finding.secret_id for finding in findings})
    yield f"secrethunt: {count(secrets, 'secret')} in {what}"
    for finding in findings[:MOST_SHOWN]:
        yield ""
        yield from describe(finding, redactor)
    if len(findings) > MOST_SHOWN:
        yield ""
        yield f"  and {len(findings) - MOST_SHOWN:,} more places"
    yield ""
    yield from after


def describe(finding: Finding, redactor: Redactor) -> Iterator[str]:
    """One finding."""
    rule = finding.rule
    yield f"  {place(finding, redactor)}"
    yield from _row("What", f"{rule.name}: {rule.severity.label} severity, {finding.confidence.label} confidence")
    yield from _row("Value", redactor.secret(finding.secret))
    yield from _row("Why", f"{redactor.text('; '.join(finding.reasons))} (rule {rule.id})")
    if finding.first is not None:
        yield from _row("Added", f"{finding.first.id[:10]} by {redactor.text(finding.first.author)}")
    yield from _row("Do first", advice(rule))
    yield from _row("Allow", allow_command(finding))


def place(finding: Finding, redactor: Redactor) -> str:
    """`path:line:column`, or which message it is."""
    if finding.kind is BlobKind.COMMIT and finding.first is not None:
        return f"message of commit {finding.first.id[:10]}:{finding.span.line}"
    return f"{escape(redactor.text(finding.path))}:{finding.span.line}:{finding.span.column}"


def allow_command(finding: Finding) -> str:
    """The command that lets *finding* stand."""
    # git runs hooks at the root, whoever called it may be further down.
    prefix = os.environ.get("GIT_PREFIX", "").strip("/")
    target = f" --target {'/'.join('..' for _ in prefix.split('/'))}" if prefix else ""
    return f"secrethunt allow {finding.secret_id[:_ID_SHOWN]}{target} --reason 'not a secret'"


def iter_gaps(problems: Iterable[Problem]) -> Iterator[str]:
    """What could not be looked at."""
    for problem in problems:
        detail = f" ({escape(problem.detail)})" if problem.detail else ""
        yield f"secrethunt: not looked at: {escape(problem.what)}: {problem.skip.label}{detail}"


def _row(label: str, text: str) -> Iterator[str]:
    lines = wrap(
        escape(text), _WIDTH, initial_indent=_MARGIN, subsequent_indent=_MARGIN, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    yield f"    {label:9}{lines[0].removeprefix(_MARGIN)}" if lines else f"    {label}"
    yield from lines[1:]
