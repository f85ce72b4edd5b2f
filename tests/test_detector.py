# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from secrethunt.anchors import Anchor
from secrethunt.detector import Detector, Hit
from secrethunt.diskcache import DiskCache
from secrethunt.errors import RuleError
from secrethunt.match.arena import ARENA_SIZE, iter_arenas
from secrethunt.records import Blob, BlobKind, Confidence, RuleId
from secrethunt.ruleset import Ruleset
from tests.rule_samples import acme_key, find, make_blob, make_detector, make_rule, make_ruleset

LEAD = 200


def values(hits: list[Hit]) -> list[tuple[bytes, list[bytes]]]:
    """Path of each blob with its secrets."""
    return [(blob.path, [candidate.secret.reveal() for candidate in candidates]) for blob, candidates in hits]


def test_secret_that_is_the_whole_blob_is_found() -> None:
    [candidate] = find(acme_key("a"))
    assert acme_key("a") == candidate.secret.reveal()
    assert (0, 34, 1, 1, 1, 35) == dataclasses.astuple(candidate.span)


def test_secret_is_found_at_either_end_of_a_blob_whatever_stands_in_the_next_one() -> None:
    blobs = [
        make_blob(data, b"%d" % n) for n, data in enumerate([b"x = ", acme_key("a"), acme_key("b"), b"word", b"-"])
    ]
    hits = list(make_detector().iter_hits(blobs))
    assert [(b"1", [acme_key("a")]), (b"2", [acme_key("b")])] == values(hits)


def test_halves_of_a_secret_in_two_blobs_do_not_join() -> None:
    whole = acme_key("a")
    blobs = [make_blob(whole[:at] + tail) for at in (5, 12, 20) for tail in (b"", b"\n")]
    blobs = [blob for first in blobs for blob in (first, make_blob(whole[len(first.data.rstrip()) :]))]
    assert [] == list(make_detector().iter_hits(blobs))


def test_pattern_that_ends_in_white_space_does_not_take_the_separator_for_it() -> None:
    rule = make_rule(pattern=r"(?P<secret>acme_live_[0-9a-f]{24})\n")
    blobs = [make_blob(acme_key("a")), make_blob(acme_key("b") + b"\n")]
    assert [[acme_key("b")]] == [found for _, found in values(list(make_detector(rule).iter_hits(blobs)))]


def test_several_secrets_on_one_line_are_found_in_order() -> None:
    keys = [acme_key(n) for n in range(5)]
    found = find(b"keys: " + b",".join(keys) + b"\n")
    assert keys == [candidate.secret.reveal() for candidate in found]
    assert [7 + 35 * n for n in range(5)] == [candidate.span.column for candidate in found]


def test_same_secret_again_counts_up_whatever_other_rules_see() -> None:
    other = make_rule(
        id=RuleId("acme.webhook"), pattern=r"hook:(?P<secret>acme_live_[0-9a-f]{24})", confidence=Confidence.HIGH
    )
    data = b"hook:" + acme_key("a") + b"\n" + acme_key("a") + b"\n" + acme_key("a")
    alone = [(candidate.rule.id, candidate.ordinal) for candidate in find(data)]
    assert [("acme.api-key", 0), ("acme.api-key", 1), ("acme.api-key", 2)] == alone
    plain = make_rule(pattern=r"(?<!:)(?P<secret>acme_live_[0-9a-f]{24})")
    both = {(candidate.rule.id, candidate.ordinal) for candidate in find(data, plain, other)}
    assert {("acme.webhook", 0), ("acme.api-key", 0), ("acme.api-key", 1)} == both


def test_binary_blob_is_searched_only_by_rules_that_ask_for_it() -> None:
    data = b"\0\1\2" + acme_key("a") + b"\0"
    assert () == find(data)
    assert 1 == len(find(data, make_rule(in_binary=True)))
    late = b" " * 8000 + b"\0" + acme_key("a")
    assert 1 == len(find(late))


def test_empty_blobs_are_passed_over() -> None:
    blobs = [make_blob(b""), make_blob(acme_key("a")), make_blob(b"")]
    assert [[acme_key("a")]] == [found for _, found in values(list(make_detector().iter_hits(blobs)))]
    assert () == make_detector().scan_bytes(make_blob(b""))


@pytest.fixture(scope="module")
def many() -> list[Blob]:
    """Blobs of five arenas, a secret in every third, one blob larger than an arena."""
    size = ARENA_SIZE // 6
    blobs = [make_blob(b"x " * (size // 2) + (acme_key(n) if n % 3 == 0 else b""), b"%d" % n) for n in range(24)]
    blobs.insert(7, make_blob(b"y " * ARENA_SIZE + acme_key("large"), b"large"))
    return blobs


@pytest.mark.parametrize("jobs", [2, 4, 9])
def test_threads_change_neither_results_nor_order(many: list[Blob], jobs: int) -> None:
    detector = make_detector()
    alone = list(detector.iter_hits(many, jobs=1))
    assert 9 == len(alone)
    assert alone == list(detector.iter_hits(many, jobs=jobs))


@pytest.mark.parametrize("jobs", [1, 3])
def test_progress_tells_every_arena_once(many: list[Blob], jobs: int) -> None:
    told: list[int] = []
    list(make_detector().iter_hits(many, jobs=jobs, progress=told.append))
    assert [len(arena.data) for arena in iter_arenas(many)] == told


@pytest.mark.parametrize("jobs", [1, 3])
def test_blobs_that_fail_to_read_stop_the_scan_with_their_own_error(many: list[Blob], jobs: int) -> None:
    def failing() -> Iterator[Blob]:
        yield from many
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        list(make_detector().iter_hits(failing(), jobs=jobs))


def test_scan_may_be_given_up_midway(many: list[Blob]) -> None:
    hits = make_detector().iter_hits(many, jobs=2)
    assert b"0" == next(hits)[0].path
    hits.close()  # type: ignore[attr-defined]


def test_detector_from_cache_finds_what_a_fresh_one_finds(many: list[Blob], tmp_path: Path) -> None:
    cache = DiskCache(str(tmp_path))
    fresh = list(Detector(make_ruleset(), cache).iter_hits(many))
    assert 1 == len(list(tmp_path.iterdir()))
    assert fresh == list(Detector(make_ruleset(), cache).iter_hits(many))


def test_anchor_that_hyperscan_refuses_is_a_rule_error_with_file_and_line() -> None:
    refused = Anchor("(?=acme)", 4, 4, 0, 0, 40, 4)
    ruleset = Ruleset((make_rule(),), (refused,))
    with pytest.raises(RuleError, match=r"^acme.yaml:7: rule acme.api-key: Hyperscan refuses its anchor"):
        Detector(ruleset, DiskCache(None))


def test_no_record_shows_a_secret_in_text_or_pickle() -> None:
    key = acme_key("hidden")
    blob = Blob(b"key = " + key, BlobKind.FILE, b"a.txt")
    [candidate] = make_detector().scan_bytes(blob)
    [arena] = iter_arenas([blob, blob])
    for record in (candidate, candidate.secret, blob, arena, (blob, candidate), [candidate.secret]):
        for shown in (repr(record), str(record), f"{record}", f"{record!r}"):
            assert key.decode() not in shown
            assert key[10:].decode() not in shown
    for record in (candidate, candidate.secret):
        with pytest.raises(TypeError, match="never serialised"):
            pickle.dumps(record)


def test_no_traceback_shows_a_secret() -> None:
    [candidate] = find(acme_key("hidden"))
    try:
        raise ValueError(candidate, candidate.secret)
    except ValueError as err:
        shown = "".join(traceback.format_exception(err))
    assert "acme.api-key" in shown
    assert acme_key("hidden")[10:].decode() not in shown
