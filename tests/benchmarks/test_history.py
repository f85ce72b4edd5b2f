# SPDX-License-Identifier: Apache-2.0
"""Histories are measured only when they are complete, and every table says what was read and found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secrethunt.pack import IS_NATIVE
from tests.benchmarks.scripts import OWN, Outcome, run_script
from tests.conftest import RepoBuilder

pytestmark = pytest.mark.skipif(not IS_NATIVE, reason="the native module is not built")


def measure(home: Path, repo: RepoBuilder, *options: str) -> Outcome:
    return run_script(home, "history.py", repo.target, "--runs", "1", "--peer", OWN, *options)


def object_bytes(repo: RepoBuilder, *types: str) -> int:
    """Bytes of all objects of *types*, as git counts them."""
    listed = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize)").splitlines()
    return sum(int(size) for type, size in map(str.split, listed) if type in types)


def test_comparison_counts_findings_and_blobs(tmp_path: Path, bare: RepoBuilder) -> None:
    outcome = measure(tmp_path, bare)
    assert (0, "") == (outcome.code, outcome.stderr)
    own, floor = outcome.rows
    assert ("secrethunt", "4", "4", "5") == tuple(own[name] for name in ("tool", "findings", "secrets", "blobs"))
    assert ("floor", "", "") == tuple(floor[name] for name in ("tool", "findings", "blobs"))


def test_ratios_are_those_of_the_table(tmp_path: Path, bare: RepoBuilder) -> None:
    outcome = measure(tmp_path, bare)
    told = re.search(r"secrethunt takes ([\d.]+) times as much as the floor", outcome.stdout)
    assert told is not None
    assert float(told[1]) > 1


def test_walk_of_all_kinds_reads_what_git_counts(tmp_path: Path, bare: RepoBuilder) -> None:
    outcome = run_script(tmp_path, "pack_walk.py", str(bare.git_dir / "objects"), "--kind", "all", "--check")
    count = bare.git("rev-list", "--objects", "--all").count("\n") + 1
    size = object_bytes(bare, "blob", "tree", "commit", "tag")
    assert f"objects {count}, written out {size}, " in outcome.stdout
    assert "wrong 0, skipped 0" in outcome.stdout


def test_absent_objects_are_counted_and_the_rest_goes_on(tmp_path: Path, bare: RepoBuilder) -> None:
    partial = bare.clone(tmp_path / "partial.git", "--bare", "--filter=blob:none")
    outcome = run_script(tmp_path, "history.py", partial.target, bare.target, "--runs", "1", "--peer", OWN, "--threads")
    assert 1 == outcome.code
    assert f"{partial.target}: not measured: 5 objects are absent\n" == outcome.stderr
    assert "clone.git" in outcome.stdout
    assert "partial.git" not in outcome.stdout


def test_shallow_clone_is_refused(tmp_path: Path, bare: RepoBuilder) -> None:
    shallow = bare.clone(tmp_path / "shallow.git", "--bare", "--depth=2")
    outcome = measure(tmp_path, shallow)
    assert (1, "") == (outcome.code, outcome.stdout)
    assert "not measured: a shallow clone" in outcome.stderr


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    outcome = measure(tmp_path, RepoBuilder(tmp_path))
    assert (1, "") == (outcome.code, outcome.stdout)
    assert "not a git repository" in outcome.stderr


def test_tool_that_fails_is_named_with_what_it_said(tmp_path: Path, bare: RepoBuilder) -> None:
    outcome = measure(tmp_path, bare, "--peer", f"{OWN} --no-such-option")
    assert 1 == outcome.code
    assert "ended with 2" in outcome.stderr
    assert "no-such-option" in outcome.stderr


def test_growth_cuts_history_at_four_points(tmp_path: Path, bare: RepoBuilder) -> None:
    outcome = measure(tmp_path, bare, "--growth")
    assert (0, "") == (outcome.code, outcome.stderr)
    assert ["25%", "50%", "75%", "100%"] == [row["first-parent history"] for row in outcome.rows]
    assert ["2", "3", "4", "5"] == [row["blobs"] for row in outcome.rows]
    assert ["100%"] * 3 == [outcome.rows[-1][name] for name in ("pack", "written out", "CPU")]


def test_threads_are_compared(tmp_path: Path, bare: RepoBuilder) -> None:
    outcome = measure(tmp_path, bare, "--threads")
    assert (0, "") == (outcome.code, outcome.stderr)
    assert ["1", "2"] == [row["--jobs"] for row in outcome.rows]


def test_unchanged_repository_is_rescanned_where_there_is_a_state(tmp_path: Path, bare: RepoBuilder) -> None:
    outcome = measure(tmp_path, bare, "--state")
    assert 0 == outcome.code
    if "no such option" in outcome.stderr:
        assert "" == outcome.stdout
    else:
        assert ["first", "next, unchanged", "of one small file"] == [row["scan"] for row in outcome.rows]


def test_row_of_a_tool_that_was_stopped_says_what_it_had_taken(tmp_path: Path, bare: RepoBuilder) -> None:
    outcome = measure(tmp_path, bare, "--limit", "0.0001")
    own, floor = outcome.rows
    assert own["wall s"].startswith("> ")
    assert ("", "") == (own["findings"], own["blobs"])
    assert not floor["wall s"].startswith("> ")
