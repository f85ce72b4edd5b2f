# SPDX-License-Identifier: Apache-2.0
"""Tells rule files of other scanners by their contents, and turns them into rules of ours, read by our own reader."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from secrethunt.anchors import Anchor
from secrethunt.errors import RuleError
from secrethunt.records import Rule
from secrethunt.rulefile import read_rule_text
from secrethunt.rules_import.foreign import Draft, Entry, gitleaks_drafts, yaml_drafts

_OURS = frozenset({"provider", "nhi"})
_HEAD = 65536


class Lost(NamedTuple):
    """What of one foreign rule could not be carried over."""

    id: str
    what: str
    is_whole: bool
    """Nothing of the rule was."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A foreign file in our terms."""

    entries: tuple[Entry, ...]
    rules: tuple[tuple[Rule, Anchor], ...]
    lost: tuple[Lost, ...]

    def as_yaml(self) -> str:
        """A rule file of ours; its rules still want examples."""
        return str(yaml.safe_dump({"rules": list(self.entries)}, sort_keys=False, allow_unicode=True, width=1000))


def is_foreign(path: str) -> bool:
    """Whether the rule file at *path* was written for another scanner."""
    if path.endswith(".toml"):
        return True
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return False
    # Ours name a provider and the identity that a rule is about; nobody else's do.
    if any(f"{word}:" in text for word in _OURS):
        return False
    document = _yaml(text)
    rules = document.get("rules") if isinstance(document, dict) else None
    return isinstance(rules, list) and bool(rules) and isinstance(rules[0], dict) and "pattern" in rules[0]


def convert_rules(path: str) -> Converted:
    """
    The foreign rules at *path*.

    Raises:
        RuleError: The file is not as its tool writes it.
    """
    entries: list[Entry] = []
    rules: list[tuple[Rule, Anchor]] = []
    lost: list[Lost] = []
    seen: set[str] = set()
    for draft in _drafts(path):
        entry = draft.entry
        if entry is not None:
            entry["id"] = _unique(entry["id"], seen)
            try:
                rules.extend(read_rule_text(yaml.safe_dump({"rules": [entry]}, sort_keys=False), path))
                entries.append(entry)
            except RuleError as err:
                draft.lost.append(str(err).split(": ", 2)[-1])
                entry = None
        lost.extend(Lost(draft.id, what, entry is None) for what in dict.fromkeys(draft.lost))
    return Converted(tuple(entries), tuple(rules), tuple(lost))


def _drafts(path: str) -> Iterator[Draft]:
    try:
        with open(path, "rb") as file:
            data = file.read()
        document: Any = tomllib.loads(data.decode()) if path.endswith(".toml") else _yaml(data.decode())
    except OSError as err:
        raise RuleError(path, 1, f"cannot be read: {err.strerror}") from err
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise RuleError(path, 1, f"not TOML: {err}") from err
    if not isinstance(document, Mapping) or not isinstance(document.get("rules"), list):
        raise RuleError(path, 1, "neither rules of ours nor of a scanner that is known")
    if path.endswith(".toml"):
        is_better = "betterleaks" in str(document.get("title", "")).lower()
        return gitleaks_drafts(document, "betterleaks" if is_better else "gitleaks")
    return yaml_drafts(document, _yaml_tool(document))


def _yaml_tool(document: Mapping[str, Any]) -> str:
    first = str(document["rules"][0].get("id", "")) if document["rules"] else ""
    return {"np": "noseyparker", "kingfisher": "kingfisher"}.get(first.split(".")[0], "imported")


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return None


def _unique(id: str, seen: set[str]) -> str:
    number, name = 2, id
    while name in seen:
        name = f"{id}-{number}"
        number += 1
    seen.add(name)
    return name
