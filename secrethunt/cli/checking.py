# SPDX-License-Identifier: Apache-2.0
"""Puts the engine together with what the command line said, and asks about a result's findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from secrethunt.cli.display import Tell
from secrethunt.cli.online import CheckOptions
from secrethunt.coverage import ScanResult
from secrethunt.diskcache import DiskCache
from secrethunt.online.client import Client
from secrethunt.report.escape import escape
from secrethunt.report.progress import NO_BYTES
from secrethunt.report.verdicts import is_active
from secrethunt.ruleset import RuleSelection
from secrethunt.validate.credentials import Subject
from secrethunt.validate.engine import Engine
from secrethunt.validate.results import subjects_of, with_verdicts
from secrethunt.validate.spec import load_checks
from secrethunt.validate.verdict_cache import VerdictCache

if TYPE_CHECKING:
    from secrethunt.identity.live.spec import Identifiers


def checked_result(
    result: ScanResult, options: CheckOptions, selection: RuleSelection, *, rule_cache: DiskCache, tell: Tell | None
) -> ScanResult:
    """
    *result* with a verdict on each finding, and where asked for with the identities of those that are live.

    Raises:
        RuleError: A rule whose check makes no sense.
    """
    checks = load_checks(selection, rule_cache)
    identifiers = _identifiers(selection, rule_cache) if options.identifies else None
    subjects = subjects_of(result.findings, checks)
    cache = VerdictCache(options.cache_directory)

    def show(done: int, total: int) -> None:
        if tell is not None:
            tell(0, NO_BYTES, f"checked {done} of {total} credentials")

    try:
        with Client(options.online) as client:
            engine = Engine(checks, client, cache=cache, options=options.engine, cancel=client.cancel)
            run = engine.run(subjects, show)
            result = with_verdicts(result, run, requests=client.sent)
            if identifiers is not None and not run.is_interrupted:
                result = _with_identities(result, subjects, client, identifiers, options=options)
            return result
    finally:
        cache.close()


def _identifiers(selection: RuleSelection, cache: DiskCache) -> Identifiers:
    from secrethunt.identity.live.spec import load_identifiers

    return load_identifiers(selection, cache)


def _with_identities(
    result: ScanResult, subjects: Sequence[Subject], client: Client, identifiers: Identifiers, *, options: CheckOptions
) -> ScanResult:
    from secrethunt.identity.live.run import identify_all, live_subjects, with_identities

    live = [] if options.engine.is_offline else live_subjects(result, subjects)
    concurrency = options.engine.concurrency
    identified = identify_all(identifiers, live, client, concurrency=concurrency, cancel=client.cancel)
    result = with_identities(result, identified)
    return replace(result, validation=result.validation and replace(result.validation, requests=client.sent))


def only_active(result: ScanResult) -> ScanResult:
    """*result* without the findings that are not known to be live; how many that were is kept."""
    kept = tuple(finding for finding in result.findings if is_active(finding))
    left = len(result.findings) - len(kept)
    validation = result.validation and replace(result.validation, not_shown=left)
    return replace(result, findings=kept, validation=validation)


def tell_troubles(result: ScanResult) -> None:
    """Say on standard error what of the checking did not work."""
    validation = result.validation
    if validation is None:
        return
    for failure in validation.failed:
        click.echo(f"check failed: {escape(failure)}", err=True)
    for unread in validation.unread:
        click.echo(f"not read again: {escape(unread)}", err=True)
    if validation.is_interrupted:
        click.echo("interrupted: verdicts so far are kept; run again to go on", err=True)
