# SPDX-License-Identifier: Apache-2.0
"""`secrethunt rules`: list, show and check rules."""

from __future__ import annotations

import json
from typing import Any

import click

from secrethunt.cli.config import cache_directory, load_config
from secrethunt.cli.selection import lower_selection, rule_options
from secrethunt.diskcache import DiskCache
from secrethunt.errors import ExitCode, UsageError
from secrethunt.records import PartSpec, Rule
from secrethunt.ruleset import RuleSelection, Ruleset, load_ruleset


@click.group(name="rules")
def command() -> None:
    """List, show and check the rules that find secrets."""


@command.command(name="list")
@rule_options
@click.option("-f", "--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_rules(**options: Any) -> int:
    """List the active rules."""
    ruleset = _load(options)
    if options["format"] == "json":
        click.echo(json.dumps([_described(rule) for rule in ruleset.rules], indent=2))
        return ExitCode.CLEAN
    width = max(len(rule.id) for rule in ruleset.rules)
    for rule in sorted(ruleset.rules, key=lambda rule: rule.id):
        click.echo(f"{rule.id:{width}}  {rule.severity.label:8}  {rule.confidence.label:6}  {rule.name}")
    providers = len({rule.provider for rule in ruleset.rules})
    click.echo(f"{len(ruleset.rules)} rules of {providers} providers", err=True)
    return ExitCode.CLEAN


@command.command()
@click.argument("rule_id", metavar="ID")
@rule_options
@click.option("-f", "--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(rule_id: str, **options: Any) -> int:
    """Show one rule in full."""
    ruleset = _load(options)
    for rule, anchor in zip(ruleset.rules, ruleset.anchors, strict=True):
        if rule.id == rule_id:
            described = _described(rule) | {"anchor": anchor.expression}
            click.echo(json.dumps(described, indent=2) if options["format"] == "json" else _as_text(described))
            return ExitCode.CLEAN
    raise UsageError(f"no rule has the id {rule_id!r}", hint="See `secrethunt rules list` for all ids.")


@command.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--cost", "sample", metavar="FILE", help="Also say how often each anchor fires in this text.")
def check(paths: tuple[str, ...], sample: str | None) -> int:
    """Check rule files: formats, anchors, examples, speed. Without PATH the built-in rules.

    Exit code 1 where there is a complaint, each with its file and line.
    """
    from secrethunt.identity.live.spec import load_identifiers
    from secrethunt.identity.live.speccheck import check_identifiers
    from secrethunt.rulecheck import check_ruleset
    from secrethunt.validate.spec import load_checks
    from secrethunt.validate.speccheck import check_validators

    text = None if sample is None else _read(sample)
    selection = RuleSelection(files=paths, builtin=not paths)
    ruleset = load_ruleset(selection, DiskCache(None))
    no_cache = DiskCache(None)
    complaints = [
        *check_ruleset(ruleset),
        *check_validators(ruleset, load_checks(selection, no_cache)),
        *check_identifiers(ruleset, load_identifiers(selection, no_cache)),
    ]
    for complaint in complaints:
        click.echo(f"{complaint.rule.file}:{complaint.rule.line}: {complaint.rule.id}: {complaint.message}")
    click.echo(f"{len(ruleset.rules)} rules checked, {len(complaints)} complaints", err=True)
    if text is not None:
        _print_costs(ruleset, text)
    return ExitCode.FINDINGS if complaints else ExitCode.CLEAN


@command.command()
@click.argument("file", metavar="FILE")
@click.option("-o", "--output", metavar="FILE", default="-", help="Write the rules to FILE, not to standard output.")
def convert(file: str, output: str) -> int:
    """Write rules of gitleaks, Betterleaks (TOML), Kingfisher, Nosey Parker or Titus (YAML) as rules of ours.

    What could not be carried over is listed on standard error; exit code 1 where a rule as a whole was lost.
    """
    from secrethunt.report.escape import escape
    from secrethunt.rules_import import convert_rules, is_foreign

    if not is_foreign(file):
        raise UsageError(f"{file} holds no rules of another scanner", hint="`--rules` reads files of ours as they are.")
    converted = convert_rules(file)
    if output == "-":
        click.echo(converted.as_yaml(), nl=False)
    else:
        _save(output, converted.as_yaml())
    for lost in converted.lost:
        what = "not carried over" if lost.is_whole else "without"
        click.echo(f"{escape(lost.id)}: {what}: {escape(lost.what)}", err=True)
    whole = len({lost.id for lost in converted.lost if lost.is_whole})
    click.echo(f"{len(converted.entries)} rules written, {whole} not carried over", err=True)
    return ExitCode.FINDINGS if whole else ExitCode.CLEAN


def _save(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}", hint="Check the path given to --output.") from err


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}", hint="Check the path given to --cost.") from err


def _print_costs(ruleset: Ruleset, text: bytes) -> None:
    from secrethunt.rulecheck import anchor_counts

    counts = anchor_counts(ruleset, text)
    mebibytes = max(len(text) / (1 << 20), 1e-6)
    click.echo("anchors per MiB of the sample:")
    for rule_id, count in sorted(counts.items(), key=lambda item: -item[1]):
        if count:
            click.echo(f"{count / mebibytes:10.1f}  {rule_id}")


def _load(options: dict[str, Any]) -> Ruleset:
    selection = lower_selection(load_config(options["config"]), options)
    return load_ruleset(selection, DiskCache(cache_directory()))


def _described(rule: Rule) -> dict[str, Any]:
    """The rule as `docs/rules.md` names its fields; empty ones left out."""
    described: dict[str, Any] = {
        "id": rule.id,
        "name": rule.name,
        "provider": rule.provider,
        "nhi": rule.nhi,
        "severity": rule.severity.label,
        "confidence": rule.confidence.label,
        "pattern": rule.pattern,
        "checksum": rule.checksum,
        "min_entropy": rule.min_entropy,
        "charset": list(rule.charset),
        "family": rule.family,
        "generic": rule.is_generic,
        "binary": rule.in_binary,
        "parts": [_described_part(part) for part in rule.parts],
        "paths": list(rule.paths),
        "ignore": list(rule.ignore),
        "ignore_match": list(rule.ignore_match),
        "ignore_line": list(rule.ignore_line),
        "needs": list(rule.needs),
        "verbatim": rule.is_verbatim,
        "examples": list(rule.examples),
        "negative_examples": [{"text": item.text, "why": item.why} for item in rule.negative_examples],
        "rotate": rule.rotate,
        "references": list(rule.references),
        "file": f"{rule.file}:{rule.line}",
    }
    return {key: value for key, value in described.items() if value}


def _described_part(part: PartSpec) -> dict[str, Any]:
    described = {"name": part.name, "rules": list(part.rules), "pattern": part.pattern, "within": part.within}
    described["confirms"] = part.confirms
    return {key: value for key, value in described.items() if value}


def _as_text(described: dict[str, Any]) -> str:
    lines = []
    for key, value in described.items():
        if isinstance(value, list):
            lines.append(f"{key}:")
            lines.extend(f"  - {_item(item)}" for item in value)
        else:
            lines.append(f"{key}: {value}")
    return "\n".join(lines)


def _item(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    if "why" in item:
        return f"{item['text']}   ({item['why']})"
    return ", ".join(f"{key} {' '.join(value) if isinstance(value, list) else value}" for key, value in item.items())
