# SPDX-License-Identifier: Apache-2.0
"""
Owns which rule's credential is asked who it is, and how: reads `identify`, `identifiers` and `scopes` of rule files.

They are read when identities are asked for, and kept in the cache as the files say them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from secrethunt.diskcache import DiskCache
from secrethunt.errors import RuleError
from secrethunt.identity.live.compile import Surroundings, compile_identifier
from secrethunt.identity.live.contract import Identifier
from secrethunt.identity.live.registry import FLOWS, load_identifier
from secrethunt.records import RuleId
from secrethunt.ruledocument import Node, parse_document
from secrethunt.ruleset import RuleSelection, rule_files
from secrethunt.validate.declared import CheckError
from secrethunt.validate.spec import plain

_Said = tuple[str, str, int, Any]
"""Provider, file, line, and what `identify` says."""


class Identifiers(Mapping[RuleId, Identifier]):
    """The identifications by rule id, each compiled on first use."""

    def __init__(self, declared: Mapping[str, _Said], around: Mapping[str, Any]) -> None:
        """*around* has `validators` and `scopes` by file."""
        self._declared = declared
        self._around = around
        self._compiled: dict[RuleId, Identifier] = {}

    def __getitem__(self, rule_id: RuleId) -> Identifier:
        """
        Raises:
            KeyError: The rule says nothing of it.
            RuleError: What it says makes no sense.
        """
        if rule_id not in self._compiled:
            provider, file, line, raw = self._declared[rule_id]
            around = self._around.get(file, {})
            try:
                made = make_identifier(
                    provider, raw, Surroundings(around.get("validators", {}), around.get("scopes", {}))
                )
            except CheckError as err:
                raise RuleError(file, line, f"rule {rule_id}: identify: {err}") from err
            self._compiled[rule_id] = made
        return self._compiled[rule_id]

    def __contains__(self, rule_id: object) -> bool:
        # What it says is read when it is used, and only then may be wrong.
        return rule_id in self._declared

    def __iter__(self) -> Iterator[RuleId]:
        return (RuleId(rule_id) for rule_id in self._declared)

    def __len__(self) -> int:
        return len(self._declared)


def load_identifiers(selection: RuleSelection, cache: DiskCache) -> Identifiers:
    """
    What the rule files of *selection* say of identification, from *cache* where they have not changed since.

    Raises:
        RuleError: A file that cannot be read; an identification that makes no sense is found when it is asked for.
    """
    files = rule_files(selection)
    name = f"identifiers-{_fingerprint(files)}"
    stored = cache.read(name)
    if stored is not None:
        declared, around = json.loads(stored)
        return Identifiers({rule_id: tuple(said) for rule_id, said in declared.items()}, around)
    declared, around = {}, {}
    for path in files:
        said = dict(read_identifiers(path))
        if said:
            declared.update(said)
            around[path] = _surroundings(path)
    cache.write(name, json.dumps([declared, around], separators=(",", ":")).encode())
    return Identifiers(declared, around)


def read_identifiers(path: str) -> Iterator[tuple[str, _Said]]:
    """
    Yield (rule id, what it says) for the rules of the file at *path* that say it.

    Raises:
        RuleError: The file is no rule file, or a rule names an identifier that is not there.
    """
    with open(path, "rb") as file:
        if b"identif" not in file.read():
            return
    document = parse_document(path)
    top = document.value if isinstance(document.value, dict) else {}
    shared = plain(top.get("identifiers")) or {}
    rules = top.get("rules")
    for entry in rules.value if isinstance(rules, Node) and isinstance(rules.value, list) else []:
        said = entry.value.get("identify", top.get("identify")) if isinstance(entry.value, dict) else None
        if said is None:
            continue
        line = entry.lines.get("identify", entry.line)
        raw = plain(said)
        if isinstance(raw, str):
            if raw not in shared:
                raise RuleError(path, line, f"no identifier {raw!r} stands under `identifiers`")
            raw = shared[raw]
        provider = plain(entry.value.get("provider", top.get("provider")))
        yield str(plain(entry.value.get("id"))), (str(provider), path, line, raw)


def make_identifier(provider: str, raw: Any, around: Surroundings) -> Identifier:
    """
    Raises:
        CheckError: What is wrong with *raw*, the mapping under `identify`.
    """
    if not isinstance(raw, Mapping):
        raise CheckError("`identify` is a mapping, or the name of one under `identifiers`")
    if "flow" not in raw:
        return compile_identifier(provider, raw, around)
    name = raw["flow"]
    if set(raw) - {"flow", "references"} or name not in FLOWS:
        raise CheckError(f"`flow` stands alone and names one of {', '.join(sorted(FLOWS))}", "flow")
    return load_identifier(name)


def _surroundings(path: str) -> dict[str, Any]:
    document = parse_document(path)
    top = document.value if isinstance(document.value, dict) else {}
    return {key: plain(top[key]) for key in ("validators", "scopes") if key in top}


def _fingerprint(files: list[str]) -> str:
    digest = hashlib.sha256()
    for path in (os.path.abspath(__file__), *files):
        status = os.stat(path)
        digest.update(f"{os.path.abspath(path)}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:32]
