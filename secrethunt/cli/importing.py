# SPDX-License-Identifier: Apache-2.0
"""`secrethunt import`: take over what another scanner was told to leave alone."""

from __future__ import annotations

import dataclasses
import datetime
import os
from typing import Any

import click

from secrethunt.adopt.foreign import read_foreign
from secrethunt.adopt.resolve import Adopted, Resolver, also_covered
from secrethunt.cli.config import load_config
from secrethunt.cli.granting import file_options, grant, grant_options, ignore_path, note_files, scanner
from secrethunt.cli.selection import rule_options
from secrethunt.errors import ExitCode, UsageError
from secrethunt.ignoring import ignore_root
from secrethunt.report import render_problems
from secrethunt.report.escape import escape
from secrethunt.report.quantities import count
from secrethunt.sources import open_source
from secrethunt.sources.contract import SourceOptions
from secrethunt.suppress import Grant, IgnoreFile, add_entries, load_ignore_file, write_ignore_file
from secrethunt.suppress.digest import Digester
from secrethunt.suppress.globs import escaped


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--everywhere", is_flag=True, help="Allow the values wherever they stand, not in their files alone.")
@click.option("--dry-run", is_flag=True, help="Say what would be allowed, and write nothing.")
@grant_options
@file_options
@rule_options
def command(files: tuple[str, ...], **options: Any) -> int:
    """Take over what other scanners leave alone: their ignore files, baselines and reports.

    Reads .gitleaksignore, JSON reports (baselines) of gitleaks and Betterleaks, detect-secrets baselines, Kingfisher
    baselines (YAML) and reports, TruffleHog reports. Each place is looked up once in the repository and kept as an
    entry of ours: by value, in its file. What cannot be found is listed with the reason.

    \b
    Examples:
      secrethunt import .gitleaksignore
      secrethunt import .secrets.baseline --reason "from detect-secrets"
      secrethunt import gitleaks-report.json --dry-run

    Exit code 1 where something could not be taken over.
    """
    foreign = [item for file in files for item in read_foreign(_read(file), file)]
    path = ignore_path(options)
    ignored = load_ignore_file(path)
    today = datetime.date.today()
    base = grant(options, today)
    result = scanner(load_config(options["config"]), options).scan([options["target"]])
    source = open_source(options["target"], SourceOptions())
    root, prepend = ignore_root(options["target"])
    place = os.path.join(root or b".", prepend)
    resolver = Resolver(result.findings, source, place)
    adopted = [resolver.resolve(item) for item in foreign]
    taken = [item for item in adopted if item.findings]
    digester = Digester()
    for item in taken:
        scoped = _scoped(base, item, source.prefix, prepend, is_everywhere=options["everywhere"])
        ignored, _ = add_entries(ignored, item.findings, scoped, today=today, digester=digester)
    _tell(adopted, options)
    for covered, number in sorted(also_covered(taken, result.findings).items()):
        click.echo(
            f"note: the same value stands {count(number, 'more time')} in {escape(covered)} and is allowed there",
            err=True,
        )
    click.echo(render_problems(result), err=True, nl=False)
    _write(ignored, path, options, has_new=bool(taken))
    return ExitCode.CLEAN if len(taken) == len(adopted) else ExitCode.FINDINGS


def _scoped(base: Grant, item: Adopted, strip: bytes, prepend: bytes, *, is_everywhere: bool) -> Grant:
    reason = base.reason or f"imported from {item.foreign.tool} ({item.foreign.rule or 'no rule'})"
    path = prepend + item.findings[0].path.removeprefix(strip)
    scope = "" if is_everywhere else escaped(path.decode("utf-8", "surrogateescape"))
    return dataclasses.replace(base, reason=reason, path=scope)


def _tell(adopted: list[Adopted], options: dict[str, Any]) -> None:
    for item in adopted:
        if item.findings:
            kinds = ", ".join(dict.fromkeys(finding.rule.id for finding in item.findings))
            click.echo(f"allowed  {escape(item.foreign.described())}: {kinds}")
    for item in adopted:
        if not item.findings:
            click.echo(f"not taken over  {escape(item.foreign.described())}: {item.why_not}")
    taken = sum(bool(item.findings) for item in adopted)
    done = "would be taken over" if options["dry_run"] else "taken over"
    click.echo(f"{taken} of {len(adopted)} {done}", err=True)


def _write(ignored: IgnoreFile, path: str, options: dict[str, Any], *, has_new: bool) -> None:
    if has_new and not options["dry_run"]:
        write_ignore_file(path, ignored)
        note_files(path, options)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}", hint="Check the path of the file to import.") from err
