# SPDX-License-Identifier: Apache-2.0
"""`secrethunt hook`: what git's hooks run, and putting it in their place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from secrethunt.errors import ExitCode

_HOOKS = ("pre-commit", "pre-push", "pre-receive")


@click.group(name="hook")
def command() -> None:
    """Keep secrets out of commits and pushes, with git's own hooks.

    \b
    Examples:
      secrethunt hook install                  check each commit in this repository
      secrethunt hook install pre-push         check what is pushed, too
      secrethunt hook run                      check what is staged now
    """


@command.command(name="run", context_settings={"ignore_unknown_options": True})
@click.argument("hook", type=click.Choice(_HOOKS), default="pre-commit")
@click.argument("arguments", nargs=-1)
@click.option("--config", metavar="FILE", help="Read this secrethunt.toml or pyproject.toml.")
@click.option("--strict", is_flag=True, help="Fail where something could not be looked at, too.")
@click.option("--no-input", is_flag=True, help="Ask nothing, even on a terminal.")
def run(**options: Any) -> int:
    """Check what is staged (pre-commit) or what the refs on standard input name (pre-push, pre-receive).

    Exit codes: 0 nothing new, 1 new secrets, 2 wrong usage, 3 with --strict where something could not be looked at.
    """
    from secrethunt.cli.hookrun import run_hook

    return run_hook(options["hook"], options["arguments"], options)


@command.command(name="install")
@click.argument("hooks", nargs=-1, type=click.Choice(_HOOKS))
@click.option("--shared", is_flag=True, help="Install even where core.hooksPath names a directory that others use.")
def install(hooks: Sequence[str], shared: bool) -> int:
    """Put hooks into this repository (pre-commit, if none is named). Existing hooks stay and run first."""
    from secrethunt.cli.config import load_config
    from secrethunt.cli.hookrun import keep_snapshot
    from secrethunt.hook.check import find_repository
    from secrethunt.hook.install import hooks_place, install_hook

    place = hooks_place(find_repository())
    for hook in hooks or _HOOKS[:1]:
        click.echo(install_hook(place, hook, shared=shared))
    if os.path.basename(place.directory.removesuffix(os.sep + "_")) == ".husky":
        click.echo("note: husky writes this directory anew; add `secrethunt hook run` to .husky/pre-commit to stay")
    keep_snapshot(load_config(None))
    return ExitCode.CLEAN


@command.command(name="uninstall")
@click.argument("hooks", nargs=-1, type=click.Choice(_HOOKS))
def uninstall(hooks: Sequence[str]) -> int:
    """Take hooks away (all of ours, if none is named) and put back what was there before."""
    from secrethunt.hook.check import find_repository
    from secrethunt.hook.install import hooks_place, uninstall_hook

    place = hooks_place(find_repository())
    for hook in hooks or _HOOKS:
        click.echo(uninstall_hook(place, hook))
    return ExitCode.CLEAN
