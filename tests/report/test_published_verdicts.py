# SPDX-License-Identifier: Apache-2.0
"""Every format says whether a credential is live where somebody asked, and puts what is live first."""

from __future__ import annotations

import csv
import io
import json

import pytest

from secrethunt.records import Finding, Severity
from secrethunt.report import FORMATS
from secrethunt.verdict import Evidence, Outcome, State, Verdict
from tests.report.rendering import render_text
from tests.report.samples import make_finding, make_result, make_rule, make_value


def _verdict(state: State) -> Verdict:
    evidence = Evidence("GET https://api.acme.example/v1/me", 200, "json login")
    return Verdict(Outcome(state, "the provider said so", (evidence,)), "2026-06-01T12:00:00Z")


def _findings() -> list[Finding]:
    """One critical and dead, one low and live."""
    dead = make_finding(b"dead.env", value=make_value("dead"), verdict=_verdict(State.INACTIVE))
    low = make_rule(severity=Severity.LOW)
    return [dead, make_finding(b"live.env", value=make_value("live"), rule=low, verdict=_verdict(State.ACTIVE))]


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_verdict_is_in_the_report(format_name: str) -> None:
    report = render_text(make_result(*_findings()), format_name)
    assert "the provider said so" in report


@pytest.mark.parametrize(
    "format_name", sorted({*FORMATS} - {"json", "jsonl", "csv", "sarif", "github-annotations", "text"})
)
def test_what_is_live_comes_before_what_is_severe(format_name: str) -> None:
    report = render_text(make_result(*_findings()), format_name)
    assert 0 < report.index("live.env") < report.index("dead.env")


def test_csv_has_columns_for_it_that_are_empty_where_nobody_asked() -> None:
    findings = [*_findings(), make_finding(b"other.env", value=make_value("other"))]
    rows = csv.DictReader(io.StringIO(render_text(make_result(*findings), "csv"), newline=""))
    expected = [("inactive", "the provider said so"), ("active", "the provider said so"), ("", "")]
    assert expected == [(row["verdict"], row["verdict_reason"]) for row in rows]


def test_gitlab_has_it_among_the_details() -> None:
    report = json.loads(render_text(make_result(*_findings()), "gitlab-secret-detection"))
    details = [entry["details"]["verdict"]["value"] for entry in report["vulnerabilities"]]
    assert ["active", "inactive"] == details
