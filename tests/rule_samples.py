# SPDX-License-Identifier: Apache-2.0
"""Owns the made-up rules of these tests and the values that they find; values are made at run time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from secrethunt.anchors import derive_anchor
from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.records import Blob, BlobKind, Candidate, Confidence, NegativeExample, Rule, RuleId, Severity
from secrethunt.rulefile import read_rule_file
from secrethunt.ruleset import Ruleset

ACME_YAML = """\
provider: acme
rotate: 'Roll the key.'
references: ['https://docs.acme.example/auth#keys']
rules:
  - id: acme.api-key
    name: Acme API key
    nhi: api-key
    pattern: '\\b(?P<secret>acme_(?P<mode>live|test)_[0-9a-f]{24})\\b'
    min_entropy: 2.5
    examples: ['ACME_KEY={{secret}}']
    negative_examples:
      - {text: 'ACME_KEY=acme_live_000000000000000000000000', why: placeholder}
"""
"""A rule file without anything wrong; the value's pattern equals that of `make_rule`."""


def digits(seed: object, length: int = 24) -> str:
    """*length* hex digits that stand for *seed*."""
    return hashlib.sha256(str(seed).encode()).hexdigest()[:length]


def acme_key(seed: object, mode: str = "live") -> bytes:
    """A value that `make_rule()` finds."""
    return f"acme_{mode}_{digits(seed)}".encode()


def make_rule(**changes: Any) -> Rule:
    """Acme's API key, or what *changes* make of it."""
    fields: dict[str, Any] = {
        "id": RuleId("acme.api-key"),
        "name": "Acme API key",
        "provider": "acme",
        "nhi": "api-key",
        "severity": Severity.HIGH,
        "confidence": Confidence.HIGH,
        "pattern": r"\b(?P<secret>acme_(?P<mode>live|test)_[0-9a-f]{24})\b",
        "examples": ("ACME_KEY={{secret}}",),
        "negative_examples": (NegativeExample("ACME_KEY=", "empty"),),
        "references": ("https://docs.acme.example/auth#keys",),
        "file": "acme.yaml",
        "line": 7,
    }
    return Rule(**(fields | changes))


def make_ruleset(*rules: Rule) -> Ruleset:
    """*rules*, or Acme's alone, with their anchors."""
    chosen = rules or (make_rule(),)
    return Ruleset(chosen, tuple(derive_anchor(rule.pattern) for rule in chosen))


def make_detector(*rules: Rule) -> Detector:
    """A detector of *rules* that keeps nothing on disk."""
    return Detector(make_ruleset(*rules), DiskCache(None))


def make_blob(data: bytes, path: bytes = b"a.txt") -> Blob:
    """A file of *data*."""
    return Blob(data, BlobKind.FILE, path)


def find(data: bytes, *rules: Rule) -> tuple[Candidate, ...]:
    """What *rules*, or Acme's alone, find in *data*."""
    return make_detector(*rules).scan_bytes(make_blob(data))


def read_rules(path: Path, text: str) -> list[Rule]:
    """The rules of a file that holds *text*."""
    path.write_text(text, encoding="utf-8")
    return [rule for rule, _ in read_rule_file(str(path))]


def iter_places(pattern: str, data: bytes) -> Iterator[tuple[int, int]]:
    """By brute force: from each byte of *data* on where *pattern* matches with a secret, the span of the match."""
    compiled = re.compile(pattern.encode())
    for start in range(len(data)):
        match = compiled.match(data, start)
        if match is not None and match.start("secret") >= 0:
            yield match.span()
