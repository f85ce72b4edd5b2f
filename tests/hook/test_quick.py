# SPDX-License-Identifier: Apache-2.0
"""The first look of the commit hook: it says "clean" only where the whole scanner would, and reads git exactly."""

from __future__ import annotations

import base64
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secrethunt.decode import DecodeOptions
from secrethunt.diskcache import DiskCache
from secrethunt.hook import quick
from secrethunt.hook.snapshot import write_snapshot
from secrethunt.ruleset import RuleSelection
from tests.conftest import MakeRepo, RepoBuilder
from tests.hook.conftest import LIMIT, SPLIT_YAML, Home, Staged, split_value
from tests.rule_samples import ACME_YAML, acme_key

_CLEAN = "clean at first sight"
_START = "import sys; sys.path.append({root!r}); from secrethunt.start import main; main()"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache directory with a snapshot of the made-up rules."""
    directory = tmp_path_factory.mktemp("snapshot")
    rules = directory / "acme.yaml"
    rules.write_text(ACME_YAML + SPLIT_YAML)
    selection = RuleSelection(files=(str(rules),), builtin=False)
    write_snapshot(DiskCache(str(directory)), selection, DecodeOptions(), max_size=LIMIT, config=quick.config_file())
    return directory


class FirstLook:
    """Asks `quick` about repositories."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("SECRETHUNT_CACHE_DIR", str(directory))

    def is_clean(self, repo: RepoBuilder) -> bool:
        self._monkeypatch.chdir(repo.path)
        return quick.is_clean()


@pytest.fixture
def first_look(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> FirstLook:
    return FirstLook(snapshot, monkeypatch)


def _key(seed: object) -> str:
    return acme_key(seed).decode()


def test_an_old_secret_far_away_leaves_a_commit_clean(make_repo: MakeRepo, first_look: FirstLook) -> None:
    repo = make_repo()
    repo.commit({"a": f"{_key(1)}\n" + "line\n" * 100})
    repo.write({"a": f"{_key(1)}\n" + "line\n" * 100 + "added\n"})
    repo.git("add", "a")
    assert first_look.is_clean(repo)


def test_a_new_secret_is_never_clean(make_repo: MakeRepo, first_look: FirstLook) -> None:
    repo = make_repo()
    repo.commit({"a": "line\n" * 100})
    repo.write({"a": "line\n" * 50 + f"{_key(1)}\n" + "line\n" * 50})
    repo.git("add", "a")
    assert not first_look.is_clean(repo)


@pytest.mark.parametrize(
    "encoded", [base64.b64encode, lambda text: text.hex().encode(), lambda text: text.decode().encode("utf-16")]
)
def test_added_text_that_is_encoded_is_not_clean(
    make_repo: MakeRepo, first_look: FirstLook, encoded: Callable[[bytes], bytes]
) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n", "b": "one\n"})
    repo.write({"a": encoded(b"one two three four five\n")})
    repo.git("add", "a")
    assert not first_look.is_clean(repo)


def test_a_value_below_an_old_name_is_not_clean(make_repo: MakeRepo, first_look: FirstLook) -> None:
    repo = make_repo()
    repo.commit({"a": "acme_split:\nnone\n"})
    repo.write({"a": f"acme_split:\n{split_value(1)}\nnone\n"})
    repo.git("add", "a")
    assert not first_look.is_clean(repo)


def test_an_anchor_that_leads_to_nothing_is_clean(make_repo: MakeRepo, first_look: FirstLook) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n"})
    repo.write({"a": "one\nacme_live_ is how they begin\n"})
    repo.git("add", "a")
    assert first_look.is_clean(repo)


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (lambda repo: repo.git("add", "a"), "HEAD"),
        (lambda repo: (repo.commit(), (repo.git_dir / "MERGE_HEAD").write_text(repo.head())), "a merge"),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_the_whole_scanner(
    make_repo: MakeRepo, first_look: FirstLook, prepare: object, why: str
) -> None:
    repo = make_repo()
    repo.write({"a": "one\n"})
    prepare(repo)  # type: ignore[operator]  # a callable, told apart by its parameters
    with pytest.raises(quick.Unsure, match=why):
        first_look.is_clean(repo)


def test_a_git_lfs_pointer_is_left_to_the_whole_scanner(make_repo: MakeRepo, first_look: FirstLook) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n"})
    repo.write({"b": f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1\n"})
    repo.git("add", "b")
    with pytest.raises(quick.Unsure, match="LFS"):
        first_look.is_clean(repo)


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "writable", "stale"])
def test_a_snapshot_that_does_not_hold_is_not_used(
    make_repo: MakeRepo, snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    name = quick.snapshot_name()
    content = bytearray((snapshot / name).read_bytes())
    copy = tmp_path / "cache"
    copy.mkdir()
    if damage == "cut":
        del content[200:]
    elif damage == "flipped":
        content[100] ^= 0xFF
    if damage != "missing":
        (copy / name).write_bytes(content)
        (copy / name).chmod(0o666 if damage == "writable" else 0o600)
    repo = make_repo()
    repo.commit({"a": "one\n"})
    rules = snapshot / "acme.yaml"
    before = rules.stat()
    try:
        if damage == "stale":
            os.utime(rules, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        with pytest.raises((quick.Unsure, ValueError, EOFError, TypeError)):
            FirstLook(copy, monkeypatch).is_clean(repo)
    finally:
        os.utime(rules, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("which", [0, -1])
def test_a_damaged_database_is_not_used(snapshot: Path, tmp_path: Path, which: int) -> None:
    name = quick.snapshot_name()
    databases = quick.Snapshot(str(snapshot / name)).parts["databases"]
    content = bytearray((snapshot / name).read_bytes())
    end = sum(databases[-1])
    content[sum(databases[which]) - databases[which][1] // 2 - end] ^= 0xFF
    (tmp_path / name).write_bytes(content)
    (tmp_path / name).chmod(0o600)
    with pytest.raises(quick.Unsure, match="database"):
        quick.Anchors(quick.Snapshot(str(tmp_path / name)))


_PIECES = [
    *(b"", b"plain", b" indented", b"+plus", b"-minus", b"\\ No newline at end of file", b"diff --git a/x b/x"),
    *(b"@@ -1 +1 @@", b"--- a/x", b"+++ b/x", b"tab\there", b"cr\r", b"caf\xc3\xa9", b"\xff\xfe", b"nul\0byte"),
    b"a" * 300,
]


def _random_lines(chance: random.Random, count: int) -> list[bytes]:
    return [chance.choice(_PIECES) for _ in range(count)]


@pytest.mark.parametrize("seed", range(25))
def test_new_contents_and_added_lines_are_told_exactly(make_repo: MakeRepo, seed: int) -> None:
    chance = random.Random(seed)
    repo = make_repo()
    names = ["a", "b b", "c\td", "caf\u00e9", "+plus", "diff --git a"]
    old = {name: _random_lines(chance, chance.randrange(0, 30)) for name in names[:4]}
    repo.commit({name: b"\n".join(lines) + chance.choice([b"", b"\n"]) for name, lines in old.items()})
    for name in names:
        lines = list(old.get(name, []))
        for _ in range(chance.randrange(0, 6)):
            at = chance.randrange(len(lines) + 1)
            if lines and chance.random() < 0.5:
                del lines[min(at, len(lines) - 1)]
            else:
                lines.insert(at, chance.choice(_PIECES))
        repo.write({name: b"\n".join(lines) + chance.choice([b"", b"\n"])})
    repo.git("add", "--all")

    output = _raw_git(repo, *_diff_command())
    told = sorted(
        (data, b"".join(data[start:stop] for start, stop in added)) for data, added in quick.iter_files(output)
    )
    assert sorted(_by_other_means(repo)) == told


def _diff_command() -> list[str]:
    shown = "diff-index --cached --raw -p -z --no-abbrev --text --src-prefix=a/ --dst-prefix=b/ -M -U1000000000 HEAD --"
    return shown.split()


def _raw_git(repo: RepoBuilder, *arguments: str) -> bytes:
    environment = {"PATH": os.defpath, "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *arguments], cwd=repo.path, capture_output=True, check=True, env=environment).stdout


def _by_other_means(repo: RepoBuilder) -> Iterator[tuple[bytes, bytes]]:
    """Contents from the object store, and added lines from `git diff` without context; files that gain lines only."""
    fields = _raw_git(repo, *["diff-index", "--cached", "--raw", "-z", "--no-abbrev", "-M", "HEAD", "--"]).split(b"\0")
    words = iter(fields)
    for field in words:
        if not field:
            continue
        _, _, old, new, status = field[1:].decode().split()
        next(words)
        if status[0] == "R":
            next(words)
        if not int(new, 16):
            continue
        data = _raw_git(repo, "cat-file", "blob", new)
        ranges = [(0, 1 << 30)] if not int(old, 16) else _added_by_lines(repo, old, new)
        lines = _split(data)
        added = b"".join(
            text for number, text in enumerate(lines, 1) if any(start <= number < stop for start, stop in ranges)
        )
        if added:
            yield data, added


def _split(data: bytes) -> list[bytes]:
    pieces = data.split(b"\n")
    lines = [piece + b"\n" for piece in pieces[:-1]]
    return [*lines, pieces[-1]] if pieces[-1] else lines


def _added_by_lines(repo: RepoBuilder, old: str, new: str) -> list[tuple[int, int]]:
    ranges = []
    for line in _raw_git(repo, "diff", "--text", "-U0", old, new).split(b"\n"):
        if line.startswith(b"@@ "):
            start, _, size = line.split(b" ")[2][1:].partition(b",")
            ranges.append((int(start), int(start) + (int(size) if size else 1)))
    return ranges


@pytest.mark.parametrize("seed", range(8))
def test_clean_means_that_the_whole_scanner_finds_nothing(
    make_repo: MakeRepo, first_look: FirstLook, staged: Staged, seed: int
) -> None:
    chance = random.Random(seed)
    pieces = ["line", "acme_split:", "acme_live_", split_value(seed), _key(seed), f"  {split_value(-seed)}"]
    lines = chance.choices(pieces, weights=(12, 2, 1, 1, 1, 1), k=30)
    repo = make_repo()
    repo.commit({"a": "\n".join(lines)})
    for _ in range(4):
        lines.insert(chance.randrange(30), chance.choices(pieces, weights=(12, 2, 1, 1, 1, 1))[0])
        repo.write({"a": "\n".join(lines)})
        repo.git("add", "a")
        found = staged(repo)
        assert not (found and first_look.is_clean(repo)), found


def test_the_command_answers_at_first_sight_once_it_is_warm(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n"})
    repo.write({"a": "one\ntwo\n"})
    repo.git("add", "a")
    start = _START.format(root=str(Path(__file__).parents[2]))
    command = (sys.executable, "-I", "-S", "-c", start, "hook", "run", "pre-commit")
    first = home.run(*command, cwd=repo.path, SECRETHUNT_HOOK_TRACE="1")
    assert (0, "no snapshot") == (first.code, first.stderr.strip().rpartition(": ")[2])
    second = home.run(*command, cwd=repo.path, SECRETHUNT_HOOK_TRACE="1")
    assert (0, f"secrethunt hook: {_CLEAN}\n") == (second.code, second.stderr)


def test_the_first_look_imports_nothing_of_the_scanner(make_repo: MakeRepo, home: Home) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n"})
    home.secrethunt("hook", "run", cwd=repo.path)
    code = (
        f"import sys; sys.path.append({str(Path(__file__).parents[2])!r}); from secrethunt.hook import quick; "
        "assert quick.run(['pre-commit']) == 0; "
        "print(*sorted(set(sys.modules) & {'re', 'typing', 'enum', 'dataclasses', 'subprocess', 'hashlib', 'site'}))"
    )
    outcome = home.run(sys.executable, "-I", "-S", "-c", code, cwd=repo.path)
    assert (0, "\n", "") == (outcome.code, outcome.stdout, outcome.stderr)
