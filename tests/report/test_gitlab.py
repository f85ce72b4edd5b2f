# SPDX-License-Identifier: Apache-2.0
"""GitLab's reports are valid, point at places and commits, and hold nothing that must not be uploaded."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.records import BlobKind, Severity
from tests.report.rendering import render_text
from tests.report.samples import digest, make_finding, make_historic, make_result, make_rule
from tests.report.schemas import CODE_QUALITY, SECRET_DETECTION, official_schema

_NEVER = "0000000"


def _secrets(result: ScanResult) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(render_text(result, "gitlab-secret-detection"))
    jsonschema.Draft202012Validator(SECRET_DETECTION).validate(report)
    return report


def _issues(result: ScanResult) -> list[dict[str, Any]]:
    report: list[dict[str, Any]] = json.loads(render_text(result, "gitlab-codequality"))
    jsonschema.Draft202012Validator(CODE_QUALITY).validate(report)
    return report


def _everything() -> ScanResult:
    findings = [
        make_finding(f"{severity.label}.env".encode(), rule=make_rule(severity=severity)) for severity in Severity
    ]
    problems = (Problem(Skip.UNREADABLE, b"a\x1bb", "denied"), Problem(Skip.SUBMODULE, b"lib"))
    commit = make_historic(b"(commit)", kind=BlobKind.COMMIT)
    return make_result(*findings, make_historic(), commit, problems=problems)


def test_the_official_schema_of_secret_detection_takes_it() -> None:
    schema = json.loads(official_schema("secret-detection-report-format.json").read_bytes())
    validator = jsonschema.Draft7Validator(schema)
    for result in (make_result(), _everything()):
        validator.validate(_secrets(result))


def test_a_vulnerability_names_its_commit_place_and_id() -> None:
    finding = make_historic()
    [entry] = _secrets(make_result(finding))["vulnerabilities"]
    assert (finding.finding_id, "Critical", "Acme API key") == (entry["id"], entry["severity"], entry["name"])
    assert {
        "file": "deploy/old.sh",
        "start_line": 3,
        "end_line": 3,
        "commit": {"sha": digest("first"), "date": "2023-04-05T10:20:30+02:00"},
    } == entry["location"]
    assert "Roll the key in the Acme console under API keys, then deploy the new one." == entry["solution"]
    assert [{"url": "https://docs.acme.example/auth#keys"}] == entry["links"]


def test_a_file_in_no_commit_has_the_commit_that_gitlab_writes_for_that() -> None:
    [entry] = _secrets(make_result(make_finding()))["vulnerabilities"]
    assert {"sha": _NEVER} == entry["location"]["commit"]


def test_times_are_utc_and_as_far_apart_as_the_scan_took() -> None:
    scan = _secrets(make_result(seconds=90.0))["scan"]
    assert ("2025-12-31T23:58:30", "2026-01-01T00:00:00") == (scan["start_time"], scan["end_time"])


def test_what_was_not_scanned_is_a_message_and_drops_no_finding() -> None:
    scan = _secrets(_everything())["scan"]
    assert ("success", {"warn"}) == (scan["status"], {message["level"] for message in scan["messages"]})
    assert r"  a\x1bb: denied" in [message["value"] for message in scan["messages"]]


def test_the_most_severe_come_first_in_both() -> None:
    expected = ["Critical", "Critical", "Critical", "High", "Medium", "Low", "Info"]
    assert expected == [entry["severity"] for entry in _secrets(_everything())["vulnerabilities"]]
    expected = ["blocker", "blocker", "blocker", "critical", "major", "minor", "info"]
    assert expected == [issue["severity"] for issue in _issues(_everything())]


def test_an_issue_points_at_a_place_under_a_fingerprint_without_a_line() -> None:
    finding = make_finding(b"pages/[id].ts")
    [issue] = _issues(make_result(finding))
    assert (finding.finding_id, "acme.api-key") == (issue["fingerprint"], issue["check_name"])
    assert {"path": "pages/[id].ts", "lines": {"begin": 12, "end": 12}} == {
        name: issue["location"][name] for name in ("path", "lines")
    }


def test_a_clean_scan_is_an_empty_report() -> None:
    assert ([], []) == (_issues(make_result()), _secrets(make_result())["vulnerabilities"])


@pytest.mark.parametrize("kind", [BlobKind.COMMIT, BlobKind.TAG])
def test_what_has_no_path_has_one_that_no_file_can_have(kind: BlobKind) -> None:
    finding = make_historic(b"", kind=kind)
    path = f".git/{kind.value}/{finding.occurrences[0].blob}"
    [issue], [entry] = _issues(make_result(finding)), _secrets(make_result(finding))["vulnerabilities"]
    assert [path, path] == [issue["location"]["path"], entry["location"]["file"]]


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=12), st.text(st.characters(), max_size=300))
def test_any_input_makes_valid_reports(path: bytes, text: str) -> None:
    rule = make_rule(name=text or "x", rotate=text * 40)
    result = make_result(make_finding(b"a" + path, reasons=(text,), rule=rule))
    assert (1, 1) == (len(_secrets(result)["vulnerabilities"]), len(_issues(result)))
