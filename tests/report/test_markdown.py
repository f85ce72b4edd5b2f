# SPDX-License-Identifier: Apache-2.0
"""Markdown, as GitHub's own library reads it: whole, within limits, and without anything that input could put there."""

from __future__ import annotations

import re

import cmarkgfm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from secrethunt.coverage import Problem, ScanResult, Skip
from secrethunt.records import Finding, Severity
from tests.report.rendering import render_text, render_with_note
from tests.report.samples import make_finding, make_historic, make_result, make_rule, make_value

_OWN = {"h1", "h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "blockquote"}


def _page(result: ScanResult) -> html.HtmlElement:
    text = render_text(result, "markdown")
    return html.fragment_fromstring(cmarkgfm.github_flavored_markdown_to_html(text), create_parent="article")


def _many(number: int) -> list[Finding]:
    rules = [make_rule(severity=severity) for severity in Severity]
    return [
        make_finding(f"{n:05}.env".encode(), value=make_value(str(n)), rule=rules[n % len(rules)])
        for n in range(number)
    ]


def test_it_says_what_where_and_what_to_do() -> None:
    text = _page(make_result(make_finding(), make_historic())).text_content()
    for said in (
        "Found 1 secret in 2 places: 1 critical.",
        "config/prod.env:12:15 on disk",
        "deploy/old.sh:3:9 only in history, first in e0996a37c1 of 2023-04-05",
        "Do first: Roll the key in the Acme console under API keys, then deploy the new one.",
    ):
        assert said in text


def test_a_clean_scan_is_two_sentences() -> None:
    page = _page(make_result())
    assert [] == page.findall("table")
    assert "No secrets found." in page.text_content()


def test_what_was_not_scanned_is_said_and_folded() -> None:
    text = render_text(make_result(problems=(Problem(Skip.TOO_LARGE, b"big.sql", "81 MiB"),)), "markdown")
    assert "> **INCOMPLETE: " in text
    assert "<details><summary>What was not scanned</summary>\n\n    not scanned, over the size limit: 1\n" in text


@pytest.mark.parametrize(("format_name", "limit"), [("markdown", 1 << 20), ("markdown-comment", 65_536)])
def test_a_page_that_would_be_refused_is_cut_after_the_most_severe(format_name: str, limit: int) -> None:
    text, note = render_with_note(make_result(*_many(5000)), format_name)
    assert limit * 0.9 < len(text.encode()) < limit
    [left_out] = re.findall(r"^([\d,]+) secrets of 5,000 left out, the least severe", note)
    assert f"> **{note}.** The other report formats hold all." in text
    shown = re.findall(r"^### .* Acme API key$", text, re.MULTILINE)
    assert 5000 == len(shown) + int(left_out.replace(",", ""))
    severities = [Severity[word.upper()] for word in re.findall(r"^(\w+), high confidence, ", text, re.MULTILINE)]
    assert sorted(severities, reverse=True) == severities


def test_a_page_of_usual_length_is_not_cut() -> None:
    text, note = render_with_note(make_result(*_many(60)), "markdown-comment")
    assert ("", 60) == (note, text.count("### "))


_PIECES = (
    *("`", "``", "|", "<img src=x>", "<!--", "[a](https://evil.example)", "https://evil.example", "@team", "#1"),
    *("\\", "\n", "\n# h", "\n    ", "---", "*", "_", "~~", "&lt;", "![x](y)", "www.evil.example", " ", "x"),
)
_EVIL = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)


@settings(max_examples=100, deadline=None)
@given(_EVIL, _EVIL)
def test_input_makes_no_markup_and_no_link(path: str, text: str) -> None:
    rule = make_rule(name=text or "x", rotate=text)
    page = _page(make_result(make_finding(b"p" + path.encode(), reasons=("r" + text,), rule=rule)))
    assert set() == {element.tag for element in page.iterdescendants()} - _OWN
    assert 1 == len(page.findall(".//tbody/tr"))


@settings(max_examples=100, deadline=None)
@given(_EVIL)
def test_input_stands_in_code_as_it_reads_so_that_it_mentions_nobody(path: str) -> None:
    page = _page(make_result(make_finding(b"p" + path.encode())))
    shown = [element.text or "" for element in page.iter("code")]
    # Bars would split a table; line feeds are written out.
    expected = f"p{path}:12:15".replace("\n", "\\n").replace("|", "\u2223")
    assert expected.strip() in [text.strip() for text in shown]
