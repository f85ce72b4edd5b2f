# SPDX-License-Identifier: Apache-2.0
"""Finding entries in the bytes of trees, however hostile their names and ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from secrethunt.records import BlobKind
from secrethunt.sources.git_objects import parse_tree
from secrethunt.sources.id_search import IdSearch
from secrethunt.sources.trees import _names_of

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.sources.conftest import ScanTarget

_WANTED = [b"wanted id, 20 bytes.", b"100644 a\x00 40000 x\x00ab "]

_PIECES = st.sampled_from([b"100644 ", b"40000 ", b"040000 ", b"a", b"100", b" ", b"\xff", b"0", b"120000 b"])
_NAMES = st.lists(_PIECES, min_size=1, max_size=4).map(b"".join)
_IDS = st.one_of(
    st.sampled_from(_WANTED),
    st.lists(st.one_of(_PIECES, st.just(b"\0")), min_size=20).map(lambda parts: b"".join(parts)[:20]),
)
_ENTRIES = st.lists(st.tuples(st.sampled_from([b"100644", b"100755", b"120000", b"40000"]), _NAMES, _IDS), max_size=6)


@given(_ENTRIES)
def test_an_entry_is_found_with_its_name_whatever_stands_before_it(entries: list[tuple[bytes, bytes, bytes]]) -> None:
    data = b"".join(b"%s %s\0%s" % entry for entry in entries)
    search = IdSearch(_WANTED)

    expected = {(entry.name, _WANTED.index(entry.id)) for entry in parse_tree(data, 20) if entry.id in _WANTED}
    assert expected == set(_names_of(data, search.find(data), 20))


def test_ids_are_found_at_every_offset() -> None:
    search = IdSearch(_WANTED)

    for offset in range(70):
        assert [(0, offset + 20)] == search.find(b"x" * offset + _WANTED[0] + b"y" * 3)


def test_names_that_look_like_entries_lead_to_the_right_paths(make_repo: MakeRepo, scan: ScanTarget) -> None:
    repo = make_repo()
    names = [b"40000 a/100644 b", b"x 40000 y/z", b"120000 l", b"d/40000 40000 40000 /e"]
    repo.commit({name: b"content of " + name for name in names})
    scanned = scan(repo.path)

    found = {data: scanned.places(id) for id, data in scanned.objects(BlobKind.HISTORY).items()}

    for name in names:
        assert [name] == [place.path for place in found[b"content of " + name]]
