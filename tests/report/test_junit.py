# SPDX-License-Identifier: Apache-2.0
"""JUnit XML is valid, is read by a real reader, and counts what it holds."""

from __future__ import annotations

import junitparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from secrethunt.coverage import Problem, ScanResult, Skip
from tests.report.rendering import render_text
from tests.report.samples import make_finding, make_historic, make_result, make_rule
from tests.report.schemas import official_schema


def _suite(result: ScanResult) -> junitparser.TestSuite:
    report = junitparser.JUnitXml.fromstring(render_text(result, "junit").encode())
    [suite] = list(report)
    assert isinstance(suite, junitparser.TestSuite)
    return suite


def _problematic() -> ScanResult:
    problems = (Problem(Skip.TOO_LARGE, b"big <dump>.sql", "81.2 MiB"),)
    return make_result(make_finding(), make_historic(), problems=problems)


@pytest.mark.parametrize("result", [make_result(), _problematic()], ids=["clean", "findings"])
def test_the_schema_takes_it(result: ScanResult) -> None:
    schema = etree.XMLSchema(etree.parse(official_schema("JUnit.xsd")))
    schema.assertValid(etree.fromstring(render_text(result, "junit").encode()))


def test_a_finding_is_a_failed_case_without_a_line_in_its_name() -> None:
    finding = make_finding()
    _, case = list(_suite(make_result(finding)))
    [failure] = case.result
    assert isinstance(failure, junitparser.Failure)
    name = f"Acme API key in config/prod.env ({finding.finding_id[:12]})"
    assert (name, "acme.api-key", "critical") == (case.name, case.classname, failure.type)
    first, *_, last = (failure.text or "").splitlines()
    assert first.startswith("config/prod.env:12:15: Acme API key (high confidence) stands here.")
    assert "Do first: Roll the key in the Acme console under API keys, then deploy the new one." == last


def test_a_clean_scan_passes_one_case() -> None:
    suite = _suite(make_result())
    [case] = list(suite)
    assert (True, 1, 0, 0) == (case.is_passed, suite.tests, suite.failures, suite.errors)


def test_an_incomplete_scan_is_an_error_that_names_what_is_missing() -> None:
    suite = _suite(_problematic())
    [error] = next(iter(suite)).result
    assert isinstance(error, junitparser.Error)
    assert "not scanned, over the size limit: 1" == error.message
    assert "big <dump>.sql: 81.2 MiB" in (error.text or "")
    assert (3, 2, 1) == (suite.tests, suite.failures, suite.errors)


def test_cases_are_as_many_as_the_suite_says_and_differ_in_name() -> None:
    findings = [make_finding(f"{number}.env".encode()) for number in range(20)]
    suite = _suite(make_result(*findings))
    assert suite.tests == len({(case.classname, case.name) for case in suite})


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=20), st.text(st.characters(), max_size=40))
def test_any_input_is_well_formed(path: bytes, text: str) -> None:
    rule = make_rule(name=text or "x", rotate=text)
    result = make_result(
        make_finding(path, reasons=(text,), rule=rule), problems=(Problem(Skip.ENCRYPTED, path, text),)
    )
    document = etree.fromstring(render_text(result, "junit").encode())
    assert 2 == len(document.findall(".//testcase"))
