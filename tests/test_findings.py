# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secrethunt.detector import Detector
from secrethunt.findings import PUBLIC_KEY, Fingerprinter, Naming, Placed, assemble_findings, finding_id
from secrethunt.records import (
    BlobCandidates,
    BlobId,
    BlobKind,
    CommitId,
    CommitInfo,
    Confidence,
    Finding,
    Provenance,
    RuleId,
    SecretId,
    Severity,
)
from tests.rule_samples import acme_key, digits, make_blob, make_detector, make_rule

NAMING = Naming("git.example/shop")
DETECTOR = make_detector()


def commit(number: int) -> CommitInfo:
    """The commit made at second *number*."""
    return CommitInfo(CommitId(digits(number, 40)), b"Ann", b"ann@mail.example", "2024-01-01T00:00:00Z", float(number))


def past(path: bytes, first: int, last: int, **changes: object) -> Provenance:
    """Seen at *path* from commit *first* to commit *last*."""
    place = Provenance(path, BlobKind.HISTORY, commit(first), commit(last), refs=(b"refs/heads/main",), ref_count=1)
    return dataclasses.replace(place, **changes)  # type: ignore[arg-type]


def on_disk(path: bytes) -> Provenance:
    """Seen in the work tree."""
    return Provenance(path, BlobKind.FILE)


def place(data: bytes, *places: Provenance, detector: Detector = DETECTOR) -> Placed:
    """The candidates of *data*, seen at *places*."""
    blob_id = BlobId(hashlib.sha1(data, usedforsecurity=False).hexdigest())
    candidates = detector.scan_bytes(make_blob(data))
    return Placed(BlobCandidates(blob_id, places[0].kind, places[0].path, candidates), places)


def findings(data: bytes, *places: Provenance, detector: Detector = DETECTOR, naming: Naming = NAMING) -> list[Finding]:
    """Findings of one blob."""
    return assemble_findings([place(data, *(places or (on_disk(b"a.txt"),)), detector=detector)], naming)


def ids(found: list[Finding]) -> set[tuple[str, str]]:
    """Both ids of each finding."""
    return {(finding.finding_id, finding.secret_id) for finding in found}


@given(
    above=st.text(alphabet="ab =\n", max_size=30),
    below=st.text(alphabet="ab =\n", max_size=30),
    count=st.integers(1, 3),
)
@settings(max_examples=40, deadline=None)
def test_text_around_a_secret_changes_no_id(above: str, below: str, count: int) -> None:
    body = b"\n".join([b"key = " + acme_key("a")] * count)
    around = above.encode() + b"\n" + body + b"\n" + below.encode()
    assert ids(findings(body)) == ids(findings(around))


def test_other_findings_in_the_file_change_no_id() -> None:
    alone = ids(findings(acme_key("a")))
    together = ids(findings(acme_key("b") + b"\n" + acme_key("a") + b"\n" + acme_key("c")))
    assert alone < together
    assert 3 == len(together)


def test_other_rules_change_no_id() -> None:
    data = b"bolt_" + digits("bolt").encode() + b"\n" + acme_key("a") + b"\n" + acme_key("a")
    bolt = make_rule(id=RuleId("bolt.token"), pattern=r"(?P<secret>bolt_[0-9a-f]{24})")
    hexes = make_rule(id=RuleId("generic.hex"), pattern=r"_(?P<secret>[0-9a-f]{24})", is_generic=True)
    alone = ids(findings(data))
    assert 2 == len(alone)
    assert alone < ids(findings(data, detector=make_detector(bolt, make_rule(), hexes)))


def test_rule_of_the_same_family_gives_the_same_ids() -> None:
    first = make_rule(family="acme")
    second = make_rule(id=RuleId("acme.key-in-url"), family="acme")
    data = acme_key("a")
    assert ids(findings(data, detector=make_detector(first))) == ids(findings(data, detector=make_detector(second)))


def test_finding_id_depends_on_repository_path_and_ordinal_only() -> None:
    secret = SecretId(digits("secret", 32))
    one = finding_id(secret, "repo", b"a.txt", 0)
    assert one == finding_id(secret, "repo", b"a.txt", 0)
    others = [
        finding_id(SecretId(digits("other", 32)), "repo", b"a.txt", 0),
        finding_id(secret, "fork", b"a.txt", 0),
        finding_id(secret, "repo", b"b.txt", 0),
        finding_id(secret, "repo", b"a.txt", 1),
        finding_id(secret, "repo", b"a.txt\xff", 0),
        finding_id(secret, "repo\udcff", b"a.txt", 0),
    ]
    assert 7 == len({one, *others})


def test_prefix_of_reported_paths_changes_no_id() -> None:
    plain, prefixed = findings(acme_key("a")), findings(acme_key("a"), naming=Naming(NAMING.repository, b"data/"))
    assert (b"a.txt", b"data/a.txt") == (plain[0].path, prefixed[0].path)
    assert ids(plain) == ids(prefixed)


@pytest.mark.parametrize("value", [b"hunter2", b"x", acme_key("a"), b"-----BEGIN KEY-----\nQUJD", b"\xff\x00"])
def test_secret_id_follows_key_family_and_value(value: bytes) -> None:
    rule = make_rule()
    public = Fingerprinter().secret_id(rule, value)
    assert public == Fingerprinter().secret_id(rule, value)
    assert 32 == len(public)
    assert public != Fingerprinter(b"our own key").secret_id(rule, value)
    assert public != Fingerprinter().secret_id(rule, value + b"!")
    assert public != Fingerprinter().secret_id(make_rule(family="other"), value)
    assert public == Fingerprinter().secret_id(make_rule(id=RuleId("acme.b"), family="acme.api-key"), value)


def test_one_fingerprinter_gives_what_a_fresh_one_gives() -> None:
    used = Fingerprinter()
    pairs = [(make_rule(family=family), value) for family in ("a", "b") for value in (b"hunter2", acme_key(1))]
    assert [Fingerprinter().secret_id(*pair) for pair in pairs] == [used.secret_id(*pair) for pair in pairs * 2][:4]


def test_guessable_value_is_not_merely_hashed() -> None:
    quick = hmac.new(PUBLIC_KEY, b"acme.api-key\0hunter2", hashlib.sha256).hexdigest()[:32]
    assert quick != Fingerprinter().secret_id(make_rule(), b"hunter2")


def test_key_block_has_one_id_however_it_is_folded_or_escaped() -> None:
    begin, body, end = "-----BEGIN KEY-----", [digits(n, 40) for n in range(3)], "-----END KEY-----"
    lines = [begin, *body, end]
    forms = ["\n".join(lines), "\r\n".join(lines), "\\n".join(lines), "\n  ".join(lines), '\\n" +\n"'.join(lines)]
    assert 1 == len({Fingerprinter().secret_id(make_rule(), form.encode()) for form in forms})


def test_key_block_twice_in_a_file_is_two_findings_though_folded_differently() -> None:
    rule = make_rule(pattern=r"(?P<secret>-----BEGIN KEY-----[^-]{20,200}-----END KEY-----)")
    body = digits("key", 60)
    data = f"-----BEGIN KEY-----\n{body}\n-----END KEY-----\n'-----BEGIN KEY-----\\n{body}\\n-----END KEY-----'"
    found = findings(data.encode(), detector=make_detector(rule))
    assert (2, 1) == (len({finding.finding_id for finding in found}), len({finding.secret_id for finding in found}))
    assert [1, 1] == [len(finding.occurrences) for finding in found]


def test_rule_with_paths_counts_only_there() -> None:
    detector = make_detector(make_rule(paths=("*.env", "conf/*.ini", "/top.txt")))
    seen = [
        b"a.env",
        b"deep/x.env",
        b"x/conf/a.ini",
        b"conf/b.ini",
        b"a.txt",
        b"x.env.old",
        b"top.txt",
        b"x/top.txt",
        b"",
    ]
    found = findings(acme_key("a"), *(on_disk(path) for path in seen), detector=detector)
    assert [b"a.env", b"conf/b.ini", b"deep/x.env", b"top.txt", b"x/conf/a.ini"] == sorted(item.path for item in found)


def test_rule_with_paths_hides_other_rules_only_where_it_counts() -> None:
    bound = make_rule(id=RuleId("acme.env-key"), paths=("*.env",))
    weak = make_rule(id=RuleId("generic.key"), pattern=r"=(?P<secret>acme_\w+)", is_generic=True)
    detector = make_detector(weak, bound, make_rule(id=RuleId("bolt.key"), paths=("*.ini",)))
    data = b"key=" + acme_key("a") + b"\nkey=" + acme_key("a")
    places = (on_disk(b"a.env"), on_disk(b"a.ini"), on_disk(b"a.txt"))
    found = findings(data, *places, detector=detector)
    by_path = {(item.path, item.span.line): (item.rule.id, set(item.also)) for item in found}
    for line in (1, 2):
        assert ("acme.env-key", {"generic.key"}) == by_path[b"a.env", line]
        assert ("bolt.key", {"generic.key"}) == by_path[b"a.ini", line]
        assert ("generic.key", set()) == by_path[b"a.txt", line]
    assert 6 == len(found)


def test_rule_of_one_family_bound_to_paths_changes_no_id_where_it_does_not_count() -> None:
    plain = make_rule(family="acme")
    bound = make_rule(id=RuleId("acme.env-key"), family="acme", paths=("*.env",))
    data = acme_key("a") + b"\n" + acme_key("a")
    alone = ids(findings(data, detector=make_detector(plain)))
    assert alone == ids(findings(data, detector=make_detector(plain, bound)))
    assert alone == ids(findings(data, detector=make_detector(bound, plain)))


def test_same_secret_in_two_paths_is_two_findings_with_one_secret_id() -> None:
    found = findings(acme_key("a"), on_disk(b"a.txt"), on_disk(b"b.txt"))
    assert [b"a.txt", b"b.txt"] == [finding.path for finding in found]
    assert (2, 1) == (len({finding.finding_id for finding in found}), len({finding.secret_id for finding in found}))


def test_versions_of_a_file_are_occurrences_of_one_finding() -> None:
    old, new = b"\n\n" + acme_key("a"), b"x\n" + acme_key("a") + b" "
    placed = [
        place(old, past(b"a.txt", 10, 20)),
        place(new, past(b"a.txt", 20, 30, at_head=True, refs=(b"refs/tags/v1",), ref_count=2), on_disk(b"a.txt")),
    ]
    [finding] = assemble_findings(placed, NAMING)
    assert (commit(10), commit(30)) == (finding.first, finding.last)
    assert (True, True, True) == (finding.at_head, finding.in_worktree, finding.reachable)
    assert ((b"refs/heads/main", b"refs/tags/v1"), 2) == (finding.refs, finding.ref_count)
    assert (2, BlobKind.FILE) == (finding.span.line, finding.kind)
    assert [2, 3] == [occurrence.span.line for occurrence in finding.occurrences]
    assert [finding] == assemble_findings(placed[::-1], NAMING)


def test_secret_that_no_ref_reaches_is_unreachable() -> None:
    [finding] = findings(acme_key("a"), past(b"a.txt", 1, 2, reachable=False, refs=(), ref_count=0))
    assert (False, False, False, ()) == (finding.reachable, finding.at_head, finding.in_worktree, finding.refs)


def test_most_severe_and_surest_come_first() -> None:
    kinds = [(Severity.LOW, Confidence.HIGH), (Severity.CRITICAL, Confidence.LOW), (Severity.CRITICAL, Confidence.HIGH)]
    rules = [
        make_rule(
            id=RuleId(f"r.{n}"), pattern=f"(?P<secret>rule{n}_[0-9a-f]{{24}})", severity=severity, confidence=sure
        )
        for n, (severity, sure) in enumerate(kinds)
    ]
    data = b" ".join(f"rule{n}_{digits(n)}".encode() for n in range(3))
    found = findings(data, detector=make_detector(*rules))
    assert ["r.2", "r.1", "r.0"] == [finding.rule.id for finding in found]
