# SPDX-License-Identifier: Apache-2.0
"""Commits, tags and trees as stored, well-formed or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.records import CommitId, CommitInfo
from secrethunt.sources.git_backend import ObjectType, RawObject
from secrethunt.sources.git_objects import Commit, TreeEntry, describe, parse_commit, parse_tagged, parse_tree

TREE, ONE, TWO = "a" * 40, "b" * 40, "c" * 40


def _describe(data: bytes) -> CommitInfo:
    return describe(RawObject(ONE, ObjectType.COMMIT, data))


class TestParseCommit:
    def test_tree_parents_and_date(self) -> None:
        data = f"tree {TREE}\nparent {ONE}\nparent {TWO}\nauthor A <a@b> 1 +0000\ncommitter B <b@c> 77 +0100\n\nx\n"

        assert Commit(TREE, (ONE, TWO), 77) == parse_commit(data.encode())

    def test_a_message_is_no_header(self) -> None:
        data = (
            f"tree {TREE}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 2 +0000\n\nparent {ONE}\ncommitter C <> 9 +0000\n"
        )

        assert Commit(TREE, (), 2) == parse_commit(data.encode())

    def test_sha256_ids(self) -> None:
        tree, parent = "a" * 64, "b" * 64

        assert Commit(tree, (parent,), 0) == parse_commit(f"tree {tree}\nparent {parent}\n\n".encode())

    @pytest.mark.parametrize("data", [b"", b"parent x", b"tree short\n", b"\n\ntree " + TREE.encode() + b"\n"])
    def test_what_has_no_tree_is_none(self, data: bytes) -> None:
        assert parse_commit(data) is None


class TestDescribe:
    @pytest.mark.parametrize(
        ("line", "author", "email", "date", "timestamp"),
        [
            (
                b"A U Thor <a@b.example> 1234567890 +0100",
                b"A U Thor",
                b"a@b.example",
                "2009-02-14T00:31:30+01:00",
                1234567890,
            ),
            (b"A <a@b> 0 -0330", b"A", b"a@b", "1969-12-31T20:30:00-03:30", 0),
            (b"caf\xe9 <\xe9@b> 1 +0000", b"caf\xe9", b"\xe9@b", "1970-01-01T00:00:01+00:00", 1),
            (b"<a@b> 1 +0000", b"", b"a@b", "1970-01-01T00:00:01+00:00", 1),
            (b"A <a> b> 1 +0000", b"A", b"a> b", "1970-01-01T00:00:01+00:00", 1),
            (b"A <> 1", b"A", b"", "1970-01-01T00:00:01+00:00", 1),
            (b"A <a@b> 1 +9999", b"A", b"a@b", "1970-01-01T00:00:01+00:00", 1),
            (b"A <a@b> 999999999999 +0000", b"A", b"a@b", "", 999999999999),
            (b"A <a@b> yesterday", b"A", b"a@b", "", 0),
            (b"A <a@b>", b"A", b"a@b", "", 0),
            (b"A <a@b", b"A", b"a@b", "", 0),
            (b"nobody", b"nobody", b"", "", 0),
            (b"", b"", b"", "", 0),
        ],
    )
    def test_author_lines(self, line: bytes, author: bytes, email: bytes, date: str, timestamp: float) -> None:
        data = b"tree " + TREE.encode() + b"\nauthor " + line + b"\ncommitter C <c@d> 5 +0000\n\nmessage\n"

        assert CommitInfo(CommitId(ONE), author, email, date, timestamp) == _describe(data)

    def test_a_tag_has_its_tagger(self) -> None:
        data = f"object {TREE}\ntype commit\ntag v1\ntagger T <t@u> 1 +0000\n\nauthor not me\n".encode()

        assert CommitInfo(CommitId(ONE), b"T", b"t@u", "1970-01-01T00:00:01+00:00", 1.0) == _describe(data)

    def test_a_message_names_no_author(self) -> None:
        assert CommitInfo(CommitId(ONE), b"", b"", "") == _describe(b"tree x\n\nauthor A <a@b> 1 +0000\n")

    @given(st.binary())
    def test_no_bytes_are_too_odd(self, data: bytes) -> None:
        assert ONE == _describe(b"author " + data).id


def test_a_tag_names_its_object() -> None:
    assert ONE == parse_tagged(f"object {ONE}\ntype commit\n".encode())
    assert parse_tagged(b"object nothing\n") is None


class TestParseTree:
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([b"100644", b"100755", b"120000", b"40000", b"040000", b"160000"]),
                st.binary(min_size=1).filter(lambda name: b"\0" not in name),
                st.binary(min_size=20, max_size=20),
            )
        )
    )
    def test_entries_come_back_whatever_their_bytes(self, entries: list[tuple[bytes, bytes, bytes]]) -> None:
        data = b"".join(b"%s %s\0%s" % entry for entry in entries)

        assert entries == parse_tree(data, 20)

    def test_kinds_of_entries(self) -> None:
        modes = {b"40000": (True, False), b"040000": (True, False), b"100644": (False, True), b"160000": (False, False)}

        for mode, expected in modes.items():
            entry = TreeEntry(mode, b"x", b"")
            assert expected == (entry.is_tree, entry.is_blob)
