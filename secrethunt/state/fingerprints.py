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
from collections.abc import Iterator

from secrethunt.match.database import library_version
from secrethunt.ruleset import Ruleset

_TOLD_ONLY = frozenset(
    {"name", "nhi", "severity", "examples", "negative_examples", "rotate", "references", "file", "line"}
)
"""Fields of a rule that change what is said of a finding, not what is found."""
_ABOVE = frozenset({"cli", "report"})
"""Rooms that show findings and make none."""
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


def code_fingerprint() -> bytes:
    """Changes with the code that finds, judges and traces, and with what it stands on."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    digest = hashlib.blake2b(f"{sys.version} {library_version()}".encode(), digest_size=_SIZE)
    paths = list(_iter_code(root))
    for path in paths:
        with open(path, "rb") as file:
            content = file.read()
        digest.update(f"\0{os.path.relpath(path, root)}\0{len(content)}\0".encode())
        digest.update(content)
    # Where code cannot be looked at (in an archive), nothing may be taken over.
    return digest.digest() if paths else os.urandom(_SIZE)


def _iter_code(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        if folder == root:
            folders[:] = [name for name in folders if name not in _ABOVE]
        folders.sort()
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(_CODE))


def _deciding(rule: object) -> list[str]:
    names = _NAMES.get(type(rule))
    if names is None:
        fields = dataclasses.fields(rule)  # type: ignore[arg-type]  # a record
        names = _NAMES[type(rule)] = [field.name for field in fields if field.name not in _TOLD_ONLY]
    return names


_NAMES: dict[type, list[str]] = {}


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=_SIZE).digest()
