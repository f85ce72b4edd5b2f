# SPDX-License-Identifier: Apache-2.0
"""Nothing that moves a cursor, turns a line around or hides gets through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrethunt.report.escape import decode, escape

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u3164\U000e0041\U000e0101"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain/path.txt", "plain/path.txt"),
        (b"a\nb\tc\rd", r"a\nb\tc\rd"),
        (b"\x1b[2J\x07\x00\x7f", r"\x1b[2J\x07\x00\x7f"),
        ("csi \u009b31m", r"csi \x9b31m"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("naïve/日本/🎉\ufe0f", "naïve/日本/🎉\ufe0f"),
        (b"latin-\xe9.txt", r"latin-\xe9.txt"),
        ("lone \udce9", r"lone \udce9"),
        (b"back\\slash", "back\\slash"),
        (b"a ##vso[task.setvariable variable=x]y", r"a #\x23vso[task.setvariable variable=x]y"),
        (b"##[error]x ## y", r"#\x23[error]x ## y"),
    ],
)
def test_text_is_shown_on_one_harmless_line(raw: bytes | str, shown: str) -> None:
    assert shown == escape(raw)


def test_every_control_and_bidirectional_character_is_written_out() -> None:
    hostile = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Zl", "Zp", "Cs")]
    through = [character for character in [*hostile, *_BIDI, *_INVISIBLE] if character in escape(character)]
    assert [] == through


@given(st.binary() | st.text(alphabet=st.characters()))
def test_escaped_text_is_printable_and_stays_as_it_is(raw: bytes | str) -> None:
    shown = escape(raw)
    assert shown == escape(shown)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert len(shown.splitlines()) <= 1


def test_decoding_alone_keeps_true_text() -> None:
    assert "a\u202eb\x1b" == decode("a\u202eb\x1b")
