# SPDX-License-Identifier: Apache-2.0
"""Scanning a source in tests: through either backend, and with or without the packs."""

from __future__ import annotations

import os
import subprocess
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from secrethunt.coverage import Skip
from secrethunt.pack import Kind, Walker
from secrethunt.records import Blob, BlobId, BlobKind, Provenance
from secrethunt.sources import BlobKey, Ledger, Scope, Source, SourceOptions, open_source
from secrethunt.sources.contract import PackedObjects
from tests.conftest import RepoBuilder

_KINDS = {Kind.BLOB: BlobKind.HISTORY, Kind.COMMIT: BlobKind.COMMIT, Kind.TAG: BlobKind.TAG}


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
def scan(request: pytest.FixtureRequest) -> ScanTarget:
    """
    Opens and reads a source: `scan(target, scope=Scope.ALL, **options)`.

    Where `any_backend` says so the repository's objects are packed first, and all packed ones are read from the packs.
    """
    callspec = getattr(request.node, "callspec", None)
    use_packs = callspec is not None and str(callspec.params.get("any_backend")).startswith("packed")

    def read(target: str | Path, scope: Scope = Scope.ALL, **options: str | int | bool) -> Scanned:
        if use_packs and os.path.isdir(target):
            pack_what_is_sound(RepoBuilder(Path(target)))
        given = SourceOptions(scope=scope, use_packs=use_packs, **options)  # type: ignore[arg-type]  # as given
        source = open_source(str(target), given)
        ledger = Ledger()
        blobs = list(source.iter_blobs(ledger))
        if source.packed is not None:
            blobs += iter_packed(source.packed, ledger)
        return Scanned(source, blobs, ledger)

    return read


def iter_packed(packed: PackedObjects, ledger: Ledger) -> Iterator[Blob]:
    """What a scan of the packs would see, written out, and what it would ask for then."""
    walker = Walker(packed.packs, sum(kind.mask for kind in _KINDS), 1, [(1, 1)], max_size=packed.max_size)
    skips = list(walker.skips)
    blobs = []
    worker = walker.worker()
    while (batch := worker.next_batch()) is not None:
        batch.resolve(array("Q"))
        for slot, kind in enumerate(batch.kinds):
            id = BlobId(batch.ids[slot * packed.hash_size : (slot + 1) * packed.hash_size].hex())
            blobs.append(Blob(bytes(batch.blob(slot)), _KINDS[Kind(kind)], b"", id))
        batch.settle(array("Q"))
        skips += batch.skips
        ledger.blobs += batch.kinds.count(Kind.BLOB)
        ledger.commits += batch.kinds.count(Kind.COMMIT)
        ledger.tags += batch.kinds.count(Kind.TAG)
        ledger.bytes += batch.bytes
    yield from blobs
    yield from packed.iter_again(skips, ledger)
    pointers = [(blob.id, blob.data) for blob in blobs if blob.id is not None and blob.kind is BlobKind.HISTORY]
    yield from packed.iter_pointed(pointers, ledger)


def pack_what_is_sound(repo: RepoBuilder) -> None:
    """Move loose objects of a repository to a pack; those that git cannot read stay where they are."""
    directory = repo.git("rev-parse", "--absolute-git-dir", fails=True)
    if not directory:
        return
    found = (path.parent.name + path.name for path in Path(directory).glob("objects/??/*"))
    ids = [id for id in sorted(found) if _is_sound(repo, id)]
    if ids:
        listed = "".join(f"{id}\n" for id in ids)
        repo.git("pack-objects", "--quiet", f"{directory}/objects/pack/pack", stdin=listed.encode(), fails=True)
        repo.git("prune-packed", "--quiet")


def _is_sound(repo: RepoBuilder, id: str) -> bool:
    try:
        repo.git("cat-file", "-p", id)
    except (AssertionError, subprocess.SubprocessError):
        return False
    return True


@pytest.fixture
def without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no `git` command is found."""
    empty = tmp_path / "no-commands"
    empty.mkdir()
    monkeypatch.setenv("PATH", os.fspath(empty))


@pytest.fixture(params=["git", "libgit2", "packed", "packed-libgit2"])
def any_backend(request: pytest.FixtureRequest) -> str:
    """Runs the test with git, and without, which leaves libgit2; each object by object, and with the packs."""
    if request.param.endswith("libgit2"):
        request.getfixturevalue("without_git")
    return str(request.param)
