# SPDX-License-Identifier: Apache-2.0
"""What a repository is called: host and path, never who may read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.sources.naming import repository_name

FOLDER = b"folder"


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        (b"https://example.com/o/r.git", "example.com/o/r"),
        (b"https://example.com/o/r/", "example.com/o/r"),
        (b"https://user:word@Example.COM:8443/o/r.git", "example.com/o/r"),
        (b"https://token@example.com/o/r?private=word#x", "example.com/o/r"),
        (b"https://user:w@rd@example.com/o/r", "example.com/o/r"),
        (b"ssh://git@example.com:7999/p/r.git", "example.com/p/r"),
        (b"ssh://git@[2001:db8::1]:22/p/r.git", "[2001:db8::1]/p/r"),
        (b"git@example.com:o/r.git", "example.com/o/r"),
        (b"example.com:o/r", "example.com/o/r"),
        (b"https://example.com/caf\xe9", "example.com/caf\\xe9"),
    ],
)
def test_a_remote_gives_host_and_path(remote: bytes, name: str) -> None:
    assert name == repository_name(remote, FOLDER)


@pytest.mark.parametrize(
    "remote",
    [
        None,
        b"",
        b"/local/path.git",
        b"../relative",
        b"file:///local/path.git",
        b"C:\\local\\path",
        b"ext::sh -c something",
        b"https://example.com/",
        b"https://user:wo/rd@example.com/o/r",
        b"https://",
    ],
)
def test_anything_else_gives_the_folders_name(remote: bytes | None) -> None:
    assert "folder" == repository_name(remote, FOLDER)


@given(
    password=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6),
    form=st.sampled_from(
        ["https://user:{}@example.com/o/r.git", "https://{}@example.com/o/r", "ssh://{}@example.com/o/r"]
    ),
)
def test_no_password_gets_into_a_name(password: str, form: str) -> None:
    assert repository_name(form.format(password).encode(), FOLDER) in ("example.com/o/r", "folder")
