# SPDX-License-Identifier: Apache-2.0
"""Owns the table of the HTML page: a group of rows for each secret, a row for each place of it."""

from __future__ import annotations

from collections.abc import Iterator

from secrethunt.records import BlobKind, CommitInfo, Finding
from secrethunt.report.advice import advice
from secrethunt.report.blast import iter_blast_rows
from secrethunt.report.groups import SecretGroup
from secrethunt.report.html_text import UNKNOWN, code, day, text
from secrethunt.report.html_timeline import Axis, Exposure, bar
from secrethunt.report.quantities import count
from secrethunt.report.ranking import stands
from secrethunt.report.redact import Redactor
from secrethunt.report.statements import own_path
from secrethunt.report.verdicts import iter_verdict_rows, state_word

COLUMNS = (
    ("severity", "Severity"),
    ("secret", "Secret"),
    ("place", "Place"),
    ("state", "State"),
    ("first", "First seen"),
    ("last", "Last seen"),
    ("author", "Author"),
)
"""Key and heading, left to right."""
_ID_SHOWN = 12


class Rows:
    """Writes groups; holds what they share."""

    def __init__(self, redactor: Redactor, axis: Axis, *, names_repository: bool) -> None:
        self._redactor = redactor
        self._axis = axis
        self._names_repository = names_repository

    def iter_group(self, group: SecretGroup, exposure: Exposure | None) -> Iterator[str]:
        """A `tbody`: what the secret is, then its places."""
        secret_id = text(group.lead.secret_id)
        yield f'<tbody data-s="{secret_id}">\n<tr class="head" id="s-{secret_id}">'
        yield f'<th scope="rowgroup" colspan="{len(COLUMNS)}">{self._heading(group, exposure)}</th></tr>\n'
        for finding in group.findings:
            yield self._row(finding, secret_id)
        yield "</tbody>\n"

    def _heading(self, group: SecretGroup, exposure: Exposure | None) -> str:
        lead = group.lead
        drawn = bar(exposure, self._axis) if exposure else ""
        state = "still there" if group.is_present else "only in history"
        return (
            f'<div class="title">{badge(group.severity.label)}{_liveness(lead)} '
            f"<strong>{text(lead.rule.name)}</strong> "
            f"{code(self._redactor.secret(lead.secret))} "
            f'<span class="muted">{count(len(group.findings), "place")}, {state}, {group.confidence.label} confidence'
            f"</span>{drawn}</div>"
            f"<details><summary>What to do, and why it is reported</summary><dl>{self._described(group)}</dl></details>"
        )

    def _described(self, group: SecretGroup) -> str:
        lead = group.lead
        rows = [
            *((name, text(value)) for name, value in iter_verdict_rows(lead.verdict, self._redactor)),
            *((name, text(value)) for name, value in iter_blast_rows(lead.blast, self._redactor)),
            ("Do first", text(advice(lead.rule))),
            ("Rule", f"{code(lead.rule.id)}, provider {text(lead.rule.provider)}, identity {text(lead.rule.nhi)}"),
            ("Secret id", code(lead.secret_id)),
        ]
        if group.reasons:
            rows.append(("Why", text(self._redactor.text("; ".join(group.reasons)))))
        signals = [f"{clause} ({points:+})" if points else clause for clause, points in lead.signals or ()]
        if signals:
            rows.append(("Weighed", text(self._redactor.text("; ".join(signals)))))
        rows += [(text(self._redactor.text(name)), text(self._redactor.text(value))) for name, value in group.facts]
        for part, path in group.parts:
            where = f"line {part.span.line}" if path is None else f"{self._redactor.text(path)}:{part.span.line}"
            rows.append((text(part.name.replace("_", " ")), f"{code(self._redactor.part(part))} ({text(where)})"))
        links = [link for link in lead.rule.references if link.startswith(("https://", "http://"))]
        if links:
            rows.append(
                ("See", ", ".join(f'<a href="{text(x)}" rel="noopener noreferrer">{text(x)}</a>' for x in links))
            )
        return "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)

    def _row(self, finding: Finding, secret_id: str) -> str:
        first, last = finding.first, finding.last
        data = {
            "v": finding.rule.severity.value * 10 + finding.confidence.value,
            "t": _state_key(finding),
            "a": int(first.timestamp) if first else "",
            "z": int(last.timestamp) if last else "",
            "l": finding.span.line,
            "w": state_word(finding.verdict),
        }
        attributes = "".join(f' data-{name}="{value}"' for name, value in data.items())
        author = text(self._redactor.text(first.author)) if first else ""
        link = f'<a href="#s-{secret_id}">{text(finding.rule.name)}</a> <code>{secret_id[:8]}</code>'
        return (
            f"<tr{attributes}><td>{badge(finding.rule.severity.label)}{_liveness(finding)}</td><td>{link}</td>"
            f"<td>{self._place(finding)}</td><td>{self._state(finding)}</td>"
            f"<td>{day(first)}{_commit(first)}</td>"
            f"<td>{day(last)}{_commit(last)}</td>"
            f"<td>{author or UNKNOWN}</td></tr>\n"
        )

    def _place(self, finding: Finding) -> str:
        path = text(self._redactor.text(own_path(finding)))
        place = f'<code><span class="path">{path}</span><span class="at">:{finding.span.line}:'
        place += f"{finding.span.column}</span></code>"
        if finding.decode:
            place += f' <span class="muted">({text(self._redactor.text(" > ".join(finding.decode)))})</span>'
        place += f' <span class="muted id">finding <code>{finding.finding_id[:_ID_SHOWN]}</code></span>'
        if self._names_repository:
            place = f'<span class="muted">{text(self._redactor.text(finding.repository))}</span> {place}'
        return place

    def _state(self, finding: Finding) -> str:
        """Where it stands, and which refs reach it."""
        words = {"present": _standing(finding), "history": "Only in history", "unreachable": "No ref reaches it"}
        refs = ""
        if finding.refs:
            rest = max(finding.ref_count, len(finding.refs)) - 1
            named = self._redactor.text(finding.refs[0].removeprefix(b"refs/").removeprefix(b"heads/"))
            refs = f"on {named} and {rest:,} more" if rest else f"on {named}"
        shown = f' <span class="muted">{text(refs)}</span>' if refs else ""
        return f"{words[_state_key(finding)]}{shown}"


def badge(severity: str) -> str:
    """The word on its colour; the word alone says it all."""
    return f'<span class="badge {severity}">{severity}</span>'


def _liveness(finding: Finding) -> str:
    """Whether it is live, where somebody asked."""
    state = state_word(finding.verdict)
    return f' <span class="badge live-{state}">{state}</span>' if state else ""


def _state_key(finding: Finding) -> str:
    if stands(finding):
        return "present"
    return "history" if finding.reachable else "unreachable"


def _standing(finding: Finding) -> str:
    if not finding.in_worktree:
        return "At HEAD"
    where = {BlobKind.STAGED: "In the index", BlobKind.STREAM: "In the stream"}.get(finding.kind, "On disk")
    return f"{where}, at HEAD" if finding.at_head else where


def _commit(commit: CommitInfo | None) -> str:
    return f" <code>{commit.id[:8]}</code>" if commit else ""
