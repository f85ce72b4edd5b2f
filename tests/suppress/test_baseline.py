# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from secrethunt.errors import UsageError
from secrethunt.findings import PUBLIC_KEY
from secrethunt.suppress.baseline import difference, load_baseline, places_of, write_baseline
from tests.report.samples import make_finding, make_value

OLD, NEW = make_value("old"), make_value("new")


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "b.json")
    write_baseline(path, places_of([make_finding(b"a.py", value=OLD)]), PUBLIC_KEY)
    return path


def test_known_secrets_are_held_back_wherever_they_stand(path: str) -> None:
    new, moved = make_finding(value=NEW), make_finding(b"moved.py", value=OLD)
    fresh, known = load_baseline(path, PUBLIC_KEY).divide([moved, new])
    assert [new] == fresh
    assert [b"moved.py"] == [finding.path for finding in known]


def test_difference_names_what_is_new_what_spread_and_what_is_gone(path: str) -> None:
    baseline = load_baseline(path, PUBLIC_KEY)
    changed = difference(baseline, [make_finding(b"b.py", value=OLD), make_finding(b"a.py", value=NEW)])
    assert ([("a.py")], ["b.py"], []) == (
        [place.path for place in changed.fresh],
        [place.path for place in changed.spread],
        [place.path for place in changed.gone],
    )
    assert ["a.py"] == [place.path for place in difference(baseline, []).gone]
    assert 1 == baseline.gone([])


def test_file_holds_no_value(path: str) -> None:
    assert OLD.decode() not in Path(path).read_text()


def test_file_of_another_key_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="another fingerprint key"):
        load_baseline(path, b"another key of somebody")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "x"}', '{"findings": [], "schema": 1}'])
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "b").write_text(text)
    with pytest.raises(UsageError, match="no baseline"):
        load_baseline(str(tmp_path / "b"), PUBLIC_KEY)
