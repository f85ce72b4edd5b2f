# SPDX-License-Identifier: Apache-2.0
"""
Owns how text of unknown origin is made fit to print: nothing in it may move a cursor, turn a line around or hide.

Escaped are the control characters (C0, DEL, C1), what Unicode calls bidirectional controls, line and paragraph
separators, surrogates, the two that XML forbids (U+FFFE, U+FFFF), and the characters that render as nothing
(Default_Ignorable_Code_Point, tags included).
What build servers take for commands wherever it stands in a line of their log (`##[…]` of GitHub, `##vso[…]` of Azure
Pipelines, `##teamcity[…]`) is broken up, since a pull request chooses its paths.
Variation selectors 1 to 16 stay: emoji need them, and they only choose the shape of the character before.
"""

from __future__ import annotations

import re

_HOSTILE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "]"
)
_COMMAND = re.compile(r"##(?=\w{0,20}\[)")
_SHORT = {0x09: r"\t", 0x0A: r"\n", 0x0D: r"\r"}


def decode(raw: bytes | str) -> str:
    """The text of *raw*, UTF-8 where it is; other bytes and lone surrogates become `\\xNN` and `\\uNNNN`."""
    return encode(raw).decode("utf-8", "backslashreplace")


def encode(raw: bytes | str) -> bytes:
    """The UTF-8 bytes of *raw*; of bytes, themselves."""
    return raw.encode("utf-8", "backslashreplace") if isinstance(raw, str) else raw


def escape(raw: bytes | str) -> str:
    """*raw* on one line for a terminal or a log: decoded, with every hostile character written out."""
    return _COMMAND.sub(r"#\\x23", _HOSTILE.sub(_written_out, decode(raw)))


def log_line(line: str) -> str:
    """*line*, escaped already, for a log: where GitHub would take it for a workflow command, it is none any more."""
    return line.replace("::", r"\x3a:", 1) if line.lstrip().startswith("::") else line


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code in _SHORT:
        return _SHORT[code]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
