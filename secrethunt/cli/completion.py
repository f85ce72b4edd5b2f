# SPDX-License-Identifier: Apache-2.0
"""`secrethunt completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from secrethunt.errors import ExitCode

COMPLETE_VAR = "_SECRETHUNT_COMPLETE"
"""Set by the script to ask `secrethunt` itself for words."""


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print a script that completes commands, options and formats.

    \b
    Install it once:
      bash  secrethunt completion bash > ~/.local/share/bash-completion/completions/secrethunt
      zsh   secrethunt completion zsh > ~/.zfunc/_secrethunt    with fpath+=~/.zfunc before compinit in ~/.zshrc
      fish  secrethunt completion fish > ~/.config/fish/completions/secrethunt.fish
    """
    maker = get_completion_class(shell)
    assert maker is not None, "click knows each of the choices"
    root = click.get_current_context().find_root().command
    # `source()` would run bash to ask for its version; what completes is the shell that reads this, perhaps elsewhere.
    script = maker(root, {}, "secrethunt", COMPLETE_VAR)
    click.echo(script.source_template % script.source_vars())
    return ExitCode.CLEAN
