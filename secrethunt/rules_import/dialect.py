# SPDX-License-Identifier: Apache-2.0
"""
From the regular expressions of Go (RE2) and Rust to those of `re` on bytes: the same language, spelled differently.

What differs: flags in the middle hold to the end of their group; `$` without `m` is the very end; POSIX classes, `\\z`,
`\\Q…\\E`, `\\x{…}`; white space in `(?x)` counts nowhere, in classes neither. What `re` cannot say is refused.
Formats: https://github.com/google/re2/wiki/Syntax, https://docs.rs/regex/latest/regex/#syntax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_KNOWN_FLAGS = set("imsxu")
_BRACE = re.compile(r"\{(\d*)(?:,(\d*))?\}")


class DialectError(ValueError):
    """A pattern says what `re` on bytes cannot; the message says what."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A pattern in our dialect; its groups keep their order."""

    text: str
    groups: int
    names: dict[str, int]
    """Named groups by their number; names are left out of the text."""


@dataclass(slots=True)
class _Group:
    flags: frozenset[str]
    """In force, of i, m, s, x."""
    opened: list[str] = field(default_factory=list)
    """Groups that were opened for flags in its middle, to be closed with it."""


def translate(pattern: str) -> Translated:
    """
    *pattern* in the dialect of `re`, on bytes.

    Raises:
        DialectError: It cannot be said.
    """
    return _Translator(pattern).run()


class _Translator:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._out: list[str] = []
        self._stack = [_Group(frozenset())]
        self._groups = 0
        self._names: dict[str, int] = {}

    def run(self) -> Translated:
        steps = {"\\": self._escape, "[": self._class, "(": self._open, ")": self._close, "|": self._bar}
        while self._at < len(self._text):
            sign = self._text[self._at]
            if "x" in self._stack[-1].flags and (sign.isspace() or sign == "#"):
                self._blank(sign)
            elif sign in steps:
                steps[sign]()
            else:
                self._plain(sign)
        if len(self._stack) != 1:
            raise DialectError("a group is not closed")
        self._close_opened()
        return Translated("".join(self._out), self._groups, self._names)

    def _blank(self, sign: str) -> None:
        end = self._text.find("\n", self._at) if sign == "#" else self._at
        self._at = len(self._text) if end < 0 else end + 1

    def _plain(self, sign: str) -> None:
        if sign == "$":
            self._emit("$" if "m" in self._stack[-1].flags else r"\Z", 1)
        elif sign == "{":
            match = _BRACE.match(self._text, self._at)
            if match is None or not match[1]:
                self._emit(r"\{", 1)
            else:
                self._emit(match[0], len(match[0]))
        else:
            self._emit(sign, 1)

    def _emit(self, text: str, taken: int) -> None:
        self._out.append(text)
        self._at += taken

    def _escape(self) -> None:
        self._out.append(self._escaped(is_class=False))

    def _escaped(self, *, is_class: bool) -> str:
        """What one escape at the place of reading comes to; reads it."""
        text, at = self._text, self._at
        sign = text[at + 1 : at + 2]
        if not sign:
            raise DialectError("it ends in a backslash")
        self._at = at + 2
        if sign == "Q":
            end = text.find(r"\E", at)
            quoted = text[at + 2 : end if end >= 0 else len(text)]
            self._at = end + 2 if end >= 0 else len(text)
            return re.escape(quoted)
        if sign == "x" and text[at + 2 : at + 3] == "{":
            end = text.find("}", at)
            self._at = end + 1
            return re.escape(chr(int(text[at + 3 : end], 16)))
        if sign in "pPXRK":
            raise DialectError(f"\\{sign} has no like in patterns on bytes")
        if sign == "z" and not is_class:
            return r"\Z"
        if sign == "h":
            return r"\t " if is_class else r"[\t ]"
        if sign.isalpha() and sign not in "AbBdDsSwWafnrtvx":
            raise DialectError(f"\\{sign} is not known")
        return "\\" + sign

    def _class(self) -> None:
        self._emit("[", 1)
        if self._text.startswith("^", self._at):
            self._emit("^", 1)
        is_first = True
        while self._at < len(self._text):
            sign = self._text[self._at]
            if sign == "]" and not is_first:
                self._emit("]", 1)
                return
            is_first = False
            self._class_sign(sign)
        raise DialectError("a class is not closed")

    def _class_sign(self, sign: str) -> None:
        text, at = self._text, self._at
        if sign == "[":
            name = re.compile(r"\[:(\^?)(\w+):\]").match(text, at)
            if name is not None and (name[1] or name[2] not in _POSIX):
                raise DialectError(f"the class {name[0]} is not known")
            self._emit(_POSIX[name[2]] if name else r"\[", len(name[0]) if name else 1)
        elif sign == "\\":
            self._out.append(self._escaped(is_class=True))
        elif text[at : at + 2] in ("&&", "--", "~~"):
            raise DialectError("classes are combined")
        elif "x" in self._stack[-1].flags and sign.isspace():
            self._at += 1
        else:
            self._emit("\\" + sign if sign in "|&~]" else sign, 1)

    def _open(self) -> None:
        text, at = self._text, self._at
        if text.startswith("(?#", at):
            self._at = (text.find(")", at) + 1) or len(text)
            return
        named = _NAMED.match(text, at)
        if named is not None or not text.startswith("(?", at):
            self._groups += 1
            if named is not None:
                self._names[named[1]] = self._groups
            self._emit("(", len(named[0]) if named else 1)
            self._stack.append(_Group(self._stack[-1].flags))
            return
        match = _FLAGS.match(text, at)
        if match is None:
            raise DialectError(f"{text[at : at + 4]} is not known")
        on, off = set(match[1]), set(match[2] or "")
        if (on | off) - _KNOWN_FLAGS:
            raise DialectError(f"the flag {min((on | off) - _KNOWN_FLAGS)} has no like")
        flags = frozenset((self._stack[-1].flags | on) - off) - {"u"}
        opening = _flag_group(on, off)
        if match[3] == ":":
            self._emit(opening, len(match[0]))
            self._stack.append(_Group(flags))
            return
        self._emit(opening, len(match[0]))
        self._stack[-1].opened.append(opening)
        self._stack[-1].flags = flags

    def _close(self) -> None:
        if len(self._stack) == 1:
            raise DialectError("a group is closed that was not opened")
        self._close_opened()
        self._stack.pop()
        self._emit(")", 1)

    def _bar(self) -> None:
        opened = self._stack[-1].opened
        self._emit(")" * len(opened) + "|" + "".join(opened), 1)

    def _close_opened(self) -> None:
        self._out.append(")" * len(self._stack[-1].opened))


def _flag_group(on: set[str], off: set[str]) -> str:
    """Opens a group with these flags; those for white space and Unicode have been dealt with."""
    set_, unset = "".join(sorted(on - {"x", "u"})), "".join(sorted(off - {"x", "u"}))
    return f"(?{set_}{'-' + unset if unset else ''}:"
