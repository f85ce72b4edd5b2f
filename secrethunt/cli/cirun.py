# SPDX-License-Identifier: Apache-2.0
"""Runs `secrethunt ci`: environment and options in, reports and exit code out."""

from __future__ import annotations

import gc
import io
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from secrethunt import __version__
from secrethunt.ci.event import Event, EventKind
from secrethunt.ci.plan import Plan, Planner, PlanOptions
from secrethunt.ci.providers import read_event
from secrethunt.cli.config import Config, load_config
from secrethunt.cli.policy import FailPolicy, parse_fail_on
from secrethunt.cli.scan import scanner_options
from secrethunt.cli.selection import lower_selection
from secrethunt.cli.suppression import lower_suppress
from secrethunt.coverage import Coverage, ScanResult
from secrethunt.errors import ExitCode, UsageError
from secrethunt.hook.check import check_commits, find_repository
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Confidence, Finding
from secrethunt.report import FORMATS, ReportOptions, render, render_problems
from secrethunt.report.quantities import count
from secrethunt.sources.change_backend import ChangeBackend
from secrethunt.sources.changes import CommittedChanges, open_changes
from secrethunt.sources.contract import Scope, SourceOptions
from secrethunt.sources.layout import GitLayout
from secrethunt.suppress import SuppressOptions


@dataclass(frozen=True, slots=True)
class Policy:
    """What makes the job fail."""

    standing: FailPolicy
    removed: FailPolicy

    def counts(self, finding: Finding) -> bool:
        """Whether *finding* does."""
        return (self.standing if finding.at_head else self.removed).counts(finding)


def run_ci(options: dict[str, Any]) -> int:
    """Exit code of the job."""
    gc.disable()
    config = load_config(options["config"])
    reports = [_report(text) for text in options["reports"]]
    standing = options["fail_on"] or config.fail_on
    policy = Policy(parse_fail_on(standing), parse_fail_on(options["fail_on_removed"] or standing))
    event = read_event(os.environ)
    layout = find_repository()
    backend = open_changes(layout)
    plan = Planner(backend, layout, _plan_options(options)).plan(event)
    _tell(event, plan)
    if options["explain_plan"]:
        return ExitCode.CLEAN
    chosen = _scanner_options(config, event, plan, options)
    result = _scan(plan, chosen, backend, layout) if plan.head else ScanResult((), Coverage(), ())
    _write(result, event, reports, options)
    _conclude(result, policy)
    if any(policy.counts(finding) for finding in result.findings):
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if result.is_incomplete else ExitCode.CLEAN


def _plan_options(options: dict[str, Any]) -> PlanOptions:
    return PlanOptions(
        base=options["base"],
        head=options["head"],
        since=options["since"],
        deepen=options["deepen"],
        remote=options["remote"],
    )


def _report(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise UsageError(f"--report {text}: not FORMAT=FILE", hint="For example: --report sarif=secrethunt.sarif")
    if name not in FORMATS:
        raise UsageError(f"--report {text}: no such format: {name}", hint=f"Choose one of {', '.join(FORMATS)}.")
    return name, path


def _scanner_options(config: Config, event: Event, plan: Plan, options: dict[str, Any]) -> ScannerOptions:
    chosen = replace(
        scanner_options(config),
        selection=lower_selection(config, options),
        suppress=_suppress(event, plan, options),
    )
    if options["min_confidence"]:
        chosen = replace(chosen, min_confidence=Confidence[options["min_confidence"].upper()])
    return chosen


def _suppress(event: Event, plan: Plan, options: dict[str, Any]) -> SuppressOptions:
    """Who proposes a change does not say what of it may stand: that is the base branch's."""
    suppress = lower_suppress(options)
    is_proposal = event.kind in (EventKind.PULL_REQUEST, EventKind.MERGE_QUEUE)
    if suppress.ignore_file and not suppress.file and not suppress.revision and plan.head:
        revision = plan.base if is_proposal and plan.base else plan.head
        suppress = replace(suppress, revision=revision)
    return replace(suppress, comments=False) if event.from_fork else suppress


def _scan(plan: Plan, chosen: ScannerOptions, backend: ChangeBackend, layout: GitLayout) -> ScanResult:
    scanner = Scanner(chosen)
    limit = chosen.decode.max_member
    if plan.is_whole:
        root = os.fsdecode(layout.work_tree or layout.git_dir)
        return scanner.scan([root], SourceOptions(scope=Scope.BRANCH, revision=plan.head, max_size=limit))
    source = CommittedChanges(backend, layout, plan.commits, max_size=limit, head=plan.head, tags=plan.tags)
    return check_commits(scanner, source, len(plan.commits)).result


def _tell(event: Event, plan: Plan) -> None:
    fork = " from a fork" if event.from_fork else ""
    click.echo(f"secrethunt ci: {event.provider}, {event.kind.value}{fork}", err=True)
    if plan.note:
        click.echo(f"  {plan.note}", err=True)
    if plan.head and not plan.is_whole:
        span = f"{plan.head[:10]}, measured against {plan.base_name}"
        click.echo(f"  {count(len(plan.commits), 'commit')} up to {span}", err=True)


def _conclude(result: ScanResult, policy: Policy) -> None:
    """What was found, in one line each for what stands and what was removed again."""
    standing = [finding for finding in result.findings if finding.at_head]
    removed = [finding for finding in result.findings if not finding.at_head]
    for label, findings in (("at head", standing), ("added then removed", removed)):
        if findings:
            fails = "fails" if any(policy.counts(finding) for finding in findings) else "allowed by --fail-on"
            click.echo(f"secrethunt ci: {count(len(findings), 'new finding')} {label}: {fails}", err=True)
    if removed:
        click.echo("  What was removed again is still in the commits, and known to whoever fetched them.", err=True)
    click.echo(render_problems(result), err=True, nl=False)


def _write(result: ScanResult, event: Event, reports: Sequence[tuple[str, str]], options: dict[str, Any]) -> None:
    """All reports. None shows a value, whatever is asked elsewhere."""
    shown = ReportOptions(tool_version=__version__)
    text = _rendered(result, "text", shown)
    annotates = event.annotates if options["annotations"] is None else options["annotations"]
    out = sys.stdout.buffer
    if event.annotates:
        # A path could look like a command to the runner.
        token = secrets.token_hex(16).encode()
        out.write(b"::stop-commands::%b\n%b::%b::\n" % (token, text, token))
    else:
        out.write(text)
    if annotates:
        out.write(_rendered(result, "github-annotations", shown))
    out.flush()
    if options["summary"] and event.summary_file:
        _append(event.summary_file, _rendered(result, "markdown", shown))
    for name, path in reports:
        _replace(path, _rendered(result, name, shown))


def _rendered(result: ScanResult, name: str, options: ReportOptions) -> bytes:
    out = io.BytesIO()
    if left_out := render(result, name, options=options, out=out):
        click.echo(f"note: {name}: {left_out}", err=True)
    return out.getvalue()


def _append(path: str, data: bytes) -> None:
    try:
        with open(path, "ab") as file:
            file.write(data)
    except OSError as err:
        raise UsageError(f"cannot write the job summary {path}: {err.strerror}", hint="--no-summary omits it.") from err


def _replace(path: str, data: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}", hint="Check the path given to --report.") from err
