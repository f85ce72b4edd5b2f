# SPDX-License-Identifier: Apache-2.0
"""Whatever the deltas, a scan of a pack finds in each object what a scan of that object whole finds."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secrethunt import packscan
from secrethunt.anchors import LOOKAHEAD, MAX_REACH
from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.packscan import PackScanner
from secrethunt.records import Blob, BlobKind, Candidate, Confidence, RuleId
from secrethunt.ruleset import RuleSelection, load_ruleset
from secrethunt.sources.contract import DEFAULT_MAX_SIZE
from tests.pack.rooms import ROOMS
from tests.pack.writer import BLOB, COMMIT, Copy, PackWriter, apply_pieces, encode_delta, object_id
from tests.packed_history import Samples
from tests.rule_samples import acme_key, digits, make_detector, make_rule

_CUTS = (1, 5, 10, 25, 50, 75, 90, 99)
"""Where fragments are cut, in hundredths; few, so that halves meet again."""
_REAL_RULES = ("privatekey", "generic", "jwt", "aws", "uri")


class Piece(NamedTuple):
    """One step of an edit, before it is known what it is done to."""

    action: str
    fragment: int
    start: int
    end: int

    def apply(self, base: bytes, fragments: Sequence[bytes]) -> Copy | bytes:
        """A copy of *base*, or new bytes."""
        text = fragments[self.fragment % len(fragments)]
        cut = max(1, len(text) * self.start // 100)
        match self.action:
            case "insert":
                return text
            case "left":
                return text[:cut]
            case "right":
                return text[cut:]
        low, high = sorted((len(base) * self.start // 100, len(base) * self.end // 100))
        return {"copy": (low, high - low), "head": (0, low), "tail": (high, len(base) - high), "all": (0, len(base))}[
            self.action
        ]


class Version(NamedTuple):
    """An object: its base's number (None: stored whole) and what is done to it."""

    base: int | None
    by_id: bool
    pieces: tuple[Piece, ...]


_INSERTS = st.sampled_from(["insert", "insert", "left", "right"])
_COPIES = st.sampled_from(["copy", "head", "tail", "all"])
_FRAGMENTS = st.integers(0, 10**6)
_FRACTIONS = st.sampled_from(_CUTS) | st.integers(0, 100)


class History(NamedTuple):
    """Objects of one kind."""

    kind: int
    versions: list[Version]


@st.composite
def histories(draw: st.DrawFn) -> History:
    versions: list[Version] = []
    for number in range(draw(st.integers(1, 8))):
        base = draw(st.none() | st.integers(0, number - 1)) if number else None
        action = _INSERTS if base is None else _INSERTS | _COPIES
        piece = st.builds(Piece, action, _FRAGMENTS, _FRACTIONS, _FRACTIONS)
        edit = st.lists(piece, max_size=7).map(tuple)
        if base is not None:
            edit |= st.builds(_around, st.lists(piece, max_size=3), _FRACTIONS, _FRACTIONS)
        versions.append(Version(base, draw(st.booleans()), draw(edit)))
    return History(draw(st.sampled_from([BLOB, BLOB, COMMIT])), versions)


def _around(middle: list[Piece], start: int, end: int) -> tuple[Piece, ...]:
    """An ordinary edit: what stood between two places is replaced."""
    return (Piece("head", 0, start, end), *middle, Piece("tail", 0, start, end))


def write_history(history: History, fragments: Sequence[bytes], folder: Path) -> tuple[bytes, dict[str, bytes]]:
    """The pack's path, and all objects by id."""
    kind = history.kind
    writer = PackWriter()
    contents: list[bytes] = []
    ids: list[bytes] = []
    for version in history.versions:
        base = b"" if version.base is None else contents[version.base]
        pieces = [piece.apply(base, fragments) for piece in version.pieces]
        data = apply_pieces(base, pieces)
        id = object_id(kind, data)
        if id not in ids:
            if version.base is None:
                writer.add(kind, data)
            else:
                writer.add_delta(id, ids[version.base], encode_delta(len(base), pieces), by_id=version.by_id)
        contents.append(data)
        ids.append(id)
    return writer.write(folder), {id.hex(): data for id, data in zip(ids, contents, strict=True)}


def scan_whole(detector: Detector, objects: dict[str, bytes]) -> dict[str, tuple[Candidate, ...]]:
    """The oracle: candidates of each object, read by itself."""
    found = {id: detector.scan_bytes(Blob(data, BlobKind.HISTORY, b"")) for id, data in objects.items()}
    return {id: candidates for id, candidates in found.items() if candidates}


def scan_pack(detector: Detector, room: ModuleType, path: bytes, batch_bytes: int) -> dict[str, tuple[Candidate, ...]]:
    """What the scan of one pack gives, in batches of about *batch_bytes*."""
    walker = functools.partial(room.Walker, arena_bytes=batch_bytes, object_bytes=batch_bytes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packscan, "Walker", walker)
        scanner = PackScanner(
            detector, room.Packs([path]), hash_size=20, max_size=DEFAULT_MAX_SIZE, least=Confidence.LOW
        )
        batches = list(scanner.iter_batches(1))
    assert [] == scanner.walker.skips
    assert () == sum((batch.skips for batch in batches), ())
    hits = [hit for batch in batches for hit in batch.hits]
    assert len(hits) == len({hit.id for hit in hits})
    return {hit.id: hit.candidates for hit in hits}


def _made_up_detector() -> Detector:
    rules = [
        make_rule(),
        make_rule(id=RuleId("acme.loose"), pattern=r"(?P<secret>acme_live_[0-9a-f]{4,40})"),
        make_rule(id=RuleId("acme.line"), pattern=r"(?m)^key: (?P<secret>[0-9a-f]{16})$", in_binary=True),
        make_rule(id=RuleId("acme.word"), pattern=r"(?<![a-z])(?P<secret>tok_[0-9a-f]{8})(?=\n|$|\0)", in_binary=True),
        make_rule(
            id=RuleId("acme.assigned"),
            pattern=r'(?P<anchor>password)[ \n]{0,4}=[ \n]{0,4}"(?P<secret>[^"\n]{4,60})"',
            is_generic=True,
        ),
        make_rule(
            id=RuleId("acme.block"),
            pattern=r"(?P<secret>-BEGIN-(?:[a-z0-9_]{1,80}\n){1,20}?-END-)(?=[\s\S]{0,300}?acme_)",
        ),
        make_rule(
            id=RuleId("acme.far"), pattern=r'user=[a-z]{1,9}[\s\S]{0,100}?"(?P<secret>[0-9a-f]{24})"', family="x"
        ),
        make_rule(id=RuleId("acme.path"), pattern=r'"(?P<secret>[0-9a-f]{24})"', paths=("*.cfg",)),
        make_rule(id=RuleId("acme.after"), pattern=r"(?<=user=joe;)(?P<secret>[0-9a-f]{12,30})(?!\w)"),
    ]
    return make_detector(*rules)


_COMMENTS = [
    b" # secrethunt:allow made up",
    b"# secrethunt:allow=acme.far",
    b"\n# secrethunt:allow-next-line=acme.*\n",
    b"\n# secrethunt:allow-start\n",
    b"\n# secrethunt:allow-end\n",
    b"kingfisher:ignore",
]
"""They say of a secret that it may stand, from beside it, above it or around it."""
_FILLERS = [b"\n", b" ", b'"', b"=", b"\0", b";", b"x", b"_", b"plain text\n" * 9, b"more of it " * 760]
_MADE_UP = [
    acme_key(1),
    acme_key(1),
    acme_key(2, "test"),
    b"key: " + digits(3, 16).encode(),
    b"\nkey: " + digits(3, 16).encode() + b"\n",
    b"tok_" + digits(4, 8).encode(),
    b'password = "',
    b"password",
    acme_key(5) + b'"',
    b'"%s"' % digits(6).encode(),
    b"user=joe",
    b"user=joe;" + digits(7, 20).encode(),
    b"-BEGIN-" + b"abc_%s\n" % digits(8, 40).encode() * 4 + b"-END-",
    b"-BEGIN-",
    b"-END-",
    *_COMMENTS,
    *_FILLERS,
]


@pytest.fixture(scope="session")
def made_up() -> tuple[Detector, list[bytes]]:
    """Rules with every kind of edge and reach, and text for them."""
    return _made_up_detector(), _MADE_UP


@pytest.fixture(scope="session")
def shipped() -> tuple[Detector, list[bytes]]:
    """Some of the shipped rules, and their examples."""
    ruleset = load_ruleset(RuleSelection(only=_REAL_RULES), DiskCache(None))
    samples = Samples(ruleset.rules)
    examples = [samples.example(rule.id, number) for rule in ruleset.rules for number in range(len(rule.examples))]
    values = [samples.value(rule.id, 1) for rule in ruleset.rules]
    keywords = [b'password = "', b"aws_secret_access_key = ", b"-----BEGIN PRIVATE KEY-----\n", b"://user:", b"@host/"]
    return Detector(ruleset, DiskCache(None)), examples + values + keywords + _FILLERS


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("rules", ["made_up", "shipped"])
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=histories(), batch_bytes=st.sampled_from([1, 2000, 1 << 22]))
def test_deltas_are_scanned_as_if_written_out(
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
    rules: str,
    room: ModuleType,
    history: History,
    batch_bytes: int,
) -> None:
    detector, fragments = request.getfixturevalue(rules)
    path, objects = write_history(history, fragments, tmp_path_factory.mktemp("pack"))

    assert scan_whole(detector, objects) == scan_pack(detector, room, path, batch_bytes)


@pytest.mark.parametrize("rules", ["made_up", "shipped"])
def test_fragments_make_every_rule_find_something(request: pytest.FixtureRequest, rules: str) -> None:
    detector, fragments = request.getfixturevalue(rules)

    found: set[RuleId] = set()
    for left in fragments:
        for right in fragments:
            for item in detector.scan_bytes(Blob(left + right, BlobKind.HISTORY, b"")):
                found.update([item.rule.id, *item.also])

    assert {rule.id for rule in detector.ruleset.rules} == found


@pytest.mark.parametrize("room", ROOMS)
def test_match_that_is_cut_short_is_cut_at_the_same_place(tmp_path: Path, room: ModuleType) -> None:
    """A match is looked for within so many bytes of its beginning, however many anchors begin there."""
    pattern = r"(?P<anchor>begin[a-z]{0,8})[^!]*!(?P<secret>[0-9a-f]{24})"
    detector = make_detector(make_rule(pattern=pattern))
    secret = digits("far")
    writer = PackWriter()
    objects = {}
    for length in range(MAX_REACH + LOOKAHEAD - 12, MAX_REACH + LOOKAHEAD + 12):
        filler = b"." * (length - len("beginabcdefgh!") - len(secret))
        data = b"beginabcdefgh%s!%s\n" % (filler, secret.encode())
        objects[writer.add(BLOB, data).hex()] = data

    found = scan_pack(detector, room, writer.write(tmp_path), 1 << 20)

    assert scan_whole(detector, objects) == found
    assert 0 < len(found) < len(objects)
