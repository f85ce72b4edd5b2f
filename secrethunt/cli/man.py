# SPDX-License-Identifier: Apache-2.0
"""`secrethunt man`: manual pages, made from the commands themselves."""

from __future__ import annotations

import os
from typing import Any

import click

from secrethunt.cli.manpage import iter_pages
from secrethunt.errors import ExitCode, UsageError


@click.command(name="man")
@click.argument("page", required=False, metavar="[COMMAND]")
@click.option("-o", "--output", metavar="DIR", help="Write all pages into DIR.")
def command(**options: Any) -> int:
    """Print the manual page, or that of one command.

    \b
    Examples:
      secrethunt man | man -l -
      secrethunt man scan | man -l -
      secrethunt man --output ~/.local/share/man/man1
    """
    pages = dict(iter_pages(click.get_current_context().find_root()))
    folder, wanted = options["output"], options["page"]
    if folder is None:
        name = f"secrethunt-{wanted.replace(' ', '-')}" if wanted else "secrethunt"
        if name not in pages:
            known = ", ".join(page.removeprefix("secrethunt-") for page in pages if "-" in page)
            raise UsageError(f"there is no command {wanted!r}", hint=f"Choose one of {known}.")
        click.echo(pages[name], nl=False)
        return ExitCode.CLEAN
    if wanted:
        raise UsageError("--output writes all pages", hint="Leave out the command, or --output.")
    try:
        os.makedirs(folder, exist_ok=True)
        for name, text in pages.items():
            with open(os.path.join(folder, f"{name}.1"), "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as err:
        raise UsageError(
            f"cannot write into {folder}: {err.strerror}", hint="Check the path given to --output."
        ) from err
    return ExitCode.CLEAN
