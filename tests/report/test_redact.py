# SPDX-License-Identifier: Apache-2.0
"""A secret that stands in another field of the report is masked there too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from secrethunt.records import Secret
from secrethunt.report.redact import MASK, Redactor, is_telling
from tests.report.samples import make_value

_ONE, _TWO = make_value("one"), make_value("two")


def test_secrets_in_a_path_are_masked() -> None:
    redactor = Redactor([Secret(_ONE), Secret(_TWO)])
    assert f"keys/{MASK}.txt and {MASK}" == redactor.text(b"keys/" + _ONE + b".txt and " + _TWO)


def test_plain_words_are_left_alone_where_they_stand_by_chance() -> None:
    assert "postgres/compose.yml" == Redactor([Secret(b"postgres")]).text(b"postgres/compose.yml")


def test_secrets_in_text_are_masked() -> None:
    assert f"cannot read {MASK}" == Redactor([Secret(_ONE)]).text(f"cannot read {_ONE.decode()}")


def test_the_longest_of_nested_secrets_is_masked() -> None:
    assert f"x{MASK}y" == Redactor([Secret(_ONE), Secret(_ONE + b"more")]).text(b"x" + _ONE + b"morey")


def test_short_values_stay_because_they_are_words() -> None:
    assert "admin/login.py" == Redactor([Secret(b"admin")]).text(b"admin/login.py")


def test_an_open_redactor_shows_everything() -> None:
    redactor = Redactor([Secret(_ONE)], is_open=True)
    assert (_ONE.decode(), _ONE.decode()) == (redactor.text(_ONE), redactor.secret(Secret(_ONE)))


def test_bytes_that_are_no_text_are_written_out() -> None:
    assert "caf\\xe9" == Redactor([]).text(b"caf\xe9")


@given(st.lists(st.binary(min_size=8, max_size=12).filter(is_telling), min_size=1, max_size=4), st.data())
def test_no_secret_is_left_wherever_it_stands(values: list[bytes], data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.sampled_from(values) | st.binary(max_size=6), max_size=6))
    masked = Redactor([Secret(value) for value in values]).masked(b"/".join(pieces))
    rest = masked.split(MASK.encode())
    assert [] == [value for value in values for piece in rest if value in piece]
