# SPDX-License-Identifier: Apache-2.0
"""
Provenance and selection against brute force: git lists every commit's whole tree, and the answers follow by definition.

`SECRETHUNT_TEST_REPOSITORY` names a real repository to be compared as well.
"""

from __future__ import annotations

import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from secrethunt.records import MAX_REFS, BlobId, BlobKind
from secrethunt.sources import BlobKey, Scope
from tests.conftest import START, RepoBuilder

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.sources.conftest import Scanned, ScanTarget

_REAL = os.environ.get("SECRETHUNT_TEST_REPOSITORY", "")
_SAMPLE = 60


class Place(NamedTuple):
    """What is compared of a provenance."""

    path: bytes
    first: str | None
    last: str | None
    at_head: bool
    refs: tuple[bytes, ...]
    ref_count: int


@dataclass(frozen=True, slots=True)
class Oracle:
    """A repository as git itself spells it out."""

    dates: dict[str, int]
    parents: dict[str, list[str]]
    ancestors: dict[str, set[str]]
    """Of each commit, itself included."""
    files: dict[str, set[tuple[bytes, str]]]
    """(path, blob) of each commit's tree."""
    refs: dict[bytes, set[str]]
    """Commits that each ref reaches."""
    head: str

    def places(self, blob: str) -> set[Place]:
        """Every place of *blob*, by definition."""
        paths = {path for files in self.files.values() for path, id in files if id == blob}
        return {self._place(path, blob) for path in paths}

    def _place(self, path: bytes, blob: str) -> Place:
        holders = {commit for commit, files in self.files.items() if (path, blob) in files}
        reachable = holders & set().union(*self.refs.values())
        named = reachable or holders
        at_head = self.head in holders
        # Dates differ from commit to commit, and never go back from parent to child.
        first = min(named, key=self.dates.__getitem__)
        last = self.head if at_head else max(named, key=self.dates.__getitem__)
        refs = sorted(name for name, reached in self.refs.items() if reached & holders)
        return Place(path, first, last, at_head, tuple(refs[:MAX_REFS]), len(refs))

    def added(self, exclude: str, include: str) -> set[str]:
        """Blobs that commits of a range have at a path where no parent has the same."""
        blobs = set()
        for commit in self.ancestors[include] - self.ancestors[exclude]:
            inherited: set[tuple[bytes, str]] = set().union(*(self.files[p] for p in self.parents[commit]))
            blobs |= {blob for _, blob in self.files[commit] - inherited}
        return blobs


def read_oracle(repo: RepoBuilder) -> Oracle:
    """Ask git for everything, commit by commit."""
    lines = repo.git("cat-file", "--batch-all-objects", "--batch-check").splitlines()
    commits = [line.split()[0] for line in lines if " commit " in line]
    return Oracle(
        {commit: int(repo.git("log", "-1", "--format=%ct", commit)) for commit in commits},
        {commit: repo.git("rev-parse", f"{commit}^@").split() for commit in commits},
        {commit: set(repo.git("rev-list", commit).split()) for commit in commits},
        {commit: _list_tree(repo, commit) for commit in commits},
        {
            name.encode(errors="surrogateescape"): set(repo.git("rev-list", name).split())
            for name in repo.git("for-each-ref", "--format=%(refname)").splitlines()
        },
        repo.head(),
    )


def _list_tree(repo: RepoBuilder, commit: str) -> set[tuple[bytes, str]]:
    output = repo.git("ls-tree", "-r", "-z", commit).encode(errors="surrogateescape")
    fields = [line.partition(b"\t") for line in output.split(b"\0") if line]
    return {(path, about.split()[2].decode()) for about, _, path in fields if about.split()[1] == b"blob"}


def grow_random_history(repo: RepoBuilder, seed: int, *, commits: int = 40) -> None:
    """Commits with up to three parents, few names and contents so that much comes back, and a few lost branches."""
    choose = random.Random(seed)
    paths = [f"{directory}f{n}" for directory in ("", "a/", "a/b/", "c/", "x 40000 y/") for n in range(3)]
    trees: list[dict[str, int]] = []
    stream = []
    for number in range(commits):
        parents = choose.sample(range(number), min(number, choose.choice([0, 1, 1, 1, 1, 2, 2, 3]))) if number else []
        tree = dict(trees[parents[0]]) if parents else {}
        for parent in parents[1:]:
            tree.update(choose.sample(sorted(trees[parent].items()), len(trees[parent]) // 2))
        for path in choose.sample(paths, choose.randint(0, 4)):
            tree[path] = choose.randrange(12)
        for path in choose.sample(sorted(tree), min(len(tree), choose.choice([0, 0, 1, 2]))):
            del tree[path]
        trees.append(tree)
        stream.append(_import_commit(number, parents, tree))
    repo.git("fast-import", "--quiet", stdin="".join(stream).encode())
    for number in range(commits):
        if choose.random() < 0.6 and number != commits - 1:
            repo.git("update-ref", "-d", f"refs/heads/c{number}")
    repo.git("symbolic-ref", "HEAD", f"refs/heads/c{commits - 1}")


def _import_commit(number: int, parents: list[int], tree: dict[str, int]) -> str:
    lines = [
        f"commit refs/heads/c{number}",
        f"mark :{number + 1}",
        f"committer A <a@example.com> {START + number * 60} +0000",
        f"data {len(str(number))}",
        str(number),
    ]
    lines += [f"{'merge' if place else 'from'} :{parent + 1}" for place, parent in enumerate(parents)]
    lines.append("deleteall")
    for path, content in tree.items():
        text = f"content {content}"
        lines += [f'M 100644 inline "{path}"', f"data {len(text)}", text]
    return "\n".join([*lines, "", ""])


def _found(scanned: Scanned, blob: str) -> set[Place]:
    return {
        Place(
            place.path,
            place.first.id if place.first else None,
            place.last.id if place.last else None,
            place.at_head,
            place.refs,
            place.ref_count,
        )
        for place in scanned.places(blob)
    }


@pytest.mark.usefixtures("any_backend")
@pytest.mark.parametrize("seed", range(6))
def test_random_histories_agree_with_brute_force(make_repo: MakeRepo, scan: ScanTarget, seed: int) -> None:
    repo = make_repo()
    grow_random_history(repo, seed)
    oracle = read_oracle(repo)
    scanned = scan(repo.git_dir)

    assert scanned.objects().keys() == {blob for files in oracle.files.values() for _, blob in files}
    for blob in scanned.objects():
        assert oracle.places(blob) == _found(scanned, blob)


@pytest.mark.usefixtures("any_backend")
@pytest.mark.parametrize("seed", range(6))
def test_ranges_of_random_histories_agree_with_brute_force(make_repo: MakeRepo, scan: ScanTarget, seed: int) -> None:
    repo = make_repo()
    grow_random_history(repo, seed)
    oracle = read_oracle(repo)
    choose = random.Random(seed)
    commits = sorted(oracle.dates)

    for _ in range(5):
        exclude, include = choose.sample(commits, 2)
        scanned = scan(repo.git_dir, Scope.RANGE, revision=f"{exclude}..{include}")
        assert oracle.added(exclude, include) == scanned.objects().keys()
        assert oracle.ancestors[include] - oracle.ancestors[exclude] == scanned.objects(BlobKind.COMMIT).keys()


@pytest.mark.skipif(not _REAL, reason="SECRETHUNT_TEST_REPOSITORY is not set")
def test_a_real_repository_agrees_with_git(scan: ScanTarget) -> None:
    """Whole-history brute force is out of reach, so each place is checked against the commits that it names."""
    repo = RepoBuilder(Path(_REAL))
    scanned = scan(repo.git_dir)
    blobs = random.Random(0).sample(sorted(scanned.objects()), _SAMPLE)
    places = scanned.source.resolve([BlobKey(BlobKind.HISTORY, BlobId(id), b"") for id in blobs], scanned.ledger)

    for key, found in places.items():
        for place in found:
            if place.first is None or place.last is None:
                continue
            for commit in (place.first.id, place.last.id):
                assert key.id == _blob_at(repo, commit, place.path)
            for parent in repo.git("rev-parse", f"{place.first.id}^@").split():
                assert key.id != _blob_at(repo, parent, place.path)
            assert place.at_head == (_blob_at(repo, "HEAD", place.path) == key.id)
        paths = {place.path for place in found}
        assert _paths_by_log(repo, key.id) <= paths


def _blob_at(repo: RepoBuilder, commit: str, path: bytes) -> str:
    return repo.git("rev-parse", "--quiet", "--verify", commit.encode() + b":" + path, fails=True)


def _paths_by_log(repo: RepoBuilder, blob: str) -> set[bytes]:
    """Paths at which some reachable commit changes something from or to *blob*."""
    output = subprocess.run(
        [
            "git",
            "log",
            "--all",
            "-m",
            "--raw",
            "-z",
            "--no-abbrev",
            "--no-renames",
            "--format=",
            f"--find-object={blob}",
        ],
        cwd=repo.path,
        capture_output=True,
        check=True,
    ).stdout
    fields = output.split(b"\0")
    return {path for about, path in zip(fields[::2], fields[1::2], strict=False) if blob.encode() in about}
