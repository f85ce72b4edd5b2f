# SPDX-License-Identifier: Apache-2.0
"""
Owns Markdown: a page for a job's summary or a comment on a pull request. No value and no person is in it.

Whoever opens a pull request writes its paths, so text of the scanned input stands in code spans only: there it mentions
nobody, links nowhere and is no HTML. What is too long for the place it goes to is cut after the most severe, and the
page says so. Format: GitHub Flavored Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from secrethunt.coverage import ScanResult
from secrethunt.records import BlobKind, Finding, Severity
from secrethunt.report.advice import advice
from secrethunt.report.blast import iter_blast_rows
from secrethunt.report.escape import escape
from secrethunt.report.groups import SecretGroup, group_by_secret
from secrethunt.report.history import short_id
from secrethunt.report.options import ReportOptions
from secrethunt.report.problems import render_problems
from secrethunt.report.quantities import count
from secrethunt.report.redact import iter_secrets
from secrethunt.report.sarif_values import Discretion
from secrethunt.report.statements import own_path
from secrethunt.report.totals import iter_totals
from secrethunt.report.verdicts import badge, is_active, verdict_sentence

SUMMARY_BYTES = 1 << 20
"""A step's job summary; a larger one is not shown at all."""
COMMENT_CHARACTERS = 65_536
"""Text of a comment or an issue; a longer one is refused."""
_ADDED_BY_OTHERS = 2048
"""Left free: what is appended to the same summary or comment (a heading, a marker to find it again) counts, too."""
_ROWS = 50
"""Secrets in the table at the top."""
_PLACES = 10
"""Places of a secret that are listed."""
_ID_SHOWN = 12
_MARKS = {
    Severity.CRITICAL: "🟥",
    Severity.HIGH: "🟧",
    Severity.MEDIUM: "🟨",
    Severity.LOW: "🟦",
    Severity.INFO: "⬜",
}
_SPECIAL = re.compile(r"[\\`*_\[\]#|<>&@~:]|(?<=www)\.", re.IGNORECASE)


def iter_summary(result: ScanResult, options: ReportOptions) -> Generator[bytes, None, str]:
    """At most `SUMMARY_BYTES`: for `$GITHUB_STEP_SUMMARY` and files."""
    return _iter_page(result, SUMMARY_BYTES - _ADDED_BY_OTHERS)


def iter_comment(result: ScanResult, options: ReportOptions) -> Generator[bytes, None, str]:
    """At most `COMMENT_CHARACTERS`: for comments and issues."""
    # Bytes are never fewer than characters, so a page within as many bytes fits.
    return _iter_page(result, COMMENT_CHARACTERS - _ADDED_BY_OTHERS)


def _iter_page(result: ScanResult, limit: int) -> Generator[bytes, None, str]:
    discretion = Discretion(iter_secrets(result.findings))
    groups = group_by_secret(result.findings)
    head, tail = _head(result, groups, discretion), _tail(result)
    # Room for the sentence on what was cut.
    room = limit - len(head) - len(tail) - 512
    yield head
    written = 0
    for group in groups:
        section = _section(group, discretion)
        if len(section) > room:
            break
        room -= len(section)
        written += 1
        yield section
    cut = ""
    if written < len(groups):
        left_out = count(len(groups) - written, "secret")
        cut = f"{left_out} of {len(groups):,} left out, the least severe, because this page may have {limit:,} bytes"
        yield f"\n> **{cut}.** The other report formats hold all.\n".encode()
    yield tail
    return cut


def _head(result: ScanResult, groups: list[SecretGroup], discretion: Discretion) -> bytes:
    found, *rest = iter_totals(result, groups)
    missing = rest.pop() if result.is_incomplete else ""
    lines = ["# secrethunt", "", f"**{found}**", ""]
    for sentence in rest:
        lines += [_plain(sentence), ""]
    if missing:
        lines += [f"> **{missing}**", ""]
    if groups:
        lines += ["| | severity | confidence | what | where | state | secret id |", "|---|---|---|---|---|---|---|"]
        lines += [_row(group, discretion) for group in groups[:_ROWS]]
        if len(groups) > _ROWS:
            lines.append(f"| | | | and {count(len(groups) - _ROWS, 'more secret')} below | | | |")
        lines += ["", "## What to do", ""]
    return "\n".join(lines).encode() + b"\n"


def _row(group: SecretGroup, discretion: Discretion) -> str:
    first, *others = group.findings
    where = code(f"{discretion.path(own_path(first))}:{first.span.line}")
    if others:
        where += f" and {len(others):,} more"
    cells = [
        _MARKS[group.severity],
        group.severity.label,
        group.confidence.label,
        _plain(group.lead.rule.name),
        where,
        _liveness(group) + ("still there" if group.is_present else "only in history"),
        f"`{group.lead.secret_id[:_ID_SHOWN]}`",
    ]
    return f"| {' | '.join(cells)} |"


def _liveness(group: SecretGroup) -> str:
    """`**ACTIVE**, ` and the like, where somebody asked."""
    verdict = group.lead.verdict
    if verdict is None:
        return ""
    state = badge(verdict.outcome.state)
    return f"**{state}**, " if is_active(group.lead) else f"{state.lower()}, "


def _section(group: SecretGroup, discretion: Discretion) -> bytes:
    lead = group.lead
    verdict = verdict_sentence(lead.verdict, discretion).strip()
    lines = [
        f"### {_MARKS[group.severity]} {_plain(lead.rule.name)}",
        "",
        f"{group.severity.label.capitalize()}, {group.confidence.label} confidence, "
        f"{count(len(group.findings), 'place')}; rule `{lead.rule.id}`, secret `{lead.secret_id[:_ID_SHOWN]}`.",
        "",
        *([f"**{_plain(verdict)}**", ""] if verdict else []),
        *(line for row in iter_blast_rows(lead.blast, discretion) for line in (f"**{row[0]}:** {_plain(row[1])}", "")),
        f"**Do first:** {_plain(discretion.text(advice(lead.rule)))}",
        "",
        *_iter_places(group, discretion),
        "",
    ]
    if group.reasons:
        why = ", ".join(code(discretion.text(reason)) for reason in group.reasons)
        lines += [f"Why: {why}", ""]
    return "\n".join(lines).encode()


def _iter_places(group: SecretGroup, discretion: Discretion) -> Iterator[str]:
    findings = group.findings
    for finding in findings[:_PLACES]:
        place = f"{discretion.path(own_path(finding))}:{finding.span.line}:{finding.span.column}"
        if finding.decode:
            place += f" ({discretion.path(' > '.join(finding.decode).encode())})"
        yield f"- {code(place)} {_state(finding)}, finding `{finding.finding_id[:_ID_SHOWN]}`"
    if len(findings) > _PLACES:
        yield f"- and {count(len(findings) - _PLACES, 'more place')}"


def _state(finding: Finding) -> str:
    """`on disk`, or with which commits."""
    if finding.in_worktree:
        return "on disk" if finding.kind is not BlobKind.STAGED else "in the index"
    first = f", first in `{short_id(finding.first.id)}` of {finding.first.date[:10]}" if finding.first else ""
    where = "at HEAD" if finding.at_head else "only in history"
    return where + first if finding.reachable else f"{where} that no ref reaches{first}"


def _tail(result: ScanResult) -> bytes:
    """What was not scanned, by name, folded."""
    text = render_problems(result)
    if not text:
        return b""
    lines = [f"    {line}" for line in text.splitlines()]
    folded = ["", "<details><summary>What was not scanned</summary>", "", *lines, "", "</details>", ""]
    return "\n".join(folded).encode()


def code(text: str) -> str:
    """*text*, one line without hostile characters, as a code span: nothing in it means anything to Markdown."""
    # A table splits cells at bars before it knows of spans, so a bar is a look-alike everywhere.
    text = text.replace("|", "\u2223")
    runs = re.findall(r"`+", text)
    fence = "`" * (max((len(run) for run in runs), default=0) + 1)
    # One blank at either end is taken away by the reader, if both are there.
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else "(empty)"


def _plain(text: str) -> str:
    """*text* as it reads: every character that Markdown could take for its own is escaped."""
    return _SPECIAL.sub(r"\\\g<0>", escape(text))
