# SPDX-License-Identifier: Apache-2.0
"""The options that choose rules, shared by the commands that need rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from secrethunt.cli.config import Config
from secrethunt.ruleset import RuleSelection

_F = TypeVar("_F", bound=Callable[..., Any])


def rule_options(command: _F) -> _F:
    """Add --rules, --only, --exclude, --no-builtin-rules and --config."""
    for option in reversed(
        (
            click.option("--rules", metavar="PATH", multiple=True, help="Add rules from a YAML file or directory."),
            click.option(
                "--only", metavar="NAME", multiple=True, help="Use only rules with this id, provider or glob."
            ),
            click.option(
                "--exclude", metavar="NAME", multiple=True, help="Leave out rules with this id, provider or glob."
            ),
            click.option("--no-builtin-rules", is_flag=True, help="Use only the rules given with --rules."),
            click.option("--config", metavar="FILE", help="Read this secrethunt.toml or pyproject.toml."),
        )
    ):
        command = option(command)
    return command


def lower_selection(config: Config, options: dict[str, Any]) -> RuleSelection:
    """What command line and configuration choose together; on the command line `only` replaces the file's."""
    return RuleSelection(
        files=(*config.rules, *options["rules"]),
        only=options["only"] or config.only,
        exclude=(*config.exclude, *options["exclude"]),
        builtin=config.builtin_rules and not options["no_builtin_rules"],
    )
