# SPDX-License-Identifier: Apache-2.0
"""Records come back as they were, but for the values of secrets and what quotes them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from secrethunt.coverage import Problem, Skip
from secrethunt.findings import Fingerprinter
from secrethunt.records import BlobKind, Candidate, CommitId, CommitInfo, KnownSecret, Provenance, UnreadSecret
from secrethunt.state.codec import Codec
from tests.rule_samples import acme_key, find, make_rule

PLACE = Provenance(
    b"a/\xff\n.txt",
    BlobKind.HISTORY,
    CommitInfo(CommitId("c" * 40), b"A \xc3\xa9", b"a@b", "2020-01-01T00:00:00Z", 1.5),
    None,
    at_head=True,
    refs=(b"refs/heads/x", b"\x80"),
    ref_count=2,
)


@pytest.fixture
def codec() -> Codec:
    return Codec({"acme.api-key": make_rule()}, Fingerprinter().secret_id_of)


def there_and_back(codec: Codec, type_: Any, value: object) -> Any:
    return codec.decode(type_, json.loads(json.dumps(codec.encode(type_, value))))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Provenance, PLACE),
        (tuple[Provenance, ...], (PLACE, PLACE)),
        (tuple[int, str], (1, "a")),
        (Problem, Problem(Skip.TOO_LARGE, b"\0\xff", "big")),
        (BlobKind | None, None),
        (BlobKind | None, BlobKind.TAG),
    ],
)
def test_comes_back_as_it_was(codec: Codec, type_: Any, value: object) -> None:
    assert value == there_and_back(codec, type_, value)


def test_candidate_comes_back_without_value_and_quotations(codec: Codec) -> None:
    (candidate,) = find(b"key " + acme_key(1))
    assert candidate.reasons and candidate.facts

    back = there_and_back(codec, Candidate, candidate)

    assert isinstance(back.secret, KnownSecret)
    assert Fingerprinter().secret_id_of(candidate) == back.secret.secret_id == Fingerprinter().secret_id_of(back)
    same = candidate.secret
    assert replace(candidate, reasons=(), facts=()) == replace(back, secret=same)


def test_value_that_was_not_read_cannot_be_mistaken_for_one(codec: Codec) -> None:
    (candidate,) = find(b"key " + acme_key(1))
    secret = there_and_back(codec, Candidate, candidate).secret
    for use in (
        secret.reveal,
        secret.masked,
        lambda: len(secret),
        lambda: secret == candidate.secret,
        lambda: {secret},
    ):
        with pytest.raises(UnreadSecret):
            use()
    assert "Secret(********)" == repr(secret)


def test_type_without_a_way_is_refused(codec: Codec) -> None:
    with pytest.raises(TypeError, match="no way to keep"):
        codec.encode(dict, {})
