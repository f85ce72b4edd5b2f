# SPDX-License-Identifier: Apache-2.0
"""
Owns reading, checking, selecting, freezing and caching rules; knows nothing of scanning.

Rules are YAML files, one a provider (`docs/rules.md`). Reading YAML costs far more than a scan of a small file, so the
rules and the anchors derived from them are frozen as JSON in the cache, keyed by name, size and time of each file.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from secrethunt.anchors import Anchor
from secrethunt.diskcache import DiskCache
from secrethunt.errors import RuleError, UsageError
from secrethunt.records import Confidence, NegativeExample, PartSpec, Rule, Severity

_IMPORT = ("rules_import/convert", "rules_import/dialect", "rules_import/filters", "rules_import/foreign")
_READERS = (
    *("anchors", "hints", "keyed", "keyed_service", "openings", "records", "ruledocument", "rulefile", "ruleset"),
    *_IMPORT,
)
"""Modules that decide what a rule file comes to; a cache that others of their versions wrote is of no use."""


@dataclass(frozen=True, slots=True)
class RuleSelection:
    """Which rules take part; lowered once from options and configuration."""

    files: tuple[str, ...] = ()
    """Rule files or directories to add."""
    only: tuple[str, ...] = ()
    """Rule ids, providers or globs of either; empty means all."""
    exclude: tuple[str, ...] = ()
    builtin: bool = True

    @property
    def is_partial(self) -> bool:
        """Rules that might see something are left out."""
        return bool(self.only or self.exclude) or not self.builtin


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The active rules with their anchors, index by index."""

    rules: tuple[Rule, ...]
    anchors: tuple[Anchor, ...]
    notes: tuple[str, ...] = ()
    """What of foreign rule files could not be used: sentences without a full stop."""


def builtin_directory() -> str:
    """Where the shipped rules are: inside the installed package, or beside it in a checkout."""
    package = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(package, "rules")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), "rules")


def load_ruleset(selection: RuleSelection, cache: DiskCache) -> Ruleset:
    """
    The rules that *selection* names, from *cache* where the files have not changed since.

    Raises:
        RuleError: A file that cannot be read as rules, two rules with one id.
        UsageError: A selection that matches no rule.
    """
    files = rule_files(selection)
    name = f"rules-{_fingerprint(files)}"
    stored = cache.read(name)
    ruleset = _thaw(stored) if stored is not None else None
    if ruleset is None:
        ruleset = _read_all(files)
        cache.write(name, _freeze(ruleset))
    return _select(ruleset, selection)


def rule_files(selection: RuleSelection) -> list[str]:
    """Paths of all rule files, built-in ones first, each directory in order of name."""
    paths = [builtin_directory()] if selection.builtin else []
    files: list[str] = []
    for path in [*paths, *selection.files]:
        if os.path.isdir(path):
            files.extend(_rule_files_in(path))
        elif os.path.isfile(path):
            files.append(path)
        else:
            raise UsageError(f"no such rule file or directory: {path}", hint="Check the path given to --rules.")
    if not files:
        raise UsageError("no rules to scan with", hint="Name a rule file with --rules, or drop --no-builtin-rules.")
    return files


def _rule_files_in(directory: str) -> list[str]:
    try:
        names = sorted(os.listdir(directory))
    except OSError as err:
        raise UsageError(f"cannot read rules {directory}: {err.strerror}") from err
    return [os.path.join(directory, name) for name in names if name.endswith((".yaml", ".yml", ".toml"))]


def _read_all(files: Iterable[str]) -> Ruleset:
    from secrethunt.rulefile import read_rule_file

    rules: list[Rule] = []
    anchors: list[Anchor] = []
    seen: dict[str, Rule] = {}
    notes: list[str] = []
    builtin = builtin_directory()
    for path in files:
        is_own = os.path.dirname(path) == builtin
        for rule, anchor in read_rule_file(path) if is_own else _read_any(path, notes):
            earlier = seen.setdefault(rule.id, rule)
            if earlier is not rule:
                raise RuleError(
                    rule.file,
                    rule.line,
                    f"rule id {rule.id!r} is taken by {earlier.file}:{earlier.line}",
                    hint="Give the rule another id; to replace a built-in rule, add --exclude with its id.",
                )
            rules.append(rule)
            anchors.append(anchor)
    return Ruleset(tuple(rules), tuple(anchors), tuple(notes))


def _read_any(path: str, notes: list[str]) -> Iterable[tuple[Rule, Anchor]]:
    """The rules of a file that somebody named, whoever's format it is."""
    from secrethunt.rulefile import read_rule_file
    from secrethunt.rules_import import convert_rules, is_foreign

    if not is_foreign(path):
        return read_rule_file(path)
    converted = convert_rules(path)
    unused = sorted({lost.id for lost in converted.lost if lost.is_whole})
    if unused:
        named = ", ".join([*unused[:5], "…"] if len(unused) > 5 else unused)
        why = "`secrethunt rules convert` says why"
        notes.append(f"{path}: {len(unused)} of its rules are not used ({named}); {why}")
    return converted.rules


def _select(ruleset: Ruleset, selection: RuleSelection) -> Ruleset:
    if not selection.only and not selection.exclude:
        return ruleset
    for pattern in (*selection.only, *selection.exclude):
        if not any(_is_match(rule, pattern) for rule in ruleset.rules):
            raise UsageError(f"no rule matches {pattern!r}", hint="See `secrethunt rules list` for ids and providers.")
    chosen = [
        (rule, anchor)
        for rule, anchor in zip(ruleset.rules, ruleset.anchors, strict=True)
        if (not selection.only or any(_is_match(rule, pattern) for pattern in selection.only))
        and not any(_is_match(rule, pattern) for pattern in selection.exclude)
    ]
    if not chosen:
        raise UsageError("--only and --exclude leave no rule", hint="Widen --only or narrow --exclude.")
    return Ruleset(tuple(rule for rule, _ in chosen), tuple(anchor for _, anchor in chosen), ruleset.notes)


def _is_match(rule: Rule, pattern: str) -> bool:
    return fnmatch.fnmatchcase(rule.id, pattern) or fnmatch.fnmatchcase(rule.provider, pattern)


def reader_files() -> list[str]:
    """The source files on which it depends what a rule file comes to."""
    package = os.path.dirname(os.path.abspath(__file__))
    return [os.path.join(package, f"{name}.py") for name in _READERS]


def _fingerprint(files: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for path in (*reader_files(), *files):
        try:
            status = os.stat(path)
        except OSError as err:
            raise UsageError(f"cannot read rules {path}: {err.strerror}") from err
        digest.update(f"{path}\0{os.path.abspath(path)}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:32]


def _freeze(ruleset: Ruleset) -> bytes:
    frozen = {
        "rules": [_values(rule) for rule in ruleset.rules],
        "anchors": [_values(anchor) for anchor in ruleset.anchors],
        "notes": list(ruleset.notes),
    }
    return json.dumps(frozen, separators=(",", ":")).encode()


def _values(record: Rule | Anchor) -> list[Any]:
    """Field values in order, records within them as lists of theirs."""
    values = [getattr(record, field.name) for field in dataclasses.fields(record)]
    return [[_plain(item) for item in value] if isinstance(value, tuple) else value for value in values]


def _plain(item: Any) -> Any:
    return list(dataclasses.astuple(item)) if isinstance(item, NegativeExample | PartSpec) else item


def _thaw(stored: bytes) -> Ruleset | None:
    """The frozen rules, or None where another version wrote them."""
    try:
        frozen = json.loads(stored)
        rules = tuple(_thaw_rule(values) for values in frozen["rules"])
        anchors = tuple(Anchor(*values) for values in frozen["anchors"])
        notes = tuple(frozen["notes"])
    except (ValueError, TypeError, LookupError):
        return None
    return Ruleset(rules, anchors, notes)


_NAMES = [field.name for field in dataclasses.fields(Rule)]
_SEVERITY, _CONFIDENCE, _NEGATIVE, _PARTS = (
    _NAMES.index(name) for name in ("severity", "confidence", "negative_examples", "parts")
)
_LISTS = [index for index, field in enumerate(dataclasses.fields(Rule)) if str(field.type).startswith("tuple")]
_SEVERITIES = {int(severity): severity for severity in Severity}
_CONFIDENCES = {int(confidence): confidence for confidence in Confidence}


def _thaw_rule(values: list[Any]) -> Rule:
    """The rule of *values*, which are its own from now on; there are very many, and each scan begins with them."""
    values[_SEVERITY] = _SEVERITIES[values[_SEVERITY]]
    values[_CONFIDENCE] = _CONFIDENCES[values[_CONFIDENCE]]
    values[_NEGATIVE] = [NegativeExample(*pair) for pair in values[_NEGATIVE]]
    values[_PARTS] = [_thaw_part(part) for part in values[_PARTS]]
    for index in _LISTS:
        values[index] = tuple(values[index])
    return Rule(*values)


def _thaw_part(values: list[Any]) -> PartSpec:
    name, rules, pattern, within, confirms, hints = values
    return PartSpec(name, tuple(rules), pattern, within, confirms, tuple(hints))
