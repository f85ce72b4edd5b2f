# SPDX-License-Identifier: Apache-2.0
"""
Hot: encodings inside of text: base64, hexadecimal, byte lists, percent, backslash and HTML escapes.

Each opener looks only at the bytes near its hint, so that what it finds holds wherever the same bytes stand.
"""

from __future__ import annotations

import base64
import binascii
import bisect
import functools
import re
from collections.abc import Callable, Iterator

from secrethunt.coverage import Skip
from secrethunt.decode.contract import Budget, Piece
from secrethunt.decode.extent import BASE64_REACH, ESCAPE_AHEAD, ESCAPE_BEHIND, GROUP, NOTEBOOK_REACH, WRAP_BEHIND
from secrethunt.decode.magic import is_binary_format

Data = bytes | memoryview

LEAST_TEXT = 12
"""Fewest characters of text that are worth a search."""

_PRINTABLE = re.compile(f"(?:{GROUP}){{6}}".encode())
_RUN = re.compile(rb"[A-Za-z0-9+/_-]+")
_DIGITS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-")
_NO_DIGIT = re.compile(rb"[^A-Za-z0-9+/]+")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TEXT = re.compile(rb"[\t\n\r\f\x1b\x20-\x7e\x80-\xff]*")
_LINE_BEFORE = re.compile(rb"([A-Za-z0-9+/]{32,128})\r?\n[ \t]{0,64}\Z")
_ARMOUR = re.compile(rb"-----[\s\"'+,\\rn]{0,16}\Z")
"""Behind this stands the body of a PEM block: keys that rules read as they are, or `keys.open_pem`."""
_END = re.compile(rb"={0,2}")


def open_base64(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    """A run of base64, standard or URL-safe, of which 12 digits end at *end*; lines as MIME folds them are joined."""
    start = end - 12
    if _PRINTABLE.match(data, start, start + 24) is None:
        return
    if _continues_digit(data, start) or _continues_line(data, start):
        return
    run = _RUN.match(data, start, start + BASE64_REACH)
    if run is None:
        return
    yield from _base64_piece(data, run, budget)


def open_base64_magic(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    """As `open_base64`, where four digits that end at *end* begin something binary."""
    start = end - 4
    if _continues_digit(data, start) or _ARMOUR.search(bytes(data[max(start - 24, 0) : start])):
        return
    run = _RUN.match(data, start, start + BASE64_REACH)
    if run is None or not is_binary_format(_decode64(run.group()[:64])):
        return
    yield from _base64_piece(data, run, budget)


def _base64_piece(data: Data, run: re.Match[bytes], budget: Budget) -> Iterator[Piece]:
    if run.end() - run.start() == BASE64_REACH:
        budget.note(Skip.DECODE_LIMIT, "only the beginning of a long run of base64 is decoded")
    stop = _folded_end(data, run)
    decoded = _useful(_decode64(bytes(data[run.start() : stop])))
    if not decoded and stop > run.end():
        stop = run.end()
        decoded = _useful(_decode64(run.group()))
    if decoded and budget.take(len(decoded)):
        tail = _END.match(data, stop)
        yield Piece("base64", decoded, run.start(), tail.end() if tail else stop)


def _continues_digit(data: Data, start: int) -> bool:
    return start < 0 or (start > 0 and data[start - 1] in _DIGITS)


def _continues_line(data: Data, start: int) -> bool:
    """The line before is base64 text of the same fold, so it is that line's piece that this one belongs to."""
    low = max(start - WRAP_BEHIND, 0)
    before = _LINE_BEFORE.search(bytes(data[low:start]))
    if before is None or len(before.group(1)) % 4:
        return False
    if before.start() and bytes(data[low + before.start() - 1 : low + before.start()]).isalnum():
        return False
    here = _RUN.match(data, start, start + 256)
    if here is None or here.end() - here.start() > len(before.group(1)):
        return False
    line = _decode64(before.group(1))
    return len(_text_head(line)) == len(line)


def _folded_end(data: Data, run: re.Match[bytes]) -> int:
    """Where the lines end that carry on with *run*: all of its width, but the last, which may be shorter."""
    width = run.end() - run.start()
    if width % 4 or not 32 <= width <= 128:
        return run.end()
    folded = _folds(width).match(data, run.end(), run.start() + BASE64_REACH)
    return folded.end() if folded else run.end()


@functools.lru_cache(maxsize=32)
def _folds(width: int) -> re.Pattern[bytes]:
    line = rb"(?:\r?\n[ \t]{0,64}[A-Za-z0-9+/]{%d}(?![A-Za-z0-9+/_-]))*+" % width
    last = rb"(?:\r?\n[ \t]{0,64}[A-Za-z0-9+/]{2,%d}(?==|\s|[\"'<\\]|\Z))?" % (width - 1)
    return re.compile(line + last)


def _decode64(text: bytes) -> bytes:
    """The bytes that *text* stands for, its line ends left out and its end mended."""
    if b"-" in text or b"_" in text:
        text = text.translate(_TO_STANDARD)
    digits = _NO_DIGIT.sub(b"", text)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4))
    except binascii.Error:
        return b""


def _useful(decoded: bytes) -> bytes:
    """All of a known binary format, the text at the beginning of anything else, nothing where there is none."""
    if is_binary_format(decoded):
        return decoded
    text = _text_head(decoded)
    return text if len(text) >= LEAST_TEXT else b""


def _text_head(decoded: bytes) -> bytes:
    """What of *decoded* is printable UTF-8, from its beginning."""
    found = _TEXT.match(decoded)
    head = found.group() if found else b""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as err:
        return head[: err.start]
    return head


_HEX_RUN = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_HEX_TEXT = re.compile(rb"(?:[2-7][0-9A-Fa-f]|0[9aAdD]){16}")
_HEX_MARKS = (b"0x", b"0X", b"\\x")
_BYTE_LIST = re.compile(rb"0x[0-9A-Fa-f]{1,2}(?:\s?,\s{0,64}0x[0-9A-Fa-f]{1,2})+")
_BYTE = re.compile(rb"0x([0-9A-Fa-f]{1,2})")
_ALNUM = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def open_hex(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    """Text in hexadecimal, of which 16 digits end at *end*."""
    start = end - 16
    if start < 0 or (start and data[start - 1] in _ALNUM and bytes(data[max(start - 2, 0) : start]) not in _HEX_MARKS):
        return
    if _HEX_TEXT.match(data, start, start + 32) is None:
        return
    run = _HEX_RUN.match(data, start, start + BASE64_REACH)
    if run is None:
        return
    decoded = _useful(bytes.fromhex(run.group().decode("ascii")))
    if decoded and budget.take(len(decoded)):
        yield Piece("hex", decoded, run.start(), run.end())


def open_byte_list(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    """Text as a list of bytes, `{0x41, 0x4b, …}`, of which the first six end at *end*."""
    low = max(end - BYTE_LIST_WIDTH, 0)
    head = _LIST_HEAD.search(bytes(data[low:end]))
    if head is None:
        return
    run = _BYTE_LIST.match(data, low + head.start(1), low + head.start(1) + BASE64_REACH)
    if run is None:
        return
    decoded = _useful(bytes(int(digits, 16) for digits in _BYTE.findall(run.group())))
    if decoded and budget.take(len(decoded)):
        yield Piece("byte list", decoded, run.start(), run.end())


BYTE_LIST_WIDTH = 56
_LIST_HEAD = re.compile(rb"[{(\[]\s{0,8}((?:0x[0-9A-Fa-f]{2},\s?){5}0x[0-9A-Fa-f]{2})\Z")
_SOURCE = re.compile(rb"(?:[ \t]*\"(?:[^\"\\\n]|\\.)*\",?[ \t]*\r?\n)+")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_BACKSLASH = re.compile(
    rb"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u+([0-9A-Fa-f]{4})(?:\\u+([Dd][C-Fc-f][0-9A-Fa-f]{2}))?|x([0-9A-Fa-f]{2})|([\"'\\/bfnrt]))"
)
_SOURCE_PART = re.compile(rb"(?P<join>\A[ \t]*\"|\",?[ \t]*\r?\n(?:[ \t]*\")?)|" + _BACKSLASH.pattern)
_MOST_VALUES = 4096
_SHORT = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_ENTITY = re.compile(rb"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,12});")


def open_percent(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    """Percent-encoded text (RFC 3986 section 2.1) around *end*, up to white space or a quote."""
    yield from _escaped(data, end, budget, "percent", _PERCENT, _percent_value)


def open_backslash(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    r"""A line with the escapes of JSON (RFC 8259 section 7) and of programming languages: `\n`, `\"`, `\u0022`."""
    yield from _escaped(data, end, budget, "escapes", _BACKSLASH, _backslash_value)


def open_notebook(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    """The lines of a notebook's cell (nbformat, `source`), one JSON string each, as they read in the cell."""
    block = _SOURCE.match(data, end, end + NOTEBOOK_REACH)
    if block is None:
        return
    text = block.group()
    decoded, place = _unescape(text, _SOURCE_PART, _source_value, end)
    if budget.take(len(decoded)):
        yield Piece("ipynb", decoded, end, end + len(text), place)


def open_html(data: Data, end: int, budget: Budget) -> Iterator[Piece]:
    """A line with character references of HTML or XML."""
    yield from _escaped(data, end, budget, "html", _ENTITY, _entity_value)


def _escaped(
    data: Data,
    end: int,
    budget: Budget,
    step: str,
    pattern: re.Pattern[bytes],
    value: Callable[[re.Match[bytes]], bytes],
) -> Iterator[Piece]:
    """The line around *end*, or what of it is near, with what *pattern* matches replaced by its *value*."""
    low = max(end - ESCAPE_BEHIND, 0)
    near = bytes(data[low : end + ESCAPE_AHEAD])
    start = near.rfind(b"\n", 0, end - low) + 1
    stop = near.find(b"\n", end - low)
    text = near[start : stop if stop >= 0 else len(near)]
    decoded, place = _unescape(text, pattern, value, low + start)
    if decoded != text and budget.take(len(decoded)):
        is_cut = (low > 0 and not start, stop < 0 and low + len(near) < len(data))
        yield Piece(step, decoded, low + start, low + start + len(text), place, is_cut=is_cut)


class _Values(dict[bytes, bytes]):
    """What each escape stands for, found out when it is first met."""

    def __init__(self, pattern: re.Pattern[bytes], value: Callable[[re.Match[bytes]], bytes]) -> None:
        super().__init__()
        self._pattern = pattern
        self._value = value

    def __missing__(self, escape: bytes) -> bytes:
        match = self._pattern.fullmatch(escape)
        found = self._value(match) if match is not None else escape
        if len(self) < _MOST_VALUES:
            self[escape] = found
        return found


@functools.cache
def _escapes(
    pattern: re.Pattern[bytes], value: Callable[[re.Match[bytes]], bytes]
) -> tuple[re.Pattern[bytes], _Values]:
    """What parts a text at its escapes, each of them whole as the first group; and what they stand for."""
    return re.compile(b"(%b)" % pattern.pattern), _Values(pattern, value)


def _unescape(
    text: bytes, pattern: re.Pattern[bytes], value: Callable[[re.Match[bytes]], bytes], offset: int
) -> tuple[bytes, Callable[[int, int], tuple[int, int]]]:
    """*text* unescaped, and what tells where a range of the result stood, *offset* added."""
    splitter, values = _escapes(pattern, value)

    @functools.cache
    def marks() -> tuple[list[int], list[int]]:
        """Two for each escape: where it begins, and where what follows it does. Asked for only where a secret is."""
        inner, outer, shift = [0], [0], 0
        for match in pattern.finditer(text):
            begin = match.start() + shift
            shift += len(values[match.group()]) - len(match.group())
            inner += [begin, match.end() + shift]
            outer += [match.start(), match.end()]
        return inner, outer

    def place(start: int, end: int) -> tuple[int, int]:
        inner, outer = marks()
        first = bisect.bisect_right(inner, start) - 1
        last = bisect.bisect_left(inner, end) - 1
        begin = outer[first] + (start - inner[first] if first % 2 == 0 else 0)
        stop = outer[last] + end - inner[last] if last % 2 == 0 else outer[last + 1]
        return offset + begin, offset + max(stop, begin)

    # A function called for each escape would take longer than all else; so what stands between them is joined anew.
    parts = splitter.split(text)
    step = splitter.groups + 1
    whole = parts[::step]
    joined = [b""] * (2 * len(whole) - 1)
    joined[::2] = whole
    joined[1::2] = [values[escape] for escape in parts[1::step]]
    return b"".join(joined), place


def _percent_value(match: re.Match[bytes]) -> bytes:
    return bytes([int(match.group(1), 16)])


def _backslash_value(match: re.Match[bytes]) -> bytes:
    braced, unit, low, byte, short = match.groups()[-5:]
    if short:
        return _SHORT.get(short, short)
    if byte:
        return bytes([int(byte, 16)])
    number = int(braced or unit, 16)
    if low and 0xD800 <= number < 0xDC00:
        number = 0x10000 + ((number - 0xD800) << 10) + int(low, 16) - 0xDC00
    elif low:
        return _utf8(number) + _utf8(int(low, 16))
    return _utf8(number)


def _source_value(match: re.Match[bytes]) -> bytes:
    """Lines end as they say themselves; what stands between one string and the next is no part of the cell."""
    return b"" if match["join"] is not None else _backslash_value(match)


def _utf8(number: int) -> bytes:
    return chr(min(number, 0x10FFFF)).encode("utf-8", "replace")


def _entity_value(match: re.Match[bytes]) -> bytes:
    import html

    text = match.group().decode("ascii")
    return html.unescape(text).encode("utf-8", "replace")
