# SPDX-License-Identifier: Apache-2.0
"""`secrethunt scan`: find secrets and report them."""

from __future__ import annotations

import gc
import os
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from secrethunt import __version__
from secrethunt.cli.config import Config, cache_directory, load_config
from secrethunt.cli.display import Tell, progress
from secrethunt.cli.keys import fingerprint_key
from secrethunt.cli.online import lower_checks, online_options, refuse_online_options
from secrethunt.cli.outputs import Output, check_outputs, parse_report, write_outputs
from secrethunt.cli.policy import FailPolicy, exit_code, parse_fail_on
from secrethunt.cli.selection import lower_selection, rule_options
from secrethunt.cli.sizes import parse_size
from secrethunt.cli.suppression import lower_suppress, suppress_options
from secrethunt.coverage import ScanResult
from secrethunt.decode import DecodeOptions
from secrethunt.diskcache import DiskCache
from secrethunt.errors import ConfigError, UsageError
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Confidence
from secrethunt.report import FORMATS, ReportOptions, render_problems
from secrethunt.ruleset import RuleSelection
from secrethunt.sources.contract import DEFAULT_MAX_SIZE, Scope, SourceOptions

if TYPE_CHECKING:
    from secrethunt.cli.online import CheckOptions
    from secrethunt.coverage import ScanResult

_LARGEST_MAX_SIZE = 1 << 30
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """Everything `scan` was told, lowered once; nothing below sees a command-line option."""

    targets: tuple[str, ...]
    source: SourceOptions
    scanner: ScannerOptions
    report: ReportOptions
    state: str | None
    outputs: tuple[Output, ...]
    policy: FailPolicy
    checks: CheckOptions | None = None
    """How to find out which findings are live; None asks nobody."""
    only_active: bool = False
    db: str | None = None
    """Where findings are kept; None keeps none."""


@click.command(name="scan")
@click.argument("targets", nargs=-1, metavar="[PATH|-]...")
@rule_options
@click.option(
    "-f", "--format", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="Report format."
)
@click.option(
    "-o", "--output", metavar="FILE", default="-", help="Write the report to FILE instead of standard output."
)
@click.option(
    "--report",
    multiple=True,
    metavar="FORMAT=FILE",
    help="Write another report, in any format, to FILE; may be repeated.",
)
@click.option("--show-secrets", is_flag=True, help="Print secrets in full instead of masked.")
@click.option("--explain", is_flag=True, help="Say what was weighed for and against each secret (text reports).")
@click.option(
    "--min-confidence", type=click.Choice(Confidence.labels()), help="Report findings from here up.  [default: medium]"
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="LEVEL",
    help="What makes exit code 1: a severity (high), `confidence:LEVEL`, `at-head`, `active` or `never`; several must"
    " all hold."
    "  [default: any finding]",
)
@click.option("--validate", is_flag=True, help="Ask the providers which secrets are live. Sends them the secrets.")
@click.option(
    "--identify",
    is_flag=True,
    help="Ask whose the live secrets are and what they may do, reading only. Implies --validate.",
)
@click.option("--only-active", is_flag=True, help="With --validate: report live secrets only.")
@online_options
@click.option("--no-history", is_flag=True, help="Scan the work tree's files only.")
@click.option("--head", is_flag=True, help="Scan the files of the HEAD commit only.")
@click.option("--staged", is_flag=True, help="Scan what the index would commit.")
@click.option("--since", metavar="REV", help="Scan what commits after REV add, up to HEAD.")
@click.option("--range", "range_", metavar="A..B", help="Scan what the commits of this range add.")
@click.option("--branch", metavar="NAME", help="Scan all history of one branch, tag or commit.")
@click.option("--include-ignored", is_flag=True, help="Scan files that git ignores, too.")
@click.option("--max-size", metavar="SIZE", help="Skip, and name, larger files (K, M, G).  [default: 64M]")
@click.option(
    "--state",
    metavar="FILE",
    help="Keep in FILE what is known of one repository's history; the next scan with it reads only what is new.",
)
@suppress_options
@click.option("--baseline", metavar="FILE", help="Report only what this baseline does not know.")
@click.option("--show-suppressed", is_flag=True, help="Report what is allowed as well, and say why it is.")
@click.option(
    "--db",
    metavar="PATH",
    help="Keep findings and what they belong to in this store; `default` is the one in the user's data directory.",
)
@click.option("--no-decode", is_flag=True, help="Look into no encoded text, compressed file or archive.")
@click.option(
    "--max-archive-depth",
    type=click.IntRange(min=1, max=_DEEPEST),
    metavar="N",
    help="Follow encodings inside of encodings so deep.  [default: 8]",
)
@click.option(
    "-j", "--jobs", type=click.IntRange(min=0), help="Matching threads; 0 is one a CPU for history.  [default: 0]"
)
@click.option("--progress/--no-progress", default=None, help="Progress on standard error.  [default: on a terminal]")
@click.option("--color/--no-color", default=None, help="Colour in text reports.  [default: on a terminal]")
def command(**options: Any) -> int:
    """Find secrets in directories, files, git repositories or standard input (-).

    A repository is scanned whole: its work tree and all of its history, whatever ref reaches it or none.

    \b
    Examples:
      secrethunt scan                          this directory or repository
      secrethunt scan --since origin/main      what this branch adds
      secrethunt scan --report sarif=out.sarif --report html=out.html
      git diff | secrethunt scan -
    """
    # A scan makes many records and no cycles worth collecting before it ends.
    gc.disable()
    lowered = _lower(load_config(options["config"]), options)
    scanner = Scanner(lowered.scanner)
    with progress(options["progress"]) as tell:
        result = scanner.scan(lowered.targets, lowered.source, progress=tell, state=lowered.state)
        if lowered.checks is not None:
            result = _checked(result, lowered, lowered.checks, tell)
    if lowered.db is not None:
        from secrethunt.cli.storing import store_result, with_blast_radii

        store_result(result, lowered)
        result = with_blast_radii(result, lowered.db)
    elif lowered.checks is not None and lowered.checks.identifies:
        from secrethunt.cli.storing import with_live_radii

        result = with_live_radii(result)
    write_outputs(result, lowered.outputs, replace(lowered.report, written_at=time.time()))
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(render_problems(result), err=True, nl=False)
    _note_slow_path()
    return exit_code(result, lowered.policy)


def _checked(result: ScanResult, options: ScanOptions, checks: CheckOptions, tell: Tell | None) -> ScanResult:
    """*result* with verdicts."""
    from secrethunt.cli.checking import checked_result, only_active, tell_troubles

    cache = DiskCache(options.scanner.cache_directory)
    result = checked_result(result, checks, options.scanner.selection, rule_cache=cache, tell=tell)
    tell_troubles(result)
    return only_active(result) if options.only_active else result


def _lower_validation(config: Config, options: dict[str, Any], policy: FailPolicy) -> CheckOptions | None:
    if options["validate"] or options["identify"]:
        return lower_checks(config, options)
    refuse_online_options(options, "--validate")
    if options["only_active"]:
        raise UsageError("--only-active does nothing without --validate", hint="Add --validate.")
    if policy.active:
        raise UsageError("--fail-on active never holds without --validate", hint="Add --validate.")
    return None


def _lower(config: Config, options: dict[str, Any]) -> ScanOptions:
    scope, revision = _scope(options)
    policy = parse_fail_on(options["fail_on"] or config.fail_on)
    return ScanOptions(
        targets=options["targets"] or (".",),
        source=SourceOptions(
            scope=scope,
            revision=revision,
            include_ignored=options["include_ignored"] or config.include_ignored,
            max_size=_max_size(options["max_size"] or config.max_size),
        ),
        scanner=ScannerOptions(
            selection=lower_selection(config, options),
            min_confidence=_confidence(options["min_confidence"] or config.min_confidence),
            jobs=config.jobs if options["jobs"] is None else options["jobs"],
            fingerprint_key=fingerprint_key(config),
            decode=_decode_options(config, options),
            cache_directory=cache_directory(),
            suppress=lower_suppress(options),
        ),
        report=ReportOptions(
            show_secrets=options["show_secrets"],
            show_suppressed=options["show_suppressed"],
            explain=options["explain"],
            color=wants_color(options),
            tool_version=__version__,
        ),
        state=options["state"],
        outputs=_outputs(options),
        policy=policy,
        checks=_lower_validation(config, options, policy),
        only_active=options["only_active"],
        db=options["db"] or config.db or None,
    )


def scanner_options(config: Config) -> ScannerOptions:
    """What the configuration alone says; for commands without options of their own for it."""
    return ScannerOptions(
        selection=RuleSelection(
            files=config.rules, only=config.only, exclude=config.exclude, builtin=config.builtin_rules
        ),
        min_confidence=_confidence(config.min_confidence),
        jobs=config.jobs,
        fingerprint_key=fingerprint_key(config),
        decode=_decode_options(config, {"max_archive_depth": None, "no_decode": False, "max_size": None}),
        cache_directory=cache_directory(),
    )


def size_limit(config: Config) -> int:
    """The largest blob that is read, in bytes."""
    return _max_size(config.max_size)


def _outputs(options: dict[str, Any]) -> tuple[Output, ...]:
    outputs = (Output(options["format"], options["output"]), *map(parse_report, options["report"]))
    check_outputs(outputs)
    return outputs


def wants_color(options: dict[str, Any]) -> bool:
    """Colour where the user wants it, else on a terminal that has it."""
    if options["color"] is not None:
        return bool(options["color"])
    is_terminal = options["output"] == "-" and sys.stdout.isatty()
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _decode_options(config: Config, options: dict[str, Any]) -> DecodeOptions:
    depth = options["max_archive_depth"] or config.max_archive_depth or DecodeOptions().max_depth
    if not 1 <= depth <= _DEEPEST:
        raise ConfigError(f"max_archive_depth must be from 1 to {_DEEPEST}")
    return DecodeOptions(
        max_depth=0 if options["no_decode"] or not config.decode else depth,
        max_member=_max_size(options["max_size"] or config.max_size),
    )


def _scope(options: dict[str, Any]) -> tuple[Scope, str]:
    """The one part of a repository that was asked for, and its revision."""
    chosen = [
        (name, scope, revision)
        for name, is_given, scope, revision in (
            ("--no-history", options["no_history"], Scope.WORKTREE, ""),
            ("--head", options["head"], Scope.HEAD, ""),
            ("--staged", options["staged"], Scope.STAGED, ""),
            ("--since", options["since"] is not None, Scope.RANGE, f"{options['since']}..HEAD"),
            ("--range", options["range_"] is not None, Scope.RANGE, options["range_"] or ""),
            ("--branch", options["branch"] is not None, Scope.BRANCH, options["branch"] or ""),
        )
        if is_given
    ]
    if len(chosen) > 1:
        names = " and ".join(name for name, _, _ in chosen)
        raise UsageError(f"{names} exclude each other", hint="Each names another part of the repository; choose one.")
    return (chosen[0][1], chosen[0][2]) if chosen else (Scope.ALL, "")


def _max_size(text: str) -> int:
    size = parse_size(text) if text else DEFAULT_MAX_SIZE
    if not 0 < size <= _LARGEST_MAX_SIZE:
        raise UsageError(f"--max-size {text} is out of range", hint="Give a size from 1 byte to 1G.")
    return size


def _confidence(label: str) -> Confidence:
    if not label:
        return Confidence.MEDIUM
    if label not in Confidence.labels():
        raise ConfigError(f"min_confidence must be one of {', '.join(Confidence.labels())}, not {label!r}")
    return Confidence[label.upper()]


def _note_slow_path() -> None:
    """Say so where packed history was read object by object for want of the native module."""
    pack = sys.modules.get("secrethunt.pack")
    if pack is not None and not pack.IS_NATIVE:
        click.echo(
            "note: history was read the slow way; install where a C compiler and zlib are to speed it up", err=True
        )
