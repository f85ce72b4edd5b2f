# SPDX-License-Identifier: Apache-2.0
"""`secrethunt blast-radius`: whose a secret is, and what somebody who holds it could reach."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from secrethunt import __version__
from secrethunt.blast_summary import BANDS
from secrethunt.cli.config import cache_directory, load_config
from secrethunt.cli.identifying import check_identifies, findings_with_values, identified_result
from secrethunt.cli.keys import fingerprint_key
from secrethunt.cli.online import online_options
from secrethunt.cli.outputs import open_output
from secrethunt.cli.scan import wants_color
from secrethunt.cli.selection import lower_selection, rule_options
from secrethunt.cli.storing import database_path, db_option, open_database
from secrethunt.diskcache import DiskCache
from secrethunt.errors import ExitCode, UsageError
from secrethunt.report.advice import advice
from secrethunt.report.escape import escape
from secrethunt.ruleset import load_ruleset

if TYPE_CHECKING:
    from secrethunt.identity.blast import BlastRadius
    from secrethunt.identity.contract import Graph, Node
    from secrethunt.identity.weights import Weights
    from secrethunt.records import Finding, Rule

_LARGEST = 1 << 20
_NAMED = 8
_MOST_HOPS = 12


@click.command(name="blast-radius")
@click.argument("subject", metavar="SECRET_ID|FINDING_ID|IDENTITY|-")
@db_option
@click.option(
    "--from", "report", metavar="REPORT", help="Take the secret from this report (json, jsonl); no store needed."
)
@click.option("--rule", "rule_id", metavar="ID", help="With -: which rule's secret is on standard input.")
@click.option(
    "--part", metavar="NAME=@FILE", multiple=True, help="With -: what completes the credential, as for `validate`."
)
@click.option("--identify", is_flag=True, help="Ask the provider first, reading only. With -, or --from.")
@click.option("--tree", metavar="PATH", help="With --from and --identify: where the value is read again.  [default: .]")
@online_options
@click.option("--hops", type=click.IntRange(1, _MOST_HOPS), default=4, show_default=True, help="Changes of identity.")
@click.option("--weights", metavar="FILE", help="Numbers to be used instead of the tool's own (docs/blast-radius.md).")
@click.option(
    "-f", "--format", type=click.Choice(["text", "json", "html", "opengraph"]), default="text", show_default=True
)
@click.option("-o", "--output", metavar="FILE", default="-", help="Write to FILE instead of standard output.")
@click.option("--all", "show_all", is_flag=True, help="Text: name everything that is reached.")
@click.option("--fail-on", type=click.Choice(BANDS), help="Exit code 1 from this band up.  [default: never]")
@rule_options
@click.option("--color/--no-color", default=None, help="Colour in text.  [default: on a terminal]")
def command(subject: str, **options: Any) -> int:
    """Show whose a secret is and what somebody who holds it could reach, step by step, with a score.

    Looked up in the store that `scan --db` and `nhi import` fill. A secret or finding may be named by the beginning of
    its id, an identity by its key, ARN, e-mail address or name. Nothing is sent anywhere but with --identify, and then
    to the secret's provider.

    \b
    Examples:
      secrethunt blast-radius 3f2a9c
      secrethunt blast-radius arn:aws:iam::123456789012:user/ci -f html -o ci.html
      secrethunt blast-radius 3f2a9c --from report.json
      secrethunt blast-radius - --rule github.personal-access-token --identify < token.txt
    """
    from secrethunt.identity.blast import BlastRadii
    from secrethunt.identity.weights import load_weights

    if (subject == "-") != (options["rule_id"] is not None):
        raise UsageError("- and --rule belong together", hint="The rule says what the value on standard input is.")
    if subject == "-" and options["report"]:
        raise UsageError("--from makes no sense with -", hint="Name a secret of the report, or leave --from out.")
    if options["part"] and subject != "-":
        raise UsageError("--part makes no sense without -", hint="It completes the value on standard input.")
    check_identifies(subject, options)
    weights = load_weights(options["weights"] or "")
    rules = _rules(options)
    graph, start = _graph(subject, options, rules)
    radius = BlastRadii(graph, weights, hops=options["hops"]).of(start)
    rule = rules.get(str(start.properties.get("rule", "")))
    with open_output(options["output"]) as out:
        out.write(_written(radius, weights, advice(rule) if rule else "", options))
    fail_on = options["fail_on"]
    is_bad = fail_on is not None and BANDS.index(radius.band) <= BANDS.index(fail_on)
    return ExitCode.FINDINGS if is_bad else ExitCode.CLEAN


def _written(radius: BlastRadius, weights: Weights, rotate: str, options: Mapping[str, Any]) -> bytes:
    """It in the format that was asked for."""
    import json

    if options["format"] == "json":
        from secrethunt.identity.render.document import document

        entry = document(radius, weights, rotate=rotate, tool_version=__version__)
        return json.dumps(entry, indent=2, ensure_ascii=True).encode() + b"\n"
    if options["format"] == "html":
        from secrethunt.identity.render.picture import picture

        return picture(radius, weights, rotate=rotate).encode()
    if options["format"] == "opengraph":
        from secrethunt.identity.render.opengraph import opengraph

        return json.dumps(opengraph([radius]), indent=2, ensure_ascii=True).encode() + b"\n"
    from secrethunt.identity.render.text import TextOptions, iter_text

    width = min(shutil.get_terminal_size((100, 24)).columns, 140)
    text = TextOptions(width, wants_color(dict(options)), rotate, options["show_all"])
    return "".join(f"{line}\n" for line in iter_text(radius, weights, text)).encode()


# --- where it starts --------------------------------------------------------------------------------------------


def _rules(options: Mapping[str, Any]) -> dict[str, Rule]:
    config = load_config(options["config"])
    ruleset = load_ruleset(lower_selection(config, dict(options)), DiskCache(cache_directory()))
    return {str(rule.id): rule for rule in ruleset.rules}


def _graph(subject: str, options: Mapping[str, Any], rules: Mapping[str, Rule]) -> tuple[Graph, Node]:
    """The graph to search, and where it starts."""
    from secrethunt.identity.found import secret_key

    if subject == "-":
        finding = _given(options, rules)
        graph = _with_findings([finding], options)
        wanted = secret_key(finding.secret_id)
    elif options["report"]:
        is_asking = options["identify"]
        findings = list(findings_with_values(options)) if is_asking else _reported(options["report"], rules)
        wanted = _of_finding(subject, [(str(item.finding_id), str(item.secret_id)) for item in findings])
        if is_asking:
            findings = [item for item in findings if secret_key(item.secret_id) == wanted]
        graph = _with_findings(findings, options)
    else:
        graph, wanted = _stored(subject, options)
    return graph, _one(graph, wanted)


def _stored(subject: str, options: Mapping[str, Any]) -> tuple[Graph, str]:
    from secrethunt.identity.subjects import ID
    from secrethunt.store import StoreGraph
    from secrethunt.store.findings import find_findings

    store = open_database(options["db"])
    ids = []
    if ID.match(subject.lower()):
        found = (*find_findings(store, finding_id=subject.lower()), *find_findings(store, secret_id=subject.lower()))
        ids = [(item.finding_id, item.secret_id) for item in found]
    return StoreGraph(store), _of_finding(subject, ids)


def _of_finding(subject: str, ids: list[tuple[str, str]]) -> str:
    """
    The key of the secret whose id, or one of whose findings' ids, begins like *subject*; *subject* where none does.

    Args:
        ids: Of findings: (finding id, secret id).
    """
    from secrethunt.identity.found import secret_key

    wanted = subject.lower()
    secrets = {secret for finding, secret in ids if finding.startswith(wanted) or secret.startswith(wanted)}
    if len(secrets) > 1:
        named = ", ".join(sorted(secret[:12] for secret in secrets)[:_NAMED])
        raise UsageError(f"{subject} begins the ids of {len(secrets)} secrets", hint=f"Give more digits: {named}.")
    return secret_key(secrets.pop()) if secrets else subject


def _one(graph: Graph, wanted: str) -> Node:
    """
    Raises:
        UsageError: Nothing is called so, or several things are.
    """
    from secrethunt.identity.subjects import find_starts

    found = find_starts(graph, wanted)
    if not found:
        raise UsageError(
            f"nothing that is known is called {escape(wanted)}",
            hint="Fill the store with `scan --db default` and `nhi import`, or give --from REPORT.",
        )
    if len(found) > 1:
        named = ", ".join(escape(node.key) for node in found[:_NAMED])
        raise UsageError(f"{escape(wanted)} may be any of {len(found)}", hint=f"Name one by its key: {named}.")
    return found[0]


def _given(options: Mapping[str, Any], rules: Mapping[str, Rule]) -> Finding:
    """The finding of the value on standard input."""
    from secrethunt.cli.validate import read_parts
    from secrethunt.findings import Fingerprinter
    from secrethunt.validate.given import given_finding

    rule = rules.get(options["rule_id"])
    if rule is None:
        raise UsageError(f"no rule has the id {options['rule_id']!r}", hint="See `secrethunt rules list`.")
    if sys.stdin.isatty():
        text = os.fsencode(click.prompt("Value (not shown)", hide_input=True, err=True))
    else:
        text = sys.stdin.buffer.read(_LARGEST + 1)
    text = text.removesuffix(b"\n").removesuffix(b"\r")
    if not text or len(text) > _LARGEST:
        raise UsageError(f"the value is {'empty' if not text else f'larger than {_LARGEST} bytes'}")
    parts = read_parts(rule, options["part"])
    return given_finding(rule, text, parts, Fingerprinter(fingerprint_key(load_config(options["config"]))))


def _reported(path: str, rules: Mapping[str, Rule]) -> list[Finding]:
    from secrethunt.cli.reading import load_entries
    from secrethunt.identity.reported import reported_findings

    entries = load_entries(path)
    findings = list(reported_findings(entries, rules))
    if len(findings) < len(entries):
        click.echo(f"note: {len(entries) - len(findings)} findings are of rules that are not loaded", err=True)
    return findings


def _with_findings(findings: list[Finding], options: Mapping[str, Any]) -> Graph:
    """What *findings* say, over the store where there is one, joined to it."""
    from secrethunt.identity.contract import Edge, Node
    from secrethunt.identity.found import found_items
    from secrethunt.identity.join import joins_of
    from secrethunt.identity.memory import LayeredGraph, MemoryGraph

    told: tuple[Node | Edge, ...] = ()
    if options["identify"]:
        result = identified_result(findings, options)
        findings, told = list(result.findings), result.graph
    memory = MemoryGraph((*found_items(findings), *told))
    if not options["db"] and not os.path.exists(database_path(None)):
        return memory
    from secrethunt.store import StoreGraph

    stored = StoreGraph(open_database(options["db"]))
    for item in found_items(findings):
        if isinstance(item, Node) and item.key.startswith("secret:"):
            memory.add(joins_of(item, stored))
    return LayeredGraph(memory, stored)
