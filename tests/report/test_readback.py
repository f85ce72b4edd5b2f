# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from secrethunt.coverage import Coverage, ScanResult
from secrethunt.errors import UsageError
from secrethunt.records import BlobKind, Finding
from secrethunt.report import FORMATS, ReportOptions
from secrethunt.report.readback import Reported, read_report
from tests.report.samples import make_finding, make_historic, make_value

FINDINGS = (
    make_finding(b"config/pr od%2f.env"),
    make_finding(b"/etc/caf\xc3\xa9", value=make_value("two")),
    make_historic(value=make_value("three")),
    make_historic(b"", value=make_value("four"), kind=BlobKind.COMMIT),
)


def written(tmp_path: Path, format_name: str, *findings: Finding) -> list[Reported]:
    path = tmp_path / "report"
    path.write_bytes(b"".join(FORMATS[format_name](ScanResult(findings, Coverage(), ()), ReportOptions())))
    return read_report(str(path))


def by_id(reported: list[Reported], finding: Finding) -> Reported:
    return next(item for item in reported if item.finding_id == finding.finding_id)


@pytest.mark.parametrize("format_name", ["json", "jsonl", "sarif"])
@pytest.mark.parametrize("finding", FINDINGS)
def test_what_names_a_finding_comes_back(tmp_path: Path, format_name: str, finding: Finding) -> None:
    item = by_id(written(tmp_path, format_name, *FINDINGS), finding)
    assert (finding.secret_id, finding.rule.id, finding.path, finding.kind) == (
        item.secret_id,
        item.rule_id,
        item.path,
        item.kind,
    )
    assert finding.occurrences[0].blob == item.blobs[0]
    assert {occurrence.blob for occurrence in finding.occurrences} == set(item.blobs)
    assert (finding.at_head, finding.in_worktree, finding.span.line) == (item.at_head, item.in_worktree, item.line)


@pytest.mark.parametrize("format_name", ["json", "jsonl"])
def test_history_comes_back_from_json(tmp_path: Path, format_name: str) -> None:
    historic = FINDINGS[2]
    item = by_id(written(tmp_path, format_name, *FINDINGS), historic)
    assert historic.first is not None and item.first is not None
    assert (historic.first.id, historic.first.author) == (item.first.id, item.first.author)
    assert (historic.refs, historic.ref_count) == (item.refs, item.ref_count)
    assert [(each.blob, each.span) for each in historic.occurrences] == [
        (each.blob, each.span) for each in item.occurrences
    ]


@pytest.mark.parametrize("format_name", ["json", "jsonl", "sarif"])
def test_a_report_without_findings_is_one(tmp_path: Path, format_name: str) -> None:
    assert [] == written(tmp_path, format_name)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"findings": [{"finding_id": "x"}]}',
        b'{"runs": [{"results": [{}]}]}',
        b'{"runs": 4}',
        b'{"type": "finding"}\n{"type"',
        b'"text"',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "report"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="is no report of secrethunt"):
        read_report(str(path))


def test_a_report_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_report(str(tmp_path / "none"))
