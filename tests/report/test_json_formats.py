# SPDX-License-Identifier: Apache-2.0
"""`json` and `jsonl`: valid against the shipped schema, parse back to what went in, and never show a raw control."""

from __future__ import annotations

import io
import json
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.records import BlobKind, Confidence, RuleId, Severity
from secrethunt.report import ReportOptions, render
from secrethunt.report.entries import SCHEMA_ID
from tests.report.samples import make_finding, make_historic, make_part, make_result, make_rule, make_value

_SCHEMA = json.loads(resources.files("secrethunt.report").joinpath("schema/finding.schema.json").read_bytes())
_VALIDATOR = jsonschema.Draft202012Validator(_SCHEMA)


def _render(result: ScanResult, format_name: str, *, show_secrets: bool = False) -> bytes:
    out = io.BytesIO()
    render(result, format_name, options=ReportOptions(show_secrets=show_secrets, tool_version="0.1.0"), out=out)
    return out.getvalue()


def _lines(result: ScanResult, *, show_secrets: bool = False) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in _render(result, "jsonl", show_secrets=show_secrets).splitlines()]
    for line in lines:
        _VALIDATOR.validate(line)
    return lines


def _full_result() -> ScanResult:
    problems = (Problem(Skip.TOO_LARGE, b"dump.sql", "81.2 MiB"), Problem(Skip.SUBMODULE, b"vendor/lib"))
    return make_result(
        make_historic(), make_finding(at_head=True), make_finding(b"b", value=make_value("two")), problems=problems
    )


def test_the_schema_is_a_schema_and_carries_the_id_of_the_document() -> None:
    jsonschema.Draft202012Validator.check_schema(_SCHEMA)
    assert SCHEMA_ID == _SCHEMA["$id"]


def test_the_schema_knows_every_value_of_the_closed_sets() -> None:
    definitions = _SCHEMA["$defs"]
    fields = definitions["finding"]["properties"]
    assert [kind.value for kind in BlobKind] == definitions["kind"]["enum"]
    assert [skip.label for skip in Skip] == definitions["skip"]["enum"]
    assert list(Severity.labels()) == fields["severity"]["enum"]
    assert list(Confidence.labels()) == fields["confidence"]["enum"]


def test_the_schema_takes_no_field_that_it_does_not_know() -> None:
    line = _lines(make_result(make_finding()))[0]
    assert not _VALIDATOR.is_valid(line | {"surprise": 1})


def test_lines_are_the_findings_in_order_and_then_the_summary() -> None:
    result = _full_result()
    lines = _lines(result)
    ids = [finding.finding_id for finding in result.findings]
    assert (ids, "summary") == ([line["finding_id"] for line in lines[:-1]], lines[-1]["type"])


def test_a_historic_finding_has_every_field() -> None:
    finding = make_historic()
    assert finding.first and finding.last
    expected = {
        "type": "finding",
        "finding_id": finding.finding_id,
        "secret_id": finding.secret_id,
        "rule_id": "acme.api-key",
        "rule_name": "Acme API key",
        "provider": "acme",
        "nhi": "api-key",
        "severity": "critical",
        "confidence": "high",
        "secret": finding.secret.masked(),
        "reasons": ["the checksum is right", "assigned to ACME_KEY"],
        "signals": [],
        "facts": {"account": "4711"},
        "parts": [],
        "also": ["generic.api-key"],
        "repository": "git.example/shop/web",
        "path": "deploy/old.sh",
        "line": 3,
        "column": 9,
        "end_line": 3,
        "end_column": 42,
        "decode": [],
        "kind": "history",
        "commit": finding.first.id,
        "author": "Ann Author",
        "email": "ann@mail.example",
        "date": "2023-04-05T10:20:30+02:00",
        "last_commit": finding.last.id,
        "last_author": "Bob Builder",
        "last_date": "2024-01-02T10:20:30+02:00",
        "at_head": False,
        "in_worktree": False,
        "reachable": True,
        "refs": ["refs/heads/main", "refs/tags/v1.0"],
        "ref_count": 2,
        "occurrences": [
            {
                "blob": occurrence.blob,
                "kind": "history",
                "line": 3 + number,
                "column": 9,
                "end_line": 3 + number,
                "end_column": 42,
                "start": 0,
                "end": 33,
                "decode": [],
                "first_commit": finding.first.id,
                "last_commit": finding.last.id,
                "at_head": False,
                "reachable": True,
            }
            for number, occurrence in enumerate(finding.occurrences)
        ],
        "rotate": "Roll the key in the Acme console under API keys, then deploy the new one.",
        "references": ["https://docs.acme.example/auth#keys"],
        "suppression": None,
    }
    assert expected == _lines(make_result(finding))[0]


def test_the_summary_says_what_was_covered() -> None:
    expected = {
        "type": "summary",
        "version": "0.1.0",
        "findings": 3,
        "secrets": 2,
        "commits": 1204,
        "tags": 12,
        "blobs": 5310,
        "files": 233,
        "bytes": 50_541_363,
        "known": 0,
        "decoded": 0,
        "containers": 0,
        "rules": 172,
        "seconds": 3.214,
        "incomplete": True,
        "skipped": {"over the size limit": 1, "submodule not checked out": 1},
        "problems": [
            {"skip": "over the size limit", "incomplete": True, "what": "dump.sql", "detail": "81.2 MiB"},
            {"skip": "submodule not checked out", "incomplete": False, "what": "vendor/lib", "detail": ""},
        ],
        "suppressed": {"comment": 0, "ignore-file": 0, "baseline": 0},
        "unused_entries": [],
        "expired_entries": [],
    }
    assert expected == _lines(_full_result())[-1]


def test_outside_history_the_commit_is_null() -> None:
    line = _lines(make_result(make_finding()))[0]
    names = ("commit", "author", "email", "date", "last_commit", "last_author", "last_date")
    assert dict.fromkeys(names) == {name: line[name] for name in names}


def test_a_fact_that_comes_twice_keeps_both_values() -> None:
    finding = make_finding(facts=(("host", "a"), ("host", "b"), ("user", "c")))
    assert {"host": "a, b", "user": "c"} == _lines(make_result(finding))[0]["facts"]


def test_a_part_says_what_it_is_and_where_it_stands() -> None:
    beside = make_part("key_id", b"kid_" + b"0" * 20, is_secret=True, rule=RuleId("acme.key-id"), path=b"deploy/ids")
    finding = make_finding(b"deploy/token", parts=(make_part("account", b"4711"), beside))
    place = {"line": 11, "column": 3, "end_line": 11}
    expected = [
        {"name": "account", "rule_id": None, "is_secret": False, "value": "4711", "path": "deploy/token"}
        | {**place, "end_column": 7},
        {"name": "key_id", "rule_id": "acme.key-id", "is_secret": True, "value": "kid_********", "path": "deploy/ids"}
        | {**place, "end_column": 27},
    ]
    assert expected == _lines(make_result(finding))[0]["parts"]


def test_a_rule_without_advice_gets_that_of_its_kind() -> None:
    webhook = make_finding(rule=make_rule(rotate="", nhi="webhook"))
    unheard_of = make_finding(rule=make_rule(rotate="", nhi="teapot"))
    advice = [line["rotate"].split()[0] for line in _lines(make_result(webhook, unheard_of))[:-1]]
    assert ["Delete", "Revoke"] == advice


@pytest.mark.parametrize("result", [make_result(), _full_result()], ids=["empty", "full"])
def test_the_document_holds_the_same_objects_as_the_lines(result: ScanResult) -> None:
    document = json.loads(_render(result, "json"))
    _VALIDATOR.validate(document)
    lines = _lines(result)
    assert {"schema": SCHEMA_ID, "findings": lines[:-1], "summary": lines[-1]} == document


def test_secrets_are_true_text_only_when_asked_for() -> None:
    value = make_value("one") + "\n日本\x1b".encode() + b"\xe9"
    result = make_result(make_finding(value=value))
    shown = [_lines(result, show_secrets=flag)[0]["secret"] for flag in (False, True)]
    assert ["acme_f********", make_value("one").decode() + "\n日本\x1b\\xe9"] == shown


@pytest.mark.parametrize("format_name", ["json", "jsonl"])
def test_findings_are_encoded_only_when_they_are_written(format_name: str) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            if self.tell() > 10_000:
                raise OSError("no space left")
            return super().write(data)

    out = Full()
    with pytest.raises(OSError, match="no space left"):
        render(make_result(*[make_historic()] * 1000), format_name, options=ReportOptions(), out=out)
    assert 10_000 < len(out.getvalue()) < 15_000


_hostile = st.binary(max_size=12) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(str.encode)


@settings(max_examples=60, deadline=None)
@given(paths=st.lists(_hostile, max_size=4), detail=st.text(st.characters(), max_size=12))
def test_any_input_parses_back_and_is_printable_ascii(paths: list[bytes], detail: str) -> None:
    findings = [make_finding(path, facts=(("said", detail),)) for path in paths]
    result = make_result(*findings, problems=tuple(Problem(Skip.UNREADABLE, path, detail) for path in paths))
    decoded = [path.decode("utf-8", "backslashreplace") for path in paths]
    assert decoded == [line["path"] for line in _lines(result)[:-1]]
    assert decoded == [problem["what"] for problem in json.loads(_render(result, "json"))["summary"]["problems"]]
    raw = _render(result, "jsonl") + _render(result, "json")
    assert set() == set(raw) - {0x0A, *range(0x20, 0x7F)}
