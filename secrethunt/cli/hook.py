# SPDX-License-Identifier: Apache-2.0
"""`secrethunt hook`: what git's hooks run, and putting it in their place."""

from __future__ import annotations

from typing import Any

import click

_HOOKS = ("pre-commit", "pre-push", "pre-receive")
_SKIP = "To commit once without this check: git commit --no-verify"


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
