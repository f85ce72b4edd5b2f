# SPDX-License-Identifier: Apache-2.0
"""Owns which rule is checked how: reads `validate` and `validators` of the rule files, and makes checks of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from secrethunt.diskcache import DiskCache
from secrethunt.online.contract import Session
from secrethunt.rulesection import Said, Sections, fingerprint, own_files, read_section
from secrethunt.ruleset import RuleSelection
from secrethunt.validate.contract import Check, Credential, Outcome, State
from secrethunt.validate.declared import CheckError, compile_check
from secrethunt.validate.flows.catalogue import FLOWS
from secrethunt.validate.flows.registry import load_flow
from secrethunt.validate.wire.registry import WIRES, load_wire


@dataclass(frozen=True, slots=True)
class NoCheck:
    """A credential of which somebody found that nothing harmless tells whether it is live; a `Check`."""

    reason: str
    endpoints: tuple[str, ...] = ()
    allows_control: bool = False

    def __call__(self, credential: Credential, session: Session) -> Outcome:
        return Outcome(State.UNKNOWN, self.reason)


Checks = Sections[Check]
"""The checks by rule id, each compiled on first use."""


def load_checks(selection: RuleSelection, cache: DiskCache) -> Checks:
    """
    What the rule files of *selection* say of checking, from *cache* where they have not changed since.

    Raises:
        RuleError: A file that cannot be read; a check that makes no sense is found when it is asked for.
    """
    files = own_files(selection)
    name = f"checks-{fingerprint(files)}"
    stored = cache.read(name)
    if stored is None:
        said = {rule_id: entry for path in files for rule_id, entry in read_section(path, "validate", "validators")}
        stored = json.dumps(said, separators=(",", ":")).encode()
        cache.write(name, stored)
    return Sections("validate", json.loads(stored), _compile)


def _compile(said: Said) -> Check:
    provider, _, _, raw = said
    return make_check(provider, raw)


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
