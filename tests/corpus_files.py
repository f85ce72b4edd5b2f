# SPDX-License-Identifier: Apache-2.0
"""
Owns the labelled corpus: reads `corpus/manifest.yaml`, checks it against the templates, renders them with samples.

In a template `{{rule.id}}` stands for a sample of that rule and `{{corpus.kind}}` for one of a kind that the manifest
describes; `{{…|base64}}` and `{{…|escaped}}` write it in another form. Everything else is left as it is.
"""

from __future__ import annotations

import base64
import fnmatch
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from secrethunt.records import Confidence, Rule, RuleId, Severity
from secrethunt.samples import sample_secret

CORPUS = Path(__file__).parent.parent / "corpus"
TEMPLATES = CORPUS / "files"

_KIND_PREFIX = "corpus."
_PLACEHOLDER = re.compile(r"\{\{(?P<template>[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:\|(?P<form>[a-z0-9]+))?\}\}")
_FORMS: dict[str | None, Callable[[bytes], bytes]] = {
    None: lambda value: value,
    "base64": base64.b64encode,
    "escaped": lambda value: value.replace(b"\n", b"\\n"),
}


class CorpusError(ValueError):
    """Manifest and templates disagree; the message has one line for each place."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Values that no rule describes: what people choose as passwords, and what only looks like a secret."""

    name: str
    about: str
    pattern: str
    is_secret: bool


@dataclass(frozen=True, slots=True)
class Label:
    """One secret of one template, and what a scan should say of it."""

    line: int
    """1-based, in the template."""
    template: str
    rules: tuple[str, ...]
    """Globs on the rule id; one must fit."""
    confidence: Confidence
    """The least that is expected."""
    gap: str
    """Name of the known gap that hides it, or empty."""

    @property
    def at(self) -> tuple[int, str]:
        """What it labels."""
        return self.line, self.template


@dataclass(frozen=True, slots=True)
class FalsePositive:
    """What is reported and should not be; we know of it."""

    path: str
    line: int
    """1-based; in the template, or in the rendered file once it is rendered."""
    rule: str
    gap: str


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One template with its labels, in order of line."""

    path: str
    """Relative to `corpus/files`."""
    format: str
    labels: tuple[Label, ...]
    false_positives: tuple[FalsePositive, ...]

    @property
    def text(self) -> str:
        """The template."""
        return (TEMPLATES / self.path).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Planted:
    """One secret in a rendered file."""

    path: str
    format: str
    label: Label
    line: int
    """1-based line of the rendered file on which it begins."""
    value: bytes = field(repr=False)

    @property
    def place(self) -> str:
        """Where its template stands, for messages."""
        return f"{self.path}:{self.label.line} {self.label.template}"

    def is_expected_from(self, rule_id: str) -> bool:
        """Whether a finding of the rule *rule_id* says the right thing."""
        return any(fnmatch.fnmatchcase(rule_id, pattern) for pattern in self.label.rules)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What `Corpus.render` wrote; lines are those of the rendered files."""

    planted: tuple[Planted, ...]
    false_positives: tuple[FalsePositive, ...]


class Corpus:
    """
    The templates and what the manifest says of them.

    Args:
        rules: The rules that templates may name.

    Raises:
        CorpusError: A template without entry, a secret without label, a label without secret, an unknown name.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        manifest = yaml.safe_load((CORPUS / "manifest.yaml").read_text(encoding="utf-8"))
        known = {str(rule.id): rule for rule in rules}
        self.kinds = {_KIND_PREFIX + name: _parse_kind(name, entry) for name, entry in manifest["kinds"].items()}
        self.gaps: dict[str, str] = manifest["gaps"]
        self.files = tuple(_parse_file(path, entry, known) for path, entry in manifest["files"].items())
        self._samplers = {**known, **{name: _as_rule(kind) for name, kind in self.kinds.items()}}
        problems = [*self._narrow(manifest["shapes"]), *self._stray_files(), *self._stray_gaps()]
        problems += [problem for file in self.files for problem in self._label_problems(file)]
        if problems:
            raise CorpusError("\n".join(["corpus/manifest.yaml and corpus/files disagree:", *problems]))

    def render(self, directory: Path, *, seed: int) -> Rendered:
        """Write every file into *directory* with samples in place; same seed, same bytes."""
        planted: list[Planted] = []
        false_positives: list[FalsePositive] = []
        for file in self.files:
            lines: list[int] = []
            text, secrets = self._fill(file, seed, lines)
            target = directory / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
            planted += secrets
            false_positives += [
                FalsePositive(known.path, lines[known.line - 1], known.rule, known.gap)
                for known in file.false_positives
            ]
        return Rendered(tuple(planted), tuple(false_positives))

    def _fill(self, file: CorpusFile, seed: int, lines: list[int]) -> tuple[bytes, list[Planted]]:
        """The rendered file and its secrets; *lines* gets, for each line of the template, the line it becomes."""
        filled: list[bytes] = []
        secrets: list[Planted] = []
        labels = list(file.labels)
        at = 1
        for number, line in enumerate(file.text.splitlines(keepends=True), 1):
            lines.append(at)
            end = 0
            for match in _PLACEHOLDER.finditer(line):
                value = self._sample(match, f"{seed}/{file.path}/{number}/{match.start()}")
                value = _indented(value, line[: match.start()])
                if self._is_secret(match["template"]):
                    label = next(each for each in labels if each.at == (number, match["template"]))
                    labels.remove(label)
                    secrets.append(Planted(file.path, file.format, label, at, value))
                piece = line[end : match.start()].encode() + value
                at += piece.count(b"\n")
                filled.append(piece)
                end = match.end()
            filled.append(line[end:].encode())
            at += 1
        return b"".join(filled), secrets

    def _sample(self, match: re.Match[str], seed: str) -> bytes:
        value = sample_secret(self._samplers[match["template"]], seed=zlib.crc32(seed.encode()))
        return _FORMS[match["form"]](value)

    def _is_secret(self, template: str) -> bool:
        return template not in self.kinds or self.kinds[template].is_secret

    def _narrow(self, shapes: Iterable[Mapping[str, str]]) -> Iterator[str]:
        """Give the samples of rules the shapes that the manifest says; yields what is wrong with those."""
        for entry in shapes:
            rule = self._samplers.get(entry["rule"])
            if rule is None:
                yield f"a shape for {entry['rule']}, which is no rule"
            else:
                self._samplers[rule.id] = replace(rule, pattern=f"(?P<secret>{entry['shape']})")

    def _stray_files(self) -> Iterator[str]:
        named = {file.path for file in self.files}
        there = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file()}
        yield from (f"{path}: no entry in the manifest" for path in sorted(there - named))
        yield from (f"{path}: no such template" for path in sorted(named - there))

    def _stray_gaps(self) -> Iterator[str]:
        used = {label.gap for file in self.files for label in file.labels} - {""}
        used |= {known.gap for file in self.files for known in file.false_positives}
        yield from (f"gap {gap} is not described" for gap in sorted(used - self.gaps.keys()))
        yield from (f"gap {gap} has no place any more" for gap in sorted(self.gaps.keys() - used))

    def _label_problems(self, file: CorpusFile) -> Iterator[str]:
        if not (TEMPLATES / file.path).is_file():
            return
        labels = [label.at for label in file.labels]
        for number, line in enumerate(file.text.splitlines(), 1):
            for match in _PLACEHOLDER.finditer(line):
                place = number, match["template"]
                if match["template"] not in self._samplers or match["form"] not in _FORMS:
                    yield f"{file.path}:{number}: {match.group()} is neither a rule nor a kind"
                elif place in labels:
                    labels.remove(place)
                elif self._is_secret(match["template"]):
                    yield f"{file.path}:{number}: {match.group()} has no label"
        yield from (f"{file.path}:{line}: a label for {{{{{name}}}}}, which is not there" for line, name in labels)


def _parse_kind(name: str, entry: Mapping[str, Any]) -> Kind:
    return Kind(name, entry["about"], entry["pattern"], entry.get("secret", True))


def _parse_file(path: str, entry: Mapping[str, Any], rules: Mapping[str, Rule]) -> CorpusFile:
    labels = [_parse_label(label, rules) for label in entry.get("secrets", ())]
    return CorpusFile(
        path,
        entry["format"],
        tuple(sorted(labels, key=lambda label: label.line)),
        tuple(
            FalsePositive(path, known["line"], known["rule"], known["why"])
            for known in entry.get("known_false_positives", ())
        ),
    )


def _parse_label(entry: Mapping[str, Any], rules: Mapping[str, Rule]) -> Label:
    """Where the entry leaves it open, the template's own rule is expected, as sure as it says, or a generic one."""
    template = entry["template"]
    own = rules.get(template) if "rules" not in entry else None
    confidence = own.confidence if own else Confidence.MEDIUM
    return Label(
        entry["line"],
        template,
        tuple(entry.get("rules", [template if own else "generic.*"])),
        Confidence[entry["confidence"].upper()] if "confidence" in entry else confidence,
        entry.get("known_miss", ""),
    )


def _as_rule(kind: Kind) -> Rule:
    """A kind in the form that the sample generator reads."""
    return Rule(
        id=RuleId(_KIND_PREFIX + kind.name),
        name=kind.about,
        provider="corpus",
        nhi="login",
        severity=Severity.INFO,
        confidence=Confidence.LOW,
        pattern=f"(?P<secret>{kind.pattern})",
    )


def _indented(value: bytes, before: str) -> bytes:
    """Further lines of *value* are set in like its first, where nothing but space stands before it."""
    return value.replace(b"\n", b"\n" + before.encode()) if not before.strip() else value
