# SPDX-License-Identifier: Apache-2.0
"""CSV reads back as it was, and no cell of it is a formula."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secrethunt.blast_summary import BlastSummary
from secrethunt.records import Finding
from secrethunt.report.blast import BLAST_COLUMNS
from secrethunt.report.csv_table import COLUMNS
from tests.report.rendering import render_text
from tests.report.samples import make_finding, make_historic, make_result, make_value

_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def _rows(*findings: Finding, show_secrets: bool = False) -> list[dict[str, str]]:
    text = render_text(make_result(*findings), "csv", show_secrets=show_secrets)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_row_holds_the_fields_of_the_json_formats() -> None:
    finding = make_historic()
    [row] = _rows(finding)
    assert list(COLUMNS) == list(row)
    expected = {
        "finding_id": finding.finding_id,
        "severity": "critical",
        "path": "deploy/old.sh",
        "line": "3",
        "secret": "acme_********",
        "at_head": "false",
        "author": "Ann Author",
        "refs": "refs/heads/main; refs/tags/v1.0",
        "facts": "account: 4711",
        "reasons": "the checksum is right; assigned to ACME_KEY",
    }
    assert expected == {name: row[name] for name in expected}


def test_a_row_says_whose_it_is_and_how_far_it_reaches() -> None:
    summary = BlastSummary(
        identity="ci-deploy",
        identity_key="aws:iam:user:4711/ci-deploy",
        known="inventory",
        band="critical",
        blast=(60.0, 95.5),
        risk=(70.0, 99.0),
        way=("role/admin", "s3:backups"),
        access="admin",
        unknown=("policies of role/admin", "=trusts"),
    )
    looked_up, plain = _rows(dataclasses.replace(make_finding(), blast=summary), make_finding())
    expected = {
        "identity": "ci-deploy",
        "identity_key": "aws:iam:user:4711/ci-deploy",
        "identity_known": "inventory",
        "blast_band": "critical",
        "blast_lo": "60.0",
        "blast_hi": "95.5",
        "risk_lo": "70.0",
        "risk_hi": "99.0",
        "blast_way": "role/admin > s3:backups",
        "blast_access": "admin",
        "blast_unknown": "policies of role/admin; =trusts",
    }
    assert expected == {name: looked_up[name] for name in BLAST_COLUMNS}
    assert {""} == {plain[name] for name in BLAST_COLUMNS}


def test_lines_end_as_the_standard_says_and_every_cell_is_quoted() -> None:
    text = render_text(make_result(make_finding(b'a "quoted", path\n.env')), "csv")
    header, row, end = text.split("\r\n")
    assert "" == end
    assert ",".join(f'"{name}"' for name in COLUMNS) == header
    assert r'"a ""quoted"", path\n.env"' in row


def test_without_findings_the_names_are_there() -> None:
    assert [] == _rows()
    assert 1 == render_text(make_result(), "csv").count("\r\n")


@pytest.mark.parametrize("start", [*_STARTS, "\t=", "\r@", "\n=", " ="])
def test_what_a_spreadsheet_takes_for_a_formula_is_text(start: str) -> None:
    planted = f"{start}cmd|' /c calc'!A0"
    [row] = _rows(make_finding(planted.encode(), reasons=(planted,), repository=planted))
    for name in ("path", "reasons", "repository"):
        assert not row[name].lstrip().startswith(_STARTS)
    assert row["path"].startswith(("'", "\\"))


def test_a_shown_secret_is_no_formula_either() -> None:
    value = b"=" + make_value("one")
    [row] = _rows(make_finding(value=value), show_secrets=True)
    assert f"'{value.decode()}" == row["secret"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=4), st.text(st.characters(), max_size=20))
def test_any_input_makes_as_many_rows_as_findings(paths: list[bytes], text: str) -> None:
    rows = _rows(*[make_finding(path, reasons=(text,)) for path in paths])
    assert len(paths) == len(rows)
    assert [] == [row for row in rows for name in COLUMNS if row[name].lstrip().startswith(_STARTS)]
