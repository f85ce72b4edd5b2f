# SPDX-License-Identifier: Apache-2.0
"""
Owns the hints: what Hyperscan looks for, in the same pass as the rules' anchors, on behalf of each decoder.

A hint fires seldom: the digits that printable text makes in base64 or hexadecimal are few, and a container's first
bytes are its own. What a decoder finds at a hint depends on the bytes in the hint's window alone.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from secrethunt.decode.contract import Budget, Piece, Shape
from secrethunt.decode.extent import (
    BASE64_REACH,
    ESCAPE_AHEAD,
    ESCAPE_BEHIND,
    GROUP,
    NOTEBOOK_REACH,
    WRAP_BEHIND,
)

_EVERYTHING = 1 << 31
"""A container is what it is by all of its bytes."""
_TEXT_WINDOW = (WRAP_BEHIND + 64, BASE64_REACH + 256)
_ESCAPE_WINDOW = (ESCAPE_BEHIND + 64, ESCAPE_AHEAD + 1)
_WHOLE = (_EVERYTHING, _EVERYTHING)

Opener = Callable[[bytes, int, Budget], Iterator[Piece]]


@dataclass(frozen=True, slots=True)
class Hint:
    """One decoder's beginning."""

    expression: str
    """Hyperscan syntax, no flags needed; at most `ANCHOR_WIDTH` bytes."""
    window: tuple[int, int]
    """Bytes before and behind the hint's end on which the decoder's answer depends."""
    opener: str
    """`module:function` of this package: (data, end of the hint, budget) → pieces."""
    is_whole: bool = False
    """The blob is such a thing as a whole; text encodings are not looked for in binary blobs."""
    stride: int = 0
    """A hint less than so many bytes behind one that was followed, on the same line, is not followed: its piece holds
    both."""
    shape: Shape | None = None
    """Under this name `pack.find_encoded` finds what the expression finds."""

    def load(self) -> Opener:
        """The decoder, imported when first asked for."""
        return _load(self.opener)


@functools.cache
def _load(name: str) -> Opener:
    module, _, function = name.partition(":")
    opener: Opener = getattr(importlib.import_module(f"secrethunt.decode.{module}"), function)
    return opener


_DIGIT = "[A-Za-z0-9+/_-]"
_NO_DIGIT = "(?:^|[^A-Za-z0-9+/_-])"
_CHARACTER = r"[\t\n\r\x20-\x7e]"

HINTS = (
    # Patterns without a literal took a fifth of Hyperscan's time, which is why these have a shape.
    Hint(f"{_NO_DIGIT}(?:{GROUP}){{3}}", _TEXT_WINDOW, "text:open_base64", shape=Shape.BASE64),
    Hint(r"(?:^|[^0-9A-Za-wyz])(?:[2-7][0-9a-fA-F]){8}", _TEXT_WINDOW, "text:open_hex", shape=Shape.HEX),
    # gzip, zip, 7z, xz, bzip2, PDF; zlib; DER.
    Hint(f"{_NO_DIGIT}(?:H4sI|UEsD|N3q8|/Td6|QlpoO?|JVBE)", _TEXT_WINDOW, "text:open_base64_magic"),
    Hint(f"{_NO_DIGIT}e(?:J[w-z]|N[o-r]|A[E-H]){_DIGIT}", _TEXT_WINDOW, "text:open_base64_magic"),
    Hint(f"{_NO_DIGIT}M(?:I[IG]|H[cQ]|C[4w]){_DIGIT}", _TEXT_WINDOW, "text:open_base64_magic"),
    Hint(r"[{(\[]\s{0,8}(?:0x[2-7][0-9a-fA-F],\s?){5}0x[2-7][0-9a-fA-F]", _TEXT_WINDOW, "text:open_byte_list"),
    Hint(r"%(?:3[adAD]|22|40|5[bdBD]|25)", _ESCAPE_WINDOW, "text:open_percent", stride=128),
    Hint(r"\\(?:u00[2-7][0-9a-fA-F]|x[2-7][0-9a-fA-F]\\x[2-7])", _ESCAPE_WINDOW, "text:open_backslash", stride=128),
    Hint(r"\\[\"']\s?[:=]\s?\\{1,7}[\"']", _ESCAPE_WINDOW, "text:open_backslash", stride=128),
    Hint(r'"source":\s?\[\s?\n', (64, NOTEBOOK_REACH + 1), "text:open_notebook"),
    Hint(
        r"&(?:quot|apos|equals|colon|#34|#39|#58|#61|#x22|#x27|#x3[aAdD]);",
        _ESCAPE_WINDOW,
        "text:open_html",
        stride=128,
    ),
    Hint(r"-----BEGIN (?:PKCS12|PKCS #12|CMS|PKCS7|[A-Z]{2,12})-----\r?\n", (64, 65536), "keys:open_pem"),
    Hint(r"\bkind[\"']?:\s{0,3}[\"']?Secret\b", (65536, 65536), "manifest:open_secret_manifest"),
    Hint(r"(?m)^\x1f\x8b\x08", _WHOLE, "streams:open_gzip", is_whole=True),
    Hint(r"(?m)^x[\x01\x9c\xda]", _WHOLE, "streams:open_zlib", is_whole=True),
    Hint(r"(?m)^BZh[1-9]1AY&SY", _WHOLE, "streams:open_bzip2", is_whole=True),
    Hint(r"(?m)^\xfd7zXZ\x00", _WHOLE, "streams:open_xz", is_whole=True),
    Hint(r"(?m)^PK\x03\x04", _WHOLE, "archives:open_zip", is_whole=True),
    Hint(r"(?m)^7z\xbc\xaf\x27\x1c", _WHOLE, "archives:open_7z", is_whole=True),
    Hint(r"ustar[\x00 ]", _WHOLE, "archives:open_tar", is_whole=True),
    Hint(r"(?m)^%PDF-", _WHOLE, "documents:open_pdf", is_whole=True),
    Hint(r"(?m)^SQLite format 3\x00", _WHOLE, "documents:open_sqlite", is_whole=True),
    Hint(r"(?ms)^\x30[\x20-\x83].{0,3}\x02\x01[\x00\x01][\x30\x02\x04]", _WHOLE, "keys:open_der", is_whole=True),
    Hint(r"(?ms)^\x30[\x80-\x83].{0,3}\x02\x01\x03\x30", _WHOLE, "keys:open_pkcs12", is_whole=True),
    Hint(
        r"(?m)^(?:\xff\xfe|\xfe\xff|\x00\x00\xfe\xff)",
        _WHOLE,
        "wide:open_wide",
        is_whole=True,
        shape=Shape.BYTE_ORDER_MARK,
    ),
    Hint(
        f"(?m)^(?:(?:{_CHARACTER}\\x00){{4}}|(?:\\x00{_CHARACTER}){{4}})",
        _WHOLE,
        "wide:open_wide",
        is_whole=True,
        shape=Shape.UTF16,
    ),
    Hint(
        f"(?m)^(?:\\x00{{3}}{_CHARACTER}|{_CHARACTER}\\x00{{3}}){{2}}",
        _WHOLE,
        "wide:open_wide",
        is_whole=True,
        shape=Shape.UTF32,
    ),
)
"""All hints; their tags follow those of the rules' anchors, in this order."""
