# SPDX-License-Identifier: Apache-2.0
"""
Owns the HTML report: one file that needs nothing else and asks nobody for anything.

All of it is readable without JavaScript; with it the table can be filtered, sorted and grouped. The page's own policy
(Content Security Policy) lets nothing run but its own script, known by its hash, and nothing be fetched, so text of the
scanned input could do nothing even if it became markup.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources

from secrethunt.coverage import ScanResult
from secrethunt.records import Severity
from secrethunt.report.groups import SecretGroup, group_by_secret
from secrethunt.report.html_rows import COLUMNS, Rows, badge
from secrethunt.report.html_text import day_of, text
from secrethunt.report.html_timeline import axis_of, exposure_of, section
from secrethunt.report.options import ReportOptions
from secrethunt.report.problems import render_problems
from secrethunt.report.redact import Redactor, iter_secrets
from secrethunt.report.totals import iter_totals


def iter_html(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """The page piece by piece, one secret at a time."""
    for piece in _iter_page(result, options):
        yield piece.encode("utf-8")


def _iter_page(result: ScanResult, options: ReportOptions) -> Iterator[str]:
    redactor = Redactor(iter_secrets(result.findings), is_open=options.show_secrets)
    groups = group_by_secret(result.findings)
    repositories = list(dict.fromkeys(redactor.text(finding.repository) for finding in result.findings))
    moment = options.moment
    exposures = [exposure_of(group, moment) for group in groups]
    axis = axis_of((exposure for exposure in exposures if exposure), moment)
    yield _head(repositories)
    yield _banner(result, groups, repositories, options)
    yield '<main id="main">\n'
    if groups:
        yield _counts(groups)
        yield section(groups, exposures, axis)
        yield _table_head(has_verdicts=any(finding.verdict for finding in result.findings))
        rows = Rows(redactor, axis, names_repository=len(repositories) > 1)
        for group, exposure in zip(groups, exposures, strict=True):
            yield from rows.iter_group(group, exposure)
        yield "</table></div>\n"
        yield '<p><button type="button" id="more" hidden>Show more</button></p>\n</section>\n'
    yield _coverage(result, groups)
    yield f"</main>\n<footer><p>Written by secrethunt {text(options.tool_version)}.</p></footer>\n"
    yield "</body>\n</html>\n"


@cache
def _asset(name: str) -> str:
    return resources.files("secrethunt.report").joinpath("page", name).read_text(encoding="utf-8")


def _source(asset: str) -> str:
    """What the policy calls an inline script or style: `'sha256-…'` (Content Security Policy Level 3)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(asset.encode()).digest()).decode()}'"


def _head(repositories: list[str]) -> str:
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_source(_asset('report.js'))}",
            f"style-src {_source(_asset('report.css'))}",
            # The empty icon: without it a browser asks the server that the page came from.
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f'<meta name="robots" content="noindex">\n<title>Secrets in {text(_named(repositories))}</title>\n'
        f'<link rel="icon" href="data:,">\n<style>{_asset("report.css")}</style>\n'
        f"<script>{_asset('report.js')}</script>\n</head>\n<body>\n"
        '<a class="skip" href="#findings">Skip to the findings</a>\n'
    )


def _named(repositories: list[str]) -> str:
    if len(repositories) == 1:
        return repositories[0]
    return f"{len(repositories)} targets" if repositories else "the scanned target"


def _banner(result: ScanResult, groups: list[SecretGroup], repositories: list[str], options: ReportOptions) -> str:
    found, *_ = iter_totals(result, groups)
    warning = ""
    if result.is_incomplete:
        warning = (
            '<p class="warning"><strong>The scan is incomplete.</strong> A secret in what could not be scanned would '
            'not have been found: <a href="#coverage">what was not scanned</a>.</p>\n'
        )
    shown = (
        '<p class="warning"><strong>This page shows secrets in full.</strong> Keep it from others.</p>\n'
        if options.show_secrets
        else ""
    )
    when = f'<p class="muted">As of {day_of(options.moment)}</p>\n'
    return (
        f"<header>\n<h1>Secrets in {text(_named(repositories))}</h1>\n<p>{text(found)}</p>\n{when}{warning}{shown}"
        "</header>\n"
    )


def _counts(groups: list[SecretGroup]) -> str:
    """How many secrets of each severity, and how many still stand."""
    items = [
        f"<li>{badge(severity.label)} <strong>{number:,}</strong></li>"
        for severity in reversed(Severity)
        if (number := sum(group.severity is severity for group in groups))
    ]
    present = sum(group.is_present for group in groups)
    items.append(f"<li>still there <strong>{present:,}</strong></li>")
    items.append(f"<li>only in history <strong>{len(groups) - present:,}</strong></li>")
    return f'<ul class="counts" aria-label="Secrets by severity and state">{"".join(items)}</ul>\n'


def _table_head(*, has_verdicts: bool) -> str:
    heads = "".join(f'<th scope="col" data-key="{key}">{name}</th>' for key, name in COLUMNS)
    columns = "".join(f'<col class="{key}">' for key, _ in COLUMNS)
    return (
        '<section aria-labelledby="findings">\n<h2 id="findings" tabindex="-1">Findings</h2>\n'
        f"{_controls(has_verdicts)}"
        '<p id="status" role="status"></p>\n'
        '<div class="scroll" role="region" aria-label="Table of findings" tabindex="0">'
        f'<table id="table" data-group="secret"><caption class="unseen">Each place of each secret</caption>'
        f"<colgroup>{columns}</colgroup><thead><tr>{heads}</tr></thead>\n"
    )


def _controls(has_verdicts: bool) -> str:
    """Hidden until the script says that they work."""
    states = "".join(f'<option value="{word}">{word}</option>' for word in ("active", "inactive", "unknown"))
    verdicts = f'<label>Verdict <select id="verdict"><option value="">all</option>{states}</select></label>\n'
    severities = "".join(
        f'<option value="{severity.value}">{severity.label} and above</option>' for severity in reversed(Severity)
    ).replace("critical and above", "critical")
    return (
        '<form id="controls" role="search" aria-label="Filter and group findings" hidden>\n'
        '<label>Filter <input type="search" id="filter" placeholder="path, rule, author, id" autocomplete="off">'
        "</label>\n"
        f'<label>Severity <select id="severity"><option value="">all</option>{severities}</select></label>\n'
        '<label>State <select id="state"><option value="">all</option><option value="present">still there</option>'
        '<option value="history">only in history</option><option value="unreachable">no ref reaches it</option>'
        f"</select></label>\n{verdicts if has_verdicts else ''}"
        '<label>Group by <select id="group"><option value="secret">secret</option><option value="path">path</option>'
        '<option value="author">author</option><option value="">nothing</option></select></label>\n'
        '<button type="reset">Reset</button>\n</form>\n'
    )


def _coverage(result: ScanResult, groups: list[SecretGroup]) -> str:
    sentences = "".join(f"<p>{text(sentence)}</p>" for sentence in list(iter_totals(result, groups))[1:])
    problems = render_problems(result)
    listed = f"<pre>{_lines(problems)}</pre>" if problems else ""
    heading = '<section aria-labelledby="coverage">\n<h2 id="coverage">What was scanned</h2>\n'
    return f"{heading}{sentences}{listed}</section>\n"


def _lines(problems: str) -> str:
    return "\n".join(text(line) for line in problems.splitlines())
