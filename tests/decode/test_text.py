# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import html
import json
import time
import urllib.parse

import pytest

from secrethunt.coverage import Skip
from tests.decode.search import search, slices
from tests.rule_samples import acme_key

KEY = acme_key("text")
LINE = b"api_key = " + KEY


def test_base64_value_is_decoded_and_its_place_is_the_encoded_run() -> None:
    encoded = base64.b64encode(LINE)
    data = b"first: 1\nvalue: '" + encoded + b"'\n"
    outcome = search(data)
    assert ([KEY], [("base64",)], [encoded]) == (outcome.values, outcome.chains, slices(data, outcome))
    span = outcome.candidates[0].span
    assert (2, 9, 2, 9 + len(encoded)) == (span.line, span.column, span.end_line, span.end_column)


@pytest.mark.parametrize("cut", [0, 1, 2])
@pytest.mark.parametrize("lead", [b"a", b"ab", b"abc"])
def test_base64_is_decoded_at_every_alignment_with_and_without_padding(lead: bytes, cut: int) -> None:
    encoded = base64.b64encode(lead + b": " + LINE + b"." * cut)
    assert [KEY] == search(encoded).values
    assert [KEY] == search(b"x " + encoded.rstrip(b"=")).values


def test_url_safe_base64_is_decoded() -> None:
    encoded = base64.urlsafe_b64encode(b"??>>?? " + LINE + b" ??>>~~~")
    assert b"-" in encoded or b"_" in encoded
    assert [KEY] == search(b"token=" + encoded + b"&x=1").values


@pytest.mark.parametrize("indent", [b"", b"    "])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_folded_base64_is_one_piece(indent: bytes, end: bytes) -> None:
    text = b"# a configuration of some length, so that it takes several lines when it is folded\n" + LINE + b"\n" * 40
    lines = base64.encodebytes(text).splitlines()
    data = b"data: |" + end + b"".join(indent + line + end for line in lines) + b"other: value" + end
    outcome = search(data)
    assert [KEY] == outcome.values
    assert data.index(lines[0]) == outcome.candidates[0].span.start
    assert 1 == outcome.tally.pieces


def test_lines_of_base64_that_do_not_belong_together_are_pieces_of_their_own() -> None:
    keys = [acme_key(n) for n in range(5)]
    data = b"".join(base64.b64encode(b"key number %d is " % n + key) + b"\n" for n, key in enumerate(keys))
    assert keys == search(data).values


def test_base64_of_something_else_than_text_is_left_alone() -> None:
    data = base64.b64encode(bytes(range(256)) * 20)
    outcome = search(data)
    assert ([], 0) == (outcome.values, outcome.tally.pieces)


def test_text_before_binary_in_base64_is_searched() -> None:
    assert [KEY] == search(base64.b64encode(LINE + b" \0\1\2\3" * 20)).values


def test_utf_16_in_base64_as_shells_take_commands_is_followed() -> None:
    encoded = base64.b64encode(f'$key = "{KEY.decode()}"'.encode("utf-16-le"))
    outcome = search(b"powershell -EncodedCommand " + encoded)
    assert [("base64", "utf-16le")] == outcome.chains
    assert [KEY] == outcome.values


@pytest.mark.parametrize("mark", [b"", b"0x", b"\\x"])
def test_hexadecimal_text_is_decoded(mark: bytes) -> None:
    data = b"blob: " + mark + LINE.hex().encode() + b";"
    outcome = search(data)
    assert ([KEY], [("hex",)], [LINE.hex().encode()]) == (outcome.values, outcome.chains, slices(data, outcome))


def test_bytes_listed_one_by_one_are_decoded() -> None:
    listed = b", ".join(b"0x%02x" % byte for byte in LINE)
    data = b"static const char k[] = {\n  " + listed + b"\n};\n"
    outcome = search(data)
    assert ([KEY], [("byte list",)], [listed]) == (outcome.values, outcome.chains, slices(data, outcome))


def test_percent_encoding_is_undone_and_the_place_is_exact() -> None:
    data = b"GET https://example.com/?q=key%3D" + KEY + b"%26more HTTP/1.1\n"
    outcome = search(data)
    assert ([KEY], [("percent",)], [KEY]) == (outcome.values, outcome.chains, slices(data, outcome))


def test_percent_encoding_twice_over_is_undone_twice() -> None:
    inner = urllib.parse.quote("k=" + KEY.decode() + "&", safe="")
    data = f"url={urllib.parse.quote(inner, safe='')}\n".encode()
    outcome = search(data)
    assert ([KEY], [("percent", "percent")]) == (outcome.values, outcome.chains)


@pytest.mark.parametrize("form", ["\\u{:04x}", "\\x{:02x}", "\\u{{{:x}}}"])
def test_backslash_escapes_are_undone_and_the_place_is_that_of_the_escapes(form: str) -> None:
    escaped = "".join(form.format(byte) for byte in KEY).encode()
    data = b'key = "' + escaped + b'" # \\u0022 \\x41\\x42\n'
    outcome = search(data)
    assert ([KEY], [("escapes",)], [escaped]) == (outcome.values, outcome.chains, slices(data, outcome))


def test_surrogate_pair_before_a_secret_moves_nothing() -> None:
    data = b'x = "\\ud83d\\ude00\\u0022' + KEY + b'\\u0022"\n'
    outcome = search(data)
    assert ([KEY], [KEY]) == (outcome.values, slices(data, outcome))


def test_json_inside_json_is_followed_all_the_way() -> None:
    inner = '{"note": "k\\u003d' + KEY.decode() + '\\u0026"}'
    data = json.dumps({"c": json.dumps({"b": inner})}).encode()
    outcome = search(data)
    assert [KEY] == outcome.values
    assert [KEY] == slices(data, outcome)


def test_html_escapes_are_undone() -> None:
    # What comes behind a word character is no key: the semicolon of the reference stands before it.
    data = b'<a title="&quot;' + html.escape("key=").encode() + b"&#95;".replace(b"95", b"61") + KEY + b'&quot;">\n'
    assert [KEY] == search(data).values
    escaped = "".join(f"&#{byte};" for byte in KEY).encode()
    data = b"<p>key &#61; " + escaped + b"</p>"
    outcome = search(data)
    assert ([KEY], [("html",)], [escaped]) == (outcome.values, outcome.chains, slices(data, outcome))


def test_notebook_cells_are_read_as_their_lines() -> None:
    source = [
        "import os\n",
        "print('x')\n",
        'text = """\n',
        KEY.decode() + '"""\n',
        "y = '\\n" + KEY.decode()[:3] + "'",
    ]
    data = json.dumps({"cells": [{"cell_type": "code", "source": source}]}, indent=1).encode()
    outcome = search(data)
    assert ([KEY], [KEY]) == (outcome.values, slices(data, outcome))


def test_secret_that_stands_there_plain_is_not_found_again_through_escapes_around_it() -> None:
    outcome = search(b'{"a": "\\u003d ' + KEY + b' \\u003d"}')
    assert ([KEY], [()]) == (outcome.values, outcome.chains)


def test_secret_plain_and_encoded_is_two_places_and_the_plain_one_keeps_its_number() -> None:
    data = base64.b64encode(LINE) + b"\n" + KEY + b"\n"
    outcome = search(data)
    assert [("base64",), ()] == outcome.chains
    assert [1, 0] == [candidate.ordinal for candidate in outcome.candidates]


def test_no_decoding_finds_only_what_stands_there() -> None:
    data = base64.b64encode(LINE) + b"\n" + KEY + b"\n"
    assert [()] == search(data, depth=0).chains


def test_nesting_ends_at_the_depth_asked_for() -> None:
    data = LINE
    for _ in range(4):
        data = base64.b64encode(b"wrapped: " + data)
    assert ([KEY], [("base64",) * 4]) == (search(data, depth=4).values, search(data, depth=4).chains)
    assert [] == search(data, depth=3).values


@pytest.mark.parametrize(
    "pattern",
    [b"\\u0041", b"%3D", b"&quot;", b'\\":\\"', b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldY", b"0x41, ", b"41424344", b"PK\3\4"],
    ids=["u", "percent", "html", "json", "base64", "byte list", "hex", "zip"],
)
def test_one_line_of_many_megabytes_is_searched_in_linear_time(pattern: bytes) -> None:
    times = []
    for size in (1 << 20, 1 << 22):
        data = b"x = " + pattern * (size // len(pattern)) + b" " + KEY
        started = time.process_time()
        assert KEY in search(data).values
        times.append(time.process_time() - started)
    assert times[1] < 12 * times[0] + 0.5


def test_run_longer_than_is_decoded_is_noted() -> None:
    outcome = search(base64.b64encode(LINE + b" text" * 400_000))
    assert ([KEY], {Skip.DECODE_LIMIT}) == (outcome.values, outcome.skips)


def test_escapes_of_neighbouring_short_lines_are_each_undone() -> None:
    keys = [acme_key(f"line {number}") for number in range(4)]
    lines = [b"\\u%04x%b" % (key[0], key[1:]) for key in keys]
    assert sorted(keys) == sorted(search(b"\n".join(lines)).values)
