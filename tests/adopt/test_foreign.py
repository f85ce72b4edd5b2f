# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from secrethunt.adopt.foreign import read_foreign
from secrethunt.errors import UsageError
from tests.rule_samples import digits

COMMIT = digits("commit", 40)


def test_fingerprints_of_a_gitleaks_ignore_file_are_read() -> None:
    text = f"# why\n{COMMIT}:a/b.py:generic-api-key:12\nc d.py:aws:3 # note\n\n"
    found = read_foreign(text.encode(), ".gitleaksignore")
    assert [(COMMIT, "a/b.py", "generic-api-key", 12), ("", "c d.py", "aws", 3)] == [
        (item.commit, item.path, item.rule, item.line) for item in found
    ]


def test_trufflehog_names_value_commit_and_line() -> None:
    git = {"SourceMetadata": {"Data": {"Git": {"commit": COMMIT, "file": "a.py", "line": 3}}}, "DetectorName": "X"}
    disk = {"SourceMetadata": {"Data": {"Filesystem": {"file": "b.py"}}}, "DetectorName": "Y"}
    lines = [json.dumps(git | {"Raw": "value"}), json.dumps(disk | {"Raw": "other"})]
    found = read_foreign("\n".join(lines).encode(), "t.jsonl")
    assert [(COMMIT, "a.py", 3, b"value"), ("", "b.py", 0, b"other")] == [
        (item.commit, item.path, item.line, item.value) for item in found
    ]


def test_both_versions_of_a_kingfisher_baseline_are_read() -> None:
    old = "ExactFindings:\n  matches:\n  - {filepath: a.py, fingerprint: '1', linenum: 4, lastupdated: x}\n"
    new = "version: 2\nrepositories:\n- id: x\n  findings:\n  - {path: a.py, fingerprint: '1', rule_id: r, line: 4}\n"
    for text in (old, new):
        (item,) = read_foreign(text.encode(), "k.yaml")
        assert ("a.py", 4) == (item.path, item.line)


def test_redacted_values_are_none() -> None:
    item = {"RuleID": "r", "File": "f", "StartLine": 1, "Secret": "REDACTED"}
    assert b"" == read_foreign(json.dumps([item]).encode(), "g.json")[0].value


def test_empty_report_holds_nothing() -> None:
    assert [] == list(read_foreign(b"[]\n", "g.json"))


@pytest.mark.parametrize(
    "data", [b"", b"hello world\n", b"{}", b"[1]", b"\xff\xfe", b"repositories: 3\n", b'[{"RuleID": 1}]']
)
def test_what_is_no_known_file_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError):
        read_foreign(data, "x")
