# SPDX-License-Identifier: Apache-2.0
"""Workflow commands mean to GitHub's runner what was found, and input can make none of its own."""

from __future__ import annotations

import re
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.records import Finding, Severity
from tests.report.rendering import render_with_note
from tests.report.samples import make_finding, make_historic, make_result, make_rule

_KINDS = ("error", "warning", "notice")


class _Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def _commands(log: str) -> list[_Command]:
    """What the runner takes for a command: a line that begins with `::` after blanks, or has `##[` anywhere."""
    commands = []
    for line in re.split(r"\r\n|\r|\n", log):
        text = line.lstrip()
        if not text.startswith("::") or "::" not in text[2:]:
            assert "##[" not in line
            continue
        head, _, data = text[2:].partition("::")
        name, _, properties = head.partition(" ")
        pairs = [pair.partition("=") for pair in properties.split(",") if pair]
        commands.append(_Command(name, {key: _unescaped(value) for key, _, value in pairs}, _unescaped(data)))
    return commands


def _unescaped(text: str) -> str:
    for escaped, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escaped, character)
    return text


def _log(result: ScanResult) -> list[_Command]:
    return _commands(render_with_note(result, "github-annotations")[0])


def _many(severity: Severity, number: int) -> list[Finding]:
    rule = make_rule(severity=severity)
    return [make_finding(f"{severity.label}/{n:03}.env".encode(), rule=rule) for n in range(number)]


def test_a_finding_on_disk_is_an_error_at_its_place() -> None:
    [command] = _log(make_result(make_finding(b"pages/[id], 50%:a.env")))
    assert "error" == command.name
    assert {
        "title": "Critical: Acme API key (high confidence)",
        "file": "pages/[id], 50%:a.env",
        "line": "12",
        "endLine": "12",
        "col": "15",
        "endColumn": "48",
    } == command.properties
    assert command.message.startswith("Acme API key (high confidence) stands here. Reported because: ")
    assert "\nDo first: Roll the key" in command.message


def test_what_is_gone_points_at_no_line_of_today() -> None:
    [command] = _log(make_result(make_historic()))
    assert {"title"} == set(command.properties)
    assert command.message.startswith("deploy/old.sh:3:9 in commit e0996a37c1: ")


def test_severities_choose_the_kind() -> None:
    findings = [make_finding(severity.label.encode(), rule=make_rule(severity=severity)) for severity in Severity]
    kinds = [command.name for command in _log(make_result(*findings))]
    assert ["error", "error", "warning", "notice", "notice"] == kinds


def test_no_step_gets_more_than_it_shows_and_the_rest_is_in_the_log() -> None:
    findings = [finding for severity in Severity for finding in _many(severity, 12)]
    result = make_result(*findings, problems=(Problem(Skip.UNREADABLE, b"x"),))
    log, note = render_with_note(result, "github-annotations")
    commands = _commands(log)
    shown = [command for command in commands if command.name in _KINDS]
    by_kind = [sum(command.name == kind for command in shown) for kind in _KINDS]
    assert [10, 10, 10] == by_kind
    assert "32 findings not annotated, because a step shows 10 of a kind" == note
    assert f"{note}; the log of this step lists them." in [command.message for command in shown]
    names = [command.properties.get("file", "") for command in shown]
    missing = [finding.path.decode() for finding in findings if finding.path.decode() not in names]
    assert 32 == sum(any(f": {path}:12:15: " in line for path in missing) for line in log.splitlines())


def test_the_most_severe_are_annotated() -> None:
    findings = [*_many(Severity.HIGH, 10), *_many(Severity.CRITICAL, 10)]
    errors = [command for command in _log(make_result(*findings)) if command.name == "error"]
    assert {"critical"} == {command.properties["file"].partition("/")[0] for command in errors}


def test_a_clean_scan_annotates_nothing_and_says_so() -> None:
    log, note = render_with_note(make_result(), "github-annotations")
    assert ([], "") == (_commands(log), note)
    assert log.startswith("No secrets found.\n")


_PIECES = ("::", "##[", "error", "add-mask", "\n", "\r", "%0A", ":", ",", " ", "]", "x", "\u2028")
_EVIL = st.lists(st.sampled_from(_PIECES), max_size=10).map("".join)


@settings(max_examples=60, deadline=None)
@given(_EVIL, _EVIL, st.booleans())
def test_input_makes_no_command_of_its_own(path: str, text: str, is_many: bool) -> None:
    number = 14 if is_many else 1
    findings = [make_finding(f"{path}{n}".encode(), reasons=(text,)) for n in range(number)]
    result = make_result(*findings, problems=(Problem(Skip.UNREADABLE, path.encode(), text),))
    expected = {"error", "warning"} | ({"notice", "group", "endgroup"} if is_many else set())
    assert expected == {command.name for command in _log(result)}
