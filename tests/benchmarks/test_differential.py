# SPDX-License-Identifier: Apache-2.0
"""The differential script counts every pair, sees a difference where there is one, and names what is absent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from secrethunt.pack import IS_NATIVE
from tests.benchmarks.scripts import SCRIPTS, Outcome, run_script
from tests.conftest import RepoBuilder

pytestmark = pytest.mark.skipif(not IS_NATIVE, reason="the native module is not built")


@pytest.fixture
def differential(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import importlib

    yield importlib.import_module("differential")
    for name in ("differential", "clones"):
        sys.modules.pop(name, None)


def differ(home: Path, *repositories: RepoBuilder) -> Outcome:
    rules = home / "config" / "secrethunt" / "acme.yaml"
    targets = [repo.target for repo in repositories]
    return run_script(home, "differential.py", *targets, "--no-builtin-rules", "--rules", str(rules))


def test_both_ways_find_the_same_pairs(tmp_path: Path, bare: RepoBuilder) -> None:
    outcome = differ(tmp_path, bare)
    assert (0, "") == (outcome.code, outcome.stderr)
    assert "pairs compared 4, differences 0 " in outcome.stdout
    assert 2 == outcome.stdout.count("5 blobs, 8 commits, 0 tags")
    assert "absent from both: 0\n" in outcome.stdout


def test_absent_objects_are_named_and_the_rest_is_compared(tmp_path: Path, bare: RepoBuilder) -> None:
    lacking = bare.clone(tmp_path / "lacking.git", "--bare")
    blob = bare.id("HEAD:settings.py")
    kept = [id for id in bare.git("rev-list", "--objects", "--no-object-names", "--all").split() if id != blob]
    for pack in lacking.git_dir.glob("objects/pack/*"):
        pack.unlink()
    packed = bare.git(
        "pack-objects", str(lacking.git_dir / "objects/pack/pack"), stdin="\n".join(kept).encode() + b"\n"
    )
    assert packed
    outcome = differ(tmp_path, lacking, bare)
    assert (0, "") == (outcome.code, outcome.stderr)
    assert f"absent from both: 1\n  {blob}\npairs compared 3, differences 0 " in outcome.stdout
    assert "pairs compared 4, differences 0 " in outcome.stdout


def test_repository_without_packs_has_nothing_to_compare(tmp_path: Path, make_repo: Any) -> None:
    repo = make_repo("loose")
    repo.commit({"a": "b"})
    outcome = differ(tmp_path, repo)
    assert 2 == outcome.code
    assert "has no packs" in outcome.stderr


def test_every_kind_of_difference_is_counted_and_named(differential: Any) -> None:
    comparison = differential.Comparison()
    packs = {("acme.api-key", 1, 9): [7], ("acme.api-key", 20, 29): [7], ("acme.api-key", 40, 49): [7]}
    whole = {("acme.api-key", 2, 9): [7], ("acme.api-key", 20, 29): [8], ("acme.api-key", 40, 49): [7]}
    differential.compare_places("4b825dc6", packs, whole, comparison)
    assert (1, 1, 1, 3) == (
        comparison.only_packs,
        comparison.only_whole,
        comparison.other_details,
        comparison.total,
    )
    assert [
        "only in packs: 4b825dc6 acme.api-key [1, 9)",
        "only in the reference: 4b825dc6 acme.api-key [2, 9)",
        "other details: 4b825dc6 acme.api-key [20, 29)",
    ] == comparison.named
