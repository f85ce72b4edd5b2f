# SPDX-License-Identifier: Apache-2.0
"""
Owns JUnit XML: each finding is a failed test case, what could not be scanned an error; a clean scan passes one case.

A suite without cases is an error to some readers (Jenkins), so the scan itself is the first case. Names hold no line,
because merge requests compare them between branches. No value is written.

Format: the JUnit schema of Ant, as https://github.com/windyroad/JUnit-Schema describes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.sax.saxutils import escape as xml_text
from xml.sax.saxutils import quoteattr

from secrethunt.coverage import ScanResult
from secrethunt.records import Finding
from secrethunt.report.advice import advice
from secrethunt.report.groups import group_by_secret
from secrethunt.report.options import ReportOptions
from secrethunt.report.problems import render_problems
from secrethunt.report.ranking import most_severe_first
from secrethunt.report.redact import iter_secrets
from secrethunt.report.sarif_values import Discretion
from secrethunt.report.statements import own_path, statement
from secrethunt.report.totals import iter_totals

_SUITE = "secrethunt"
_ID_SHOWN = 12


def iter_junit(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """The document piece by piece: one case a finding, most severe first."""
    discretion = Discretion(iter_secrets(result.findings))
    yield _opening(result, options).encode("utf-8")
    yield _scan_case(result).encode("utf-8")
    for finding in most_severe_first(result.findings):
        yield _finding_case(finding, discretion).encode("utf-8")
    totals = "\n".join(iter_totals(result, group_by_secret(result.findings)))
    yield f"<system-out>{xml_text(totals)}</system-out>\n".encode()
    yield f"<system-err>{xml_text(render_problems(result))}</system-err>\n</testsuite>\n</testsuites>\n".encode()


def _opening(result: ScanResult, options: ReportOptions) -> str:
    started = datetime.fromtimestamp(max(options.moment - result.coverage.seconds, 0), UTC)
    attributes = {
        "name": _SUITE,
        "package": _SUITE,
        "id": "0",
        "timestamp": started.strftime("%Y-%m-%dT%H:%M:%S"),
        # The name of the machine is nobody's business who reads the report; the schema has this word for it.
        "hostname": "localhost",
        "tests": str(len(result.findings) + 1),
        "failures": str(len(result.findings)),
        "errors": str(int(result.is_incomplete)),
        "time": f"{result.coverage.seconds:.3f}",
    }
    version = f'<property name="version" value={quoteattr(options.tool_version or "0")}/>'
    suite = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites>\n<testsuite {suite}>\n<properties>{version}</properties>\n"
    )


def _scan_case(result: ScanResult) -> str:
    """Passes where all that belongs to the target was scanned."""
    opening = f'<testcase classname="{_SUITE}" name="everything was scanned" time="{result.coverage.seconds:.3f}"'
    if not result.is_incomplete:
        return f"{opening}/>\n"
    text = render_problems(result)
    first = text.partition("\n")[0]
    return f'{opening}>\n<error message={quoteattr(first)} type="incomplete">{xml_text(text)}</error>\n</testcase>\n'


def _finding_case(finding: Finding, discretion: Discretion) -> str:
    path = discretion.path(own_path(finding))
    # The id tells places of one path apart, and stays when lines move.
    name = f"{discretion.text(finding.rule.name)} in {path} ({finding.finding_id[:_ID_SHOWN]})"
    said = statement(finding, discretion)
    lines = [
        f"{path}:{finding.span.line}:{finding.span.column}: {said}",
        *_history(finding),
        f"Finding {finding.finding_id}, secret {finding.secret_id}, rule {finding.rule.id}.",
        f"Do first: {discretion.text(advice(finding.rule))}",
    ]
    return (
        f'<testcase classname={quoteattr(finding.rule.id)} name={quoteattr(name)} time="0">\n'
        f"<failure message={quoteattr(said)} type={quoteattr(finding.rule.severity.label)}>"
        f"{xml_text(chr(10).join(lines))}</failure>\n</testcase>\n"
    )


def _history(finding: Finding) -> Iterator[str]:
    if finding.first:
        yield f"First in commit {finding.first.id} of {finding.first.date}."
    if finding.last and finding.last != finding.first:
        yield f"Last in commit {finding.last.id} of {finding.last.date}."
