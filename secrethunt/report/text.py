# SPDX-License-Identifier: Apache-2.0
"""
Owns the report for people: one paragraph a secret, most severe first, then what was covered.

A paragraph answers in this order: what is it, why is it believed, where does it stand and since when, what to do
first. Places are `path:line:column` on lines of their own, never wrapped, so that terminals and editors can open them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from secrethunt.coverage import ScanResult
from secrethunt.records import Finding, Severity
from secrethunt.report.advice import advice
from secrethunt.report.blast import iter_blast_rows
from secrethunt.report.escape import escape, log_line
from secrethunt.report.groups import SecretGroup, group_by_secret
from secrethunt.report.history import describe_history
from secrethunt.report.options import ReportOptions
from secrethunt.report.places import iter_places
from secrethunt.report.quantities import count
from secrethunt.report.redact import Redactor, iter_secrets
from secrethunt.report.shown import shown_findings, why_allowed
from secrethunt.report.totals import iter_totals
from secrethunt.report.verdicts import BADGE_STYLES, badge, iter_verdict_rows

_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_DIM = "\x1b[2m"
_SEVERITY_STYLES = {
    Severity.CRITICAL: "\x1b[1;31m",
    Severity.HIGH: "\x1b[31m",
    Severity.MEDIUM: "\x1b[33m",
    Severity.LOW: "\x1b[36m",
    Severity.INFO: _DIM,
}
_LABEL_WIDTH = 9
_LEAST_WIDTH = 40
_ID_SHOWN = 12


def iter_text(result: ScanResult, options: ReportOptions) -> Iterator[bytes]:
    """The report as UTF-8: one piece a secret, then one for the totals."""
    shown = shown_findings(result, options)
    redactor = Redactor(iter_secrets(shown), is_open=options.show_secrets)
    page = _Page(redactor, options, names_repository=len({finding.repository for finding in shown}) > 1)
    groups = group_by_secret(result.findings)
    for group in (*groups, *(group_by_secret(result.suppressed) if options.show_suppressed else ())):
        yield _encoded(page.iter_paragraph(group)) + b"\n"
    yield _encoded(line for sentence in iter_totals(result, groups) for line in page.wrapped(sentence))


def _encoded(lines: Iterable[str]) -> bytes:
    return "".join(f"{log_line(line)}\n" for line in lines).encode("utf-8")


class _Page:
    """Writes paragraphs; holds what they share."""

    def __init__(self, redactor: Redactor, options: ReportOptions, *, names_repository: bool) -> None:
        self._redactor = redactor
        self._has_color = options.color
        self._explains = options.explain
        self._width = max(options.width, _LEAST_WIDTH)
        self._names_repository = names_repository

    def iter_paragraph(self, group: SecretGroup) -> Iterator[str]:
        """The lines of one secret."""
        lead = group.lead
        yield self._title(group)
        # The value is one word, however long: whoever asked to see it wants to copy it.
        yield self._label("Value") + escape(self._redactor.secret(lead.secret))
        for label, text in iter_verdict_rows(lead.verdict, self._redactor):
            yield from self._row(label, text)
        for label, text in iter_blast_rows(lead.blast, self._redactor):
            yield from self._row(label, text)
        yield from self._row("Rule", f"{lead.rule.id} (provider {lead.rule.provider}, identity {lead.rule.nhi})")
        yield from self._row("Secret id", str(lead.secret_id)[:_ID_SHOWN])
        if group.reasons:
            yield from self._row("Why", self._redactor.text("; ".join(group.reasons)))
        if self._explains:
            yield from self._weighed(lead)
        for name, value in group.facts:
            shown = self._redactor.text(name)
            yield from self._row(shown[:1].upper() + shown[1:], self._redactor.text(value))
        for part, path in group.parts:
            where = f"line {part.span.line}" if path is None else f"{self._redactor.text(path)}:{part.span.line}"
            shown = f"{part.name.replace('_', ' ')} {self._redactor.part(part)} ({where})"
            yield from self._row("With", shown)
        for allowed in dict.fromkeys(item.suppression for item in group.findings if item.suppression):
            yield from self._row("Allowed", self._redactor.text(why_allowed(allowed)))
        for block in group.blocks:
            yield from self._block(block.findings)
        yield from self._row("Do first", advice(lead.rule))

    def _weighed(self, finding: Finding) -> Iterator[str]:
        """What spoke for and against a value where its match alone decided nothing."""
        if not finding.signals:
            yield from self._row("Weighed", "nothing: the match alone decides")
            return
        clauses = [f"{clause} ({points:+})" if points else clause for clause, points in finding.signals]
        yield from self._row("Weighed", self._redactor.text("; ".join(clauses)))

    def wrapped(self, sentence: str, *, indent: str = "", hanging: str = "") -> list[str]:
        """*sentence* on lines of at most the page's width, where its words allow."""
        if len(indent) + len(sentence) <= self._width:
            return [indent + sentence]
        lines = wrap(
            sentence,
            self._width,
            initial_indent=indent,
            subsequent_indent=hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return lines or [indent]

    def _title(self, group: SecretGroup) -> str:
        severity = self._styled(group.severity.label.upper(), _SEVERITY_STYLES[group.severity])
        name = self._styled(escape(group.lead.rule.name), _BOLD)
        title = f"{severity}  {name}, {group.confidence.label} confidence, {count(len(group.findings), 'place')}"
        if group.lead.verdict is None:
            return title
        state = group.lead.verdict.outcome.state
        return f"{self._styled(badge(state), BADGE_STYLES[state])}  {title}"

    def _row(self, label: str, text: str) -> Iterator[str]:
        shown = escape(text)
        margin = " " * (_LABEL_WIDTH + 3)
        lines = self.wrapped(shown, indent=margin, hanging=margin)
        yield self._label(label) + lines[0].removeprefix(margin)
        yield from lines[1:]

    def _label(self, label: str) -> str:
        return "  " + self._styled(f"{escape(label):{_LABEL_WIDTH}}", _DIM) + " "

    def _block(self, findings: tuple[Finding, ...]) -> Iterator[str]:
        heading = describe_history(findings[0], self._redactor)
        if self._names_repository:
            heading = f"{escape(self._redactor.text(findings[0].repository))}: {heading}"
        yield from self.wrapped(f"{heading}:", indent="  ", hanging="  ")
        for place in iter_places(findings, self._redactor, width=self._width - 4):
            yield "    " + place

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if self._has_color else text
