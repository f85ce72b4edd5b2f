# SPDX-License-Identifier: Apache-2.0
"""
Owns the fingerprints that decide what may be taken over from an earlier scan: of each rule, and of the code that
judges. Whatever could change an answer is in one of them, without anybody having to think of raising a number.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import sys
from collections.abc import Iterable

from secrethunt.ruleset import Ruleset

_TOLD_ONLY = frozenset(
    {"name", "nhi", "severity", "examples", "negative_examples", "rotate", "references", "file", "line"}
)
"""Fields of a rule that change what is said of a finding, not what is found."""
_JUDGING = (
    "__init__.py",
    "anchors.py",
    "candidates",
    "checksums.py",
    "detector.py",
    "match",
    "objectscan.py",
    "pack",
    "packscan.py",
    "records.py",
    "state",
)
"""What decides, with the rules, which objects hold candidates; paths in the package."""
_CODE = (".py", ".so", ".pyd")
_SIZE = 16


def rule_fingerprints(ruleset: Ruleset) -> list[bytes]:
    """One for each rule of *ruleset*, in order; equal where a rule finds the same."""
    return [
        _digest(
            repr([(name, getattr(rule, name)) for name in _deciding(rule)])
            + repr([getattr(anchor, field.name) for field in dataclasses.fields(anchor)])
        )
        for rule, anchor in zip(ruleset.rules, ruleset.anchors, strict=True)
    ]


def judging_fingerprint() -> bytes:
    """Changes with the code that decides which objects hold candidates."""
    return _hash_files(_JUDGING)


def code_fingerprint() -> bytes:
    """Changes with any code of secrethunt."""
    return _hash_files((".",))


def _deciding(rule: object) -> list[str]:
    names = _NAMES.get(type(rule))
    if names is None:
        fields = dataclasses.fields(rule)  # type: ignore[arg-type]  # a record
        names = _NAMES[type(rule)] = [field.name for field in fields if field.name not in _TOLD_ONLY]
    return names


_NAMES: dict[type, list[str]] = {}


def _hash_files(parts: Iterable[str]) -> bytes:
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    digest = hashlib.blake2b(sys.version.encode(), digest_size=_SIZE)
    paths = [path for part in parts for path in _code_below(os.path.join(root, part))]
    for path in paths:
        with open(path, "rb") as file:
            content = file.read()
        digest.update(f"\0{os.path.relpath(path, root)}\0{len(content)}\0".encode())
        digest.update(content)
    # Where code cannot be looked at (in an archive), nothing may be taken over.
    return digest.digest() if paths else os.urandom(_SIZE)


def _code_below(path: str) -> list[str]:
    if os.path.isfile(path):
        return [path]
    return sorted(
        os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names if name.endswith(_CODE)
    )


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=_SIZE).digest()
