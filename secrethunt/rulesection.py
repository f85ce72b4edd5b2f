# SPDX-License-Identifier: Apache-2.0
"""
Owns what rule files say beside their rules (`validate`, `identify`): who needs it reads it, a scan alone does not.

Reading YAML costs more than most of what is done with it, so sections are kept in the cache as the files say them, and
what one rule says is compiled when it is asked for.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from secrethunt.errors import RuleError
from secrethunt.records import RuleId
from secrethunt.ruledocument import Node, parse_document
from secrethunt.rules_import import is_foreign
from secrethunt.ruleset import RuleSelection, rule_files

Said = tuple[str, str, int, Any]
"""Provider, file, line, and what the rule says."""
_T = TypeVar("_T")


class SectionError(ValueError):
    """What a rule says makes no sense."""


class Sections(Mapping[RuleId, _T]):
    """What rules say, compiled on first use; whether a rule says anything is known without."""

    def __init__(self, key: str, said: Mapping[str, Said], compile: Callable[[Said], _T]) -> None:
        """*compile* raises `SectionError` where what is said makes no sense."""
        self._key = key
        self._said = said
        self._compile = compile
        self._compiled: dict[RuleId, _T] = {}

    def __getitem__(self, rule_id: RuleId) -> _T:
        """
        Raises:
            KeyError: The rule says nothing.
            RuleError: What it says makes no sense.
        """
        if rule_id not in self._compiled:
            said = self._said[rule_id]
            try:
                self._compiled[rule_id] = self._compile(said)
            except SectionError as err:
                raise RuleError(said[1], said[2], f"rule {rule_id}: {self._key}: {err}") from err
        return self._compiled[rule_id]

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self._said

    def __iter__(self) -> Iterator[RuleId]:
        return (RuleId(rule_id) for rule_id in self._said)

    def __len__(self) -> int:
        return len(self._said)


def own_files(selection: RuleSelection) -> list[str]:
    """The rule files of *selection* that may have sections: rules of other scanners bring none."""
    return [path for path in rule_files(selection) if not is_foreign(path)]


def read_section(path: str, key: str, shared_key: str) -> Iterator[tuple[str, Said]]:
    """
    Yield (rule id, what it says) for the rules of the file at *path* that have *key*, themselves or by their file.

    Args:
        shared_key: Top of the file under which what several rules say stands by name.

    Raises:
        RuleError: The file is no rule file, or a rule names something that is not under *shared_key*.
    """
    document = parse_document(path)
    top = document.value if isinstance(document.value, dict) else {}
    shared = plain(top.get(shared_key, {}))
    if not isinstance(shared, dict):
        raise RuleError(path, document.lines.get(shared_key, 1), f"`{shared_key}` must be a mapping of names")
    rules = top.get("rules")
    for entry in rules.value if isinstance(rules, Node) and isinstance(rules.value, list) else []:
        said = entry.value.get(key, top.get(key)) if isinstance(entry.value, dict) else None
        if said is None:
            continue
        line = entry.lines.get(key, entry.line)
        raw = plain(said)
        if isinstance(raw, str):
            if raw not in shared:
                raise RuleError(path, line, f"nothing called {raw!r} stands under `{shared_key}`")
            raw = shared[raw]
        provider = plain(entry.value.get("provider", top.get("provider")))
        yield str(plain(entry.value.get("id"))), (str(provider), path, line, raw)


def plain(node: Any) -> Any:
    """The data of a node without its lines."""
    if isinstance(node, Node):
        return plain(node.value)
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return node


def fingerprint(files: Sequence[str]) -> str:
    """Changes with the *files* and with the code that reads them."""
    digest = hashlib.sha256()
    for path in (parse_document.__code__.co_filename, __file__, *files):
        status = os.stat(path)
        digest.update(f"{os.path.abspath(path)}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:32]
