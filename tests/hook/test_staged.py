# SPDX-License-Identifier: Apache-2.0
"""Which findings a commit brings: those on added lines, and no others."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from secrethunt.hook.check import check_staged
from secrethunt.pipeline import Scanner
from secrethunt.sources.contract import Scope, SourceOptions
from tests.conftest import MakeRepo, RepoBuilder
from tests.hook.conftest import LIMIT, Staged, layout_of, places, split_value
from tests.rule_samples import acme_key


def key(seed: object) -> str:
    return acme_key(seed).decode()


def test_an_added_line_counts_and_an_old_one_does_not(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": f"one\nold = {key(1)}\nthree\n"})
    repo.write({"a": f"one\nold = {key(1)}\nthree\nnew = {key(2)}\n"})
    repo.git("add", "a")
    assert [("a", 4)] == staged(repo)


def test_lines_above_a_secret_do_not_make_it_new(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": f"one\nold = {key(1)}\nthree\n"})
    repo.write({"a": f"zero\none\nhalf\nold = {key(1)}\nthree\nfour\n"})
    repo.git("add", "a")
    assert [] == staged(repo)


def test_removing_a_secret_passes(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": f"one\nold = {key(1)}\nthree\n", "gone": key(2)})
    repo.write({"a": "one\nthree\n"})
    repo.git("rm", "--quiet", "gone")
    repo.git("add", "a")
    assert [] == staged(repo)


def test_a_new_value_below_an_old_name_is_found(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": "acme_split:\n  none\nend\n"})
    repo.write({"a": f"acme_split:\n  {split_value(1)}\nend\n"})
    repo.git("add", "a")
    assert [("a", 2)] == staged(repo)


def test_a_new_name_above_an_old_value_is_found(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": f"something:\n  {split_value(1)}\nend\n"})
    repo.write({"a": f"acme_split:\n  {split_value(1)}\nend\n"})
    repo.git("add", "a")
    assert [("a", 2)] == staged(repo)


def test_an_old_secret_beside_an_added_line_is_not_new(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": f"acme_split:\n  {split_value(1)}\nend\n"})
    repo.write({"a": f"before\nacme_split:\n  {split_value(1)}\nafter\nend\n"})
    repo.git("add", "a")
    assert [] == staged(repo)


def test_the_index_is_read_and_not_the_file(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n", "b": "one\n"})
    repo.write({"a": f"one\n{key(1)}\n"})
    repo.git("add", "a")
    repo.write({"a": "one\n", "b": f"one\n{key(2)}\n"})
    assert [("a", 2)] == staged(repo)


def test_part_of_a_file_can_be_staged(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": "one\ntwo\n"})
    repo.write({"a": "zero\none\ntwo\n"})
    repo.git("add", "a")
    repo.write({"a": f"zero\none\ntwo\n{key(1)}\n"})
    assert [] == staged(repo)


def test_a_rename_adds_nothing(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": f"one\n{key(1)}\n" + "line\n" * 20})
    repo.git("mv", "a", "b c")
    assert [] == staged(repo)


def test_a_rename_with_a_change_adds_the_change(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": f"one\n{key(1)}\n" + "line\n" * 20})
    repo.git("mv", "a", "b")
    repo.write({"b": f"one\n{key(1)}\n" + "line\n" * 20 + f"{key(2)}\n"})
    repo.git("add", "b")
    assert [("b", 23)] == staged(repo)


def test_all_is_new_before_the_first_commit(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.write({"a": f"{key(1)}\n"})
    repo.git("add", "a")
    assert [("a", 1)] == staged(repo)


def test_a_sha256_repository_is_read(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo("repo", "--object-format=sha256")
    repo.write({"first": f"{key(1)}\n"})
    repo.git("add", "first")
    assert [("first", 1)] == staged(repo)
    repo.commit()
    repo.write({"a": f"{key(2)}\n"})
    repo.git("add", "a")
    assert [("a", 1)] == staged(repo)


def test_what_is_only_intended_to_be_added_is_not_committed(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n"})
    repo.write({"b": f"{key(1)}\n"})
    repo.git("add", "--intent-to-add", "b")
    assert [] == staged(repo)


def test_a_submodule_is_no_file(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n", "was-file": f"{key(3)}\n"})
    head = repo.head()
    repo.git("rm", "--quiet", "was-file")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},was-file")
    repo.write({"b": f"{key(1)}\n"})
    repo.git("add", "b")
    assert [("b", 1)] == staged(repo)


def test_a_submodule_that_becomes_a_file_is_read(make_repo: MakeRepo, staged: Staged) -> None:
    repo = make_repo()
    head = repo.commit({"a": "one\n"})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    repo.git("commit", "--quiet", "--message", "sub")
    repo.git("rm", "--quiet", "--cached", "sub")
    repo.write({"sub": f"{key(1)}\n"})
    repo.git("add", "sub")
    assert [("sub", 1)] == staged(repo)


def test_a_linked_work_tree_has_its_own_index(make_repo: MakeRepo, staged: Staged, tmp_path: Path) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n"})
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "other")
    linked = RepoBuilder(tmp_path / "linked")
    linked.write({"b": f"{key(1)}\n"})
    linked.git("add", "b")
    assert [("b", 1)] == staged(linked)
    assert [] == staged(repo)


def _diverged(make_repo: MakeRepo) -> RepoBuilder:
    """Both sides changed `a`; the other side holds a secret in it, and one in a file of its own."""
    repo = make_repo()
    repo.commit({"a": "one\ntwo\nthree\n"})
    repo.branch("other")
    repo.commit({"a": f"one\ntwo\nthree\ntheirs {key('theirs')}\n", "b": f"{key('b')}\n"})
    repo.switch("main")
    repo.commit({"a": "ours\none\ntwo\nthree\n"})
    repo.git("merge", "--no-commit", "--no-ff", "other", fails=True)
    return repo


def test_what_a_merge_brings_in_was_added_by_others(make_repo: MakeRepo, staged: Staged) -> None:
    repo = _diverged(make_repo)
    assert "theirs" in (repo.path / "a").read_text()
    assert [] == staged(repo)


def test_what_is_changed_within_a_merge_is_new(make_repo: MakeRepo, staged: Staged) -> None:
    repo = _diverged(make_repo)
    text = (repo.path / "a").read_text()
    repo.write({"a": f"{text}resolved {key('mine')}\n", "c": f"{key('c')}\n"})
    repo.git("add", "a", "c")
    assert [("a", 6), ("c", 1)] == staged(repo)


def test_paths_in_conflict_are_named(make_repo: MakeRepo, scanner: Scanner) -> None:
    repo = make_repo()
    repo.commit({"a": "one\n"})
    repo.branch("other")
    repo.commit({"a": "theirs\n"})
    repo.switch("main")
    repo.commit({"a": "ours\n"})
    repo.git("merge", "other", fails=True)
    checked = check_staged(scanner, layout_of(repo.path), max_size=LIMIT)
    assert ("1 path in conflict was not looked at",) == checked.notes


def test_a_container_is_compared_by_what_it_holds(make_repo: MakeRepo, staged: Staged) -> None:
    old = f"{key(1)}\0binary".encode().ljust(9000, b"\0")
    repo = make_repo()
    repo.commit({"a.bin": old})
    repo.write({"a.bin": old.replace(b"binary", b"BINARY")})
    repo.git("add", "a.bin")
    assert [] == staged(repo)


@pytest.mark.parametrize("seed", range(12))
def test_findings_are_those_of_an_ordinary_scan_on_added_lines(
    make_repo: MakeRepo, scanner: Scanner, seed: int
) -> None:
    """Against git's own list of added lines, parsed here by itself; each secret stands on one line."""
    chance = random.Random(seed)
    lines = [_line(chance, number) for number in range(60)]
    repo = make_repo()
    repo.commit({"a": "\n".join(lines) + "\n", "b": "b\n"})
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(lines))
        if chance.random() < 0.4:
            del lines[at]
        else:
            lines.insert(at, _line(chance, 1000 + chance.randrange(1000)))
    repo.write({"a": "\n".join(lines) + chance.choice(["", "\n"])})
    repo.git("add", "a")

    ordinary = scanner.scan([repo.target], SourceOptions(scope=Scope.STAGED))
    added = _added_lines(repo)
    expected = sorted(("a", item.span.line) for item in ordinary.findings if item.span.line in added)
    assert expected == places(check_staged(scanner, layout_of(repo.path), max_size=LIMIT))


def _line(chance: random.Random, number: int) -> str:
    return f"key = {key(number)}" if chance.random() < 0.2 else f"line {number}"


def _added_lines(repo: RepoBuilder) -> set[int]:
    output = subprocess.run(
        ["git", "diff", "--cached", "-U0"], cwd=repo.path, capture_output=True, check=True, env={"PATH": os.defpath}
    ).stdout.decode()
    added: set[int] = set()
    line = 0
    for text in output.splitlines():
        if text.startswith("@@"):
            line = int(text.split("+")[1].split()[0].split(",")[0])
        elif text.startswith("+") and not text.startswith("+++"):
            added.add(line)
            line += 1
    return added
