# SPDX-License-Identifier: Apache-2.0
"""A scan with a state file reports what a scan of everything reports, whatever happened in between."""

from __future__ import annotations

import hashlib
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from secrethunt import incremental
from secrethunt.coverage import ScanResult, Skip
from secrethunt.pipeline import Scanner, ScannerOptions
from secrethunt.records import MAX_CANDIDATES, Confidence
from secrethunt.ruleset import RuleSelection, Ruleset
from secrethunt.sources import SourceOptions
from secrethunt.state.file import read_state, write_state
from tests.conftest import MakeRepo, RepoBuilder
from tests.packed_history import GROWERS, Samples, among, lines_of, pack_hard
from tests.rule_samples import acme_key

PROVIDERS = ("aws", "github", "generic", "google", "jwt", "privatekey", "uri")
EXAMPLES = ("aws.key-pair", "github.personal-access-token", "generic.quoted-assignment", "jwt.token", "privatekey.pem")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def samples(ruleset: Ruleset) -> Samples:
    return Samples(ruleset.rules)


@dataclass
class Bench:
    """One repository, its state file, and the ways to scan it."""

    repo: RepoBuilder
    state: Path
    cache: str
    options: SourceOptions = SourceOptions()  # noqa: RUF009 - frozen
    selection: RuleSelection = RuleSelection(only=PROVIDERS)  # noqa: RUF009 - frozen
    least: Confidence = Confidence.MEDIUM
    key: bytes = b"0123456789abcdef"

    def scanner(self) -> Scanner:
        return Scanner(
            ScannerOptions(
                selection=self.selection,
                min_confidence=self.least,
                jobs=1,
                fingerprint_key=self.key,
                cache_directory=self.cache,
            )
        )

    def scan(self) -> ScanResult:
        """With the state file."""
        return self.scanner().scan([self.repo.target], self.options, state=str(self.state))

    def check(self) -> ScanResult:
        """Scan with state, hold it against a scan of everything, and hand it over."""
        expected = self.scanner().scan([self.repo.target], self.options)
        actual = self.scan()
        assert expected.findings == actual.findings
        assert [finding.secret.reveal() for finding in expected.findings] == [
            finding.secret.reveal() for finding in actual.findings
        ]
        assert sorted(expected.problems, key=repr) == sorted(actual.problems, key=repr)
        assert expected.coverage.skipped == actual.coverage.skipped
        assert objects(expected) == objects(actual) + actual.coverage.known
        return actual


def objects(result: ScanResult) -> int:
    """How many objects of history were read."""
    return result.coverage.blobs + result.coverage.commits + result.coverage.tags


@pytest.fixture
def bench(make_repo: MakeRepo, tmp_path: Path, cache: str, samples: Samples) -> Bench:
    """A packed repository with findings, never scanned."""
    repo = make_repo("history")
    for name in ("overlapping_rules", "messages", "ordinals"):
        GROWERS[name](repo, samples)
    pack_hard(repo)
    return Bench(repo, tmp_path / "state", cache)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a scan had to do: `recalled`, `read` with all rules, `advanced` with some."""
    taken: list[str] = []

    def note(owner: type, name: str, word: str) -> None:
        original = getattr(owner, name)

        def noting(*arguments: object) -> object:
            taken.append(word)
            return original(*arguments)

        monkeypatch.setattr(owner, name, noting)

    note(incremental._Recall, "findings", "recalled")
    note(incremental.IncrementalScan, "_read", "read")
    note(incremental.IncrementalScan, "_ruleset_of", "advanced")
    return taken


class TestUnchanged:
    def test_nothing_of_history_is_read_again(self, bench: Bench, steps: list[str]) -> None:
        first = bench.check()
        assert 0 == first.coverage.known
        written = bench.state.stat().st_mtime_ns

        second = bench.check()

        assert ["read", "recalled"] == steps
        assert objects(first) == second.coverage.known
        assert 0 == objects(second)
        assert written == bench.state.stat().st_mtime_ns
        assert () == second.notes

    def test_files_on_disk_are_scanned_as_ever(self, bench: Bench, samples: Samples, steps: list[str]) -> None:
        bench.check()
        bench.repo.write({"new.env": samples.example("aws.key-pair", seed=8)})
        held = bench.repo.git("show", "HEAD:config/other.py")
        bench.repo.write({"copy.py": held, "config/other.py": held.replace("a", "b", 1)})

        result = bench.check()

        assert ["read", "recalled"] == steps
        assert {b"new.env", b"copy.py"} <= {finding.path for finding in result.findings}

    def test_what_is_skipped_is_said_every_time(self, bench: Bench, steps: list[str]) -> None:
        bench.options = SourceOptions(max_size=3000)
        result = bench.check()
        assert Skip.TOO_LARGE in result.coverage.skipped

        bench.check()

        assert ["read", "recalled"] == steps

    def test_another_key_gives_other_ids(self, bench: Bench) -> None:
        bench.check()
        bench.key = b"fedcba9876543210"
        bench.check()

    @pytest.mark.parametrize("least", Confidence)
    def test_other_confidence_is_reported(self, bench: Bench, least: Confidence) -> None:
        bench.check()
        bench.least = least
        bench.check()
        bench.least = Confidence.MEDIUM
        bench.check()

    def test_secret_in_a_path_keeps_places_out_of_the_state(
        self, bench: Bench, samples: Samples, steps: list[str]
    ) -> None:
        value = samples.value("github.personal-access-token", 5)
        bench.repo.commit({b"dump-" + value + b".txt": value + b"\n"})
        bench.check()
        bench.check()
        assert ["read", "read"] == steps

    def test_file_with_too_many_candidates_is_named_every_time(self, bench: Bench, tmp_path: Path) -> None:
        write_rule(tmp_path / "acme.yaml", "live")
        bench.selection = RuleSelection(files=(str(tmp_path / "acme.yaml"),), builtin=False)
        bench.repo.commit({"many.txt": b"\n".join(acme_key(number) for number in range(MAX_CANDIDATES + 1))})
        bench.repo.commit({"many.txt": "none\n"})
        for _ in range(2):
            assert {Skip.TOO_MANY: 1} == bench.check().coverage.skipped
            bench.repo.commit({"other": "x"})
            assert {Skip.TOO_MANY: 1} == bench.check().coverage.skipped

    def test_what_was_kept_is_held_against_the_repository(self, bench: Bench, steps: list[str]) -> None:
        bench.check()
        state = read_state(str(bench.state))
        assert state is not None
        sections = {name: state.section(name) for name in ("about", "finished", "known")}
        mark, packed = sections["finished"][:32], sections["finished"][32:]
        record = json.loads(zlib.decompress(packed))
        for blob, _ in record[0]:
            blob[3][0][3] += 1
        sections["finished"] = mark + zlib.compress(json.dumps(record).encode())
        write_state(str(bench.state), sections)

        bench.check()

        assert ["read", "recalled", "read"] == steps


class TestChangedRepository:
    def test_only_new_objects_and_those_with_candidates_are_read(self, bench: Bench, samples: Samples) -> None:
        clean: dict[str | bytes, str | bytes] = {
            f"clean{number}": b"\n".join(lines_of(number, 20)) for number in range(50)
        }
        bench.repo.commit(clean)
        bench.check()
        bench.repo.commit({"more.env": samples.example("aws.key-pair", seed=3)})

        result = bench.check()

        assert result.coverage.known >= 50
        assert b"more.env" in {finding.path for finding in result.findings}

    def test_repacked_objects_are_still_known(self, bench: Bench) -> None:
        first = bench.check()
        bench.repo.commit({"a": "b"})
        bench.repo.git("gc", "--quiet")

        result = bench.check()

        assert result.coverage.known > 0
        assert objects(result) < objects(first)

    def test_what_was_pruned_vanishes(self, bench: Bench, samples: Samples) -> None:
        bench.repo.branch("doomed")
        bench.repo.commit({"doomed.env": samples.example("aws.key-pair", seed=4)})
        bench.repo.switch("main")
        assert b"doomed.env" in {finding.path for finding in bench.check().findings}
        bench.repo.git("branch", "-D", "doomed")
        assert b"doomed.env" in {finding.path for finding in bench.check().findings}
        prune(bench.repo)

        assert b"doomed.env" not in {finding.path for finding in bench.check().findings}
        assert b"doomed.env" not in {finding.path for finding in bench.check().findings}

    def test_moved_refs_are_noticed(self, bench: Bench) -> None:
        bench.check()
        bench.repo.git("branch", "kept", "HEAD~3")
        bench.check()
        bench.repo.git("reset", "--hard", "--quiet", "HEAD~5")
        bench.check()
        bench.repo.git("checkout", "--quiet", "--detach", "HEAD~1")
        bench.check()

    def test_state_serves_another_clone(self, bench: Bench, tmp_path: Path) -> None:
        bench.check()
        bench.repo = bench.repo.clone(tmp_path / "clone", "--mirror")
        assert bench.check().coverage.known > 0

    def test_damaged_objects_are_reported_until_they_are_mended(self, bench: Bench) -> None:
        bench.repo.commit({"loose.txt": "plain\n"})
        id = bench.repo.id("HEAD:loose.txt")
        path = bench.repo.git_dir / "objects" / id[:2] / id[2:]
        sound = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(b"damaged")
        for _ in range(2):
            assert Skip.CORRUPT_OBJECT in bench.check().coverage.skipped
        path.write_bytes(sound)
        assert {} == bench.check().coverage.skipped

    def test_large_files_pointed_to_come_and_go(self, bench: Bench, samples: Samples) -> None:
        content = among(samples.example("aws.key-pair", seed=6))
        oid = hashlib.sha256(content).hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
        bench.repo.commit({"big.bin": pointer})
        for _ in range(3):
            assert Skip.LFS_POINTER in bench.check().coverage.skipped
        path = bench.repo.git_dir / "lfs/objects" / oid[:2] / oid[2:4] / oid
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        for _ in range(3):
            assert b"big.bin" in {finding.path for finding in bench.check().findings}
        path.unlink()
        assert Skip.LFS_POINTER in bench.check().coverage.skipped


class TestChangedRules:
    def test_new_rules_are_used_on_known_objects(self, bench: Bench, steps: list[str]) -> None:
        bench.selection = RuleSelection(only=("github", "uri"))
        few = bench.check()
        bench.selection = RuleSelection(only=PROVIDERS)

        many = bench.check()

        assert len(many.findings) > len(few.findings)
        assert ["read", "read", "advanced"] == steps
        assert many.coverage.known > 0

    def test_what_a_removed_rule_found_goes_and_what_it_hid_comes(self, bench: Bench) -> None:
        bench.check()
        bench.selection = RuleSelection(only=PROVIDERS, exclude=("aws", "github"))
        fewer = bench.check()
        assert not {"aws", "github"} & {finding.rule.provider for finding in fewer.findings}

    def test_changed_rule_is_used_anew(self, bench: Bench, tmp_path: Path, steps: list[str]) -> None:
        bench.repo.commit({"keys.txt": acme_key("one") + b"\n" + acme_key("two", "test") + b"\n"})
        counts = []
        for mode in ("live", "(?:live|test)", "test"):
            write_rule(tmp_path / "acme.yaml", mode)
            bench.selection = RuleSelection(files=(str(tmp_path / "acme.yaml"),), builtin=False)
            result = bench.check()
            counts.append(sum(finding.rule.provider == "acme" for finding in result.findings))
        assert [1, 2, 1] == counts
        assert 2 == steps.count("advanced")

    def test_words_about_a_rule_cost_nothing(self, bench: Bench, tmp_path: Path, steps: list[str]) -> None:
        bench.repo.commit({"keys.txt": acme_key("one")})
        for name in ("Acme key", "Key of Acme"):
            write_rule(tmp_path / "acme.yaml", "live", name)
            bench.selection = RuleSelection(files=(str(tmp_path / "acme.yaml"),), builtin=False)
            assert name in {finding.rule.name for finding in bench.check().findings}
        assert ["read", "recalled"] == steps

    def test_objects_scanned_with_few_rules_are_scanned_with_the_rest_later(
        self, bench: Bench, samples: Samples
    ) -> None:
        bench.check()
        bench.selection = RuleSelection(only=("jwt",))
        bench.repo.commit({"later.env": samples.example("aws.key-pair", seed=7), "plain": "x\n"})
        assert b"later.env" not in {finding.path for finding in bench.check().findings}
        bench.selection = RuleSelection(only=PROVIDERS)
        assert b"later.env" in {finding.path for finding in bench.check().findings}


class TestOptions:
    def test_lower_size_limit_scans_again(self, bench: Bench) -> None:
        bench.check()
        bench.options = SourceOptions(max_size=3000)
        result = bench.check()
        assert 0 == result.coverage.known
        assert ["size limit" in note for note in result.notes] == [True]

    def test_higher_size_limit_reads_what_was_too_large(self, bench: Bench) -> None:
        bench.options = SourceOptions(max_size=3000)
        bench.check()
        bench.options = SourceOptions()
        result = bench.check()
        assert {} == result.coverage.skipped
        assert result.coverage.known > 0

    def test_objects_read_one_by_one_are_known_too(self, bench: Bench) -> None:
        bench.options = SourceOptions(use_packs=False)
        bench.check()
        bench.repo.commit({"a": "b"})
        assert bench.check().coverage.known > 0
        bench.options = SourceOptions()
        assert bench.check().coverage.known > 0


class TestRandomly:
    @pytest.mark.parametrize("seed", range(2))
    def test_any_sequence_of_events_gives_what_a_full_scan_gives(
        self, make_repo: MakeRepo, tmp_path: Path, cache: str, samples: Samples, seed: int
    ) -> None:
        source = random.Random(f"events/{seed}")
        repo = make_repo("history")
        bench = Bench(repo, tmp_path / "state", cache)
        files = Files(source, samples)
        repo.commit(files.change())
        events: list[Callable[[], object]] = [
            lambda: repo.commit(files.change(), message=files.text().decode("latin-1")),
            lambda: repo.commit(files.change()),
            lambda: repo.amend(files.change()),
            lambda: repo.tag(f"t{source.randrange(10**9)}", source.choice(["", files.text().decode("latin-1")])),
            lambda: repo.git("branch", f"b{source.randrange(10**9)}"),
            lambda: repo.git("reset", "--hard", "--quiet", "HEAD~1", fails=True),
            lambda: pack_hard(repo),
            lambda: repo.git("repack", "-d", "--quiet"),
            lambda: prune(repo),
            lambda: replace_rules(bench, source),
            lambda: replace_rules(bench, source),
            lambda: setattr(bench, "least", source.choice(list(Confidence))),
            lambda: repo.write(files.change()),
        ]
        for _ in range(10):
            for event in source.sample(events, source.randint(0, 3)):
                event()
            bench.check()


class Files:
    """Contents that change a little from version to version."""

    def __init__(self, source: random.Random, samples: Samples) -> None:
        self._source = source
        self._samples = samples
        self._lines = {f"d{number}/f{number}.py": lines_of(number, 60) for number in range(3)}

    def text(self) -> bytes:
        """A line or some that may hold a secret."""
        value = self._samples.value("github.personal-access-token", self._source.randrange(3))
        choices = [
            b'api_key = "%s"' % value,
            b"# nothing",
            *(self._samples.example(rule, seed=self._source.randrange(3)) for rule in EXAMPLES),
        ]
        return self._source.choice(choices)

    def change(self) -> dict[str | bytes, str | bytes]:
        """New versions of some files."""
        for path in self._source.sample(sorted(self._lines), 2):
            lines = self._lines[path]
            at = self._source.randrange(len(lines))
            lines[at : at + self._source.randint(0, 2)] = [self.text()]
        return {path: b"\n".join(lines) for path, lines in self._lines.items()}


def replace_rules(bench: Bench, source: random.Random) -> None:
    """Choose other providers."""
    only = tuple(source.sample(PROVIDERS, source.randint(2, len(PROVIDERS))))
    bench.selection = replace(bench.selection, only=only, exclude=only[:1] if source.random() < 0.3 else ())


def prune(repo: RepoBuilder) -> None:
    """Drop everything that no ref reaches."""
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")


def write_rule(path: Path, mode: str, name: str = "Acme API key") -> None:
    """A rule file: one rule finds Acme's keys of *mode*, another is always the same."""
    path.write_text(
        f"""\
provider: acme
rotate: 'Roll the key.'
references: ['https://docs.acme.example/auth#keys']
rules:
  - id: acme.api-key
    name: {name}
    nhi: api-key
    pattern: '\\b(?P<secret>acme_{mode}_[0-9a-f]{{24}})\\b'
    min_entropy: 2.5
    examples: ['ACME_KEY={{{{secret}}}}']
    negative_examples:
      - {{text: 'ACME_KEY=acme_live_000000000000000000000000', why: placeholder}}
  - id: acme.web-key
    name: Acme web key
    nhi: api-key
    pattern: '\\b(?P<secret>acme_web_[0-9a-f]{{24}})\\b'
    min_entropy: 2.5
    examples: ['ACME_KEY={{{{secret}}}}']
    negative_examples:
      - {{text: 'ACME_KEY=acme_web_000000000000000000000000', why: placeholder}}
"""
    )


def test_state_is_for_whoever_wrote_it_only(bench: Bench) -> None:
    bench.check()
    assert 0o600 == bench.state.stat().st_mode & 0o777
    bench.state.chmod(0o666)

    result = bench.check()

    assert 0 == result.coverage.known
    assert ["others may write it" in note for note in result.notes] == [True]
    assert 0o600 == bench.state.stat().st_mode & 0o777


def test_damaged_state_is_said_and_made_anew(bench: Bench) -> None:
    bench.check()
    content = bench.state.read_bytes()
    source = random.Random("damage")
    for _ in range(6):
        damaged = bytearray(content)
        damaged[source.randrange(17, len(content))] ^= 1 << source.randrange(8)
        bench.state.write_bytes(bytes(damaged[: source.choice([len(content), source.randrange(17, len(content))])]))
        bench.repo.commit({"a": b"%d" % source.randrange(10**9)})
        bench.check()
    assert () == bench.check().notes
