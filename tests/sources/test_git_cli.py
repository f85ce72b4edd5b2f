# SPDX-License-Identifier: Apache-2.0
"""Child processes of git: none is left behind, none blocks."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secrethunt.sources import Ledger, SourceOptions, open_source
from secrethunt.sources.git_cli import CommandBackend
from secrethunt.sources.git_lib import LibraryBackend
from secrethunt.sources.hardening import find_git
from secrethunt.sources.layout import GitLayout, find_layout
from secrethunt.sources.opening import open_backend

if TYPE_CHECKING:
    from tests.conftest import MakeRepo, RepoBuilder


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    """Three thousand objects, more than a pipe holds of ids or contents."""
    repo = make_repo()
    text = b"".join(b"%d\n" % number for number in range(500))
    repo.commit({f"{number % 10}/{number}": b"%d\n" % number + text for number in range(3000)})
    return repo


def _layout(repo: RepoBuilder) -> GitLayout:
    layout = find_layout(os.fsencode(repo.path))
    assert layout is not None
    return layout


def test_git_goes_before_libgit2(repo: RepoBuilder) -> None:
    assert isinstance(open_backend(_layout(repo)), CommandBackend)


@pytest.mark.usefixtures("without_git")
def test_libgit2_stands_in(repo: RepoBuilder) -> None:
    assert find_git() is None
    assert isinstance(open_backend(_layout(repo)), LibraryBackend)


def _children() -> set[int]:
    """Processes that this one started and that have not been waited for; servers of other tests may be among them."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything; state and parent follow it (proc_pid_stat(5)).
            _, parent = entry.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid():
                found.add(int(entry.parent.name))
    return found


def test_a_scan_that_is_given_up_leaves_no_child(repo: RepoBuilder) -> None:
    before = _children()
    blobs = open_source(repo.target, SourceOptions()).iter_blobs(Ledger())
    for _ in range(3005):
        next(blobs)
    during = _children()

    del blobs

    assert during > before
    assert before == _children()


def test_more_than_a_pipe_holds_flows_both_ways(repo: RepoBuilder) -> None:
    ledger = Ledger()

    blobs = list(open_source(str(repo.git_dir), SourceOptions()).iter_blobs(ledger))

    assert (3000, 1) == (ledger.blobs, ledger.commits)
    assert 3001 == len({blob.id for blob in blobs})
