# SPDX-License-Identifier: Apache-2.0
"""Small bare repositories to measure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MakeRepo, RepoBuilder
from tests.packed_history import among, pack_hard
from tests.rule_samples import acme_key


@pytest.fixture
def bare(make_repo: MakeRepo, tmp_path: Path) -> RepoBuilder:
    """A bare clone of a history with eight commits; half of the versions of its one file hold a key each."""
    repo = make_repo("origin")
    for number in range(8):
        text = b"API_KEY = '%s'" % acme_key(number) if number % 2 else b"nothing"
        repo.commit({"settings.py": among(text)}, f"version {number}")
    pack_hard(repo)
    return repo.clone(tmp_path / "clone.git", "--bare", "--single-branch")
