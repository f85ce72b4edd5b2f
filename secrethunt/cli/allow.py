# SPDX-License-Identifier: Apache-2.0
"""`secrethunt allow`: write down that a secret may stand, list what is written down, remove what is of no use."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from secrethunt.adopt.ids import check_id, iter_ids, resolve_ids
from secrethunt.cli.config import Config, cache_directory, load_config
from secrethunt.cli.keys import fingerprint_key
from secrethunt.cli.selection import lower_selection, rule_options
from secrethunt.errors import ExitCode, UsageError
from secrethunt.ignoring import ignore_root
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Confidence
from secrethunt.report.escape import escape
from secrethunt.sources.layout import find_layout
from secrethunt.suppress import (
    IGNORE_FILE,
    Grant,
    IgnoreFile,
    Suppressions,
    SuppressOptions,
    add_entries,
    load_ignore_file,
    write_ignore_file,
)
from secrethunt.suppress.attributes import ensure_union
from secrethunt.suppress.entries import Entry, EntryError, check_date

_F = TypeVar("_F", bound=Callable[..., Any])
_PERIOD = re.compile(r"(\d{1,4})([dw])")


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


def _file_options(command: _F) -> _F:
    """Add --target and --ignore-file."""
    file = click.option("--ignore-file", metavar="FILE", help="The file of entries.  [default: .secrethuntignore]")
    target = click.option(
        "--target", metavar="PATH", default=".", show_default=True, help="The repository or directory that is scanned."
    )
    return target(file(command))


@command.command(name="add")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read ids, or a JSON or JSONL report, from standard input.")
@click.option("--reason", default="", metavar="TEXT", help="Why it may stand.")
@click.option("--author", metavar="NAME", help="Who says so.  [default: git's user.name]")
@click.option("--expires", default="", metavar="DATE", help="Last day (YYYY-MM-DD), or a period such as 90d or 12w.")
@click.option("--path", default="", metavar="GLOB", help="Where it may stand; patterns as in .gitignore.")
@click.option("--rule", default="", metavar="NAME", help="For findings of this rule, provider or glob alone.")
@click.option("--no-attributes", is_flag=True, help="Leave .gitattributes alone.")
@_file_options
@rule_options
def add(ids: tuple[str, ...], **options: Any) -> int:
    """Allow the secrets with these ids, of a secret or of one place of it, whole or the first digits."""
    wanted = [check_id(id) for id in ids]
    if options["from_stdin"]:
        wanted.extend(iter_ids(sys.stdin.read()))
    if not wanted:
        raise UsageError("no ids given", hint="Name ids as reports print them, or pipe them in with --stdin.")
    today = datetime.date.today()
    path = _ignore_path(options)
    file = load_ignore_file(path)
    resolved = resolve_ids(_scanner(load_config(options["config"]), options), options["target"], wanted)
    if resolved.findings:
        file, fresh = add_entries(file, resolved.findings, _grant(options, today), today=today)
        write_ignore_file(path, file)
        for entry in fresh:
            click.echo(f"allowed {escape(entry.described())}")
        _note_files(path, options)
    for id in resolved.missing:
        click.echo(f"secrethunt: nothing with the id {id} was found in {options['target']}", err=True)
    return ExitCode.FINDINGS if resolved.missing else ExitCode.CLEAN


@command.command(name="list")
@click.option("-f", "--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_file_options
def list_entries(**options: Any) -> int:
    """List the entries: what each allows, where, why, who said so and until when."""
    path = _ignore_path(options)
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
    click.echo(f"{len(file.entries)} entries in {escape(path)}", err=True)
    return ExitCode.CLEAN


@command.command()
@click.option("--dry-run", is_flag=True, help="Name what would be removed, and remove nothing.")
@click.option("--keep-unused", is_flag=True, help="Remove expired entries only; nothing is scanned then.")
@_file_options
@rule_options
def prune(**options: Any) -> int:
    """Remove entries that have expired, and those whose value is nowhere in the target or its history."""
    path = _ignore_path(options)
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
    result = _scanner(load_config(options["config"]), options).scan([options["target"]])
    suppressions = Suppressions(file, comments=False)
    prepend = ignore_root(options["target"])[1]
    suppressions.apply(result.findings, prepend=prepend)
    return suppressions.unused, result.is_incomplete


def _scanner(config: Config, options: dict[str, Any]) -> Scanner:
    """Finds everything, however unsure and whether it is allowed or not."""
    return Scanner(
        ScannerOptions(
            selection=lower_selection(config, options),
            min_confidence=Confidence.LOW,
            fingerprint_key=fingerprint_key(config),
            cache_directory=cache_directory(),
            suppress=SuppressOptions(comments=False, ignore_file=False),
        )
    )


def _ignore_path(options: dict[str, Any]) -> str:
    if options["ignore_file"]:
        return str(options["ignore_file"])
    root, _ = ignore_root(options["target"])
    if root is None:
        raise UsageError(
            f"{options['target']} has no work tree to keep {IGNORE_FILE} in", hint="Name a file with --ignore-file."
        )
    return os.path.relpath(os.path.join(os.fsdecode(root), IGNORE_FILE))


def _grant(options: dict[str, Any], today: datetime.date) -> Grant:
    return Grant(
        reason=options["reason"],
        author=_author() if options["author"] is None else options["author"],
        path=options["path"],
        rule=options["rule"],
        expires=_expiry(options["expires"], today),
    )


def _expiry(text: str, today: datetime.date) -> str:
    if not text:
        return ""
    if (period := _PERIOD.fullmatch(text)) is not None:
        days = int(period[1]) * (7 if period[2] == "w" else 1)
        return (today + datetime.timedelta(days=days)).isoformat()
    try:
        day = check_date(text)
    except EntryError as err:
        raise UsageError(f"--expires {text}: {err}", hint="Or give a period such as 90d or 12w.") from err
    if day < today.isoformat():
        raise UsageError(f"--expires {text} lies in the past", hint="Give a day to come.")
    return day


def _author() -> str:
    """git's name for whoever is at the keyboard; nothing where it knows none."""
    name = os.environ.get("GIT_AUTHOR_NAME")
    if name:
        return name
    try:
        done = subprocess.run(["git", "config", "--get", "user.name"], capture_output=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def _note_files(path: str, options: dict[str, Any]) -> None:
    """Say what to commit."""
    root = os.path.dirname(os.path.abspath(path))
    changed = [path]
    if not options["no_attributes"] and find_layout(os.fsencode(root)) is not None:
        attributes = ensure_union(root)
        changed.extend([os.path.relpath(attributes)] if attributes else [])
    click.echo(f"written: {' '.join(escape(name) for name in changed)}; commit it with your change", err=True)


def _as_json(entry: Entry, today: datetime.date) -> dict[str, Any]:
    grant = entry.grant
    return {
        "token": entry.token,
        "kind": entry.kind,
        "rule": grant.rule or None,
        "path": grant.path or None,
        "reason": grant.reason,
        "author": grant.author,
        "added": entry.added or None,
        "expires": grant.expires or None,
        "expired": entry.is_expired(today),
    }
