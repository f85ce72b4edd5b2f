# SPDX-License-Identifier: Apache-2.0
"""
Owns which rule's credential is asked who it is, and how: reads `identify`, `identifiers` and `scopes` of rule files.

They are read when identities are asked for, and kept in the cache as the files say them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from secrethunt.diskcache import DiskCache
from secrethunt.identity.live.compile import Surroundings, compile_identifier
from secrethunt.identity.live.contract import Identifier
from secrethunt.identity.live.registry import FLOWS, load_identifier
from secrethunt.ruledocument import parse_document
from secrethunt.rulesection import Said, Sections, fingerprint, own_files, plain, read_section
from secrethunt.ruleset import RuleSelection
from secrethunt.validate.declared import CheckError

Identifiers = Sections[Identifier]
"""The identifications by rule id, each compiled on first use."""


def load_identifiers(selection: RuleSelection, cache: DiskCache) -> Identifiers:
    """
    What the rule files of *selection* say of identification, from *cache* where they have not changed since.

    Raises:
        RuleError: A file that cannot be read; an identification that makes no sense is found when it is asked for.
    """
    files = own_files(selection)
    name = f"identifiers-{fingerprint([*files, __file__])}"
    stored = cache.read(name)
    if stored is None:
        stored = json.dumps(_read(files), separators=(",", ":")).encode()
        cache.write(name, stored)
    said, around = json.loads(stored)

    def compile(entry: Said) -> Identifier:
        provider, file, _, raw = entry
        return make_identifier(provider, raw, Surroundings(around[file]["validators"], around[file]["scopes"]))

    return Sections("identify", said, compile)


def _read(files: Sequence[str]) -> tuple[dict[str, Said], dict[str, Any]]:
    """What is said by rule id, and what it may refer to by file."""
    said: dict[str, Said] = {}
    around: dict[str, Any] = {}
    for path in files:
        found = dict(read_section(path, "identify", "identifiers"))
        if found:
            said.update(found)
            top = parse_document(path).value
            around[path] = {key: plain(top.get(key, {})) for key in ("validators", "scopes")}
    return said, around


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
