# SPDX-License-Identifier: Apache-2.0
"""`secrethunt baseline`: what is known already and must not fail a scan; made, brought up to date, compared."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from secrethunt.cli.config import cache_directory, load_config
from secrethunt.cli.keys import fingerprint_key
from secrethunt.cli.selection import lower_selection, rule_options
from secrethunt.cli.suppression import lower_suppress, suppress_options
from secrethunt.coverage import ScanResult
from secrethunt.errors import ExitCode, UsageError
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Confidence
from secrethunt.report import render_problems
from secrethunt.report.escape import escape
from secrethunt.report.quantities import count
from secrethunt.sources.contract import Scope, SourceOptions
from secrethunt.suppress.baseline import Baseline, Place, difference, load_baseline, places_of, write_baseline

_F = TypeVar("_F", bound=Callable[..., Any])


@click.group(name="baseline")
def command() -> None:
    """Adopt secrethunt in an old code base: what is known does not fail a scan, what is new does.

    A baseline holds ids and places, no values. A known secret stays known when it moves.

    \b
    Examples:
      secrethunt baseline create secrets.baseline.json
      secrethunt scan --baseline secrets.baseline.json
      secrethunt baseline diff secrets.baseline.json
      secrethunt baseline update --gone-only secrets.baseline.json
    """


def _scan_options(command: _F) -> _F:
    """Add FILE, TARGETS and what decides what is found."""
    for option in reversed(
        (
            click.argument("file", metavar="FILE"),
            click.argument("targets", nargs=-1, metavar="[PATH]..."),
            click.option("--no-history", is_flag=True, help="Look at the work tree's files only."),
            click.option(
                "--min-confidence",
                type=click.Choice(Confidence.labels()),
                default="medium",
                show_default=True,
                help="Findings from here up.",
            ),
        )
    ):
        command = option(command)
    return rule_options(suppress_options(command))


@command.command()
@_scan_options
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def create(**options: Any) -> int:
    """Write all that is found now to FILE."""
    path = options["file"]
    if os.path.exists(path) and not options["force"]:
        raise UsageError(
            f"{path} is there already", hint="Bring it up to date with `baseline update`, or give --force."
        )
    result, key = _scan(options)
    places = places_of(result.findings)
    write_baseline(path, places, key)
    click.echo(f"{_counted(places)} known from now on; commit {escape(path)}", err=True)
    return _ended(result)


@command.command()
@_scan_options
@click.option("--gone-only", is_flag=True, help="Forget what is gone, and take up nothing new.")
def update(**options: Any) -> int:
    """Bring FILE up to date: take up what is new, forget what is gone."""
    result, key = _scan(options)
    baseline = load_baseline(options["file"], key)
    changed = difference(baseline, result.findings)
    if options["gone_only"]:
        places: Iterable[Place] = set(baseline.places) - set(changed.gone)
    elif result.is_incomplete:
        # What could not be looked at may hold what would be forgotten.
        places = {*places_of(result.findings), *baseline.places}
    else:
        places = places_of(result.findings)
    if options["gone_only"] and result.is_incomplete:
        click.echo("secrethunt: not all could be scanned, so nothing was forgotten", err=True)
        return ExitCode.INCOMPLETE
    write_baseline(options["file"], tuple(places), key)
    _tell(changed.gone, "gone")
    if not options["gone_only"]:
        _tell(changed.fresh, "new ")
    return _ended(result)


@command.command()
@_scan_options
def diff(**options: Any) -> int:
    """Say what is new and what is gone since FILE was written; exit code 1 where something is new."""
    result, key = _scan(options)
    baseline: Baseline = load_baseline(options["file"], key)
    changed = difference(baseline, result.findings)
    _tell(changed.fresh, "new ")
    _tell(changed.spread, "also")
    _tell(changed.gone, "gone")
    click.echo(
        f"new: {_counted(changed.fresh)}; known ones in new places: {_counted(changed.spread)};"
        f" gone: {_counted(changed.gone)}",
        err=True,
    )
    return ExitCode.FINDINGS if changed.fresh else _ended(result)


def _scan(options: dict[str, Any]) -> tuple[ScanResult, bytes]:
    config = load_config(options["config"])
    key = fingerprint_key(config)
    if os.path.exists(options["file"]) and not options.get("force"):
        # Whether it can be read is known before all is scanned.
        load_baseline(options["file"], key)
    scanner = Scanner(
        ScannerOptions(
            selection=lower_selection(config, options),
            min_confidence=Confidence[options["min_confidence"].upper()],
            fingerprint_key=key,
            cache_directory=cache_directory(),
            suppress=lower_suppress(options),
        )
    )
    scope = Scope.WORKTREE if options["no_history"] else Scope.ALL
    return scanner.scan(options["targets"] or (".",), SourceOptions(scope=scope)), key


def _tell(places: Iterable[Place], what: str) -> None:
    for place in places:
        click.echo(f"{what}  {escape(place.described())}")


def _counted(places: Iterable[Place]) -> str:
    listed = list(places)
    secrets = len({place.secret_id for place in listed})
    return f"{count(secrets, 'secret')} in {count(len(listed), 'place')}"


def _ended(result: ScanResult) -> int:
    click.echo(render_problems(result), err=True, nl=False)
    return ExitCode.INCOMPLETE if result.is_incomplete else ExitCode.CLEAN
