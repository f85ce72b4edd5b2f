# SPDX-License-Identifier: Apache-2.0
"""Where the store is, and what a scan writes into it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from secrethunt.cli.config import user_directory
from secrethunt.cli.owning import found_owners
from secrethunt.verdict import State

if TYPE_CHECKING:
    from secrethunt.cli.scan import ScanOptions
    from secrethunt.coverage import ScanResult
    from secrethunt.store import Store

DEFAULT = "default"
_FILE = "secrethunt.sqlite"


def database_path(chosen: str | None) -> str:
    """What `--db` names; else `SECRETHUNT_DB`, else the file in the user's data directory."""
    if chosen and chosen != DEFAULT:
        return chosen
    return os.environ.get("SECRETHUNT_DB") or os.path.join(user_directory("XDG_DATA_HOME", ".local/share"), _FILE)


def db_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--db` of commands that read the store."""
    return click.option(
        "--db", metavar="PATH", help="The store.  [default: secrethunt.sqlite in the user's data directory]"
    )(command)


def open_database(chosen: str | None, *, create: bool = False) -> Store:
    """
    The store that `--db` names.

    Raises:
        StoreError: It cannot be opened, or is absent and not to be made.
    """
    from secrethunt.store import open_store

    return open_store(database_path(chosen), create=create)


def store_result(result: ScanResult, options: ScanOptions) -> None:
    """
    Write the findings of *result* with all that follows from them, and join them to what is known.

    Raises:
        StoreError: The store cannot be written.
    """
    from secrethunt.identity.contract import Known
    from secrethunt.identity.found import found_credentials, found_places
    from secrethunt.store import Run, RunKind, open_store
    from secrethunt.store.findings import write_findings
    from secrethunt.store.joining import join_store

    with open_store(database_path(options.db)) as store:
        with Run(store, RunKind.SCAN, _origin(options)) as run:
            write_findings(store, run, result.findings)
            run.add(found_credentials(result.findings), Known.OFFLINE)
            run.add(found_places(result.findings), Known.CODE)
            run.add(found_owners(result.findings, options.targets), Known.CODE)
            run.finish(replace=_is_whole(result, options))
        if result.graph:
            with Run(store, RunKind.IDENTIFY, _origin(options)) as run:
                run.add(result.graph, Known.LIVE)
                run.finish(replace=_is_whole(result, options) and _all_answered(result))
        join_store(store)


def _origin(options: ScanOptions) -> str:
    """Equal for scans that look for the same in the same place: only those can tell that something is gone."""
    import hashlib

    targets = " ".join(target if target == "-" else os.path.realpath(target) for target in options.targets)
    scanner = options.scanner
    looked_for = repr((options.source, scanner.selection, scanner.min_confidence, scanner.decode))
    return f"{targets} ({options.source.scope.name.lower()} {hashlib.sha256(looked_for.encode()).hexdigest()[:8]})"


def _is_whole(result: ScanResult, options: ScanOptions) -> bool:
    """Whether what *result* does not tell is not there."""
    from secrethunt.sources.contract import Scope

    is_all = options.source.scope in (Scope.ALL, Scope.WORKTREE, Scope.HEAD, Scope.BRANCH)
    return is_all and not result.is_incomplete and not options.only_active and "-" not in options.targets


def _all_answered(result: ScanResult) -> bool:
    """Whether all who were asked whose their secrets are said so; else what they said earlier stands."""
    validation = result.validation
    if validation is None or validation.failed or validation.is_interrupted:
        return False
    verdicts = [finding.verdict for finding in result.findings if finding.verdict is not None]
    return all(
        verdict.outcome.state is not State.UNKNOWN and "not_identified" not in dict(verdict.outcome.facts)
        for verdict in verdicts
    )


def with_live_radii(result: ScanResult) -> ScanResult:
    """*result* with whose each secret is and how far it reaches, as far as it says itself and its provider told."""
    from secrethunt.identity.found import found_items
    from secrethunt.identity.memory import MemoryGraph
    from secrethunt.identity.summaries import with_blast

    return with_blast(result, MemoryGraph((*found_items(result.findings), *result.graph)))


def with_blast_radii(result: ScanResult, chosen: str) -> ScanResult:
    """*result* with whose each secret is and how far it reaches, as far as the store knows."""
    from secrethunt.identity.summaries import with_blast
    from secrethunt.store import StoreGraph, open_store

    with open_store(database_path(chosen)) as store:
        return with_blast(result, StoreGraph(store))
