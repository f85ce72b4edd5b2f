# SPDX-License-Identifier: Apache-2.0
"""
Owns GitHub's workflow commands: findings as annotations of a run, printed to the log of a step. Without any value.

A step shows ten annotations of a kind and a job fifty, and drops the others without a word; so only that many are
written, most severe first, one of them says how many more there are, and these follow as plain lines of the log.

Format: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from secrethunt.coverage import ScanResult
from secrethunt.records import Finding, Severity
from secrethunt.report.advice import advice
from secrethunt.report.escape import escape, log_line
from secrethunt.report.groups import group_by_secret
from secrethunt.report.options import ReportOptions
from secrethunt.report.problems import render_problems
from secrethunt.report.quantities import count
from secrethunt.report.ranking import most_severe_first, stands
from secrethunt.report.redact import iter_secrets
from secrethunt.report.sarif_values import Discretion
from secrethunt.report.statements import headline, own_path, standing, statement
from secrethunt.report.totals import iter_totals

PER_KIND = 10
"""Annotations of one kind that a step shows (https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md)."""
_KINDS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}
_LONGEST_TITLE = 255
_LISTED = 1000
"""Lines for what is not annotated."""


def iter_annotations(result: ScanResult, options: ReportOptions) -> Generator[bytes, None, str]:
    """One command a line; the lines of what is not annotated stand in a group that opens on a click."""
    discretion = Discretion(iter_secrets(result.findings))
    # One of each is kept: for what was not scanned, and for how many there are more.
    room = {"error": PER_KIND, "warning": PER_KIND - 1, "notice": PER_KIND - 1}
    left_out = []
    for finding in most_severe_first(result.findings):
        kind = _KINDS[finding.rule.severity]
        if room[kind]:
            room[kind] -= 1
            yield _line(_annotation(kind, finding, discretion))
        else:
            left_out.append(finding)
    if result.is_incomplete:
        yield _line(_command("warning", {"title": "The scan is incomplete"}, render_problems(result)))
    said = ""
    if left_out:
        said = f"{count(len(left_out), 'finding')} not annotated, because a step shows {PER_KIND} of a kind"
        yield _line(_command("notice", {"title": "More findings"}, f"{said}; the log of this step lists them."))
        yield from _listed(left_out, discretion)
    for sentence in iter_totals(result, group_by_secret(result.findings)):
        yield _line(log_line(escape(sentence)))
    return said


def _annotation(kind: str, finding: Finding, discretion: Discretion) -> str:
    title = f"{finding.rule.severity.label.capitalize()}: {headline(finding, discretion)}"
    properties = {"title": title[:_LONGEST_TITLE]}
    message = f"{statement(finding, discretion)}\nDo first: {discretion.text(advice(finding.rule))}"
    message += f"\nFinding {finding.finding_id}, secret {finding.secret_id}, rule {finding.rule.id}."
    if stands(finding):
        properties |= _place(finding, discretion)
    else:
        # The line it once had is another one now; GitHub would point at that.
        message = f"{_where(finding, discretion)}: {message}"
    return _command(kind, properties, message)


def _place(finding: Finding, discretion: Discretion) -> dict[str, str]:
    span = finding.span
    place = {"file": discretion.path(own_path(finding)), "line": str(span.line), "endLine": str(span.end_line)}
    # Columns mean something on one line only.
    if span.line == span.end_line:
        place |= {"col": str(span.column), "endColumn": str(span.end_column)}
    return place


def _listed(findings: list[Finding], discretion: Discretion) -> Iterator[bytes]:
    yield b"::group::secrethunt: findings without an annotation\n"
    for finding in findings[:_LISTED]:
        text = (
            f"{finding.rule.severity.label}: {_where(finding, discretion)}: {headline(finding, discretion)} "
            f"{standing(finding, discretion)} ({finding.finding_id[:12]})"
        )
        # `##[` starts a command wherever it stands in a line; Discretion lets no bracket through.
        yield _line(text)
    if len(findings) > _LISTED:
        yield _line(f"and {count(len(findings) - _LISTED, 'more finding')}, which the other formats hold")
    yield b"::endgroup::\n"


def _where(finding: Finding, discretion: Discretion) -> str:
    place = f"{discretion.text(own_path(finding))}:{finding.span.line}:{finding.span.column}"
    return f"{place} in commit {finding.first.id[:10]}" if finding.first and not stands(finding) else place


def _command(name: str, properties: dict[str, str], message: str) -> str:
    settings = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {settings}::{_data(message.rstrip())}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _line(text: str) -> bytes:
    return text.encode("utf-8") + b"\n"
