# SPDX-License-Identifier: Apache-2.0
"""`secrethunt validate`: find out whether credentials are live."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from secrethunt import __version__
from secrethunt.cli.checking import checked_result, only_active, tell_troubles
from secrethunt.cli.config import Config, cache_directory, load_config
from secrethunt.cli.display import progress
from secrethunt.cli.keys import fingerprint_key
from secrethunt.cli.online import lower_checks, online_options
from secrethunt.cli.outputs import Output, open_output, write_outputs
from secrethunt.cli.policy import exit_code, parse_fail_on
from secrethunt.cli.scan import wants_color
from secrethunt.cli.selection import lower_selection, rule_options
from secrethunt.coverage import Coverage, ScanResult
from secrethunt.diskcache import DiskCache
from secrethunt.errors import ExitCode, UsageError
from secrethunt.findings import Fingerprinter
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Rule
from secrethunt.report import FORMATS, ReportOptions
from secrethunt.ruleset import RuleSelection, load_ruleset
from secrethunt.validate.given import given_finding, given_names
from secrethunt.verdict import State

_LARGEST = 1 << 20
_ASKED = {"endpoints": "", "identify_endpoints": "  (with --identify)"}
"""Where entries of `--list-endpoints` have requests, and what is said of these."""
_CODES = {State.ACTIVE: ExitCode.FINDINGS, State.INACTIVE: ExitCode.CLEAN, State.UNKNOWN: ExitCode.INCOMPLETE}


@click.command(name="validate")
@click.argument("subject", required=False, metavar="[RULE|PATH]")
@click.option("--value-file", metavar="FILE", help="Read the value from FILE instead of standard input.")
@click.option(
    "--part",
    metavar="NAME=@FILE",
    multiple=True,
    help="What completes the credential, from FILE; NAME=VALUE for what is no secret. May be repeated.",
)
@click.option(
    "--from", "report", metavar="REPORT", help="Check what this report (json, jsonl, sarif) found in the tree at PATH."
)
@click.option("--identify", is_flag=True, help="Ask whose a live secret is and what it may do, too; reads only.")
@click.option("--list-endpoints", is_flag=True, help="Print every request that could be made, and make none.")
@click.option("--only-active", is_flag=True, help="With --from: report live secrets only.")
@click.option(
    "-f", "--format", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="Report format."
)
@click.option(
    "-o", "--output", metavar="FILE", default="-", help="Write the report to FILE instead of standard output."
)
@click.option(
    "--fail-on", multiple=True, metavar="LEVEL", help="With --from: what makes exit code 1.  [default: active]"
)
@rule_options
@online_options
@click.option("--progress/--no-progress", default=None, help="Progress on standard error.  [default: on a terminal]")
@click.option("--color/--no-color", default=None, help="Colour in text reports.  [default: on a terminal]")
def command(**options: Any) -> int:
    """Find out whether a credential is live: one of RULE, its value on standard input, or those of a report.

    Sends the credential to its provider and nobody else. Exit codes: 1 it is active, 0 it is not, 3 nobody can say;
    with --from 1 something is active, 3 something could not be checked, else 0.

    \b
    Examples:
      secrethunt validate github.personal-access-token < token.txt
      secrethunt validate aws.secret-access-key --value-file key --part access_key_id=@id
      secrethunt scan -f json -o report.json; secrethunt validate --from report.json
      secrethunt validate --list-endpoints
    """
    config = load_config(options["config"])
    selection = lower_selection(config, options)
    _check_manner(options)
    if options["list_endpoints"]:
        return _list_endpoints(selection, config, options)
    if options["report"] is not None:
        return _validate_report(config, selection, options)
    return _validate_value(config, selection, options)


def _check_manner(options: dict[str, Any]) -> None:
    """
    Raises:
        UsageError: More than one thing to do, none at all, or an option that belongs to another.
    """
    if options["list_endpoints"] and (options["report"] is not None or options["subject"]):
        raise UsageError("--list-endpoints stands alone", hint="Choose rules with --only and --exclude.")
    if options["report"] is None and not options["subject"] and not options["list_endpoints"]:
        raise UsageError("nothing to validate", hint="Name a rule, or a report with --from. See --help.")
    by_value = {"--value-file": options["value_file"], "--part": options["part"]}
    by_report = {"--only-active": options["only_active"], "--fail-on": options["fail_on"]}
    is_by_value = options["report"] is None and not options["list_endpoints"]
    for name, value in (by_report if is_by_value else by_value).items():
        if value:
            raise UsageError(f"{name} makes no sense here", hint="See `secrethunt validate --help`.")


# --- one value --------------------------------------------------------------------------------------------------


def _validate_value(config: Config, selection: RuleSelection, options: dict[str, Any]) -> int:
    cache = DiskCache(cache_directory())
    rules = load_ruleset(selection, cache).rules
    rule = next((rule for rule in rules if rule.id == options["subject"]), None)
    if rule is None:
        raise UsageError(
            f"no rule has the id {options['subject']!r}", hint="See `secrethunt rules list`; --from reads a report."
        )
    checks = lower_checks(config, options)
    parts = read_parts(rule, options["part"])
    text = _value(options["value_file"])
    finding = given_finding(rule, text, parts, Fingerprinter(fingerprint_key(config)))
    result = ScanResult((finding,), Coverage(rules=1), ())
    result = checked_result(result, checks, selection, rule_cache=cache, tell=None)
    tell_troubles(result)
    _write(result, options, is_single=True)
    verdict = result.findings[0].verdict
    assert verdict is not None
    return _CODES[verdict.outcome.state]


def _value(path: str | None) -> bytes:
    """
    Raises:
        UsageError: There is none, or it cannot be read.
    """
    if path is not None:
        text = _file(path, "--value-file")
    elif sys.stdin.isatty():
        text = os.fsencode(click.prompt("Value (not shown)", hide_input=True, err=True))
    else:
        text = sys.stdin.buffer.read(_LARGEST + 1)
    text = text.removesuffix(b"\n").removesuffix(b"\r")
    if not text:
        raise UsageError("the value is empty", hint="Write it to standard input, or name its file with --value-file.")
    if len(text) > _LARGEST:
        raise UsageError(f"the value is larger than {_LARGEST} bytes")
    return text


def read_parts(rule: Rule, texts: Iterable[str]) -> dict[str, bytes]:
    """
    What each `--part` of *texts* says, by name.

    Raises:
        UsageError: One that the rule does not know, cannot be read, or shows a secret to everybody.
    """
    known = given_names(rule)
    secret = {spec.name for spec in rule.parts if spec.rules}
    parts = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise UsageError("--part wants NAME=@FILE or NAME=VALUE", hint=f"{rule.id} knows: {_listed(known)}.")
        if name not in known:
            raise UsageError(f"{rule.id} has no part {name!r}", hint=f"It knows: {_listed(known)}.")
        if value.startswith("@"):
            parts[name] = _file(value[1:], "--part").removesuffix(b"\n").removesuffix(b"\r")
        elif name in secret:
            raise UsageError(
                f"the part {name!r} is a secret and has no place on a command line",
                hint=f"Put it into a file: --part {name}=@FILE.",
            )
        else:
            parts[name] = os.fsencode(value)
    return parts


def _file(path: str, option: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST + 1)
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}", hint=f"Check the path given to {option}.") from err


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


# --- a report ---------------------------------------------------------------------------------------------------


def _validate_report(config: Config, selection: RuleSelection, options: dict[str, Any]) -> int:
    checks = lower_checks(config, options)
    policy = parse_fail_on(options["fail_on"] or ("active",))
    scanner = Scanner(
        ScannerOptions(selection, fingerprint_key=fingerprint_key(config), cache_directory=cache_directory())
    )
    with progress(options["progress"]) as tell:
        result = scanner.read_again(options["report"], options["subject"] or ".")
        result = checked_result(result, checks, selection, rule_cache=DiskCache(cache_directory()), tell=tell)
    tell_troubles(result)
    if options["only_active"]:
        result = only_active(result)
    _write(result, options)
    return exit_code(result, policy)


def _write(result: ScanResult, options: dict[str, Any], *, is_single: bool = False) -> None:
    report = ReportOptions(color=wants_color(options), tool_version=__version__)
    if is_single and options["format"] == "text":
        from secrethunt.report.text import iter_text

        with open_output(options["output"]) as out:
            out.write(next(iter_text(result, report)))
    else:
        write_outputs(result, (Output(options["format"], options["output"]),), report)


# --- endpoints --------------------------------------------------------------------------------------------------


def _list_endpoints(selection: RuleSelection, config: Config, options: dict[str, Any]) -> int:
    from secrethunt.identity.live.spec import load_identifiers
    from secrethunt.validate.spec import load_checks

    cache = DiskCache(cache_directory())
    checks = load_checks(selection, cache)
    identifiers = load_identifiers(selection, cache)
    moved = lower_checks(config, options).online.endpoints
    entries = []
    rules = load_ruleset(selection, cache).rules
    for rule in sorted(rules, key=lambda rule: rule.id):
        if rule.id in checks:
            entry = {"rule_id": rule.id, "provider": rule.provider, "endpoints": list(checks[rule.id].endpoints)}
            if rule.id in identifiers:
                entry["identify_endpoints"] = list(dict.fromkeys(identifiers[rule.id].endpoints))
            entries.append(entry | ({"moved_to": moved[rule.provider]} if rule.provider in moved else {}))
    if options["format"] == "json":
        click.echo(json.dumps(entries, indent=2))
    elif options["format"] == "text":
        _print_endpoints(entries)
    else:
        raise UsageError("--list-endpoints is text or json", hint="Leave --format out, or name one of these.")
    count = len({endpoint for entry in entries for name in _ASKED for endpoint in entry.get(name, ())})
    able = sum(bool(entry["endpoints"]) for entry in entries)
    click.echo(f"{count} requests could be made for {able} of {len(rules)} rules", err=True)
    return ExitCode.CLEAN


def _print_endpoints(entries: Iterable[Mapping[str, Any]]) -> None:
    for entry in entries:
        where = f"  (at {entry['moved_to']})" if "moved_to" in entry else ""
        for name, when in _ASKED.items():
            for endpoint in entry.get(name, ()):
                click.echo(f"{entry['rule_id']}  {endpoint}{where}{when}")
