# SPDX-License-Identifier: Apache-2.0
"""`secrethunt allow`: write down that a secret may stand, list what is written down, remove what is of no use."""

from __future__ import annotations

import dataclasses
import datetime
import json
import sys
from typing import Any

import click

from secrethunt.adopt.ids import check_id, iter_ids, resolve_ids
from secrethunt.cli.config import load_config
from secrethunt.cli.granting import file_options, grant, grant_options, ignore_path, note_files, scanner
from secrethunt.cli.selection import rule_options
from secrethunt.errors import ExitCode, UsageError
from secrethunt.ignoring import ignore_root
from secrethunt.report.escape import escape
from secrethunt.suppress import IgnoreFile, Suppressions, add_entries, load_ignore_file, write_ignore_file
from secrethunt.suppress.entries import Entry


class _IdsByDefault(click.Group):
    """A group whose first argument may be an id as well: `allow 1f2e3d4c` is `allow add 1f2e3d4c`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["add", *args]
        return super().parse_args(ctx, args)


@click.group(name="allow", cls=_IdsByDefault)
def command() -> None:
    """Allow secrets: keep an entry for each value in .secrethuntignore.

    An entry names the value by a salted digest, so it survives moves, renames, squash and rebase, and gives nothing
    away. `allow ID` is short for `allow add ID`.

    \b
    Examples:
      secrethunt allow 1f2e3d4c5b6a --reason "documented example key"
      secrethunt allow 1f2e3d4c5b6a --path 'tests/**' --expires 90d
      secrethunt scan --format jsonl | secrethunt allow --stdin --reason "before 2026"
      secrethunt allow prune --dry-run
    """


@command.command(name="add")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read ids, or a JSON or JSONL report, from standard input.")
@click.option("--path", default="", metavar="GLOB", help="Where it may stand; patterns as in .gitignore.")
@click.option("--rule", default="", metavar="NAME", help="For findings of this rule, provider or glob alone.")
@grant_options
@file_options
@rule_options
def add(ids: tuple[str, ...], **options: Any) -> int:
    """Allow the secrets with these ids, of a secret or of one place of it, whole or the first digits."""
    wanted = [check_id(id) for id in ids]
    if options["from_stdin"]:
        wanted.extend(iter_ids(sys.stdin.read()))
    if not wanted:
        raise UsageError("no ids given", hint="Name ids as reports print them, or pipe them in with --stdin.")
    today = datetime.date.today()
    granted = grant(options, today)
    path = ignore_path(options)
    file = load_ignore_file(path)
    resolved = resolve_ids(scanner(load_config(options["config"]), options), options["target"], wanted)
    if resolved.findings:
        file, fresh = add_entries(file, resolved.findings, granted, today=today)
        write_ignore_file(path, file)
        for entry in fresh:
            click.echo(f"allowed {escape(entry.described())}")
        note_files(path, options)
    for id in resolved.missing:
        click.echo(f"secrethunt: nothing with the id {id} was found in {options['target']}", err=True)
    return ExitCode.FINDINGS if resolved.missing else ExitCode.CLEAN


@command.command(name="list")
@click.option("-f", "--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@file_options
def list_entries(**options: Any) -> int:
    """List the entries: what each allows, where, why, who said so and until when."""
    path = ignore_path(options)
    file = load_ignore_file(path)
    today = datetime.date.today()
    if options["format"] == "json":
        entries = [_as_json(entry, today) for entry in file.entries]
        click.echo(json.dumps({"file": path, "entries": entries, "problems": list(file.problems)}, indent=2))
        return ExitCode.CLEAN
    for entry in sorted(file.entries, key=lambda entry: (entry.kind, entry.token)):
        click.echo(escape(entry.described()) + (" EXPIRED" if entry.is_expired(today) else ""))
    for problem in file.problems:
        click.echo(escape(problem), err=True)
    told = "1 entry" if len(file.entries) == 1 else f"{len(file.entries)} entries"
    click.echo(f"{told} in {escape(path)}", err=True)
    return ExitCode.CLEAN


@command.command()
@click.option("--dry-run", is_flag=True, help="Name what would be removed, and remove nothing.")
@click.option("--keep-unused", is_flag=True, help="Remove expired entries only; nothing is scanned then.")
@file_options
@rule_options
def prune(**options: Any) -> int:
    """Remove entries that have expired, and those whose value is nowhere in the target or its history."""
    path = ignore_path(options)
    file = load_ignore_file(path)
    today = datetime.date.today()
    gone = {entry.scope: "expired" for entry in file.entries if entry.is_expired(today)}
    is_incomplete = False
    if not options["keep_unused"] and file.entries:
        unused, is_incomplete = _unused(file, options)
        if not is_incomplete:
            gone = {entry.scope: "unused" for entry in unused} | gone
    for entry in file.entries:
        if entry.scope in gone:
            click.echo(f"{gone[entry.scope]}  {escape(entry.described())}")
    if gone and not options["dry_run"]:
        left = tuple(entry for entry in file.entries if entry.scope not in gone)
        write_ignore_file(path, dataclasses.replace(file, entries=left))
    done = "would be removed" if options["dry_run"] else "removed"
    click.echo(f"{len(gone)} of {len(file.entries)} entries {done}", err=True)
    if is_incomplete:
        click.echo("secrethunt: not all could be scanned, so no entry was called unused", err=True)
        return ExitCode.INCOMPLETE
    return ExitCode.CLEAN


def _unused(file: IgnoreFile, options: dict[str, Any]) -> tuple[list[Entry], bool]:
    """Entries that nothing was found for, and whether something could not be scanned."""
    result = scanner(load_config(options["config"]), options).scan([options["target"]])
    suppressions = Suppressions(file, comments=False)
    prepend = ignore_root(options["target"])[1]
    suppressions.apply(result.findings, prepend=prepend)
    return suppressions.unused, result.is_incomplete


def _as_json(entry: Entry, today: datetime.date) -> dict[str, Any]:
    told = entry.grant
    return {
        "token": entry.token,
        "kind": entry.kind,
        "rule": told.rule or None,
        "path": told.path or None,
        "reason": told.reason,
        "author": told.author,
        "added": entry.added or None,
        "expires": told.expires or None,
        "expired": entry.is_expired(today),
    }
