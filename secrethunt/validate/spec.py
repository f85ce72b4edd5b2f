# SPDX-License-Identifier: Apache-2.0
"""
Owns which rule is checked how: reads `validate` and `validators` of the rule files, and makes checks of them.

Reading YAML costs more than most checks, so what the files say is kept in the cache as they say it; a check is compiled
when it is asked for.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.diskcache import DiskCache
from secrethunt.errors import RuleError
from secrethunt.online.contract import Session
from secrethunt.records import RuleId
from secrethunt.ruledocument import Node, parse_document
from secrethunt.rules_import import is_foreign
from secrethunt.ruleset import RuleSelection, rule_files
from secrethunt.validate.contract import Check, Credential, Outcome, State
from secrethunt.validate.declared import CheckError, compile_check
from secrethunt.validate.flows.catalogue import FLOWS
from secrethunt.validate.flows.registry import load_flow
from secrethunt.validate.wire.registry import WIRES, load_wire

_READERS = ("ruledocument.py", "validate/spec.py")


@dataclass(frozen=True, slots=True)
class NoCheck:
    """A credential of which somebody found that nothing harmless tells whether it is live; a `Check`."""

    reason: str
    endpoints: tuple[str, ...] = ()
    allows_control: bool = False

    def __call__(self, credential: Credential, session: Session) -> Outcome:
        return Outcome(State.UNKNOWN, self.reason)


class Checks(Mapping[RuleId, Check]):
    """The checks by rule id, each compiled on first use."""

    def __init__(self, declared: Mapping[str, tuple[str, str, int, Any]]) -> None:
        self._declared = declared
        self._compiled: dict[RuleId, Check] = {}

    def __getitem__(self, rule_id: RuleId) -> Check:
        """
        Raises:
            KeyError: The rule says nothing of how it is checked.
            RuleError: What it says makes no sense.
        """
        if rule_id not in self._compiled:
            provider, file, line, raw = self._declared[rule_id]
            try:
                self._compiled[rule_id] = make_check(provider, raw)
            except CheckError as err:
                raise RuleError(file, line, f"rule {rule_id}: validate: {err}") from err
        return self._compiled[rule_id]

    def __iter__(self) -> Iterator[RuleId]:
        return (RuleId(rule_id) for rule_id in self._declared)

    def __len__(self) -> int:
        return len(self._declared)


def load_checks(selection: RuleSelection, cache: DiskCache) -> Checks:
    """
    What the rule files of *selection* say of checking, from *cache* where they have not changed since.

    Raises:
        RuleError: A file that cannot be read; a check that makes no sense is found when it is asked for.
    """
    files = rule_files(selection)
    name = f"checks-{_fingerprint(files)}"
    stored = cache.read(name)
    if stored is not None:
        return Checks({rule_id: tuple(entry) for rule_id, entry in json.loads(stored).items()})
    # Rules of other scanners bring no checks.
    own = [path for path in files if not is_foreign(path)]
    declared = {rule_id: entry for path in own for rule_id, entry in read_checks(path)}
    cache.write(name, json.dumps(declared, separators=(",", ":")).encode())
    return Checks(declared)


def read_checks(path: str) -> Iterator[tuple[str, tuple[str, str, int, Any]]]:
    """
    Yield (rule id, (provider, file, line, what `validate` says)) for the rules of the file at *path* that say it.

    Raises:
        RuleError: The file is no rule file, or a rule names a validator that is not there.
    """
    document = parse_document(path)
    top = document.value if isinstance(document.value, dict) else {}
    shared = _named(path, top.get("validators"))
    rules = top.get("rules")
    for entry in rules.value if isinstance(rules, Node) and isinstance(rules.value, list) else []:
        if not isinstance(entry.value, dict):
            continue
        said = entry.value.get("validate", top.get("validate"))
        if said is None:
            continue
        line = entry.lines.get("validate", entry.line)
        provider = plain(entry.value.get("provider", top.get("provider")))
        raw = plain(said)
        if isinstance(raw, str):
            if raw not in shared:
                raise RuleError(path, line, f"no validator {raw!r} stands under `validators`")
            raw = shared[raw]
        yield str(plain(entry.value.get("id"))), (str(provider), path, line, raw)


def make_check(provider: str, raw: Any) -> Check:
    """
    Raises:
        CheckError: What is wrong with *raw*, the mapping under `validate`.
    """
    if not isinstance(raw, Mapping):
        raise CheckError("`validate` is a mapping, or the name of one under `validators`")
    if "cannot" in raw:
        if set(raw) - {"cannot", "references"} or not isinstance(raw["cannot"], str) or not raw["cannot"]:
            raise CheckError("`cannot` stands alone and gives the reason", "cannot")
        return NoCheck(raw["cannot"])
    if "wire" in raw:
        return load_wire(_name_of(raw, "wire", WIRES))
    if "flow" in raw:
        return load_flow(_name_of(raw, "flow", FLOWS))
    return compile_check(provider, raw)


def _name_of(raw: Mapping[str, Any], key: str, known: Collection[str]) -> str:
    name = raw[key]
    if set(raw) - {key, "references"} or not isinstance(name, str) or name not in known:
        raise CheckError(f"`{key}` stands alone and names one of {', '.join(sorted(known))}", key)
    return name


def plain(node: Any) -> Any:
    """The data of a node without its lines."""
    if isinstance(node, Node):
        return plain(node.value)
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return node


def _named(path: str, node: Node | None) -> dict[str, Any]:
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        raise RuleError(path, node.line, "`validators` must map names to checks")
    return {name: plain(value) for name, value in node.value.items()}


def _fingerprint(files: list[str]) -> str:
    digest = hashlib.sha256()
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for path in (*(os.path.join(package, name) for name in _READERS), *files):
        status = os.stat(path)
        digest.update(f"{os.path.abspath(path)}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:32]
