# SPDX-License-Identifier: Apache-2.0
"""`secrethunt nhi`: the inventory of non-human identities: import it, list it, look at one, export it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from secrethunt.cli.outputs import open_output
from secrethunt.cli.storing import db_option, open_database
from secrethunt.errors import ExitCode, UsageError
from secrethunt.report.escape import escape

if TYPE_CHECKING:
    from secrethunt.identity.contract import Node
    from secrethunt.report.identities import IdentityRow
    from secrethunt.store import Store
    from secrethunt.store.inventory import Filter, Inventory

_NAMED = 10
"""Things that are named where a name fits several."""
_BANDS = ("critical", "high", "medium", "low", "info")
_SORTS = ("name", "provider", "account", "type", "privilege", "owner", "created", "last-used", "expires", "secrets")


@click.group(name="nhi")
def command() -> None:
    """Keep an inventory of non-human identities: who they are, what they may do, which secrets of theirs leaked."""


@command.command(name="import")
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@db_option
@click.option("-f", "--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--code", is_flag=True, help="Folders are code, also where nothing of git is in them.")
@click.option("--as-of", metavar="TIME", help="When the exports were written (RFC 3339).  [default: the file's time]")
def import_files(paths: tuple[str, ...], **options: Any) -> int:
    """Read exported inventories into the store.

    FILE is an export of a provider, also compressed with gzip, a folder of them, or - for standard input; which kind it
    is, is found out by its contents. A file that is imported again replaces what it said before.

    A work tree of git is read as code: identities that Terraform, CloudFormation, Kubernetes, Helm, GitHub Actions,
    GitLab CI and Compose declare there, and exports that lie in it.

    Exit code 3 where something was not read; it is named.
    """
    from secrethunt.cli.inventorying import chosen, import_all, iter_lines
    from secrethunt.store.joining import join_store

    as_of = _moment(options["as_of"]) if options["as_of"] else ""
    wanted = chosen(paths, is_code=options["code"])
    with open_database(options["db"], create=True) as store:
        reads = list(import_all(store, wanted, as_of))
        joined = join_store(store)
    if options["format"] == "json":
        click.echo(json.dumps({"files": [read.entry() for read in reads], "joins": joined}, indent=2))
    else:
        for read in reads:
            for line in iter_lines(read):
                click.echo(line)
        click.echo(f"{joined} joins of found secrets to identities", err=True)
    return ExitCode.INCOMPLETE if any(read.unread_count for read in reads) else ExitCode.CLEAN


def _moment(text: str) -> str:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise UsageError(f"{text!r} is no time", hint="For example 2026-01-31T12:00:00Z.") from err
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which identities: options of `list` and `export`."""
    options = [
        db_option,
        click.option(
            "--provider", "providers", multiple=True, metavar="NAME", help="Of this provider; may be repeated."
        ),
        click.option(
            "--type", "types", multiple=True, metavar="TYPE", help="Of this type (iam-user, service-account)."
        ),
        click.option("--account", "accounts", multiple=True, metavar="ID", help="In this account, project or tenant."),
        click.option("--environment", default="", metavar="NAME", help="In this environment."),
        click.option("--name", default="", metavar="TEXT", help="With this text in name or key."),
        click.option("--stale", "stale_days", type=click.IntRange(min=1), metavar="DAYS", help="Not used for so long."),
        click.option(
            "--expiring",
            "expires_days",
            type=click.IntRange(min=0),
            metavar="DAYS",
            help="Ending within so many days, or ended.",
        ),
        click.option("--orphaned", "is_orphaned", is_flag=True, help="Without an owner, even a suggested one."),
        click.option("--with-secrets", "has_secrets", is_flag=True, help="With secrets found in code."),
        click.option("--exposed", "is_exposed", is_flag=True, help="With secrets that still stand in code."),
        click.option(
            "--privilege",
            "privileges",
            multiple=True,
            type=click.Choice(_BANDS),
            help="Whose blast radius is in this band; may be repeated.",
        ),
        click.option("--humans/--no-humans", "humans", default=None, help="People only, or none.  [default: both]"),
        click.option("--sort", type=click.Choice(_SORTS), default="provider", show_default=True),
        click.option("--reverse", is_flag=True, help="The other way round."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@command.command(name="list")
@filter_options
@click.option("-f", "--format", type=click.Choice(["text", "json", "jsonl", "csv"]), default="text", show_default=True)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    metavar="N",
    help="At most so many; 0 is all.",
)
def list_identities(**options: Any) -> int:
    """List identities, with their blast radius."""
    from secrethunt.report.identities import iter_table

    with open_database(options["db"]) as store:
        rows, count = _chosen(store, options, options["limit"])
        if options["format"] != "text":
            _write(rows, options["format"], "-")
        elif rows:
            for line in iter_table(rows):
                click.echo(line)
    more = f" of {count} (--limit 0 shows all)" if count > len(rows) else ""
    click.echo(f"{len(rows)}{more} identities", err=True)
    return ExitCode.CLEAN


@command.command()
@filter_options
@click.option("-f", "--format", type=click.Choice(["csv", "json", "jsonl"]), default="csv", show_default=True)
@click.option("-o", "--output", metavar="FILE", default="-", help="Write to FILE instead of standard output.")
def export(**options: Any) -> int:
    """Write all identities that fit to a file, as CSV or JSON."""
    with open_database(options["db"]) as store:
        rows, _ = _chosen(store, options, 0)
        _write(rows, options["format"], options["output"])
    click.echo(f"{len(rows)} identities", err=True)
    return ExitCode.CLEAN


@command.command()
@click.argument("wanted", metavar="IDENTITY")
@db_option
@click.option("-f", "--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(wanted: str, **options: Any) -> int:
    """Show one identity or credential with all that is known of it.

    IDENTITY is a key, a name, an ARN, an e-mail address, a key id, or the id of a finding or secret.
    """
    with open_database(options["db"]) as store:
        inventory = _inventory(store)
        described = _described(_one(inventory, wanted), inventory)
    if options["format"] == "json":
        click.echo(json.dumps(described, indent=2))
    else:
        for line in _as_text(described):
            click.echo(escape(line))
    return ExitCode.CLEAN


def _one(inventory: Inventory, wanted: str) -> Node:
    nodes = inventory.find(wanted)
    if not nodes:
        raise UsageError(f"nothing is known by {wanted!r}", hint="See `secrethunt nhi list` for what there is.")
    if len(nodes) > 1:
        named = ", ".join(node.key for node in nodes[:_NAMED])
        raise UsageError(f"{wanted!r} fits {len(nodes)} things", hint=f"Give the key of one: {named}.")
    return nodes[0]


@command.command()
@click.argument("wanted", metavar="IDENTITY")
@click.argument("owners", nargs=-1, metavar="OWNER...")
@click.option("--forget", is_flag=True, help="Nobody is confirmed any more.")
@db_option
def own(wanted: str, owners: tuple[str, ...], **options: Any) -> int:
    """Confirm who owns an identity or a secret; what was only suggested is not shown any more.

    OWNER is an e-mail address, a login or a team. Those that were confirmed before are replaced.
    """
    from secrethunt.identity.owners import confirmed_items
    from secrethunt.store import Run, RunKind

    owners = tuple(filter(None, map(str.strip, owners)))
    if bool(owners) is options["forget"]:
        raise UsageError("give either an owner or --forget", hint="For example `nhi own deploy-bot @acme/platform`.")
    with open_database(options["db"]) as store:
        node = _one(_inventory(store), wanted)
        with Run(store, RunKind.IMPORT, f"owner of {node.key}", importer="confirmed owners") as run:
            run.add(confirmed_items(node.key, owners))
    click.echo(f"{escape(node.key)}: {escape(', '.join(owners)) if owners else 'nobody confirmed'}")
    return ExitCode.CLEAN


def _chosen(store: Store, options: dict[str, Any], limit: int) -> tuple[list[IdentityRow], int]:
    """The rows that fit, sorted and at most *limit*, and how many there are."""
    inventory = _inventory(store)
    bands = options["privileges"]
    needs_privilege = bool(bands) or options["sort"] == "privilege"
    rows = list(inventory.rows(_filter(options)))
    if needs_privilege:
        rows = [inventory.with_privilege(row) for row in rows]
        rows = [row for row in rows if not bands or row.privilege in bands]
    rows.sort(key=lambda row: _sort_key(row, options["sort"]), reverse=options["reverse"])
    count = len(rows)
    rows = rows[:limit] if limit else rows
    return (rows if needs_privilege else [inventory.with_privilege(row) for row in rows]), count


def _sort_key(row: IdentityRow, name: str) -> tuple[Any, ...]:
    """What has no value comes last; the most secrets, the most privilege first."""
    if name == "secrets":
        return (-row.secrets, row.provider, row.key)
    value = getattr(row, name.replace("-", "_"))
    if name == "privilege":
        value = str(_BANDS.index(value)) if value in _BANDS else ""
    return (value == "", value.casefold(), row.provider, row.account, row.key)


def _filter(options: dict[str, Any]) -> Filter:
    from dataclasses import fields

    from secrethunt.store.inventory import Filter

    return Filter(**{field.name: options[field.name] for field in fields(Filter)})


def _inventory(store: Store) -> Inventory:
    from secrethunt.store.inventory import Inventory

    return Inventory(store)


def _write(rows: list[IdentityRow], format_name: str, path: str) -> None:
    from secrethunt.report.identities import iter_identities_csv, iter_json, iter_jsonl

    writers = {"csv": iter_identities_csv, "json": iter_json, "jsonl": iter_jsonl}
    with open_output(path) as out:
        for piece in writers[format_name](rows):
            out.write(piece)


def _described(node: Node, inventory: Inventory) -> dict[str, Any]:
    from dataclasses import asdict

    described: dict[str, Any] = asdict(inventory.with_privilege(inventory.row(node)))
    described["kind"] = node.kind.value
    described["properties"] = dict(node.properties)
    described["credentials"] = [{"key": item.key, "name": item.name} for item in inventory.credentials(node)]
    described["edges"] = [
        {
            "source": edge.source,
            "kind": edge.kind.value,
            "target": edge.target,
            "status": edge.status.value,
            "known": edge.known.value,
            "evidence": edge.evidence,
            "detail": edge.detail,
            "seen_at": edge.seen_at,
        }
        for edge in inventory.edges(node)
    ]
    return described


def _as_text(described: dict[str, Any]) -> Iterator[str]:
    for name, value in described.items():
        if value in ("", None, [], {}, ()):
            continue
        label = name.replace("_", " ")
        if name == "properties":
            yield "properties:"
            for field, item in value.items():
                if item not in ("", None, [], {}):
                    yield f"  {field}: {item if isinstance(item, str) else json.dumps(item)}"
        elif name == "credentials":
            yield "credentials:"
            yield from (f"  {item['key']}  {item['name']}" for item in value)
        elif name == "edges":
            yield "edges:"
            yield from (f"  {_edge_text(item, described['key'])}" for item in value)
        else:
            yield f"{label}: {', '.join(value) if isinstance(value, tuple) else value}"


def _edge_text(edge: dict[str, Any], own: str) -> str:
    source = "" if edge["source"] == own else f"{edge['source']} "
    target = "" if edge["target"] == own else f" {edge['target']}"
    why = "; ".join(text for text in (edge["evidence"], edge["detail"]) if text)
    return f"{source}{edge['kind']}{target} [{edge['status']}, {edge['known']}] {why}".rstrip()


@command.command(name="posture")
@db_option
@click.option("-f", "--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--unknown/--no-unknown", default=True, help="Also say what cannot be judged, and why.")
def posture(**options: Any) -> int:
    """Judge identities: unused, over-privileged, long-lived, orphaned, shared, without owner, and the like.

    Each judgement names its risk in the OWASP Non-Human Identities Top 10 (2025).
    """
    from secrethunt.identity.blast import BlastRadii
    from secrethunt.identity.posture import Posture, entries, iter_lines
    from secrethunt.store import StoreGraph

    with open_database(options["db"]) as store:
        graph = StoreGraph(store)
        remarks = Posture(graph, BlastRadii(graph)).remarks(with_unknown=options["unknown"])
        if options["format"] == "json":
            click.echo(json.dumps({"remarks": entries(remarks)}, indent=2))
        else:
            for line in iter_lines(remarks, escape):
                click.echo(line)
    return ExitCode.CLEAN
