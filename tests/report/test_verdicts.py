# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from secrethunt.coverage import Coverage, ScanResult, Validation
from secrethunt.records import Finding
from secrethunt.report import FORMATS, ReportOptions
from secrethunt.verdict import Evidence, Outcome, State, Verdict
from tests.report.samples import make_finding, make_rule, make_value

_WITHOUT_FACTS = {"github-annotations", "gitlab-codequality", "gitlab-secret-detection", "junit"} | {
    "markdown",
    "markdown-comment",
}
"""Formats that show one sentence of each finding."""
AT = "2026-06-01T12:00:00Z"
E_OK = Evidence("GET https://api.acme.example/v1/me", 200, "json login")
VALIDATION = Validation(active=1, inactive=1, unknown=3, requests=7, cached=1, reasons=(("a firewall", 2), ("off", 1)))


def verdict(state: State, reason: str = "the provider knows it", **changes: Any) -> Verdict:
    facts = (("account", "octo"), ("scopes", "repo")) if state is State.ACTIVE else ()
    return replace(Verdict(Outcome(state, reason, (E_OK,), facts), AT, 0.25), **changes)


def rendered(format_name: str, *findings: Finding, validation: Validation | None = VALIDATION) -> bytes:
    result = ScanResult(findings, Coverage(rules=1), (), validation=validation)
    return b"".join(FORMATS[format_name](result, ReportOptions(tool_version="1", width=200)))


def test_text_says_it_first_and_why() -> None:
    page = rendered("text", make_finding(verdict=verdict(State.ACTIVE))).decode()
    lines = page.splitlines()
    assert lines[0].startswith("ACTIVE  CRITICAL  Acme API key")
    assert "  Verdict   ACTIVE: the provider knows it (asked 2026-06-01T12:00:00Z, 0.2 s)" in lines
    assert "  Evidence  GET https://api.acme.example/v1/me: 200, json login" in lines
    assert "  Live as   account octo; scopes repo" in lines
    assert (
        "Checked 5 credentials: 1 active, 1 inactive, 3 unknown; 7 requests, 1 from earlier runs, 0 settled off line, "
        "in 0.00 s." in lines
    )
    assert "Unknown because: 2 a firewall; 1 off." in lines


def test_text_puts_what_is_live_before_what_is_severe() -> None:
    from secrethunt.records import Severity

    low = make_finding(
        b"low", value=make_value("low"), rule=make_rule(severity=Severity.LOW), verdict=verdict(State.ACTIVE)
    )
    high = make_finding(b"high", value=make_value("high"), verdict=verdict(State.INACTIVE, "rejected"))
    page = rendered("text", high, low).decode()
    assert page.index("ACTIVE  LOW") < page.index("INACTIVE  CRITICAL")


def test_nothing_live_is_not_nothing_found() -> None:
    page = rendered("text", validation=replace(VALIDATION, not_shown=3)).decode()
    assert page.startswith("No secrets found that are known to be live.")
    assert "Not shown: 3 places whose credential is not known to be active." in page


def test_earlier_verdicts_are_marked() -> None:
    page = rendered("text", make_finding(verdict=verdict(State.INACTIVE, "rejected", is_cached=True))).decode()
    assert "(asked 2026-06-01T12:00:00Z, from an earlier run)" in page


@pytest.mark.parametrize("format_name", [name for name in FORMATS if name != "csv"])
def test_a_report_that_nobody_asked_to_validate_says_nothing_of_it(format_name: str) -> None:
    report = rendered(format_name, make_finding(), validation=None)
    # The page's own style and script know of verdicts.
    report = re.sub(rb"<(style|script)>.*?</\1>", b"", report, flags=re.DOTALL)
    assert b"verdict" not in report.lower()
    assert b"validation" not in report


def schema() -> Any:
    path = Path(__file__).parents[2] / "secrethunt" / "report" / "schema" / "finding.schema.json"
    return json.loads(path.read_text())


@pytest.mark.parametrize("state", list(State))
def test_json_fits_the_schema(state: State) -> None:
    document = json.loads(rendered("json", make_finding(verdict=verdict(state))))
    jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker()).validate(document)
    assert state.value == document["findings"][0]["verdict"]["state"]
    assert {"a firewall": 2, "off": 1} == document["summary"]["validation"]["reasons"]


def test_json_says_what_was_asked_and_when() -> None:
    line = json.loads(rendered("jsonl", make_finding(verdict=verdict(State.ACTIVE))).splitlines()[0])
    assert {
        "state": "active",
        "reason": "the provider knows it",
        "evidence": [{"endpoint": "GET https://api.acme.example/v1/me", "status": 200, "marker": "json login"}],
        "facts": {"account": "octo", "scopes": "repo"},
        "checked_at": AT,
        "duration_s": 0.25,
        "cached": False,
    } == line["verdict"]


def test_sarif_has_it_as_a_property_and_in_the_message() -> None:
    log = json.loads(rendered("sarif", make_finding(verdict=verdict(State.ACTIVE))))
    result = log["runs"][0]["results"][0]
    assert "active" == result["properties"]["verdict"]["state"]
    assert result["message"]["text"].endswith(" ACTIVE: the provider knows it.")
    assert 1 == log["runs"][0]["properties"]["validation"]["active"]


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_every_format_says_whether_it_is_live(format_name: str) -> None:
    report = rendered(format_name, make_finding(verdict=verdict(State.ACTIVE))).decode().lower()
    assert "active" in report and "the provider knows it" in report
    assert "octo" in report or format_name in _WITHOUT_FACTS


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_a_secret_in_what_a_provider_says_is_masked(format_name: str) -> None:
    value = make_value("one")
    outcome = Outcome(State.ACTIVE, f"knows {value.decode()}", (), (("url", f"https://a/{value.decode()}"),))
    report = rendered(format_name, make_finding(value=value, verdict=Verdict(outcome, AT)))
    assert value not in report


def test_control_characters_of_a_provider_reach_no_terminal() -> None:
    outcome = Outcome(State.ACTIVE, "known", (), (("account", "a\x1b[31mb\u202e"),))
    page = rendered("text", make_finding(verdict=Verdict(outcome, AT))).decode()
    assert "\x1b" not in page and "\u202e" not in page
