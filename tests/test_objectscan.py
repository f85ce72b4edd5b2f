# SPDX-License-Identifier: Apache-2.0
"""Of a history, packed or not, exactly the chosen objects are read, and what became of them is told."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from secrethunt.candidates.appraise import Appraiser
from secrethunt.decode import Tally
from secrethunt.objectscan import ObjectScan, blob_id, noted, split_ids
from secrethunt.records import Confidence
from secrethunt.sources import SourceOptions, open_source
from secrethunt.sources.contract import Ledger
from secrethunt.sources.repository import RepositorySource
from secrethunt.state.choice import KnownChoice
from tests.conftest import MakeRepo, RepoBuilder
from tests.rule_samples import acme_key, make_detector

OID = "ab" * 32
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 7\n"


@dataclass
class Read:
    """What one pass over a repository came to."""

    choice: KnownChoice
    ledger: Ledger
    found: set[str]


def read(repo: RepoBuilder, *ids: str, use_packs: bool = True) -> Read:
    """Scan those objects of *repo*."""
    source = open_source(repo.target, SourceOptions(use_packs=use_packs))
    assert isinstance(source, RepositorySource)
    choice = KnownChoice({bytes.fromhex(id) for id in ids}.__contains__)
    ledger = Ledger()
    scan = ObjectScan(make_detector(), ledger, 1, Confidence.LOW, lambda size: None, Tally(), Appraiser())
    found = scan.blobs(noted(source.iter_objects(ledger, choice), choice))
    if source.packed is not None:
        found = itertools.chain(found, scan.packs(source.packed, choice))
    return Read(choice, ledger, {key.id for key, _ in found})


@pytest.fixture
def repo(make_repo: MakeRepo) -> RepoBuilder:
    """Three commits in one pack, the last loose."""
    repo = make_repo()
    repo.commit({"a": acme_key(1), "b": "plain\n"})
    repo.commit({"c": acme_key(2), "big": POINTER})
    repo.pack()
    repo.commit({"d": acme_key(3), "e": "more\n"})
    return repo


@pytest.mark.parametrize("use_packs", [True, False])
def test_only_chosen_objects_are_read(repo: RepoBuilder, use_packs: bool) -> None:
    wanted = [repo.id(f"HEAD:{name}") for name in "abd"]
    done = read(repo, *wanted, use_packs=use_packs)
    assert {bytes.fromhex(id) for id in wanted} == done.choice.read == done.choice.chosen
    assert {wanted[0], wanted[2]} == done.found
    assert (3, 0, 9) == (done.ledger.blobs, done.ledger.commits, len(done.choice.present))


@pytest.mark.parametrize("use_packs", [True, False])
def test_nothing_chosen_is_nothing_read(repo: RepoBuilder, use_packs: bool) -> None:
    done = read(repo, use_packs=use_packs)
    assert (set(), set(), 0) == (done.found, done.choice.read, done.ledger.bytes)


@pytest.mark.parametrize("use_packs", [True, False])
def test_pointers_are_told(repo: RepoBuilder, use_packs: bool) -> None:
    id = repo.id("HEAD:big")
    done = read(repo, id, use_packs=use_packs)
    assert {bytes.fromhex(id): OID} == done.choice.pointers


def test_object_in_two_packs_is_read_once(repo: RepoBuilder) -> None:
    id = repo.id("HEAD:a")
    repo.git("pack-objects", "--quiet", str(repo.git_dir / "objects/pack/pack"), stdin=f"{id}\n".encode())
    done = read(repo, id)
    assert ({id}, 1) == (done.found, done.ledger.blobs)


def test_what_cannot_be_read_is_not_told_as_read(repo: RepoBuilder) -> None:
    id = repo.id("HEAD:d")
    path = repo.git_dir / "objects" / id[:2] / id[2:]
    path.chmod(0o600)
    path.write_bytes(b"damaged")
    done = read(repo, id)
    assert (set(), set()) == (done.found, done.choice.read)
    assert 1 == sum(done.ledger.skipped.values())


def test_id_of_bytes_is_that_of_git(repo: RepoBuilder) -> None:
    assert repo.id("HEAD:b") == blob_id(b"plain\n")


def test_joined_ids_come_apart() -> None:
    assert [b"ab", b"cd"] == split_ids(b"abcd", 2)
    assert [] == split_ids(b"", 20)
