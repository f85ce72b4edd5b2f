# SPDX-License-Identifier: Apache-2.0
"""Scanning a source in tests, through either backend."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from secrethunt.records import Blob, BlobId, BlobKind, Provenance, Skip
from secrethunt.sources import BlobKey, Ledger, Scope, Source, SourceOptions, open_source


@dataclass(frozen=True, slots=True)
class Scanned:
    """Everything that a source gave."""

    source: Source
    blobs: list[Blob]
    ledger: Ledger

    def files(self) -> dict[bytes, bytes]:
        """Data of each file, staged entry or stream by its path."""
        return {blob.path: blob.data for blob in self.blobs if blob.path}

    def objects(self, kind: BlobKind = BlobKind.HISTORY) -> dict[str, bytes]:
        """Data of each object of history by its id."""
        return {str(blob.id): blob.data for blob in self.blobs if blob.kind is kind}

    def contents(self, kind: BlobKind = BlobKind.HISTORY) -> set[bytes]:
        """Data of all blobs of *kind*."""
        return {blob.data for blob in self.blobs if blob.kind is kind}

    def skipped(self, skip: Skip) -> set[bytes]:
        """What was left out for that reason."""
        return {problem.what for problem in self.ledger.problems if problem.skip is skip}

    def places(self, id: str, kind: BlobKind = BlobKind.HISTORY) -> tuple[Provenance, ...]:
        """Where an object of history was seen."""
        key = BlobKey(kind, BlobId(id), b"")
        return self.source.resolve([key], self.ledger)[key]


ScanTarget = Callable[..., Scanned]


@pytest.fixture
def scan() -> ScanTarget:
    """Opens and reads a source: `scan(target, scope=Scope.ALL, **options)`."""

    def read(target: str | Path, scope: Scope = Scope.ALL, **options: str | int | bool) -> Scanned:
        source = open_source(str(target), SourceOptions(scope=scope, **options))  # type: ignore[arg-type]  # as given
        ledger = Ledger()
        return Scanned(source, list(source.iter_blobs(ledger)), ledger)

    return read


@pytest.fixture
def without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no `git` command is found."""
    empty = tmp_path / "no-commands"
    empty.mkdir()
    monkeypatch.setenv("PATH", os.fspath(empty))


@pytest.fixture(params=["git", "libgit2"])
def any_backend(request: pytest.FixtureRequest) -> str:
    """Runs the test once with git, and once without, which leaves libgit2."""
    if request.param == "libgit2":
        request.getfixturevalue("without_git")
    return str(request.param)
