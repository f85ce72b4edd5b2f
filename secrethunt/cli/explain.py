# SPDX-License-Identifier: Apache-2.0
"""`secrethunt explain`: one finding in full, or one secret with all of its places."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from secrethunt.cli.config import cache_directory, load_config
from secrethunt.cli.keys import fingerprint_key
from secrethunt.cli.reading import load_entries
from secrethunt.cli.selection import lower_selection, rule_options
from secrethunt.errors import ExitCode, UsageError
from secrethunt.objectscan import blob_id
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import BlobId, Confidence
from secrethunt.report.encode import encode
from secrethunt.report.entries import finding_entry
from secrethunt.report.excerpt import excerpt
from secrethunt.report.explanation import Explained, explanation_entry, iter_explanation
from secrethunt.report.redact import Redactor, iter_secrets
from secrethunt.sources import open_source
from secrethunt.sources.contract import Scope, SourceOptions

_PREFIX = re.compile(r"[0-9a-f]{4,64}\Z")
_NAMED = 8
"""Candidates named where a prefix fits several."""
_MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class _Subject:
    """A finding to explain: its entry, and its path as the file system knows it."""

    entry: dict[str, Any]
    path: bytes


@click.command(name="explain")
@click.argument("wanted", metavar="ID")
@click.argument("target", default=".", metavar="[PATH]")
@rule_options
@click.option(
    "--from", "report", metavar="REPORT", help="Take the finding from this JSON or JSONL report (- for stdin)."
)
@click.option("-f", "--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--context",
    type=click.IntRange(0, _MOST_LINES),
    default=3,
    show_default=True,
    metavar="N",
    help="Lines shown before and after.",
)
@click.option("--no-history", is_flag=True, help="Scan the work tree's files only.")
def command(wanted: str, target: str, **options: Any) -> int:
    """Show one finding in full: why it matched, what stands around it, its history, what to do.

    ID is a finding id or a secret id of any report, or the beginning of one (four digits or more). PATH is scanned for
    it, the current directory by default; with --from it is only where the lines are read from. Values stay masked.

    \b
    Examples:
      secrethunt explain 3f2a9c
      secrethunt explain 3f2a9c ~/src/shop --format json
      secrethunt explain 3f2a9c --from report.json
    """
    wanted = wanted.lower()
    if not _PREFIX.match(wanted):
        raise UsageError(
            f"{wanted!r} is no id", hint="Give four or more hexadecimal digits of a finding id or a secret id."
        )
    scanner = _scanner(options)
    found = _from_report(options["report"]) if options["report"] else _from_scan(scanner, target, options)
    reader = _Lines(scanner, target, options["context"])
    explained = [reader.explain(subject) for subject in _chosen(found, wanted)]
    if options["format"] == "json":
        click.echo(encode(explanation_entry(explained, wanted)).decode("ascii"))
    else:
        for line in iter_explanation(explained, width=min(shutil.get_terminal_size((100, 24)).columns, 120)):
            click.echo(line)
    return ExitCode.CLEAN


def _scanner(options: Mapping[str, Any]) -> Scanner:
    config = load_config(options["config"])
    return Scanner(
        ScannerOptions(
            selection=lower_selection(config, dict(options)),
            # Whatever any report could hold, and all that must be masked beside it.
            min_confidence=Confidence.LOW,
            jobs=config.jobs,
            fingerprint_key=fingerprint_key(config),
            cache_directory=cache_directory(),
        )
    )


def _from_scan(scanner: Scanner, target: str, options: Mapping[str, Any]) -> list[_Subject]:
    scope = Scope.WORKTREE if options["no_history"] else Scope.ALL
    findings = scanner.scan([target], SourceOptions(scope=scope)).findings
    redactor = Redactor(iter_secrets(findings))
    return [_Subject(finding_entry(finding, redactor), finding.path) for finding in findings]


def _from_report(path: str) -> list[_Subject]:
    return [_Subject(entry, os.fsencode(entry["path"])) for entry in load_entries(path)]


def _chosen(found: list[_Subject], wanted: str) -> list[_Subject]:
    """
    The finding, or all those of the secret, that *wanted* begins the id of.

    Raises:
        UsageError: There is none, or more than one thing.
    """
    by_id: dict[tuple[str, str], list[_Subject]] = {}
    for kind in ("finding", "secret"):
        for subject in found:
            if subject.entry[f"{kind}_id"].startswith(wanted):
                by_id.setdefault((kind, subject.entry[f"{kind}_id"]), []).append(subject)
    if len(by_id) == 1:
        return next(iter(by_id.values()))
    if not by_id:
        raise UsageError(
            f"nothing that was found has an id beginning with {wanted}",
            hint=f"{len(found):,} findings were looked at; name the repository as PATH, or the report with --from.",
        )
    named = [f"{kind} {id} ({subjects[0].entry['path']})" for (kind, id), subjects in by_id.items()]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    raise UsageError(f"{wanted} begins several ids", hint=f"Give more digits: {', '.join(named[:_NAMED])}{more}.")


class _Lines:
    """Reads what stands around findings, each blob once."""

    def __init__(self, scanner: Scanner, target: str, around: int) -> None:
        self._scanner = scanner
        self._target = target
        self._around = around
        self._read: dict[BlobId, bytes | None] = {}

    def explain(self, subject: _Subject) -> Explained:
        """*subject* with its lines, or with the reason why there are none."""
        versions = subject.entry["occurrences"]
        if not versions:
            return Explained(subject.entry, (), "the report does not say where it stands")
        newest = versions[0]
        blob = BlobId(newest["blob"])
        if blob not in self._read:
            self._read[blob] = self._bytes_of(blob, subject)
        data = self._read[blob]
        if data is None:
            return Explained(
                subject.entry, (), f"blob {blob[:10]} is not in {self._target}; name its repository as PATH"
            )
        if b"\0" in data:
            return Explained(subject.entry, (), "the file is binary")
        own = (newest["start"], newest["end"])
        if own[1] > len(data):
            return Explained(subject.entry, (), "it was read through an LFS pointer")
        lines = excerpt(data, own, self._values_in(data, subject.path), around=self._around)
        return Explained(subject.entry, tuple(lines))

    def _values_in(self, data: bytes, path: bytes) -> Iterator[tuple[int, int]]:
        """Where values stand in *data*: those of other findings are nobody's business here."""
        for finding in self._scanner.scan_bytes(data, os.fsdecode(path) or "-"):
            yield finding.span.start, finding.span.end
            for part in finding.parts:
                if part.is_secret and part.path is None:
                    yield part.span.start, part.span.end

    def _bytes_of(self, blob: BlobId, subject: _Subject) -> bytes | None:
        """From history, or from the file on disk if that is still the same."""
        if self._target != "-":
            for id, data in open_source(self._target, SourceOptions()).read([blob]):
                if id == blob:
                    return data
        for place in (os.path.join(os.fsencode(self._target), subject.path), subject.path):
            try:
                with open(place, "rb") as file:
                    data = file.read()
            except OSError:
                continue
            if blob_id(data) == blob:
                return data
        return None
