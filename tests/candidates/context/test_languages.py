# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from secrethunt.candidates.context.languages import language_of_info, language_of_path


@pytest.mark.parametrize(
    ("path", "language"),
    [
        (b"a/b.py", "python"),
        (b"A.JSON", "json"),
        (b"deploy/Dockerfile", "dockerfile"),
        (b"Dockerfile.dev", "dockerfile"),
        (b"prod.Dockerfile", "dockerfile"),
        (b".env", "properties"),
        (b"Gemfile", "ruby"),
        (b"main.tf", "hcl"),
        (b"a.b/c", ""),
        (b"", ""),
        (b"\xff\xfe.go", "go"),
    ],
)
def test_language_follows_from_the_name(path: bytes, language: str) -> None:
    assert language == language_of_path(path)


@pytest.mark.parametrize(
    ("info", "language"),
    [("python", "python"), ("js title=a", "javascript"), ("c++", "cpp"), ("", ""), ("klingon", "")],
)
def test_language_of_a_code_block_follows_from_its_info_string(info: str, language: str) -> None:
    assert language == language_of_info(info)
