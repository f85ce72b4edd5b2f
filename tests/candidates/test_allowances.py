# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import gzip

import pytest

from secrethunt.records import Allowance
from tests.rule_samples import acme_key, find, make_rule

KEY = acme_key("allowed")
LINE = b'key = "' + KEY + b'"'


def allowances(data: bytes) -> list[Allowance | None]:
    return [candidate.allowance for candidate in find(data)]


@pytest.mark.parametrize(
    ("comment", "marker"),
    [
        (b"# secrethunt:allow", "secrethunt:allow"),
        (b"// secrethunt:allow=acme.api-key", "secrethunt:allow"),
        (b"/* secrethunt:allow=acme */", "secrethunt:allow"),
        (b"# secrethunt:allow=other.thing,acme.*", "secrethunt:allow"),
        (b"# gitleaks:allow", "gitleaks:allow"),
        (b"# betterleaks:allow", "betterleaks:allow"),
        (b"# pragma: allowlist secret", "pragma: allowlist secret"),
        (b"# pragma: whitelist secret", "pragma: whitelist secret"),
        (b"// trufflehog:ignore", "trufflehog:ignore"),
        (b"# ggignore", "ggignore"),
        (b"# nosemgrep", "nosemgrep"),
        (b"# nosemgrep: generic.secrets.security.detected-token", "nosemgrep"),
        (b"# kingfisher:ignore", "kingfisher:ignore"),
    ],
)
def test_comment_on_its_line_allows_a_secret(comment: bytes, marker: str) -> None:
    (allowance,) = allowances(LINE + b"  " + comment + b"\n")
    assert allowance is not None
    assert marker == allowance.marker


@pytest.mark.parametrize(
    "text",
    [
        LINE + b"\n",
        LINE + b" # secrethunt:allowed\n",
        LINE + b" # secrethunt:allow=other.rule\n",
        LINE + b" # nosemgrep: python.lang.security.audit.eval\n",
        LINE + b" # secrethunt:allow-next-line\n",
        LINE + b" # secrethunt:allow-start\n",
        b"# gitleaks:allow\n" + LINE + b"\n",
        LINE + b"\n# gitleaks:allow\n",
        b"x = 1  # secrethunt:allow-next-line\n" + LINE + b"\n",
        b"x = 1  # pragma: allowlist nextline secret\n" + LINE + b"\n",
        b"# secrethunt:allow-next-line\n\n" + LINE + b"\n",
        b"x = 2 # kingfisher:ignore\n" + LINE + b"\n",
        b"# secrethunt:allow-start\n" + LINE + b"\n",
        b"# secrethunt:allow-start\n# ggignore-end\n" + LINE + b"\n# ggignore-start\n",
        LINE + b" " + b"x" * 5000 + b" secrethunt:allow\n",
    ],
)
def test_what_is_no_comment_on_it_allows_nothing(text: bytes) -> None:
    assert [None] == allowances(text)


@pytest.mark.parametrize(
    "text",
    [
        b"# secrethunt:allow-next-line a fixture\n" + LINE + b"\n",
        b"// secrethunt:allow-nextline=acme.*\n" + LINE + b"\n",
        b"# pragma: allowlist nextline secret\n" + LINE + b"\n",
        b"# nosemgrep\n" + LINE + b"\n",
        b"# kingfisher:ignore\n" + LINE + b"\n",
        LINE + b"\n# kingfisher:ignore\n",
        b'text = """\n' + KEY + b'\n"""\n# kingfisher:ignore\n',
        b"# secrethunt:allow-start=acme.* fixtures\nx = 1\n" + LINE + b"\n# secrethunt:allow-end\n",
        b"# ggignore-start\n" + LINE + b"\n# ggignore-end\n",
    ],
)
def test_comment_above_below_or_around_allows_a_secret(text: bytes) -> None:
    (allowance,) = allowances(text)
    assert allowance is not None


def test_reason_is_what_stands_behind_the_marker() -> None:
    (allowance,) = allowances(LINE + b" /* secrethunt:allow=acme.* - key of the documentation */\n")
    assert Allowance("secrethunt:allow", b"key of the documentation") == allowance


def test_only_the_secret_on_that_line_is_allowed() -> None:
    other = acme_key("other")
    assert [True, False] == [
        item is not None for item in allowances(LINE + b" # secrethunt:allow\nkey = '" + other + b"'\n")
    ]


def test_any_line_of_a_secret_may_hold_the_comment() -> None:
    rule = make_rule(pattern=r"(?P<secret>-BEGIN-[\s\S]{1,200}?-END-)")
    (candidate,) = find(b"-BEGIN-\nabcdef\n-END- # secrethunt:allow\n", rule)
    assert candidate.allowance is not None


def test_comment_inside_of_a_compressed_file_counts() -> None:
    (candidate,) = find(gzip.compress(LINE + b" # secrethunt:allow inside\n", mtime=0))
    assert Allowance("secrethunt:allow", b"inside") == candidate.allowance


def test_comment_beside_an_encoded_secret_counts() -> None:
    (candidate,) = find(b"data: " + base64.b64encode(LINE + b" and so on") + b" # secrethunt:allow\n")
    assert candidate.allowance is not None
