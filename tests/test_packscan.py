# SPDX-License-Identifier: Apache-2.0
"""A scan of the packs' deltas finds what a scan of every object written out finds, places and skips included."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from secrethunt.coverage import Skip
from secrethunt.pack import IS_NATIVE, reference
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import Confidence
from secrethunt.sources import SourceOptions, open_source
from tests.conftest import MakeRepo, RepoBuilder
from tests.packed_history import GROWERS, Grow, Outcome, Samples, among, commit_versions, count_deltas, pack_hard

pytestmark = pytest.mark.skipif(not IS_NATIVE, reason="the native module is not built")

_REAL = os.environ.get("SECRETHUNT_TEST_REPOSITORY", "")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def scanner(cache: str) -> Scanner:
    """All shipped rules, unsure candidates too."""
    return Scanner(ScannerOptions(min_confidence=Confidence.LOW, jobs=1, cache_directory=cache))


@pytest.fixture(scope="session")
def samples(scanner: Scanner) -> Samples:
    return Samples(scanner.ruleset.rules)


def scan(scanner: Scanner, target: RepoBuilder | Path, *, use_packs: bool, max_size: int = 1 << 26) -> Outcome:
    path = target.git_dir if isinstance(target, RepoBuilder) else target
    return Outcome.of(scanner.scan([str(path)], SourceOptions(use_packs=use_packs, max_size=max_size)))


def assert_same(scanner: Scanner, target: RepoBuilder | Path, *, max_size: int = 1 << 26) -> Outcome:
    """Both ways give the same; what they give."""
    whole = scan(scanner, target, use_packs=False, max_size=max_size)
    packed = scan(scanner, target, use_packs=True, max_size=max_size)
    assert whole.places() == packed.places()
    assert whole == packed
    return packed


@pytest.fixture
def history(make_repo: MakeRepo, samples: Samples) -> RepoBuilder:
    """A packed repository with a bit of everything."""
    repo = make_repo("history")
    for name in ("private_key_edited", "overlapping_rules", "messages"):
        GROWERS[name](repo, samples)
    pack_hard(repo)
    return repo


class TestHistories:
    @pytest.mark.parametrize("grow", GROWERS.values(), ids=GROWERS.keys())
    def test_deltas_are_scanned_as_if_written_out(
        self, make_repo: MakeRepo, scanner: Scanner, samples: Samples, grow: Grow
    ) -> None:
        repo = make_repo()
        grow(repo, samples)
        pack_hard(repo)
        assert count_deltas(repo) > 1

        found = assert_same(scanner, repo)

        assert len(found.findings) > 0

    @pytest.mark.parametrize("jobs", [1, 2, 4])
    def test_number_of_threads_changes_nothing(self, history: RepoBuilder, cache: str, jobs: int) -> None:
        scanner = Scanner(ScannerOptions(min_confidence=Confidence.LOW, jobs=jobs, cache_directory=cache))
        assert_same(scanner, history)

    def test_python_twin_finds_the_same(
        self, history: RepoBuilder, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = scan(scanner, history, use_packs=True)
        for name in ("Packs", "Walker"):
            for module in ("secrethunt.sources.packed", "secrethunt.packscan"):
                monkeypatch.setattr(f"{module}.{name}", getattr(reference, name), raising=False)

        assert expected == scan(scanner, history, use_packs=True)
        source = open_source(str(history.git_dir), SourceOptions())
        assert source.packed is not None
        assert isinstance(source.packed.packs, reference.Packs)

    def test_only_sure_candidates_are_kept_when_asked_for(self, history: RepoBuilder, cache: str) -> None:
        scanner = Scanner(ScannerOptions(min_confidence=Confidence.HIGH, cache_directory=cache))
        assert_same(scanner, history)

    def test_large_files_pointed_to_are_scanned(self, make_repo: MakeRepo, scanner: Scanner, samples: Samples) -> None:
        repo = make_repo()
        content = among(samples.example("aws.key-pair"))
        for number, is_here in enumerate((True, False)):
            data = content + b"%d\n" % number
            oid = hashlib.sha256(data).hexdigest()
            pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
            repo.commit({f"big{number}": pointer % (oid.encode(), len(data))})
            path = repo.git_dir / "lfs/objects" / oid[:2] / oid[2:4] / oid
            if is_here:
                path.parent.mkdir(parents=True)
                path.write_bytes(data)
        pack_hard(repo)

        found = assert_same(scanner, repo)

        assert {Skip.LFS_POINTER: 1} == found.skipped
        assert len(found.findings) > 0


class TestStores:
    def test_several_packs_and_loose_objects(self, make_repo: MakeRepo, scanner: Scanner, samples: Samples) -> None:
        repo = make_repo()
        for name in ("keyword_and_value_apart", "ordinals", "messages"):
            GROWERS[name](repo, samples)
            repo.git("repack", "-d", "--quiet")
        GROWERS["overlapping_rules"](repo, samples)
        assert 3 == len(list(repo.git_dir.glob("objects/pack/*.pack")))

        assert_same(scanner, repo)

    def test_same_objects_in_two_packs(self, history: RepoBuilder, scanner: Scanner) -> None:
        everything = history.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        history.git("pack-objects", "--quiet", "--window=0", ".git/objects/pack/pack", stdin=everything.encode())
        assert 2 == len(list(history.git_dir.glob("objects/pack/*.pack")))

        assert_same(scanner, history)

    def test_multi_pack_index_and_deltas_of_another_kind(
        self, make_repo: MakeRepo, scanner: Scanner, samples: Samples
    ) -> None:
        repo = make_repo()
        GROWERS["moved_blocks"](repo, samples)
        repo.git("repack", "-d", "--quiet")
        repo.git("config", "core.bigFileThreshold", "1k")
        GROWERS["ordinals"](repo, samples)
        repo.git("multi-pack-index", "write")

        assert_same(scanner, repo)

    def test_work_tree_and_packs_together(self, history: RepoBuilder, scanner: Scanner) -> None:
        found = assert_same(scanner, history.path)

        assert any(finding.in_worktree for finding in found.findings)

    def test_alternates(self, history: RepoBuilder, scanner: Scanner, samples: Samples, tmp_path: Path) -> None:
        borrower = history.clone(tmp_path / "borrower", "--reference", str(history.path))
        assert (borrower.git_dir / "objects/info/alternates").exists()
        GROWERS["ordinals"](borrower, samples)
        found = assert_same(scanner, borrower)
        borrower.git("repack", "-a", "-d", "-l", "--quiet")

        assert found == assert_same(scanner, borrower)

    def test_lost_alternate_is_named(
        self, history: RepoBuilder, scanner: Scanner, samples: Samples, tmp_path: Path
    ) -> None:
        borrower = history.clone(tmp_path / "borrower", "--reference", str(history.path))
        assert (borrower.git_dir / "objects/info/alternates").exists()
        GROWERS["ordinals"](borrower, samples)
        borrower.git("repack", "-a", "-d", "-l", "--quiet")
        history.path.rename(tmp_path / "gone")

        whole, packed = (scan(scanner, borrower, use_packs=use_packs) for use_packs in (False, True))

        assert whole.places() == packed.places()
        assert packed.skipped[Skip.MISSING_OBJECT] >= 1

    def test_sha256(self, make_repo: MakeRepo, scanner: Scanner, samples: Samples) -> None:
        repo = make_repo("repo", "--object-format=sha256")
        GROWERS["keyword_and_value_apart"](repo, samples)
        GROWERS["messages"](repo, samples)
        pack_hard(repo)

        found = assert_same(scanner, repo)

        assert {64} == {len(finding.occurrences[0].blob) for finding in found.findings}

    def test_shallow_clone(self, history: RepoBuilder, scanner: Scanner, tmp_path: Path) -> None:
        found = assert_same(scanner, history.clone(tmp_path / "shallow", "--depth=3"))

        assert 1 == found.skipped[Skip.SHALLOW]

    def test_partial_clone(self, history: RepoBuilder, scanner: Scanner, tmp_path: Path) -> None:
        found = assert_same(scanner, history.clone(tmp_path / "partial", "--filter=blob:none"))

        assert found.skipped[Skip.MISSING_OBJECT] > 1

    def test_unreachable_objects(self, history: RepoBuilder, scanner: Scanner, samples: Samples) -> None:
        history.amend({"config/settings.py": among(samples.example("jwt.token"))})
        history.amend({"config/settings.py": among()})
        pack_hard(history)

        found = assert_same(scanner, history)

        assert not all(finding.reachable for finding in found.findings)

    def test_cruft_pack(self, history: RepoBuilder, scanner: Scanner, samples: Samples) -> None:
        history.amend({"config/settings.py": among(samples.example("jwt.token"))})
        history.amend({"config/settings.py": among()})
        history.git("reflog", "expire", "--expire=now", "--all")
        history.git("repack", "--cruft", "-d", "--quiet")
        assert list(history.git_dir.glob("objects/pack/*.mtimes"))

        found = assert_same(scanner, history)

        assert not all(finding.reachable for finding in found.findings)

    def test_objects_over_the_limit(self, make_repo: MakeRepo, scanner: Scanner, samples: Samples) -> None:
        repo = make_repo()
        small = among(samples.example("aws.key-pair"), count=60)
        large = among(samples.example("jwt.token"), count=700)
        commit_versions(repo, [large + small, small, large[:-9] + small, small + b"# more\n", large])
        pack_hard(repo)

        found = assert_same(scanner, repo, max_size=8000)

        assert found.skipped[Skip.TOO_LARGE] == 3
        assert len(found.findings) > 0

    def test_empty_repositories(self, make_repo: MakeRepo, scanner: Scanner) -> None:
        repo = make_repo()
        assert () == assert_same(scanner, repo).findings
        repo.commit({"empty": b""})
        pack_hard(repo)
        assert () == assert_same(scanner, repo).findings


class TestDamage:
    @pytest.mark.parametrize("seed", range(8))
    def test_flipped_bytes_cost_only_what_they_break(self, history: RepoBuilder, scanner: Scanner, seed: int) -> None:
        expected = scan(scanner, history, use_packs=False).places()
        (path,) = history.git_dir.glob("objects/pack/*.pack")
        data = bytearray(path.read_bytes())
        for number in range(3):
            at = 12 + int.from_bytes(hashlib.sha256(b"%d %d" % (seed, number)).digest()[:4]) % (len(data) - 32)
            data[at] ^= 0x55
        path.chmod(0o644)
        path.write_bytes(data)

        whole, packed = (scan(scanner, history, use_packs=use_packs) for use_packs in (False, True))

        assert packed.places() <= expected
        assert whole.places() <= packed.places()
        assert sum(packed.skipped.values()) > 0
        unread = {what for _, what in packed.problems}
        assert {place for place in expected if place[2].encode() not in unread} <= packed.places()

    def test_truncated_pack(self, history: RepoBuilder, scanner: Scanner) -> None:
        expected = scan(scanner, history, use_packs=False).places()
        (path,) = history.git_dir.glob("objects/pack/*.pack")
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-3000])

        packed = scan(scanner, history, use_packs=True)

        assert packed.places() <= expected
        assert packed.skipped[Skip.CORRUPT_OBJECT] > 0

    def test_pack_without_index_is_named(self, history: RepoBuilder, scanner: Scanner, samples: Samples) -> None:
        GROWERS["ordinals"](history, samples)
        history.git("repack", "-d", "--quiet")
        (old, new) = sorted(history.git_dir.glob("objects/pack/*.pack"), key=lambda path: path.stat().st_mtime_ns)
        old.with_suffix(".idx").unlink()
        old.with_suffix(".rev").unlink(missing_ok=True)

        whole, packed = (scan(scanner, history, use_packs=use_packs) for use_packs in (False, True))

        assert new.exists()
        assert whole.places() == packed.places()
        assert len(packed.findings) > 0
        assert (Skip.CORRUPT_OBJECT, bytes(old)) in packed.problems

    def test_object_broken_in_one_pack_and_sound_in_another_is_found(
        self, history: RepoBuilder, scanner: Scanner
    ) -> None:
        expected = scan(scanner, history, use_packs=False).places()
        everything = history.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        history.git("pack-objects", "--quiet", "--window=0", ".git/objects/pack/pack", stdin=everything.encode())
        path = sorted(history.git_dir.glob("objects/pack/*.pack"))[0]
        data = bytearray(path.read_bytes())
        for at in range(2000, len(data) - 40, 1500):
            data[at] ^= 0xFF
        path.chmod(0o644)
        path.write_bytes(data)

        assert expected == scan(scanner, history, use_packs=True).places()


@pytest.mark.skipif(not _REAL, reason="SECRETHUNT_TEST_REPOSITORY is not set")
def test_a_real_repository_is_scanned_as_if_written_out(cache: str, capsys: pytest.CaptureFixture[str]) -> None:
    scanner = Scanner(ScannerOptions(min_confidence=Confidence.LOW, cache_directory=cache))
    whole, packed = (scan(scanner, Path(_REAL), use_packs=use_packs) for use_packs in (False, True))
    pairs, others = whole.places(), packed.places()
    with capsys.disabled():
        print(f"\npairs compared: {len(pairs | others)}, differences: {len(pairs ^ others)}")  # noqa: T201 - the answer

    assert pairs == others
    assert whole == packed
