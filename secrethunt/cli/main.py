# SPDX-License-Identifier: Apache-2.0
"""The `secrethunt` command: finds the subcommand's module only when it is called, and turns errors into exit codes."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from secrethunt import __version__
from secrethunt.errors import INTERRUPTED, ExitCode, SecrethuntError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "allow": ("Allow secrets: entries that survive moves and rebases.", "secrethunt.cli.allow"),
    "baseline": ("What is known already and fails no scan: create, update, diff.", "secrethunt.cli.baseline"),
    "ci": ("Scan what a push or pull request adds.", "secrethunt.cli.ci"),
    "doctor": ("Say whether hooks are in force, and test them.", "secrethunt.cli.doctor"),
    "hook": ("Keep secrets out of commits and pushes.", "secrethunt.cli.hook"),
    "import": ("Take over other scanners' ignore files, baselines and reports.", "secrethunt.cli.importing"),
    "blast-radius": ("Show what somebody who holds a secret could reach.", "secrethunt.cli.blast_radius"),
    "completion": ("Print a script that completes commands in a shell.", "secrethunt.cli.completion"),
    "explain": ("Show one finding in full.", "secrethunt.cli.explain"),
    "man": ("Print manual pages.", "secrethunt.cli.man"),
    "nhi": ("Keep an inventory of non-human identities.", "secrethunt.cli.nhi"),
    "rules": ("List, show and check the rules that find secrets.", "secrethunt.cli.rules"),
    "scan": ("Find secrets in directories, files, git repositories or standard input.", "secrethunt.cli.scan"),
    "validate": ("Find out whether credentials are live.", "secrethunt.cli.validate"),
}


class _LazyGroup(click.Group):
    """A group that imports a command's module on use: `--version` must not pay for `scan`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(_COMMANDS[cmd_name][1]).command
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and help as they stand here: completing `s` must not import all commands."""
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name, help=about) for name, (about, _) in sorted(_COMMANDS.items())]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(item for item in named if item.value.startswith(incomplete)), *options]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][0]) for name in self.list_commands(ctx)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def cli() -> None:
    """Find leaked credentials in code and git history.

    Exit codes: 0 nothing found, 1 findings, 2 wrong usage or configuration, 3 something could not be scanned,
    70 internal error.
    """


def main() -> NoReturn:
    """Run the command line and exit; every way out has its documented code."""
    try:
        code = cli.main(prog_name="secrethunt", standalone_mode=False)
    except SecrethuntError as err:
        _explain(str(err), err.hint())
        code = err.exit_code
    except click.exceptions.NoArgsIsHelpError as err:
        err.show()
        code = ExitCode.USAGE
    except click.ClickException as err:
        err.show()
        code = ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        _explain("interrupted", "")
        code = INTERRUPTED
    except OSError as err:
        if err.errno != errno.EPIPE:
            raise
        # The reader went away; nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.CLEAN
    except Exception as err:  # noqa: BLE001 - the last resort, so that a bug has its own exit code
        _crash(err)
        code = ExitCode.INTERNAL
    sys.exit(int(code or 0))


def _explain(message: str, hint: str) -> None:
    click.echo(f"secrethunt: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def _crash(err: Exception) -> None:
    """Say where it broke, with module and line only: the values at hand may be secrets."""
    place = ""
    trace = err.__traceback__
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    _explain(
        f"internal error: {type(err).__name__} at {place}",
        "This is a bug; please report it with this line and the command. SECRETHUNT_DEBUG=1 shows the whole trace.",
    )
    if os.environ.get("SECRETHUNT_DEBUG"):
        import traceback

        traceback.print_exception(err)
