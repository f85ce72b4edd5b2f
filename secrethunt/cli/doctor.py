# SPDX-License-Identifier: Apache-2.0
"""`secrethunt doctor`: whether this repository's hooks are in force."""

from __future__ import annotations

import platform

import click

from secrethunt import __version__
from secrethunt.errors import ExitCode
from secrethunt.report.escape import escape


@click.command(name="doctor")
def command() -> int:
    """Say which hooks git runs here, what shadows ours, whether they are fast, and test them with a made-up secret.

    Exit codes: 0 all is in force, 1 something is not: each line that begins with ! says what to do.
    """
    from secrethunt.cli.config import cache_directory
    from secrethunt.hook.check import find_repository
    from secrethunt.hook.doctor import examine
    from secrethunt.hook.install import ask_git, hooks_place

    layout = find_repository()
    version = ask_git(layout, "version")
    click.echo(f"secrethunt {__version__}, Python {platform.python_version()}, {version}")
    is_good = True
    for remark in examine(layout, hooks_place(layout), cache_directory()):
        is_good = is_good and remark.is_good
        click.echo(f"{'+' if remark.is_good else '!'} {escape(remark.text)}")
        if remark.advice:
            click.echo(f"    {escape(remark.advice)}")
    return ExitCode.CLEAN if is_good else ExitCode.FINDINGS
