# SPDX-License-Identifier: Apache-2.0
"""The report for people, compared whole."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.records import BlobId, BlobKind, Confidence, Finding, RuleId, Severity
from secrethunt.report import ReportOptions, render
from tests.report.samples import (
    digest,
    make_commit,
    make_finding,
    make_historic,
    make_part,
    make_result,
    make_rule,
    make_span,
    make_value,
)

_TOTALS = """\
Scanned 1,204 commits, 12 tags, 5,310 blobs and 233 files (48.2 MiB) with 172 rules in 3.21 s.
Skipped: nothing.
"""


def _text(result: ScanResult, **options: Any) -> str:
    out = io.BytesIO()
    render(result, "text", options=replace(ReportOptions(), **options), out=out)
    return out.getvalue().decode("utf-8")


def _places(finding: Finding, *findings: Finding) -> list[str]:
    """The lines of places in the report of these findings."""
    return [line[4:] for line in _text(make_result(finding, *findings)).splitlines() if line.startswith("    ")]


def _heading(finding: Finding) -> str:
    """The one heading in the report of *finding*."""
    lines = _text(make_result(finding), width=300).splitlines()
    return next(line.strip() for line in lines if line.endswith(":"))


def test_a_clean_scan_says_what_was_covered() -> None:
    assert f"No secrets found.\n{_TOTALS}" == _text(make_result())


def test_a_secret_is_one_paragraph_with_all_its_places() -> None:
    present: dict[str, Any] = {
        "at_head": True,
        "first": make_commit("added"),
        "last": make_commit("tip"),
        "refs": tuple(f"refs/heads/topic-{number}".encode() for number in range(5)),
        "ref_count": 31,
    }
    webhook = make_rule(
        id=RuleId("acme.webhook"), name="Acme webhook", nhi="webhook", severity=Severity.MEDIUM, rotate=""
    )
    result = make_result(
        make_finding(
            b"notes.txt", value=make_value("two"), rule=webhook, confidence=Confidence.LOW, reasons=(), facts=()
        ),
        make_historic(),
        make_finding(b"web/config.py", **present),
        make_finding(b"config/prod.env", span=make_span(40, 3), **present),
        make_finding(b"config/prod.env", **present),
        problems=(Problem(Skip.TOO_LARGE, b"dump.sql", "81.2 MiB"), Problem(Skip.SUBMODULE, b"vendor/lib")),
    )
    first, middle = digest("first")[:10], digest("middle")[:10]
    expected = f"""\
CRITICAL  Acme API key, high confidence, 4 places
  Value     acme_********
  Rule      acme.api-key (provider acme, identity api-key)
  Secret id {digest(repr(make_value("one")))[:12]}
  Why       the checksum is right; assigned to ACME_KEY
  Account   4711
  On disk and at HEAD; added 2023-04-05 by Ann Author in {digest("added")[:10]}; on topic-0, topic-1, topic-2
  and 28 more:
    config/prod.env:12:15 and at 40:3
    web/config.py:12:15
  Only in history; added 2023-04-05 by Ann Author in {first}; last in {middle} of 2024-01-02 by
  Bob Builder; on main and tag v1.0:
    deploy/old.sh:3:9
  Do first  Roll the key in the Acme console under API keys, then deploy the new one.

MEDIUM  Acme webhook, low confidence, 1 place
  Value     acme_********
  Rule      acme.webhook (provider acme, identity webhook)
  Secret id {digest(repr(make_value("two")))[:12]}
  On disk:
    notes.txt:12:15
  Do first  Delete the webhook and create a new one: whoever has its address or secret can post to
            it.

Found 2 secrets in 5 places: 1 critical, 1 medium.
Scanned 1,204 commits, 12 tags, 5,310 blobs and 233 files (48.2 MiB) with 172 rules in 3.21 s.
Skipped: 1 over the size limit, 1 submodule not checked out.
INCOMPLETE: a secret in what could not be scanned would not have been found.
"""
    assert expected == _text(result)


@pytest.mark.parametrize(
    ("changes", "heading"),
    [
        ({}, "On disk:"),
        ({"kind": BlobKind.STAGED}, "In the index:"),
        ({"kind": BlobKind.STREAM}, "In the stream:"),
        ({"in_worktree": False, "at_head": True, "kind": BlobKind.HISTORY}, "At HEAD:"),
        (
            {"first": make_commit("a"), "last": make_commit("a")},
            f"On disk and in history, not at HEAD; added 2023-04-05 by Ann Author in {digest('a')[:10]}:",
        ),
        (
            {"in_worktree": False, "first": make_commit("a"), "last": make_commit("a"), "reachable": False},
            f"Only in history; added 2023-04-05 by Ann Author in {digest('a')[:10]}; no ref reaches it:",
        ),
        ({"at_head": True, "refs": (b"refs/remotes/origin/main",)}, "On disk and at HEAD; on origin/main:"),
        ({"refs": (b"refs/stash", b"odd"), "ref_count": 3}, "On disk; on stash, odd and 1 more:"),
    ],
)
def test_the_heading_says_where_it_stands(changes: dict[str, Any], heading: str) -> None:
    assert heading == _heading(make_finding(**changes))


def test_an_author_without_a_name_is_said_and_a_long_one_cut() -> None:
    nobody = make_finding(first=make_commit("a", author=""), at_head=True)
    windbag = make_finding(first=make_commit("a", author="x" * 500), at_head=True)
    assert f"On disk and at HEAD; added 2023-04-05 by an author without a name in {digest('a')[:10]}:" == _heading(
        nobody
    )
    assert f"On disk and at HEAD; added 2023-04-05 by {'x' * 47}... in {digest('a')[:10]}:" == _heading(windbag)


@pytest.mark.parametrize("path", [b"", b"(commit)"])
def test_commits_and_tags_are_named_by_their_ids(path: bytes) -> None:
    in_commits = make_historic(path)
    commit, tag = (
        replace(occurrence, kind=kind)
        for occurrence, kind in zip(in_commits.occurrences, (BlobKind.COMMIT, BlobKind.TAG), strict=True)
    )
    finding = replace(in_commits, kind=BlobKind.COMMIT, occurrences=(commit, tag))
    assert [f"commit {commit.blob[:10]}:3:9", f"tag {tag.blob[:10]}:4:9"] == _places(finding)


def test_a_blob_without_a_path_and_a_stream_have_names_too() -> None:
    loose, stream = make_finding(b"", kind=BlobKind.HISTORY), make_finding(b"", kind=BlobKind.STREAM)
    assert [f"blob {digest(repr(b''))[:10]}:12:15"] == _places(loose)
    assert ["-:12:15"] == _places(stream)


def test_a_value_in_every_commit_message_does_not_flood_the_report() -> None:
    one = make_historic(b"").occurrences[0]
    objects = tuple(replace(one, kind=BlobKind.COMMIT, blob=BlobId(digest(str(number)))) for number in range(1020))
    lines = _places(make_historic(b"(commit)", kind=BlobKind.COMMIT, occurrences=objects))
    assert (21, "and 1,000 more, which the JSON formats list") == (len(lines), lines[-1])


def test_many_places_in_a_file_are_all_listed_compactly() -> None:
    lines = _places(*(make_finding(b"keys.csv", span=make_span(line, 3)) for line in range(1, 41)))
    listed = " ".join(line.strip() for line in lines).removeprefix("keys.csv:").replace(" and at", ",").split(", ")
    assert ([f"{line}:3" for line in range(1, 41)], 3) == (listed, len(lines))
    assert [] == [line for line in lines if len(line) > 96]


def test_a_path_is_never_broken() -> None:
    path = "very long folder name/" * 12 + "key.txt"
    assert [f"{path}:12:15"] == _places(make_finding(path.encode()))


def test_a_decoded_place_says_how_it_is_encoded() -> None:
    finding = make_finding()
    encoded = replace(finding.occurrences[0], decode=("base64",))
    assert ["config/prod.env:12:15 (base64)"] == _places(replace(finding, occurrences=(encoded,), decode=("base64",)))


def test_repositories_are_named_only_where_there_are_several() -> None:
    here, there = make_finding(b"a"), make_finding(b"b", repository="git.example/shop/api")
    headings = [line.strip() for line in _text(make_result(here, there)).splitlines() if line.endswith(":")]
    assert ["git.example/shop/api: On disk:", "git.example/shop/web: On disk:"] == headings


def test_the_most_severe_secret_comes_first_then_the_surest_then_what_still_stands() -> None:
    low = make_rule(name="Low", severity=Severity.LOW)
    result = make_result(
        make_finding(value=make_value("1"), rule=low),
        make_historic(value=make_value("2"), rule=make_rule(name="Gone")),
        make_finding(value=make_value("3"), rule=make_rule(name="Here")),
        make_finding(value=make_value("4"), rule=make_rule(name="Unsure"), confidence=Confidence.MEDIUM),
    )
    titles = [line.split("  ")[1].split(",")[0] for line in _text(result).splitlines() if " confidence, " in line]
    assert ["Here", "Gone", "Unsure", "Low"] == titles
    assert "Found 4 secrets in 4 places: 3 critical, 1 low; 1 only in history.\n" in _text(result)


def test_the_order_of_the_findings_does_not_matter() -> None:
    findings = [make_historic(), make_finding(b"b"), make_finding(b"a"), make_finding(b"c", value=make_value("two"))]
    assert _text(make_result(*findings)) == _text(make_result(*reversed(findings)))


def test_places_that_several_rules_saw_share_their_reasons_and_facts() -> None:
    other = make_finding(b"b", reasons=("named like a key", "the checksum is right"), facts=(("mode", "live"),))
    lines = _text(make_result(make_finding(b"a"), other)).splitlines()
    assert "  Why       the checksum is right; assigned to ACME_KEY; named like a key" in lines
    assert "  Account   4711" in lines
    assert "  Mode      live" in lines


def test_sentences_are_wrapped_and_blanks_do_no_harm() -> None:
    finding = make_finding(reasons=("believed " * 30,), facts=(("blank", " " * 300),))
    assert [] == [line for line in _text(make_result(finding), width=60).splitlines() if len(line) > 60]


def test_parts_stand_below_the_facts_each_value_once() -> None:
    account = make_part("account_id", b"4711")
    beside = make_part("key_id", make_value("id"), is_secret=True, path=b"deploy/ids")
    findings = [make_finding(path, parts=(account, beside)) for path in (b"deploy/a", b"deploy/b")]
    lines = _text(make_result(*findings)).splitlines()
    assert [
        "  With      account id 4711 (line 11)",
        "  With      key id acme_******** (deploy/ids:11)",
    ] == [line for line in lines if line.startswith("  With")]


def test_styles_are_all_that_color_adds() -> None:
    result = make_result(make_finding(), make_historic())
    colored = _text(result, color=True)
    for style in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[1;31m"):
        colored = colored.replace(style, "")
    assert _text(result) == colored
    assert "\x1b" not in _text(result)


def test_a_value_that_was_asked_for_is_one_line() -> None:
    value = make_value("one") + b"\nsecond line\x1b[2J"
    lines = _text(make_result(make_finding(value=value)), show_secrets=True, width=40).splitlines()
    assert f"  Value     {make_value('one').decode()}\\nsecond line\\x1b[2J" in lines
