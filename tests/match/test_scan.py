# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

from secrethunt.match.arena import iter_arenas
from secrethunt.match.database import compile_database
from secrethunt.match.scan import Matcher
from secrethunt.match.search import Search
from secrethunt.records import Rule, RuleId
from tests.rule_samples import acme_key, digits, make_blob, make_rule, make_ruleset

BOLT = make_rule(id=RuleId("bolt.token"), pattern=r"(?P<secret>bolt_[0-9a-f]{24})", in_binary=True)


def make_matcher(*rules: Rule) -> Matcher:
    """A matcher of Acme's rule and Bolt's, or of *rules*."""
    ruleset = make_ruleset(*(rules or (make_rule(), BOLT)))
    return Matcher(ruleset, Search(compile_database([anchor.expression for anchor in ruleset.anchors])))


def scan(*pieces: bytes, matcher: Matcher | None = None) -> list[tuple[bytes, list[tuple[int, int]]]]:
    """Path of each blob with (rule, offset of the secret) of its captures."""
    [arena] = iter_arenas([make_blob(piece, b"%d" % n) for n, piece in enumerate(pieces)])
    found = (matcher or make_matcher()).scan(arena)
    return [(blob.path, [(capture.rule, capture.secret_start) for capture in captures]) for blob, captures in found]


def bolt(seed: str) -> bytes:
    """A value that Bolt's rule finds."""
    return b"bolt_" + digits(seed).encode()


def test_offsets_count_from_the_start_of_each_blob() -> None:
    found = scan(b"x " + acme_key(1), b"", b"nothing", bolt("a") + b" " + acme_key(2), acme_key(3))
    assert [(b"0", [(0, 2)]), (b"3", [(1, 0), (0, 30)]), (b"4", [(0, 0)])] == [
        (path, sorted(captures, key=lambda capture: capture[1])) for path, captures in found
    ]


def test_each_rule_captures_in_order_of_offset() -> None:
    [(_, captures)] = scan(b" ".join([acme_key(1), bolt("a"), acme_key(2), bolt("b"), acme_key(3)]))
    assert [0, 65, 130] == [start for rule, start in captures if rule == 0]
    assert [35, 100] == [start for rule, start in captures if rule == 1]


def test_rule_is_asked_whether_it_searches_binaries() -> None:
    assert [(b"0", [(1, 36)])] == scan(b"\0" + acme_key(1) + b" " + bolt("a"))


def test_one_binary_blob_does_not_make_its_neighbours_binary() -> None:
    assert [b"0", b"2"] == [path for path, _ in scan(acme_key(1), b"\0\0" + acme_key(2), acme_key(3))]


def test_arena_without_anchors_has_no_captures() -> None:
    assert [] == scan(b"nothing", b"to see")


def test_neighbours_do_not_change_what_word_boundaries_see() -> None:
    rule = make_rule(pattern=r"\b(?P<secret>key[0-9]{2})\b")
    alone = [len(scan(piece, matcher=make_matcher(rule))) for piece in (b"key12", b"key1", b"xkey12", b"key12x")]
    assert [1, 0, 0, 0] == alone
    together = scan(b"x", b"key12", b"2", b"key1", b"2", b"_", b"key34", matcher=make_matcher(rule))
    assert [(b"1", [(0, 0)]), (b"6", [(0, 0)])] == together


def test_anchor_that_begins_in_the_blob_before_captures_only_what_is_whole() -> None:
    rule = make_rule(pattern=r"(?P<anchor>[\s\S]{4}key)(?P<secret>[0-9]{2})")
    assert [(b"2", [(0, 7)])] == scan(b"abcdef", b"xykey12", b"abcdkey34", matcher=make_matcher(rule))


def test_matcher_is_shared_between_threads() -> None:
    matcher = make_matcher()
    found: list[object] = []
    pieces = [acme_key(n) + b"\n" + bolt(str(n)) for n in range(50)]
    expected = scan(*pieces, matcher=matcher)
    threads = [threading.Thread(target=lambda: found.append(scan(*pieces, matcher=matcher))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [expected] * 8 == found
