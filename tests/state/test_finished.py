# SPDX-License-Identifier: Apache-2.0
"""A finished scan is kept for one fingerprint, and never with a secret in it."""

from __future__ import annotations

import pytest

from secrethunt.coverage import Problem, Skip
from secrethunt.findings import Fingerprinter, Naming, Placed, assemble_findings
from secrethunt.records import BlobCandidates, BlobId, BlobKind, Provenance
from secrethunt.state.finished import Finished, decode_finished, encode_finished, unread_blob
from tests.rule_samples import acme_key, find, make_rule

MARK = b"m" * 32
ID = BlobId("ab" * 20)


def make_finished(path: bytes = b"a.txt") -> Finished:
    blob = BlobCandidates(ID, BlobKind.HISTORY, b"", find(b"x " + acme_key(1)))
    return Finished((Placed(blob, (Provenance(path, BlobKind.HISTORY),)),), (Problem(Skip.SHALLOW, b"c"),), 7)


def test_comes_back_for_the_same_fingerprint_only() -> None:
    finished = make_finished()
    data = encode_finished(finished, MARK, Fingerprinter())
    assert data is not None
    assert decode_finished(data, b"n" * 32, [make_rule()]) is None
    assert decode_finished(b"", MARK, [make_rule()]) is None

    back = decode_finished(data, MARK, [make_rule()])

    assert back is not None
    assert (finished.problems, 7) == (back.problems, back.known)
    assert finished.placed[0].places == back.placed[0].places


def test_findings_say_which_blob_is_still_to_be_read() -> None:
    finished = make_finished()
    back = decode_finished(encode_finished(finished, MARK, Fingerprinter()) or b"", MARK, [make_rule()])
    assert back is not None
    (kept,) = assemble_findings(back.placed, Naming("r"))
    (whole,) = assemble_findings(finished.placed, Naming("r"))
    assert whole.finding_id == kept.finding_id
    assert (BlobKind.HISTORY, ID, b"") == unread_blob(kept)
    assert unread_blob(whole) is None


@pytest.mark.parametrize("path", [b"dump " + acme_key(1), b"\xff\n" + acme_key(1) + b'"'])
def test_secret_in_a_path_is_not_kept(path: bytes) -> None:
    assert encode_finished(make_finished(path), MARK, Fingerprinter()) is None


@pytest.mark.parametrize(("skip", "stays"), [(Skip.TOO_LARGE, True), (Skip.CORRUPT_OBJECT, False)])
def test_damage_is_looked_at_again(skip: Skip, stays: bool) -> None:
    assert stays == Finished((), (Problem(skip, b"x"),), 0).can_be_kept
