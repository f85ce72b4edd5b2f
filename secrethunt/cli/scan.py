# SPDX-License-Identifier: Apache-2.0
"""`secrethunt scan`: find secrets and report them."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import click

from secrethunt import __version__
from secrethunt.cli.config import Config, cache_directory, load_config
from secrethunt.cli.keys import fingerprint_key
from secrethunt.cli.policy import FailPolicy, exit_code, parse_fail_on
from secrethunt.cli.selection import lower_selection, rule_options
from secrethunt.cli.sizes import parse_size
from secrethunt.cli.suppression import lower_suppress, suppress_options
from secrethunt.coverage import ScanResult
from secrethunt.decode import DecodeOptions
from secrethunt.errors import ConfigError, UsageError
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Confidence
from secrethunt.report import FORMATS, ReportOptions, render, render_problems
from secrethunt.ruleset import RuleSelection
from secrethunt.sources.contract import DEFAULT_MAX_SIZE, Scope, SourceOptions

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
    format: str
    output: str
    policy: FailPolicy


@click.command(name="scan")
@click.argument("targets", nargs=-1, metavar="[PATH|-]...")
@rule_options
@click.option(
    "-f", "--format", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="Report format."
)
@click.option(
    "-o", "--output", metavar="FILE", default="-", help="Write the report to FILE instead of standard output."
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
    help="What makes exit code 1: a severity (high), `confidence:LEVEL`, `at-head` or `never`; several must all hold."
    "  [default: any finding]",
)
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
@click.option("--no-decode", is_flag=True, help="Look into no encoded text, compressed file or archive.")
@click.option(
    "--max-archive-depth",
    type=click.IntRange(min=1, max=_DEEPEST),
    metavar="N",
    help="Follow encodings inside of encodings so deep.  [default: 8]",
)
@click.option("-j", "--jobs", type=click.IntRange(min=0), help="Matching threads; 0 is one a CPU.  [default: 0]")
@click.option("--progress/--no-progress", default=None, help="Progress on standard error.  [default: on a terminal]")
@click.option("--color/--no-color", default=None, help="Colour in text reports.  [default: on a terminal]")
def command(**options: Any) -> int:
    """Find secrets in directories, files, git repositories or standard input (-).

    A repository is scanned whole: its work tree and all of its history, whatever ref reaches it or none.

    \b
    Examples:
      secrethunt scan                          this directory or repository
      secrethunt scan --since origin/main      what this branch adds
      secrethunt scan --format sarif -o out.sarif
      git diff | secrethunt scan -
    """
    # A scan makes many records and no cycles worth collecting before it ends.
    gc.disable()
    lowered = _lower(load_config(options["config"]), options)
    scanner = Scanner(lowered.scanner)
    with _progress(options["progress"]) as tell:
        result = scanner.scan(lowered.targets, lowered.source, progress=tell, state=lowered.state)
    _write(result, lowered)
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(render_problems(result), err=True, nl=False)
    _note_slow_path()
    return exit_code(result, lowered.policy)


def _lower(config: Config, options: dict[str, Any]) -> ScanOptions:
    scope, revision = _scope(options)
    is_terminal = options["output"] == "-" and sys.stdout.isatty()
    color = options["color"]
    if color is None:
        color = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
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
            color=color,
            tool_version=__version__,
        ),
        state=options["state"],
        format=options["format"],
        output=options["output"],
        policy=parse_fail_on(options["fail_on"] or config.fail_on),
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


def _progress(wanted: bool | None) -> contextlib.AbstractContextManager[Any]:
    """A progress display, or a context that yields None where nobody is looking."""
    if wanted is False or not sys.stderr.isatty():
        return contextlib.nullcontext()
    from secrethunt.report.progress import Progress

    return Progress(sys.stderr)


def _note_slow_path() -> None:
    """Say so where packed history was read object by object for want of the native module."""
    pack = sys.modules.get("secrethunt.pack")
    if pack is not None and not pack.IS_NATIVE:
        click.echo(
            "note: history was read the slow way; install where a C compiler and zlib are to speed it up", err=True
        )


def _write(result: ScanResult, options: ScanOptions) -> None:
    with _open_output(options.output) as out:
        render(result, options.format, options=options.report, out=out)


@contextlib.contextmanager
def _open_output(path: str) -> Iterator[BinaryIO]:
    """
    Standard output for `-`; else a file that appears whole or not at all, readable by its owner only. What exists and
    is no regular file (a device, a pipe) is written to, not replaced.
    """
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if os.path.exists(path) and not os.path.isfile(path):
        with _open_special(path) as out:
            yield out
        return
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            yield out
        os.replace(temporary, path)
    except OSError as err:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise UsageError(f"cannot write {path}: {err.strerror}", hint="Check the path given to --output.") from err


def _open_special(path: str) -> BinaryIO:
    try:
        return open(path, "wb")
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}", hint="Check the path given to --output.") from err
