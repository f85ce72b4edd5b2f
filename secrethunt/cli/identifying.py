# SPDX-License-Identifier: Apache-2.0
"""`blast-radius --identify`: asks the provider of one secret whose it is, under the options of `validate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from secrethunt.cli.checking import checked_result, tell_troubles
from secrethunt.cli.config import cache_directory, load_config
from secrethunt.cli.keys import fingerprint_key
from secrethunt.cli.online import lower_checks, refuse_online_options
from secrethunt.cli.selection import lower_selection
from secrethunt.coverage import Coverage, ScanResult
from secrethunt.diskcache import DiskCache
from secrethunt.errors import UsageError
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Finding
from secrethunt.report.escape import escape


def check_identifies(subject: str, options: Mapping[str, Any]) -> None:
    """
    Raises:
        UsageError: An option does nothing, or nobody has the value that would have to be sent.
    """
    if not options["identify"]:
        refuse_online_options(dict(options), "--identify")
        if options["tree"] is not None:
            raise UsageError("--tree does nothing without --identify", hint="Add --identify, or leave --tree out.")
    elif subject != "-" and not options["report"]:
        raise UsageError(
            "--identify needs the secret itself, and the store has none",
            hint="Give the value on standard input (- --rule ID), or --from REPORT --tree PATH to read it again.",
        )
    elif subject == "-" and options["tree"] is not None:
        raise UsageError("--tree makes no sense with -", hint="It says where what a report found is read again.")


def findings_with_values(options: Mapping[str, Any]) -> tuple[Finding, ...]:
    """
    The findings of the report that `--from` names, their values read again in `--tree`.

    Raises:
        UsageError: It is no report of ours.
        SourceError: The tree cannot be opened.
    """
    config = load_config(options["config"])
    selection = lower_selection(config, dict(options))
    scanner = Scanner(
        ScannerOptions(selection, fingerprint_key=fingerprint_key(config), cache_directory=cache_directory())
    )
    result = scanner.read_again(options["report"], options["tree"] or ".")
    tell_troubles(result)
    return result.findings


def identified_result(findings: Sequence[Finding], options: Mapping[str, Any]) -> ScanResult:
    """*findings* with what their providers say: verdicts, and whose the live ones are."""
    config = load_config(options["config"])
    checks = lower_checks(config, dict(options))
    selection = lower_selection(config, dict(options))
    result = ScanResult(tuple(findings), Coverage(rules=1), ())
    result = checked_result(result, checks, selection, rule_cache=DiskCache(cache_directory()), tell=None)
    tell_troubles(result)
    for finding in result.findings:
        if finding.verdict is not None:
            outcome = finding.verdict.outcome
            reason = dict(outcome.facts).get("not_identified") or outcome.reason
            click.echo(f"asked: {outcome.state.value}" + (f": {escape(reason)}" if reason else ""), err=True)
            break
    return result
