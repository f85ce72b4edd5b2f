# SPDX-License-Identifier: Apache-2.0
"""
Owns one finding in full, for people: what it is, why it is reported, what stands around it, its history, what to do.

Made from the object of the JSON formats (`entries.py`), so that a report on disk can be explained as well as a scan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from secrethunt.report.escape import escape, log_line
from secrethunt.report.excerpt import Line
from secrethunt.report.quantities import count

_LABEL_WIDTH = 10
_LISTED_VERSIONS = 20

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explained:
    """A finding's entry with the lines around its newest place."""

    entry: Entry
    lines: tuple[Line, ...]
    missing: str = ""
    """Why there are no lines."""


def explanation_entry(explained: Sequence[Explained], wanted: str) -> Entry:
    """The JSON object: every finding that *wanted* names, each with its `context`."""
    findings = []
    for item in explained:
        context = [{"line": line.number, "text": line.text, "finding": line.is_own} for line in item.lines]
        findings.append(item.entry | {"context": context, "context_missing": item.missing})
    return {"type": "explanation", "id": wanted, "findings": findings}


def iter_explanation(explained: Sequence[Explained], *, width: int) -> Iterator[str]:
    """Lines of text: the secret once, then each of its places."""
    for line in _iter_lines(explained, _Page(max(width, 40))):
        yield log_line(line)


def _iter_lines(explained: Sequence[Explained], page: _Page) -> Iterator[str]:
    lead = explained[0].entry
    yield from page.iter_secret(lead, len(explained))
    for item in explained:
        yield ""
        yield from page.iter_place(item)
    yield ""
    yield from page.iter_advice(lead)


class _Page:
    def __init__(self, width: int) -> None:
        self._width = width

    def iter_secret(self, entry: Entry, places: int) -> Iterator[str]:
        """What holds for the value wherever it stands."""
        name = escape(entry["rule_name"])
        yield f"{entry['severity'].upper()}  {name}, {entry['confidence']} confidence, {count(places, 'place')}"
        yield from self._row("Value", entry["secret"])
        yield from self._verdict(entry.get("verdict"))
        yield from self._row("Secret id", entry["secret_id"])
        rule = f"{entry['rule_id']} (provider {entry['provider']}, identity {entry['nhi']})"
        yield from self._row("Rule", f"{rule}; `secrethunt rules show {entry['rule_id']}` shows it")
        if entry["also"]:
            yield from self._row("Also seen", f"by {', '.join(entry['also'])}")
        if entry["reasons"]:
            yield from self._row("Why", "; ".join(entry["reasons"]))
        yield from self._weighed(entry)
        for fact, value in entry["facts"].items():
            yield from self._row(fact[:1].upper() + fact[1:], value)
        for part in entry["parts"]:
            where = f"line {part['line']}" if part["path"] == entry["path"] else f"{part['path']}:{part['line']}"
            yield from self._row("With", f"{part['name'].replace('_', ' ')} {part['value']} ({where})")

    def _verdict(self, verdict: Entry | None) -> Iterator[str]:
        """What the report says of whether it is live; nothing where nobody asked."""
        if verdict is None:
            return
        cached = ", from an earlier run" if verdict["cached"] else ""
        state = verdict["state"].upper()
        yield from self._row("Verdict", f"{state}: {verdict['reason']} (as of {verdict['checked_at']}{cached})")
        for item in verdict["evidence"]:
            said = ", ".join(str(value) for value in (item["status"], item["marker"]) if value)
            yield from self._row("Evidence", f"{item['endpoint']}: {said}" if said else item["endpoint"])
        for name, value in verdict["facts"].items():
            yield from self._row("Known", f"{name.replace('_', ' ')} {value}")

    def iter_place(self, item: Explained) -> Iterator[str]:
        """One finding: where, what stands around it, and since when."""
        entry = item.entry
        decoded = f" ({' > '.join(entry['decode'])})" if entry["decode"] else ""
        yield from self._row("Finding", entry["finding_id"])
        yield self._label("Place") + escape(f"{entry['path']}:{entry['line']}:{entry['column']}{decoded}")
        yield from self._row("In", entry["repository"])
        if item.missing:
            yield from self._row("Lines", f"not shown: {item.missing}")
        digits = max((len(str(line.number)) for line in item.lines), default=0)
        for line in item.lines:
            yield f"  {'>' if line.is_own else ' '} {line.number:{digits}} | {line.text}".rstrip()
        yield from self._row("State", _state(entry))
        yield from self._history(entry)

    def iter_advice(self, entry: Entry) -> Iterator[str]:
        """What to do, and where the provider says more."""
        yield from self._row("Do first", entry["rotate"])
        for link in entry["references"]:
            yield self._label("See") + escape(link)

    def _weighed(self, entry: Entry) -> Iterator[str]:
        if not entry["signals"]:
            yield from self._row("Weighed", "nothing: the match alone decides")
            return
        for number, signal in enumerate(entry["signals"]):
            points = f"{signal['points']:+4d}" if signal["points"] else "    "
            yield (self._label("" if number else "Weighed")) + f"{points}  {escape(signal['clause'])}"

    def _history(self, entry: Entry) -> Iterator[str]:
        if entry["commit"]:
            person = f"{entry['author']} <{entry['email']}>"
            yield from self._row("Added", f"{entry['date']} by {person} in {entry['commit']}")
        if entry["last_commit"] and entry["last_commit"] != entry["commit"]:
            yield from self._row("Last", f"{entry['last_date']} by {entry['last_author']} in {entry['last_commit']}")
        if entry["refs"]:
            rest = entry["ref_count"] - len(entry["refs"])
            more = f" and {rest:,} more" if rest > 0 else ""
            yield from self._row("Refs", ", ".join(entry["refs"]) + more)
        versions = entry["occurrences"]
        for number, version in enumerate(versions[:_LISTED_VERSIONS]):
            yield from self._row("" if number else "Versions", _version(version))
        if len(versions) > _LISTED_VERSIONS:
            yield from self._row("", f"and {len(versions) - _LISTED_VERSIONS:,} more, which --format json lists")

    def _row(self, label: str, text: str) -> Iterator[str]:
        margin = " " * (_LABEL_WIDTH + 3)
        lines = wrap(
            escape(text), max(self._width - len(margin), 20), break_long_words=False, break_on_hyphens=False
        ) or [""]
        yield self._label(label) + lines[0]
        for line in lines[1:]:
            yield margin + line

    def _label(self, label: str) -> str:
        return f"  {escape(label):{_LABEL_WIDTH}} "


def _state(entry: Entry) -> str:
    where = [
        words
        for is_so, words in (
            (entry["in_worktree"], {"staged": "in the index", "stream": "in the stream"}.get(entry["kind"], "on disk")),
            (entry["at_head"], "at HEAD"),
        )
        if is_so
    ]
    if where:
        return " and ".join(where)
    return "only in history" if entry["reachable"] else "only in history, and no ref reaches it"


def _version(version: Entry) -> str:
    commits = [version[name][:10] for name in ("first_commit", "last_commit") if version[name]]
    span = f", commits {' to '.join(dict.fromkeys(commits))}" if commits else ""
    head = ", at HEAD" if version["at_head"] else ""
    return f"{version['kind']} {version['blob'][:10]}:{version['line']}:{version['column']}{span}{head}"
