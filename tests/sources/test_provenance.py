# SPDX-License-Identifier: Apache-2.0
"""Where a blob of history was seen: paths, commits, refs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from secrethunt.coverage import Skip
from secrethunt.records import MAX_REFS, BlobId, BlobKind, CommitId, CommitInfo, Provenance
from secrethunt.sources import BlobKey, Ledger, Scope, SourceOptions, open_source, trees

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.sources.conftest import ScanTarget

pytestmark = pytest.mark.usefixtures("any_backend")


def _commits(place: Provenance) -> tuple[str | None, str | None]:
    return place.first.id if place.first else None, place.last.id if place.last else None


class TestCommits:
    def test_a_blob_that_still_stands_has_its_first_commit_and_head(
        self, make_repo: MakeRepo, scan: ScanTarget
    ) -> None:
        repo = make_repo()
        repo.commit({"other": "x\n"})
        first = repo.commit({"dir/a": "secret\n"})
        head = repo.commit({"other": "y\n"})

        (place,) = scan(repo.path).places(repo.id("HEAD:dir/a"))

        assert (b"dir/a", first, head, True, True) == (place.path, *_commits(place), place.at_head, place.reachable)

    def test_a_blob_that_went_has_the_last_commit_before(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        first = repo.commit({"a": "secret\n"})
        blob = repo.id("HEAD:a")
        last = repo.commit({"other": "y\n"})
        repo.commit({"a": "clean\n"})

        (place,) = scan(repo.path).places(blob)

        assert (first, last, False, True) == (*_commits(place), place.at_head, place.reachable)

    def test_a_blob_that_comes_back_keeps_its_first_commit(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        first = repo.commit({"a": "secret\n"})
        repo.commit({"a": "clean\n"})
        head = repo.commit({"a": "secret\n"})

        (place,) = scan(repo.path).places(repo.id("HEAD:a"))

        assert (first, head, True) == (*_commits(place), place.at_head)

    def test_each_path_has_its_own_commits(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        created = repo.commit({"old/a": "secret\n"})
        moved = repo.rename("old/a", "new/b")
        copied = repo.commit({"copy": "secret\n"})

        copy, new, old = scan(repo.path).places(repo.id("HEAD:copy"))

        assert (b"copy", copied, copied, True) == (copy.path, *_commits(copy), copy.at_head)
        assert (b"new/b", moved, copied, True) == (new.path, *_commits(new), new.at_head)
        assert (b"old/a", created, created, False) == (old.path, *_commits(old), old.at_head)

    def test_what_a_merge_adds_is_first_in_the_merge(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "base\n"})
        repo.branch("side")
        repo.commit({"b": "side\n"})
        repo.switch("main")
        repo.commit({"c": "main\n"})
        merge = repo.merge("side", files={"a": "secret\n"})

        (place,) = scan(repo.path).places(repo.id("HEAD:a"))

        assert (merge, merge) == _commits(place)

    def test_the_older_of_two_introductions_is_first(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"x": "base\n"})
        repo.branch("side")
        older = repo.commit({"a": "secret\n"})
        repo.switch("main")
        repo.commit({"a": "secret\n"}, "independently")
        head = repo.merge("side")

        (place,) = scan(repo.path).places(repo.id("HEAD:a"))

        assert (older, head) == _commits(place)

    def test_author_and_date_are_the_authors(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        author = ("Zoë Test", "zoe@example.com")
        id = repo.commit({"a": "secret\n"}, author=author, date="1600000000 +0530")

        (place,) = scan(repo.path).places(repo.id("HEAD:a"))

        moment = "2020-09-13T17:56:40+05:30"
        expected = CommitInfo(CommitId(id), "Zoë Test".encode(), b"zoe@example.com", moment, 1600000000.0)
        assert expected == place.first

    @pytest.mark.parametrize("name", ["caf\u00e9/\u65e5\u672c.txt".encode(), b"caf\xe9/b.txt", b"40000 x/100644 y"])
    def test_odd_paths_are_kept_byte_for_byte(self, make_repo: MakeRepo, scan: ScanTarget, name: bytes) -> None:
        repo = make_repo()
        repo.commit({name: "secret\n"})

        scanned = scan(repo.path)
        (place,) = scanned.places(repo.id(b"HEAD:" + name))

        assert name == place.path
        assert {name: b"secret\n"} == scanned.files()

    def test_ancestry_outranks_dates(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        newest = repo.commit({"a": "secret\n"}, date="1900000000 +0000")
        oldest = repo.commit({"b": "y\n"}, date="1000000000 +0000")

        (place,) = scan(repo.path).places(repo.id("HEAD:a"))

        assert (newest, oldest) == _commits(place)


class TestReachability:
    def test_all_refs_that_reach_it_are_named(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"x": "base\n"})
        repo.tag("before")
        repo.branch("topic")
        repo.commit({"a": "secret\n"})
        repo.tag("light")
        repo.tag("heavy", "message")
        repo.commit({"a": "clean\n"})
        repo.switch("main")

        (place,) = scan(repo.path).places(repo.id("topic~1:a"))

        expected = (b"refs/heads/topic", b"refs/tags/heavy", b"refs/tags/light")
        assert (expected, 3, True, False) == (place.refs, place.ref_count, place.reachable, place.at_head)

    def test_more_refs_than_are_listed_are_counted(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "secret\n"})
        names = sorted(f"refs/pull/{number}/head".encode() for number in range(MAX_REFS + 17))
        repo.git("update-ref", "--stdin", stdin=b"".join(b"create %s HEAD\n" % name for name in names))

        (place,) = scan(repo.path).places(repo.id("HEAD:a"))

        expected = (b"refs/heads/main", *names)
        assert (expected[:MAX_REFS], len(expected)) == (place.refs, place.ref_count)

    def test_what_an_amended_commit_had_is_reached_by_nothing(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"x": "base\n"})
        dangling = repo.commit({"a": "secret\n", "b": "kept\n"})
        blob = repo.id("HEAD:a")
        amended = repo.amend({"a": "clean\n"})

        scanned = scan(repo.path)
        (lost,) = scanned.places(blob)
        (kept,) = scanned.places(repo.id("HEAD:b"))

        assert (dangling, dangling, False, (), 0) == (*_commits(lost), lost.reachable, lost.refs, lost.ref_count)
        assert (amended, amended, True) == (*_commits(kept), kept.reachable)

    def test_stash_entries_count_as_refs(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "base\n"})
        older = repo.stash({"a": "secret\n"})
        blob = repo.id("refs/stash:a")
        untracked = repo.stash({"new": "untracked secret\n"})

        scanned = scan(repo.path)
        (place,) = scanned.places(blob)
        (new,) = scanned.places(repo.id(f"{untracked}^3:new"))

        assert ((b"refs/stash@{1}",), older) == (place.refs, place.last and place.last.id)
        assert ((b"refs/stash",), b"new") == (new.refs, new.path)

    def test_a_note_is_reached_by_its_own_ref(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        commit = repo.commit({"a": "x\n"})
        blob = repo.note("secret note")

        (place,) = scan(repo.path).places(blob)

        assert (commit.encode(), (b"refs/notes/commits",)) == (place.path, place.refs)

    def test_a_detached_head_counts_as_a_ref(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"x": "base\n"})
        repo.switch("HEAD~0")
        repo.commit({"a": "secret\n"})

        (place,) = scan(repo.path).places(repo.id("HEAD:a"))

        assert ((b"HEAD",), True, True) == (place.refs, place.reachable, place.at_head)

    def test_a_linked_work_tree_has_its_own_head(self, make_repo: MakeRepo, scan: ScanTarget, tmp_path: Path) -> None:
        repo = make_repo()
        repo.commit({"x": "base\n"})
        linked = tmp_path / "linked"
        repo.git("worktree", "add", "--quiet", "--detach", str(linked))
        other = type(repo)(linked)
        other.commit({"a": "secret\n"})
        blob = other.id("HEAD:a")

        (from_main,) = scan(repo.path).places(blob)
        (from_linked,) = scan(linked).places(blob)

        assert ((b"worktrees/linked/HEAD",), False) == (from_main.refs, from_main.at_head)
        assert (True, True) == (from_linked.reachable, from_linked.at_head)

    def test_a_blob_in_no_tree_has_no_path(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"x": "base\n"})
        blob = repo.git("hash-object", "-w", "--stdin", stdin=b"secret\n")

        expected = (Provenance(b"", BlobKind.HISTORY, reachable=False),)
        assert expected == scan(repo.path).places(blob)

    def test_a_blob_in_a_loose_tree_has_its_path_there(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"x": "base\n"})
        repo.write({"dir/a": "secret\n"})
        repo.git("add", "--all")
        tree = repo.git("write-tree")

        expected = (Provenance(b"dir/a", BlobKind.HISTORY, reachable=False),)
        assert expected == scan(repo.path).places(repo.id(f"{tree}:dir/a"))

    def test_a_ref_may_name_a_blob_or_tree_itself(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"x": "base\n"})
        key = repo.git("hash-object", "-w", "--stdin", stdin=b"secret\n")
        repo.tag("key", "a key", at=key)
        other = repo.git("hash-object", "-w", "--stdin", stdin=b"other secret\n")
        tree = repo.git("mktree", stdin=f"100644 blob {other}\tfile\n".encode())
        repo.git("update-ref", "refs/trees/one", tree)

        scanned = scan(repo.path)
        (direct,) = scanned.places(key)
        (below,) = scanned.places(other)

        assert (b"", True, (b"refs/tags/key",)) == (direct.path, direct.reachable, direct.refs)
        assert (b"file", True, (b"refs/trees/one",)) == (below.path, below.reachable, below.refs)


class TestCommitAndTagObjects:
    def test_a_commit_object_is_its_own_first_and_last(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        id = repo.commit({"a": "x\n"})
        repo.branch("side")
        repo.commit({"a": "y\n"})

        (place,) = scan(repo.path).places(id, BlobKind.COMMIT)

        assert (b"(commit)", BlobKind.COMMIT, id, id, False) == (
            place.path,
            place.kind,
            *_commits(place),
            place.at_head,
        )
        assert ((b"refs/heads/main", b"refs/heads/side"), 2, True) == (place.refs, place.ref_count, place.reachable)

    def test_a_dangling_commit_object_is_unreachable(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        id = repo.commit({"a": "x\n"})
        repo.amend({"a": "y\n"})

        (place,) = scan(repo.path).places(id, BlobKind.COMMIT)

        assert (False, (), 0) == (place.reachable, place.refs, place.ref_count)

    def test_a_tag_object_has_its_tagger_and_the_refs_through_it(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        inner = repo.tag("inner", "message")
        repo.tag("outer", "message", at="refs/tags/inner")
        repo.git("tag", "--delete", "inner")

        (place,) = scan(repo.path).places(inner, BlobKind.TAG)

        assert place.first is not None
        assert (b"(tag)", inner, b"A U Thor") == (place.path, place.first.id, place.first.author)
        assert ((b"refs/tags/outer",), True) == (place.refs, place.reachable)

    def test_a_tag_object_without_ref_is_unreachable(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({"a": "x\n"})
        tag = repo.tag("gone", "message")
        repo.git("tag", "--delete", "gone")

        (place,) = scan(repo.path).places(tag, BlobKind.TAG)

        assert not place.reachable


class TestMany:
    def test_more_blobs_than_are_traced_at_once_are_all_answered(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        repo.commit({f"dir{number % 7}/{number}": f"{number}\n" for number in range(1500)})
        scanned = scan(repo.path)
        keys = [BlobKey(BlobKind.HISTORY, BlobId(id), b"") for id in scanned.objects()]

        places = scanned.source.resolve(keys, scanned.ledger)

        expected = {b"dir%d/%d" % (number % 7, number) for number in range(1500)}
        assert expected == {place.path for found in places.values() for place in found}
        assert set(keys) == places.keys()

    def test_more_paths_than_are_told_apart_at_once_are_all_answered(
        self, make_repo: MakeRepo, scan: ScanTarget, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trees, "MAX_SIGHTINGS", 40)
        repo = make_repo()
        repo.commit({f"{path}/{number}": f"{number}\n" for path in range(10) for number in range(20)})
        scanned = scan(repo.path)
        keys = [BlobKey(BlobKind.HISTORY, BlobId(id), b"") for id in scanned.objects()]

        places = scanned.source.resolve(keys, scanned.ledger)

        assert {10} == {len(found) for found in places.values()}

    def test_a_tree_made_to_explode_is_cut_and_named(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        blob = repo.git("hash-object", "-w", "--stdin", stdin=b"secret\n")
        entry = f"100644 blob {blob}"
        for _ in range(12):
            lines = "".join(f"{entry}\t{name}\n" for name in "abcdefgh")
            entry = "040000 tree " + repo.git("mktree", stdin=lines.encode())
        commit = repo.git("commit-tree", entry.split()[-1], "-m", "8 to the 12th paths")
        repo.git("update-ref", "refs/heads/main", commit)

        scanned = scan(repo.git_dir)
        places = scanned.places(blob)

        assert trees.MAX_SIGHTINGS == len(places)
        assert {blob.encode()} == scanned.skipped(Skip.UNSUPPORTED)
        assert {b"secret\n"} == scan(repo.git_dir, Scope.HEAD).contents()

    def test_a_tree_deeper_than_the_stack_is_walked(self, make_repo: MakeRepo, scan: ScanTarget) -> None:
        repo = make_repo()
        blob = repo.git("hash-object", "-w", "--stdin", stdin=b"secret\n")
        depth = 1500
        repo.git(
            "fast-import",
            "--quiet",
            stdin=(
                b"commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 0\n"
                b"M 100644 " + blob.encode() + b" " + b"d/" * depth + b"f\n\n"
            ),
        )

        (place,) = scan(repo.git_dir).places(blob)

        assert b"d/" * depth + b"f" == place.path


def test_files_need_no_git(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a": "x\n"})
    source = open_source(repo.target, SourceOptions())
    keys = [BlobKey(kind, BlobId(""), b"dir/a") for kind in (BlobKind.FILE, BlobKind.STAGED)]
    repo.git_dir.rename(repo.path / "moved")

    places = source.resolve(keys, Ledger())

    assert {key: (Provenance(b"dir/a", key.kind),) for key in keys} == places
