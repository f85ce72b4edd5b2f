# SPDX-License-Identifier: Apache-2.0
"""What the commands share that write entries of an ignore file: options, the scan that finds values, what to say."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
from collections.abc import Callable
from typing import Any, TypeVar

import click

from secrethunt.cli.config import Config, cache_directory
from secrethunt.cli.keys import fingerprint_key
from secrethunt.cli.selection import lower_selection
from secrethunt.errors import UsageError
from secrethunt.ignoring import ignore_root
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Confidence
from secrethunt.report.escape import escape
from secrethunt.sources.layout import enclosing_work_tree, find_layout
from secrethunt.suppress import IGNORE_FILE, Grant, SuppressOptions
from secrethunt.suppress.attributes import ensure_union
from secrethunt.suppress.entries import EntryError, check_date

_F = TypeVar("_F", bound=Callable[..., Any])
_PERIOD = re.compile(r"(\d{1,4})([dw])")


def grant_options(command: _F) -> _F:
    """Add --reason, --author, --expires and --no-attributes."""
    for option in reversed(
        (
            click.option("--reason", default="", metavar="TEXT", help="Why it may stand."),
            click.option("--author", metavar="NAME", help="Who says so.  [default: git's user.name]"),
            click.option(
                "--expires", default="", metavar="DATE", help="Last day (YYYY-MM-DD), or a period such as 90d or 12w."
            ),
            click.option("--no-attributes", is_flag=True, help="Leave .gitattributes alone."),
        )
    ):
        command = option(command)
    return command


def file_options(command: _F) -> _F:
    """Add --target and --ignore-file."""
    file = click.option("--ignore-file", metavar="FILE", help="The file of entries.  [default: .secrethuntignore]")
    target = click.option(
        "--target",
        metavar="PATH",
        callback=lambda _context, _option, value: value or _here(),
        help="The repository or directory that is scanned.  [default: the one around here]",
    )
    return target(file(command))


def _here() -> str:
    """The root of the work tree that we are in, so that an id of a report is found from any directory; else here."""
    if find_layout(os.getcwdb()) is not None:
        return "."
    root = enclosing_work_tree(os.getcwdb())
    return os.path.relpath(os.fsdecode(root)) if root is not None else "."


def scanner(config: Config, options: dict[str, Any]) -> Scanner:
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


def ignore_path(options: dict[str, Any]) -> str:
    if options["ignore_file"]:
        return str(options["ignore_file"])
    root, _ = ignore_root(options["target"])
    if root is None:
        raise UsageError(
            f"{options['target']} has no work tree to keep {IGNORE_FILE} in", hint="Name a file with --ignore-file."
        )
    return os.path.relpath(os.path.join(os.fsdecode(root), IGNORE_FILE))


def grant(options: dict[str, Any], today: datetime.date) -> Grant:
    return Grant(
        reason=options["reason"],
        author=_author() if options["author"] is None else options["author"],
        path=options.get("path", ""),
        rule=options.get("rule", ""),
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


def note_files(path: str, options: dict[str, Any]) -> None:
    """Say what to commit."""
    root = os.path.dirname(os.path.abspath(path))
    changed = [path]
    if not options["no_attributes"] and find_layout(os.fsencode(root)) is not None:
        attributes = ensure_union(root)
        changed.extend([os.path.relpath(attributes)] if attributes else [])
    click.echo(f"written: {' '.join(escape(name) for name in changed)}; commit it with your change", err=True)
