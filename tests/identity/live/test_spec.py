# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

from secrethunt.diskcache import DiskCache
from secrethunt.identity.live.spec import load_identifiers
from secrethunt.ruleset import RuleSelection


def test_rules_of_other_scanners_are_asked_for_no_identity(tmp_path: Path) -> None:
    foreign = tmp_path / "gitleaks.toml"
    foreign.write_text('title = "identifiers: {"\n[[rules]]\nid = "acme"\nregex = "acme_[a-z]{8}"\n')
    selection = RuleSelection(files=(str(foreign),), builtin=False)
    assert [] == list(load_identifiers(selection, DiskCache(None)))
