# SPDX-License-Identifier: Apache-2.0
"""The promise of all formats together: what is masked cannot be read out of a report, and nothing in it acts."""

from __future__ import annotations

import base64
import io
from urllib.parse import quote

import pytest

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.records import BlobKind, CommitInfo
from secrethunt.report import FORMATS, ReportOptions, render, render_problems
from tests.report.samples import make_commit, make_finding, make_historic, make_part, make_result, make_value

_VALUE = make_value("planted")
_HOSTILE = "\x1b]0;owned\x07\x9b2J\u202egpj.\u2066x\u2069\u200b\r\n\U000e0041"


def _planted() -> ScanResult:
    """A secret that stands wherever a scanned repository can put one."""
    text = _VALUE.decode()
    commit = CommitInfo(make_commit("a").id, _VALUE, _VALUE + b"@mail.example", "2023-04-05T10:20:30Z")
    finding = make_historic(
        b"keys/" + _VALUE + b".txt",
        value=_VALUE,
        first=commit,
        last=commit,
        repository=f"git.example/{text}",
        refs=(b"refs/heads/" + _VALUE,),
        reasons=(f"looks like {text}",),
        facts=(("value", text), (text, "name")),
        parts=(make_part("twin", make_value("part"), is_secret=True), make_part("near", b"on " + make_value("part"))),
    )
    other = make_finding(b"near/" + _VALUE, value=make_value("other"), kind=BlobKind.STAGED)
    return make_result(finding, other, problems=(Problem(Skip.UNREADABLE, _VALUE, f"no {text}"),))


def _hostile() -> ScanResult:
    raw = _HOSTILE.encode()
    commit = make_commit("a", author=_HOSTILE)
    finding = make_historic(
        raw,
        value=raw,
        first=commit,
        last=make_commit("b", author=_HOSTILE),
        repository=_HOSTILE,
        refs=(b"refs/heads/" + raw,),
        ref_count=1,
        reasons=(_HOSTILE,),
        facts=((_HOSTILE, _HOSTILE),),
    )
    return make_result(finding, make_finding(raw, repository="b"), problems=(Problem(Skip.UNREADABLE, raw, _HOSTILE),))


def _render(result: ScanResult, format_name: str, *, show_secrets: bool = False) -> bytes:
    out = io.BytesIO()
    render(result, format_name, options=ReportOptions(show_secrets=show_secrets, tool_version="0.1.0"), out=out)
    return out.getvalue()


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_masked_secret_is_nowhere_in_the_report(format_name: str) -> None:
    report = _render(_planted(), format_name) + render_problems(_planted()).encode()
    forms = [_VALUE, base64.b64encode(_VALUE).rstrip(b"="), _VALUE.hex().encode(), quote(_VALUE).encode(), _VALUE[8:]]
    forms += [make_value("part"), make_value("part")[8:]]
    assert [] == [form for form in forms if form in report]


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_secret_is_shown_only_on_request_and_never_where_reports_are_published(format_name: str) -> None:
    is_private = format_name in ("text", "json", "jsonl", "csv", "html")
    assert is_private == (_VALUE in _render(_planted(), format_name, show_secrets=True))


@pytest.mark.parametrize("format_name", FORMATS)
def test_no_person_is_named_where_reports_are_published(format_name: str) -> None:
    commit = make_commit("a", author="Eve Example")
    report = _render(make_result(make_historic(first=commit, last=commit)), format_name)
    is_private = format_name in ("text", "json", "jsonl", "csv", "html")
    assert is_private == (b"Eve" in report)


@pytest.mark.parametrize("show_secrets", [False, True])
@pytest.mark.parametrize("format_name", FORMATS)
def test_no_character_of_the_input_acts_on_a_terminal(format_name: str, show_secrets: bool) -> None:
    report = _render(_hostile(), format_name, show_secrets=show_secrets) + render_problems(_hostile()).encode()
    shown = report.decode("utf-8")
    # CR and LF end the lines of CSV (RFC 4180).
    line_ends = "\r\n" if format_name == "csv" else "\n"
    assert set() == (set(_HOSTILE) & set(shown)) - set("]0;ownedgpj.2Jx" + line_ends)


def test_no_text_of_the_input_starts_a_line_of_its_own() -> None:
    planted = make_finding(b"a\nCRITICAL  b", reasons=("x\r\n\nFound 0 secrets",), repository="r\u2028s")
    lines = _render(make_result(planted), "text").decode().splitlines()
    assert 1 == sum(line.startswith("CRITICAL") for line in lines)
    assert 1 == sum(line.startswith("Found") for line in lines)


_COMMANDS = ("::error::x", "##[error]x", "##vso[task.setvariable variable=x]y")


@pytest.mark.parametrize("planted", _COMMANDS)
@pytest.mark.parametrize("format_name", ["text", "github-annotations"])
def test_no_line_of_a_log_is_a_command_of_the_input(format_name: str, planted: str) -> None:
    words = f"x {planted} " * 8
    commit = make_commit("a", author=words)
    findings = [
        make_historic(planted.encode() + b"%d" % n, first=commit, last=commit, reasons=(words,), repository=words)
        for n in range(14)
    ]
    result = make_result(*findings, problems=(Problem(Skip.UNREADABLE, planted.encode(), words),))
    lines = (_render(result, format_name).decode() + render_problems(result)).splitlines()
    own = ("::error title=", "::warning title=", "::notice title=", "::group::secrethunt", "::endgroup::")
    assert [] == [line for line in lines if line.lstrip().startswith("::") and not line.startswith(own)]
    assert [] == [line for line in lines if "##[" in line or "##vso[" in line]
