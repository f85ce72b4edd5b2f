# SPDX-License-Identifier: Apache-2.0
"""The options that say what may keep a finding out of a report, shared by the commands that scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from secrethunt.errors import UsageError
from secrethunt.suppress import SuppressOptions

_F = TypeVar("_F", bound=Callable[..., Any])


def suppress_options(command: _F) -> _F:
    """Add --no-inline-allow, --no-ignore-file, --ignore-file and --ignore-from."""
    for option in reversed(
        (
            click.option(
                "--no-inline-allow", is_flag=True, help="Report secrets in spite of comments that allow them."
            ),
            click.option("--no-ignore-file", is_flag=True, help="Leave the target's .secrethuntignore unread."),
            click.option("--ignore-file", metavar="FILE", help="Read this file in place of .secrethuntignore."),
            click.option(
                "--ignore-from",
                metavar="REV",
                help="Read .secrethuntignore as this revision has it, such as origin/main: a branch cannot then allow"
                " its own secrets.",
            ),
        )
    ):
        command = option(command)
    return command


def lower_suppress(options: dict[str, Any]) -> SuppressOptions:
    """
    What the command line says.

    Raises:
        UsageError: Options that exclude each other.
    """
    given = {
        "--no-ignore-file": options["no_ignore_file"],
        "--ignore-file": options["ignore_file"],
        "--ignore-from": options["ignore_from"],
    }
    named = [name for name, value in given.items() if value]
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)} exclude each other", hint="Each says which ignore file counts.")
    return SuppressOptions(
        comments=not options["no_inline_allow"],
        ignore_file=not options["no_ignore_file"],
        file=options["ignore_file"] or "",
        revision=options["ignore_from"] or "",
        baseline=options.get("baseline") or "",
    )
